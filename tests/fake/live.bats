#!/usr/bin/env bats
# What is changed of a machine while it runs: by one that only plays a machine, and a guest that is a folder.
load helper
load kills

setup_file() { kills_file; }

setup() { qcow2_begin; }
teardown() { qcow2_end; }

size_is() { qemu-img info -U "$LIMA_HOME/f/disk" | grep -q "virtual size: $1 MiB"; }
# the guest's file FILE: what it reads there
guest_has() {
	mkdir -p "$(dirname "$LIMA_HOME/f/guest/$1")"
	cat >"$LIMA_HOME/f/guest/$1"
}
# a guest with / on the first partition of a disk: of SIZE MiB, as its kernel sees them
guest_with() {
	local sys=sys/devices/vdx
	mkdir -p "$LIMA_HOME/f/guest/sys/dev/block" "$LIMA_HOME/f/guest/$sys/vdx1" "$LIMA_HOME/f/guest/bin"
	ln -sfn ../../devices/vdx/vdx1 "$LIMA_HOME/f/guest/sys/dev/block/254:1"
	guest_has proc/self/mountinfo <<<'25 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vdx1 rw'
	guest_has $sys/size <<<$(($1 * 2048))
	guest_has $sys/vdx1/partition <<<1
	guest_has $sys/vdx1/start <<<2048
	guest_has $sys/vdx1/size <<<4096
	guest_has bin/growpart <<-END
		#!/bin/sh
		echo "growpart \$*" >>"$WORK/ran"
		[ ! -e "$WORK/growpart.fails" ] || { echo "failed: no room" >&2; echo 'another thing'; exit 2; }
		echo $((($1 - 1) * 2048)) >"$LIMA_HOME/f/guest/$sys/vdx1/size"
	END
	guest_has bin/resize2fs <<<"echo \"resize2fs \$*\" >>$WORK/ran"
	guest_has bin/df <<<"echo head; echo /dev/vdx1 $((($1 - 1) * 1000)) 1 2 3% /"
	chmod +x "$LIMA_HOME"/f/guest/bin/*
}

@test "a bigger disk: the machine stays up, and its guest is asked to use it" {
	apply f.yaml
	pid=$(machine)
	guest_with 8
	run -0 limactl plan --set '.disk="8MiB"' f
	[[ $output == *'disk: 4MiB -> 8MiB  (in place)'* && $output == *'~ disk'* && $output != *' vm '* ]]
	[ "$(limactl plan --json --set '.disk="8MiB"' f | jq -c '[.resource_changes[] | select(.address == "disk.f") | .class], .downtime')" = $'["live"]\n[]' ]
	run -0 --separate-stderr limactl apply --set '.disk="8MiB"' f
	[[ $stderr == *'f: its disk has 8MiB now, and the guest says that its file system, /, has '* ]] || { echo "$stderr"; false; }
	[ "$(cat ran)" = $'growpart /dev/vdx 1\nresize2fs /dev/vdx1' ]
	[ "$(machine)" = "$pid" ]
	size_is 8
	settled
	# what there is stays what there is: after the database is lost, and in the next boot
	rm -r "$LIMA_HOME/_state"
	settled
	limactl restart f
	size_is 8
	settled
}

@test "a guest that cannot use it is told of, by what it says, and nothing is done again" {
	apply f.yaml
	pid=$(machine)
	run -0 --separate-stderr limactl apply --set '.disk="5MiB"' f
	[[ $stderr == *'f: its disk has 5MiB now, and the guest has not taken that up: it does not tell what is mounted; `limactl restart f`'* ]] || { echo "$stderr"; false; }
	settled
	guest_with 6
	touch growpart.fails
	run -0 --separate-stderr limactl apply --set '.disk="6MiB"' f
	[[ $stderr == *'has not taken that up: growpart: failed: no room; '* ]] || { echo "$stderr"; false; }
	mkdir -p "$LIMA_HOME/f/guest/sys/devices/vdx/vdx2"
	guest_has sys/devices/vdx/vdx2/start <<<9999
	guest_has sys/devices/vdx/size <<<$((7 * 2048))
	run -0 --separate-stderr limactl apply --set '.disk="7MiB"' f
	[[ $stderr == *'vdx1 is not the last partition of vdx: what stands behind it is in the way'* ]] || { echo "$stderr"; false; }
	guest_has bin/readlink <<<'printf "no \\033[31mred\\n"; kill $PPID'
	chmod +x "$LIMA_HOME/f/guest/bin/readlink"
	run -0 --separate-stderr limactl apply --set '.disk="8MiB"' f
	[[ $stderr == *'its disk has 8MiB now, and the guest has not taken that up: '* && $stderr != *$'\e'* ]]
	[ "$(machine)" = "$pid" ]
	size_is 8
	settled
}

@test "a machine of which nothing can be changed while it runs goes down for it, and the plan says why" {
	apply f.yaml
	pid=$(machine)
	export LIMA_FAKE_RIGID='it is made of stone'
	run -0 limactl plan --set '.disk="8MiB"' f
	[[ $output == *'disk: 4MiB -> 8MiB  (a running machine is restarted)'* && $output == *'-/+ vm '* ]]
	[[ $output == *'size: 4MiB -> 8MiB  (not while it runs: it is made of stone)'* ]] || { echo "$output"; false; }
	limactl apply --set '.disk="8MiB"' f
	[ "$(machine)" != "$pid" ]
	size_is 8
	settled
}

@test "with something that takes the machine down, the disk grows while it is down" {
	apply f.yaml
	pid=$(machine)
	limactl apply --set '.disk="8MiB" | .memory="65MiB"' f
	[ "$(machine)" != "$pid" ]
	size_is 8
	settled
}

@test "the way back from a disk that grew under its machine: the smaller one, as it was kept" {
	apply f.yaml
	qemu-io -f qcow2 -c 'write -P 0x5a 1M 64k' "$LIMA_HOME/f/disk" >/dev/null # the machine only plays one, and has nothing open
	limactl apply --set '.disk="8MiB"' f
	size_is 8
	run -0 limactl plan --undo
	[[ $output == *'disk: 8MiB -> 4MiB  (a running machine is restarted)'* && $output == *'-/+ vm '* ]]
	limactl apply --undo --allow-data-loss
	size_is 4
	qemu-io -f qcow2 -c 'read -P 0x5a 1M 64k' "$LIMA_HOME/f/disk" | grep -q 'read 65536/65536'
	[ "$(status_of f)" = Running ]
	settled
}

@test "kill -9 at every boundary of it: the next apply converges, and the machine is the same" {
	apply f.yaml
	pid=$(machine)
	size=4
	for n in {1..40}; do
		size=$((size + 1))
		guest_with $size
		killed_at "$n" apply --set ".disk=\"${size}MiB\"" f || break
		lose_database "$n"
		limactl apply --set ".disk=\"${size}MiB\"" f
		settled
		size_is $size
	done
	[ "$n" -gt 4 ] && [ "$n" -lt 40 ]
	[ "$(machine)" = "$pid" ]
	qemu-img check -q "$LIMA_HOME/f/disk"
}
