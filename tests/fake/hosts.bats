# Fleets on other hosts, by the ssh program and real servers of it; what runs there only plays a machine.
load hosts

setup() {
	hosts_begin a b c
	fake_yaml >"$WORK/f.yaml"
	cp "$WORK/engine.yaml" "$WORK/fleet.yaml"
	cat >>"$WORK/fleet.yaml" <<-'YAML'
		defaults: {base: ./f.yaml}
		instances:
		  db: {placement: {host: b}}
		  web-{1..3}: {dependsOn: [db], memory: 400MiB, placement: {spread: true}}
	YAML
}

teardown() { hosts_end; }

@test "a fleet is planned and applied on three hosts, and applied again there is nothing to do" {
	run limactl plan "$WORK/fleet.yaml"
	[[ "$output" == *"+ remote    web-3"*"Plan: 5 to create"* ]]
	[ -z "$(machines_on a)$(machines_on b)$(machines_on c)" ]
	limactl apply "$WORK/fleet.yaml"
	[[ "$(machines_on b)" == *"db "* ]]
	# spread, with what is pinned counted: one web a host
	for h in a b c; do [ "$(machines_on "$h" | tr ' ' '\n' | grep -c web)" = 1 ]; done
	run limactl plan --detailed-exitcode "$WORK/fleet.yaml"
	[ "$status" -eq 0 ]
	[[ "$output" == *"Nothing to do: 4 instances are as wanted."* ]]
	# what is on a host is an ordinary instance of its limactl
	[ "$(on b list --format '{{.Status}}' db)" = Running ]
	[[ "$(cat "$WORK/b/db/engine")" == "1 "*" shop "*"@"* ]]

	# a change is one there, and the state of this host is found again from the hosts
	sed -i 's/400MiB/300MiB/' "$WORK/fleet.yaml"
	rm -rf "$LIMA_HOME/_state" "$LIMA_HOME/_engines"
	run limactl plan "$WORK/fleet.yaml"
	[[ "$output" == *"~ remote    web-1"* && "$output" == *"3 to change"* ]]
	limactl apply "$WORK/fleet.yaml"
	for h in a b c; do [[ "$(on "$h" list --format '{{.Memory}}' web-{1..3} 2>/dev/null)" == *314572800* ]]; done
	[[ "$(limactl plan "$WORK/fleet.yaml")" == *"Nothing to do"* ]]

	# what was stopped there is told, and started
	on b stop db
	run limactl plan "$WORK/fleet.yaml"
	[[ "$output" == *"state: stopped -> running"* ]]
	limactl apply "$WORK/fleet.yaml"

	# a member does not move by itself
	sed -i 's/host: b/host: c/' "$WORK/fleet.yaml"
	run limactl plan "$WORK/fleet.yaml"
	[ "$status" -ne 0 ]
	[[ "$output" == *"it stays where it is"* ]]
	sed -i 's/host: c/host: c, ephemeral: true/' "$WORK/fleet.yaml"
	limactl apply "$WORK/fleet.yaml"
	[[ "$(machines_on c)" == *"db "* && "$(machines_on b)" != *"db "* ]]

	# what the file lists no more goes when that is said
	sed -i '/web-/d' "$WORK/fleet.yaml"
	fails_with '`web-1`, `web-2`, `web-3` would be removed with what is on their disks; --allow-data-loss' apply --prune "$WORK/fleet.yaml"
	limactl apply --prune --allow-data-loss "$WORK/fleet.yaml"
	[ "$(machines_on a)$(machines_on b)$(machines_on c)" = "db " ]
	limactl apply --destroy --allow-data-loss "$WORK/fleet.yaml"
	[ -z "$(machines_on a)$(machines_on b)$(machines_on c)" ]
	timeout 60 bash -c 'while pgrep -f -- "$1/[abc]/" >/dev/null; do sleep 0.1; done' _ "$WORK"
}

@test "a host that is down is unknown: its members are left, the rest converges, and the exit status says so" {
	sed -i 's/dependsOn: .db., //' "$WORK/fleet.yaml"
	limactl apply "$WORK/fleet.yaml"
	host_down b
	sed -i 's/400MiB/300MiB/' "$WORK/fleet.yaml"
	run limactl plan "$WORK/fleet.yaml"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"? db"*"host \`b\`, which does not answer"*"(since "* ]]
	[[ "$output" == *"2 to change"* ]]
	[[ "$output" != *"+ remote"* ]]
	run limactl apply "$WORK/fleet.yaml"
	echo "$output"
	[ "$status" -eq 1 ]
	host_up b
	run limactl plan "$WORK/fleet.yaml"
	[[ "$output" == *"1 to change"* ]]
	limactl apply "$WORK/fleet.yaml"
	[ "$(cat "$WORK"/[abc]/*/engine | wc -l)" = 4 ]
	# a host whose key is another one is not spoken with
	host_down b
	host_up b a
	run limactl plan "$WORK/fleet.yaml"
	[ "$status" -eq 1 ]
	[[ "$output" == *"host \`b\`, which is not believed: its key is another one"* ]]
	# what is to go there stays, and that is no success
	run limactl apply --destroy --allow-data-loss "$WORK/fleet.yaml"
	[ "$status" -eq 1 ]
	[ -z "$(machines_on a)$(machines_on c)" ]
	[[ "$(machines_on b)" == *"db "* ]]
}

@test "limactl and what it is doing are killed in the middle, and the next apply ends it, with nothing done twice" {
	local pid tries=0
	sed -i 's/dependsOn: .db., //' "$WORK/fleet.yaml"
	LIMA_HOME=$LIMA_HOME "$BIN/limactl" apply "$WORK/fleet.yaml" &
	pid=$!
	# as soon as one of them is begun somewhere
	timeout 60 bash -c 'until compgen -G "$1/[abc]/*/lima.yaml" >/dev/null; do sleep 0.02; done' _ "$WORK"
	kill -KILL "$pid"
	wait "$pid" || true
	# what goes on there may end first, or be met in the middle; neither is waited for
	limactl apply "$WORK/fleet.yaml"
	[[ "$(limactl plan "$WORK/fleet.yaml")" == *"Nothing to do"* ]]
	[ "$(cat "$WORK"/[abc]/*/engine | wc -l)" = 4 ]
	for f in "$WORK"/[abc]/*/fake.pid; do kill -0 "$(cat "$f")"; done
	[ "$(ls "$WORK"/[abc]/*/fake.pid | wc -l)" = 4 ]
	! grep -l '"key":"[^"]' "$LIMA_HOME"/_engines/*.member
}

@test "a host that hangs costs its own deadline" {
	sed -i 's/dependsOn: .db., //' "$WORK/fleet.yaml"
	limactl apply "$WORK/fleet.yaml"
	host_signal STOP b
	sed -i 's/400MiB/300MiB/' "$WORK/fleet.yaml"
	LIMACTL_TEST_LOOK_MS=3000 run limactl apply "$WORK/fleet.yaml"
	[ "$status" -eq 1 ]
	[[ "$output" == *"host \`b\`, which did not answer in time"* ]]
	[[ "$output" == *"2 changed"* ]]
	host_signal CONT b
	limactl apply "$WORK/fleet.yaml"
	[[ "$(limactl plan "$WORK/fleet.yaml")" == *"Nothing to do"* ]]
}

@test "of two who apply the same fleet the later one is told what moved, and by whom" {
	limactl apply "$WORK/fleet.yaml"
	# the other one has a home of his own, and a plan that rests on what there was
	sed 's/400MiB/350MiB/' "$WORK/fleet.yaml" >"$WORK/other.yaml"
	sed -i 's/400MiB/300MiB/' "$WORK/fleet.yaml"
	mkdir "$WORK/h2"
	for name in web-1 web-2 web-3; do
		host=$(basename "$(dirname "$(ls -d "$WORK"/[abc]/"$name")")")
		read -r generation key digest rest <"$WORK/$host/$name/engine"
		[ "$generation" = 1 ]
		run on "$host" engine-apply --expects 0 --note "1 other $digest shop eve@there" "$name" </dev/null
		[ "$status" -eq 3 ]
		[[ "$output" == *"instance \`$name\` is of generation 1 by now, which "*" applied, and this rests on 0; plan again"* ]]
	done
	USER=eve LIMA_HOME=$WORK/h2 limactl apply "$WORK/other.yaml"
	run limactl plan "$WORK/fleet.yaml"
	[[ "$output" == *"3 to change"* ]]
	[[ "$(cat "$WORK"/[abc]/web-1/engine)" == "2 "*" shop eve@"* ]]
}

@test "members are listed, stopped and deleted by name from here, each on its host, and a host can be looked at alone" {
	sed -i 's/dependsOn: .db., //' "$WORK/fleet.yaml"
	limactl apply "$WORK/fleet.yaml"
	run limactl list
	[[ "$output" == *"NODE"*"db "*"Running"*"64MiB"*" b"* && "$output" == *"web-3"* ]]
	[ "$(limactl list -q | tr '\n' ' ')" = "db web-1 web-2 web-3 " ]
	[ "$(limactl list --json | jq -r 'select(.name == "db") | .node + " " + .status')" = "b Running" ]
	[ "$(limactl list --format '{{.Status}}' db)" = Running ]
	limactl stop db web-1
	[ "$(on b list --format '{{.Status}}' db)" = Stopped ]
	[ "$(limactl list --format '{{.Status}}' db web-1 web-2 | tr '\n' ' ')" = "Stopped Stopped Running " ]
	limactl start db
	[ "$(limactl list --format '{{.Status}}' db)" = Running ]
	# the exit status there is that of the command here
	run limactl shell db 'a "word" $HOME' "it's one"
	[ "$status" -ne 0 ]
	fails_with '`db` is a member of the fleet `shop`, on the host `b`: give the fleet'"'"'s file' apply db
	limactl delete --force web-2
	[ "$(limactl list -q | tr '\n' ' ')" = "db web-1 web-3 " ]
	# one look at a host; its key is the user's business, and nobody is asked
	run limactl --host "ssh://$(host_ssh b)" list -q
	[ "$status" -eq 255 ]
	[[ "$output" == *"Host key verification failed"* ]]
	fails_with '--host ssh://-l@x: must be `ssh://[USER@]ADDRESS[:PORT]`' --host ssh://-l@x list
	host_down b
	run --separate-stderr limactl list
	[[ "$output" == *"db "*"Unknown"*" b"* && "$output" == *"web-3"* ]]
	[[ "$stderr" == *"host \`b\` does not answer"* ]]
}
