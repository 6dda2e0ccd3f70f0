#!/usr/bin/env bats
# This host's disk is full, and QEMU pauses a machine that writes to it: list, plan and apply tell of it, and when there is room
# again the guest goes on as if nothing had been. Real guests, on a small tmpfs.
load helper

setup() {
	home_begin
	sed "s|\.\./build|$REPO/build|; /^provision:/,\$d" "$REPO/examples/tiny.yaml" >"$WORK/f.yaml"
	SMALL=
}

teardown() {
	local small=$SMALL
	SMALL=
	[ -z "$small" ] || mount -o remount,size=1g "$small" || true
	limactl stop -f f >/dev/null 2>&1 || true
	[ -z "$small" ] || umount -l "$small"
	home_end
}

# DIR: a file system of a few megabytes there
small_at() {
	mkdir -p "$1"
	mount -t tmpfs -o size=160m tmpfs "$1"
	SMALL=$1
}

in_guest() { limactl shell --workdir / f "$@"; }

# The guest writes more than there is room, and then what its sum is; returns when its machine has been paused.
write_until_paused() {
	# the sum first: a machine that is paused says nothing any more
	in_guest sh -c 'dd if=/dev/urandom of=/tmp/seed bs=1M count=40 2>/dev/null
		for n in 1 2 3 4 5; do cat /tmp/seed; done | sha256sum
		(for n in 1 2 3 4 5; do cat /tmp/seed; done >~/big; sync; sha256sum <~/big >~/sum; sync; touch ~/done) </dev/null >/dev/null 2>&1 &' >"$WORK/sum"
	timeout 60 bash -c 'until "$1/limactl" list f --json 2>/dev/null | jq -e ".troubles | length == 1" >/dev/null; do sleep 0.2; done' _ "$BIN"
}

is_told() {
	run -0 --separate-stderr limactl list f
	[[ $output == *Paused* && $stderr == *"the machine of \`f\` stands still: QEMU has paused it, since it could not write a disk"* ]]
	[ "$(limactl list f --format '{{.Status}}' 2>/dev/null)" = Running ]
	run -0 limactl plan f
	[[ $output == *"~ ready     f"*"stands still: QEMU has paused it"* ]]
}

goes_on_with_every_byte() {
	run -0 limactl apply f
	timeout 60 bash -c 'until "$1/limactl" shell --workdir / f sh -c "test -e ~/done" 2>/dev/null; do sleep 0.5; done' _ "$BIN"
	[ "$(in_guest sh -c 'cat ~/sum')" = "$(cat "$WORK/sum")" ]
	in_guest sh -c 'echo 3 | sudo tee /proc/sys/vm/drop_caches >/dev/null'
	[ "$(in_guest sh -c 'sha256sum <~/big')" = "$(cat "$WORK/sum")" ]
	run -0 --separate-stderr limactl list f
	[[ $output == *Running* && -z $stderr ]]
	[[ $(limactl plan f) == *"Nothing to do"* ]]
	limactl stop f
	run -0 qemu-img check -q "$LIMA_HOME/f/disk"
}

@test "the drive of its disk: apply says that it stands still again, until there is room" {
	limactl create --tty=false "$WORK/f.yaml"
	mv "$LIMA_HOME/f" "$WORK/kept"
	small_at "$LIMA_HOME/f"
	cp -a "$WORK/kept/." "$LIMA_HOME/f/"
	limactl start f
	qemu=$(cat "$LIMA_HOME/f/qemu.pid")
	write_until_paused
	is_told
	fails_with 'ready f: the machine was let go on, and stands still again: QEMU has paused it, since it could not write a disk' apply f
	fails_with 'stands still again' start f
	mount -o remount,size=800m "$SMALL"
	goes_on_with_every_byte
	run ! kill -0 "$qemu"
}

@test "the drive of the whole home: what only looks still works, what writes says that the disk is full" {
	LIMA_HOME=$WORK/small/h
	small_at "$WORK/small"
	limactl start --tty=false "$WORK/f.yaml"
	write_until_paused
	is_told
	# what is too little for the machine may do for a database
	head -c 10M /dev/zero >"$SMALL/last" 2>/dev/null || true
	fails_with 'no space left on device; ' apply f
	mount -o remount,size=800m "$SMALL"
	goes_on_with_every_byte
}

@test "stop lets a machine that was paused go on, so that its guest shuts down" {
	limactl start --tty=false "$WORK/f.yaml"
	in_guest sh -c 'echo precious >~/data'
	timeout 10 python3 - "$LIMA_HOME/f/qmp.sock" <<-'EOF'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); f = s.makefile("rw"); f.readline()
		for name in "qmp_capabilities", "stop":
		    f.write(json.dumps({"execute": name}) + "\n"); f.flush()
		    while "return" not in json.loads(f.readline()): pass
	EOF
	run -0 limactl stop f
	[[ $output != *"has not shut down"* ]]
	limactl start f
	[ "$(in_guest sh -c 'cat ~/data')" = precious ]
}
