#!/usr/bin/env bats
# The way back of a real machine: what was written in the guest is there again, and so is the machine.
load helper

setup() {
	home_begin
	sed "s|\.\./build|$REPO/build|" "$REPO/examples/tiny.yaml" >"$WORK/t.yaml"
}

teardown() { home_end; }

@test "an edit that breaks the machine is taken back by itself, and what the guest had written is there" {
	limactl apply "$WORK/t.yaml"
	limactl shell t sh -c 'echo precious >data; sync'
	# QEMU has no machine with so many
	run --separate-stderr limactl apply --lenient --rollback-on-failure --set '.cpus=4000' t
	[ "$status" -eq 1 ]
	[[ $stderr == *'it is again as it was before'* ]] || { echo "$stderr"; false; }
	[ "$(limactl list --format '{{.Status}}' t)" = Running ]
	[ "$(limactl shell t cat data)" = precious ]
	limactl plan t | grep -q 'Nothing to do'
	# and a disk that was put away, with the guest in it
	limactl factory-reset t
	limactl apply --running t
	run ! limactl shell t cat data
	limactl apply --undo --allow-data-loss t
	[ "$(limactl shell t cat data)" = precious ]
	limactl plan t | grep -q 'Nothing to do'
}
