#!/usr/bin/env bats
# additionalDisks that come and go while their machine runs: by one that only plays a machine, and a guest that is a folder.
load helper
load kills

setup_file() { kills_file; }

setup() {
	qcow2_begin
	limactl disk create d --size 1MiB 2>/dev/null
	limactl disk create e --size 1MiB 2>/dev/null
}
teardown() { qcow2_end; }

holder() { readlink "$LIMA_HOME/_disks/$1/in_use_by" || true; }
# does the played guest see DISK?
seen() { grep -qx "$(serial "$1")" "$LIMA_HOME"/f/guest/sys/block/*/serial 2>/dev/null; }
serial() { printf lima-; printf %s "$1" | sha256sum | cut -c1-15; }
# a guest whose programs are these, each of which notes how it was called; it mounts what it is told to, at /mnt/lima-x
guest_here() {
	local g=$LIMA_HOME/f/guest
	mkdir -p "$g/bin" "$g/proc/self"
	: >"$g/proc/self/mountinfo"
	printf '#!/bin/sh\necho "mount $1" >>%s\necho "40 1 8:0 / /mnt/lima-x rw - ext4 /dev/$1" >>%s\n' "$WORK/ran" "$g/proc/self/mountinfo" >"$g/bin/lima-disks"
	printf '#!/bin/sh\necho "umount $1" >>%s\n[ ! -e %s ] || { echo "umount: $1: target is busy"; exit 1; }\n: >%s\n' "$WORK/ran" "$WORK/busy" "$g/proc/self/mountinfo" >"$g/bin/umount"
	chmod +x "$g"/bin/*
}

@test "a disk is attached and detached: the machine stays up, the guest mounts and unmounts, the lock goes along" {
	apply f.yaml
	pid=$(machine)
	guest_here
	run -0 limactl plan --set '.additionalDisks=["d"]' f
	[[ $output == *'additionalDisks[0]: unset -> '*'(in place)'* && $output == *'~ vm '* && $output != *'-/+ vm '* && $output == *'+ lease '* ]] || { echo "$output"; false; }
	[ "$(limactl plan --json --set '.additionalDisks=["d"]' f | jq -c '[.resource_changes[] | select(.address == "vm.f") | .class], .downtime')" = $'["live"]\n[]' ]
	run -0 --separate-stderr limactl apply --set '.additionalDisks=["d"]' f
	[[ $stderr == *'f: it has the disk `d` now, and the guest sees it: /dev/'*', on /mnt/lima-x'* ]] || { echo "$stderr"; false; }
	[ "$(machine)" = "$pid" ]
	seen d
	[ "$(holder d)" = "$LIMA_HOME/f" ]
	settled
	# another one beside it; what is there stays
	limactl apply --set '.additionalDisks=["e","d"]' f
	seen d && seen e
	settled
	run -0 limactl plan --set '.additionalDisks=["d"]' f
	[[ $output == *'~ vm '* && $output == *'- lease '* && $output != *'-/+ vm '* ]] || { echo "$output"; false; }
	run -0 --separate-stderr limactl apply --set '.additionalDisks=["d"]' f
	[[ $stderr == *'f: the guest has let go of the disk `e`, and the machine is without it'* ]] || { echo "$stderr"; false; }
	seen d
	! seen e
	[ -z "$(holder e)" ]
	[ "$(holder d)" = "$LIMA_HOME/f" ]
	[ "$(machine)" = "$pid" ]
	grep -qx 'umount /mnt/lima-x' ran
	settled
	rm -r "$LIMA_HOME/_state"
	settled
}

@test "a disk that the guest uses stays: apply says why, and nothing is let go of" {
	apply f.yaml
	guest_here
	limactl apply --set '.additionalDisks=["d"]' f
	pid=$(machine)
	touch busy
	run -1 --separate-stderr limactl apply --set '.additionalDisks=[]' f
	[[ $stderr == *'f: it keeps the disk `d`: the guest does not let go of it: umount: /mnt/lima-x: target is busy; '*'`limactl restart f`'* ]] || { echo "$stderr"; false; }
	seen d
	[ "$(holder d)" = "$LIMA_HOME/f" ]
	# back to what it was, or on: both end well
	limactl apply --set '.additionalDisks=["d"]' f
	settled
	seen d
	run -1 limactl apply --set '.additionalDisks=[]' f
	rm busy
	limactl apply f
	! seen d
	[ -z "$(holder d)" ]
	[ "$(machine)" = "$pid" ]
	settled
	run -1 limactl apply --set '.additionalDisks=["nix"]' f
	[[ $output == *'disk `nix` does not exist; run `limactl disk create nix --size SIZE` first'* ]]
	[ "$(machine)" = "$pid" ]
}

@test "a guest that does not take it up is told of; a disk of another machine that runs is refused" {
	apply f.yaml
	run -0 --separate-stderr limactl apply --set '.additionalDisks=["d"]' f
	[[ $stderr == *'f: it has the disk `d` now, and the guest has not taken that up: '*'lima-disks'*'; `limactl restart f` has it boot'* ]] || { echo "$stderr"; false; }
	settled
	apply --name g --set '.additionalDisks=[]' f.yaml
	run -1 limactl apply --set '.additionalDisks=["d"]' g
	[[ $output == *'disk `d` is in use by the running instance `f`'* ]] || { echo "$output"; false; }
}

@test "a disk that it has since its start goes with the machine, and the plan says why; settings change as disks do" {
	apply --set '.additionalDisks=["d"]' f.yaml
	pid=$(machine)
	run -0 limactl plan --set '.additionalDisks=[]' f
	[[ $output == *'-/+ vm '* && $output == *'(a running machine is restarted: disk `d`: it has that disk since it was started)'* ]] || { echo "$output"; false; }
	limactl apply --set '.additionalDisks=["e"]' f
	[ "$(machine)" != "$pid" ]
	[ -z "$(holder d)" ]
	[ "$(holder e)" = "$LIMA_HOME/f" ]
	settled
	pid=$(machine)
	guest_here
	limactl apply --set '.additionalDisks=["e","d"]' f
	[ "$(machine)" = "$pid" ]
	limactl apply --set '.additionalDisks[1]={"name":"d","fsType":"xfs"}' f
	[ "$(machine)" = "$pid" ]
	seen d
	settled
	LIMA_FAKE_RIGID='it is made of stone' limactl plan --set '.additionalDisks=["e"]' f | grep -F -- '-/+ vm '
	# a restart makes them disks that it starts with
	limactl restart f
	! seen d
	settled
}

@test "the way back from a disk that was attached" {
	apply f.yaml
	guest_here
	limactl apply --set '.additionalDisks=["d"]' f
	pid=$(machine)
	run -0 limactl plan --undo
	[[ $output == *'- lease '* && $output == *'~ vm '* ]] || { echo "$output"; false; }
	limactl apply --undo
	! seen d
	[ "$(machine)" = "$pid" ]
	settled
}

@test "kill -9 at every boundary: the next apply converges, whatever it wants, and the machine is the same" {
	apply f.yaml
	guest_here
	pid=$(machine)
	for n in {1..60}; do
		killed_at "$n" apply --set '.additionalDisks=["d"]' f || break
		lose_database "$n"
		# on, or back
		[ $((n % 3)) -eq 0 ] || { limactl apply --set '.additionalDisks=["d"]' f; seen d; settled; }
		limactl apply --set '.additionalDisks=[]' f
		! seen d
		[ -z "$(holder d)" ]
		settled
	done
	[ "$n" -gt 4 ] && [ "$n" -lt 60 ]
	for n in {1..60}; do
		limactl apply --set '.additionalDisks=["d"]' f
		killed_at "$n" apply --set '.additionalDisks=[]' f || break
		lose_database "$n"
		[ $((n % 3)) -eq 0 ] || { limactl apply --set '.additionalDisks=[]' f; settled; }
		limactl apply --set '.additionalDisks=["d"]' f
		seen d
		[ "$(holder d)" = "$LIMA_HOME/f" ]
		settled
	done
	[ "$n" -gt 4 ] && [ "$n" -lt 60 ]
	[ "$(machine)" = "$pid" ]
}
