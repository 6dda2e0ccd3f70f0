# Three hosts with a server of SSH: the bed itself. A fleet over them: fleet.bats, and tests/fake/hosts.bats without name spaces.
load helper
BED=hosts

setup_file() { bed_begin; }
teardown_file() { bed_end; }

host() { # N COMMAND
	on operator ssh -i "$DIR/ssh/key" -o UserKnownHostsFile="$DIR/ssh/known_hosts" -o StrictHostKeyChecking=yes -o BatchMode=yes "root@node$1.bed.test" "${@:2}"
}

@test "each host has a name, a key, an address and a home of its own, and this tree's limactl" {
	for n in 1 2 3; do
		[ "$(host $n hostname)" = "node$n.bed.test" ]
		[ "$(host $n limactl --version)" = "$("$REPO/build/bin/limactl" --version)" ]
		host $n 'ls -A ~/.lima' >"$BATS_TEST_TMPDIR/$n" 2>&1 || true
		grep -q 'No such file' "$BATS_TEST_TMPDIR/$n"
	done
	[ "$(cut -d' ' -f3 "$DIR/ssh/known_hosts" | sort -u | wc -l)" -eq 3 ]
	host 1 'echo mine >/etc/motd.bed; touch ~/here'
	run ! host 2 'cat /etc/motd.bed ~/here'
	[ ! -e /etc/motd.bed ]
}

@test "there is no way out of the network of the nodes" {
	[ "$(host 1 ip -4 route)" = "198.51.100.0/24 dev br0 proto kernel scope link src 198.51.100.11 " ]
	[ "$(on operator ip -4 route)" = "198.51.100.0/24 dev br0 proto kernel scope link src 198.51.100.1 " ]
}

@test "up again changes nothing" {
	before=$(cat "$DIR/keeper")
	bed up "$DIR"
	[ "$(cat "$DIR/keeper")" = "$before" ]
	run -1 "$REPO/tests/cluster/bed" ganeti up "$DIR"
}

@test "what is no bed stays as it is" {
	mkdir "$BATS_TEST_TMPDIR/mine"
	touch "$BATS_TEST_TMPDIR/mine/precious"
	run -1 bed down "$BATS_TEST_TMPDIR/mine"
	run -1 bed up "$BATS_TEST_TMPDIR/mine"
	[ -e "$BATS_TEST_TMPDIR/mine/precious" ]
}

@test "down leaves nothing, whatever was killed before" {
	other=$BATS_TEST_TMPDIR/other
	bed up "$other"
	bed run "$other" node2 sh -c 'sleep 3600 & mount -t tmpfs mine /mnt'
	# the process that waits for the world, and with it all of the world
	read -r keeper _ <"$other/keeper"
	kill -KILL "$keeper"
	bed down "$other"
	nothing_of "$other"
	# who makes one is killed in the middle
	"$REPO/tests/cluster/bed" hosts up "$other" >/dev/null 2>&1 3>&- &
	maker=$!
	timeout 60 bash -c 'until [ -s "$1/keeper" ]; do sleep 0.01; done' _ "$other"
	kill -KILL "$maker"
	wait "$maker" || true
	bed down "$other"
	nothing_of "$other"
	# and nothing is all that is left to be taken down
	bed down "$other"
	# the bed beside it went on
	[ "$(host 3 hostname)" = node3.bed.test ]
}
