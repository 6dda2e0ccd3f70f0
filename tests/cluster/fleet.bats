# A fleet on three real hosts: name spaces with servers of SSH and limactl, whose machines only play one. Nodes are cut off, and lost.
load helper
BED=hosts

setup_file() {
	export BED_BUILD=build/tests/fake
	bed_begin
	export LIMA_HOME=$BATS_FILE_TMPDIR/h
	export FLEET=$BATS_FILE_TMPDIR/fleet.yaml
	mkdir "$LIMA_HOME"
	eval "$(ssh-agent)" >/dev/null
	export SSH_AUTH_SOCK SSH_AGENT_PID
	ssh-add -q "$DIR/ssh/key"
	truncate -s 1M "$DIR/shared/raw.img"
	{
		printf 'name: shop\nengine:\n  type: hosts\n  hosts:\n'
		for n in 1 2 3; do
			printf '  - {name: node%s, ssh: "root@198.51.100.1%s", memory: 1GiB, hostKey: "%s"}\n' "$n" "$n" "$(key_of "$n")"
		done
		cat <<-'YAML'
			defaults:
			  images: [{location: /srv/shared/raw.img, arch: x86_64}, {location: /srv/shared/raw.img, arch: aarch64}]
			  disk: 4MiB
			  plain: true
			  vmType: fake
			  cpus: 1
			  memory: 64MiB
			  message: "round 0"
			instances:
			  web-{1..6}: {placement: {spread: true}}
		YAML
	} >"$FLEET"
}

teardown_file() {
	kill "$SSH_AGENT_PID" 2>/dev/null || true
	for f in "$LIMA_HOME"/_engines/*; do [ ! -S "$f" ] || ssh -o "ControlPath=$f" -O exit x 2>/dev/null || true; done
	bed_end
}

key_of() { awk -v host="node$1.bed.test" '$1 ~ host { print $2, $3; exit }' "$DIR/ssh/known_hosts"; }

limactl() { on operator timeout 150 "$REPO/build/tests/fake/bin/limactl" "$@"; }
at() { # NODE COMMAND...
	on "node$1" "${@:2}"
}
# what each node has, and how often it was changed: "web-1 1"
notes() {
	for n in 1 2 3; do
		at "$n" sh -c 'for f in /root/.lima/*/engine; do [ ! -e "$f" ] || echo "$(basename "$(dirname "$f")") $(cut -d" " -f1 "$f")"; done' 2>/dev/null || true
	done | sort
}
# one machine for each, and no more, wherever it is
machines() { for n in "$@"; do at "$n" pgrep -fc 'lima-fake-machine.*/root/.lima/'; done | paste -sd' '; }

@test "a fleet is placed on three hosts, and applied again there is nothing to do" {
	limactl apply "$FLEET"
	[ "$(notes)" = "$(for i in 1 2 3 4 5 6; do echo "web-$i 1"; done)" ]
	[ "$(machines 1 2 3)" = "2 2 2" ]
	[[ "$(limactl plan "$FLEET")" == *"Nothing to do: 6 instances are as wanted."* ]]
	[ "$(limactl list --json | jq -r .node | sort | uniq -c | awk '{ print $1 }' | paste -sd' ')" = "2 2 2" ]
}

@test "a node that is cut off in the middle of an apply has done it once when it is back" {
	for round in 1 2 3; do
		sed -i "s/message: .*/message: \"round $round\"/" "$FLEET"
		limactl apply "$FLEET" >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
		pid=$!
		# in the middle: its errand is there
		at 2 timeout 60 sh -c 'until pgrep -f engine-apply; do sleep 0.01; done' >/dev/null
		on operator ip link set v2 down
		status=0
		wait "$pid" || status=$?
		echo "# round $round: exit status $status" >&3
		cat "$BATS_TEST_TMPDIR/log"
		# elsewhere it is done; what of that one is known to be done may be all of it, if it was quick
		run limactl plan --detailed-exitcode "$FLEET"
		[ "$status" -ne 0 ]
		[[ "$output" == *'host `node2`, which '* ]]
		on operator ip link set v2 up
		limactl apply "$FLEET"
		[ "$(notes)" = "$(for i in 1 2 3 4 5 6; do echo "web-$i $((round + 1))"; done)" ]
		[ "$(machines 1 2 3)" = "2 2 2" ]
		[[ "$(limactl plan "$FLEET")" == *"Nothing to do"* ]]
	done
}

@test "of a node that is lost nothing is made anew elsewhere, and the others converge" {
	bed kill "$DIR" node3
	sed -i 's/message: .*/message: "without node3"/' "$FLEET"
	run limactl apply "$FLEET"
	[ "$status" -eq 1 ]
	[[ "$output" == *'host `node3`, which '* && "$output" == *"4 changed"* ]]
	[ "$(notes | wc -l)" = 4 ]
	[ "$(machines 1 2)" = "2 2" ]
	run limactl plan --detailed-exitcode "$FLEET"
	[ "$status" -eq 1 ]
	[[ "$output" != *"+ remote"* && "$output" != *"~ remote"* ]]
}
