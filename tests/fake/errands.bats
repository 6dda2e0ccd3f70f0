# What goes to a host goes in one errand: one ssh, one plan and one walk there, with what comes back while it goes on.
load hosts

setup() {
	hosts_begin a b
	fake_yaml >"$WORK/f.yaml"
	cp "$WORK/engine.yaml" "$WORK/fleet.yaml"
	cat >>"$WORK/fleet.yaml" <<-'YAML'
		defaults: {base: ./f.yaml}
		instances:
		  db: {placement: {host: b}}
		  web-{1..3}: {dependsOn: [db], placement: {host: b}}
		  lone: {placement: {host: a}}
	YAML
}

teardown() { hosts_end; }

runs_on() { on "$1" history --json --limit 0 2>/dev/null | wc -l; }

@test "all of a host is one run there, in its order, and its steps are in the history here" {
	run --separate-stderr limactl apply "$WORK/fleet.yaml"
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ "$(runs_on b)" = 1 ]
	[ "$(runs_on a)" = 1 ]
	# its machines, one after the other as the file says
	on b history 1 >"$WORK/there"
	[ "$(grep -n ' vm  *db ' "$WORK/there" | cut -d: -f1)" -lt "$(grep -n ' vm  *web-1 ' "$WORK/there" | cut -d: -f1)" ]
	# here they are steps of those hosts, with the time they took, and no measure of what a step takes here
	limactl history 1 >"$WORK/here"
	for name in db web-1 web-2 web-3; do grep -q " vm@b  *$name " "$WORK/here"; done
	grep -q ' vm@a  *lone ' "$WORK/here"
	grep -q ' remote  *web-1 ' "$WORK/here"
	limactl trace 1 | jq -e '[.traceEvents[] | select(.name == "vm@b web-1")] | length >= 1'
	# nothing else was to be done anywhere
	[[ "$(limactl plan "$WORK/fleet.yaml")" == *"Nothing to do: 5 instances are as wanted."* ]]

	# what stops goes the other way round, and what is taken away too
	limactl apply --stopped "$WORK/fleet.yaml"
	[ "$(runs_on b)" = 2 ]
	on b history 2 >"$WORK/there"
	[ "$(grep -n ' vm  *db ' "$WORK/there" | cut -d: -f1)" -gt "$(grep -n ' vm  *web-1 ' "$WORK/there" | cut -d: -f1)" ]
	limactl apply --destroy --allow-data-loss "$WORK/fleet.yaml"
	[ "$(runs_on b)" = 3 ]
	[ -z "$(machines_on a)$(machines_on b)" ]
	[ -z "$(ls "$LIMA_HOME"/_engines/*.member 2>/dev/null)" ]
}

@test "a member that fails fails alone, and what depends on it is left" {
	cat >>"$WORK/fleet.yaml" <<-'YAML'
		  bad: {placement: {host: b}, disk: 8000000TiB}
		  behind: {placement: {host: b}, dependsOn: [bad]}
		  far-behind: {dependsOn: [behind], placement: {host: a}}
	YAML
	run --separate-stderr limactl apply "$WORK/fleet.yaml"
	echo "$stderr"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *'`bad` is not as wanted: remote bad: host `b`: disk bad: '* ]]
	[[ "$stderr" == *'`behind`, `far-behind` were left as they are, since they depend on it'* ]]
	[ "$(machines_on a)" = "lone " ]
	[ "$(on b list --format '{{.Status}}' behind)" = Stopped ]
	[ "$(on b list --format '{{.Status}}' db web-1 web-2 web-3 | sort -u)" = Running ]
	# when it can be, it is
	sed -i '/bad:/s/, disk.*/}/' "$WORK/fleet.yaml"
	limactl apply "$WORK/fleet.yaml"
	[[ "$(limactl plan "$WORK/fleet.yaml")" == *"Nothing to do: 8 instances are as wanted."* ]]
}

@test "whoever is cut off in the middle loses nothing: the host goes on, and the next one finds what it did" {
	local pid
	LIMA_HOME=$LIMA_HOME LIMA_FAKE_MACHINE= "$BIN/limactl" apply "$WORK/fleet.yaml" 3>&- &
	pid=$!
	timeout 60 bash -c 'until compgen -G "$1/b/*/lima.yaml" >/dev/null; do sleep 0.02; done' _ "$WORK"
	# the connections, and who asked
	kill -KILL "$pid" $(pgrep -P "$(cat "$WORK/s/b.pid")")
	wait "$pid" || true
	# whatever was noted of a job is there before anybody has heard of it
	grep -q '"key":"[0-9a-f]' "$LIMA_HOME"/_engines/web-1.member
	timeout 120 bash -c 'until [ "$(LIMA_HOME=$1/b "$2/limactl" list --format "{{.Status}}" | grep -c Running)" = 4 ]; do sleep 0.2; done' _ "$WORK" "$BIN"
	[ "$(cut -d' ' -f1 "$WORK"/b/*/engine | sort -u)" = 1 ]
	limactl apply "$WORK/fleet.yaml"
	# nothing was done twice
	[ "$(cut -d' ' -f1 "$WORK"/b/*/engine | sort -u)" = 1 ]
	[ "$(runs_on b)" = 1 ]
	[[ "$(limactl plan "$WORK/fleet.yaml")" == *"Nothing to do"* ]]
	! grep -l '"key":"[^"]' "$LIMA_HOME"/_engines/*.member
}

@test "of one that somebody else has changed meanwhile it is told, and the others of its host converge" {
	limactl apply "$WORK/fleet.yaml"
	# what is planned here rests on another generation of db than there is
	cat >"$WORK/errand" <<-JSON
		{"fleet":"shop","jobs":[
		{"name":"db","goal":"stopped","key":"k1","digest":"d","by":"eve@there","expects":7,"generation":8,"after":[],"text":$(jq -Rs . <"$WORK/b/db/lima.yaml")},
		{"name":"web-1","goal":"stopped","key":"k2","digest":"d","by":"eve@there","expects":1,"generation":2,"after":["db"],"text":$(jq -Rs . <"$WORK/b/web-1/lima.yaml")},
		{"name":"../x","goal":"absent","key":"k3","digest":"d","by":"eve@there","expects":0,"generation":1,"after":[]},
		{"name":"gone","goal":"absent","key":"k4","digest":"d","by":"eve@there","expects":0,"generation":1,"after":[]}]}
	JSON
	run -3 --separate-stderr on b --log-format json engine-apply <"$WORK/errand"
	echo "$stderr"
	jq -s -e 'map(select(.job)) | map({(.job): .end}) | add == {"db": "stale", "web-1": "done", "../x": "failed", "gone": "done"}' <<<"$stderr"
	jq -s -e 'any(.[]; .job == "db" and (.error | contains("is of generation 1 by now")))' <<<"$stderr"
	[ "$(on b list --format '{{.Status}}' db web-1 | tr '\n' ' ')" = "Running Stopped " ]
	run on b engine-apply <<<'{"fleet":"x"}'
	[ "$status" -eq 1 ]
	[[ "$output" == *"standard input: is no errand of a fleet's engine"* ]]
}
