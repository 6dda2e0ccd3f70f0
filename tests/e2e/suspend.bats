#!/usr/bin/env bats
# A real guest put aside and resumed: what ran goes on, clock, folder and forward are there again; killed on the way, it is the same guest.
load helper

setup_file() {
	home_begin
	mkdir -p "$WORK/shared"
	PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	export PORT
	# two processors: what is put aside is of more than one
	sed "s|\.\./build|$REPO/build|; /^plain:/d; s/^cpus: .*/cpus: 2/" "$REPO/examples/tiny.yaml" >"$WORK/t.yaml"
	cat >>"$WORK/t.yaml" <<-EOF
		containerd: {system: false, user: false}
		mountType: reverse-sshfs
		mounts:
		- location: $WORK/shared
		  writable: true
		portForwards:
		- {guestPort: 7000, hostPort: $PORT, static: true}
	EOF
	apply "$WORK/t.yaml"
	# a program that counts, and has files open on the disk; and one that answers on a port
	in_guest '(i=0; while :; do i=$((i + 1)); echo $i >/tmp/count.new; mv /tmp/count.new /tmp/count; echo $i >>/var/tmp/log; sleep 0.1; done) </dev/null >/dev/null 2>&1 &'
	in_guest 'while :; do echo from the guest | nc -l -p 7000; done </dev/null >/dev/null 2>&1 &'
	in_guest 'cat /proc/sys/kernel/random/boot_id >/tmp/boot'
}

teardown_file() {
	home_end
}

in_guest() { limactl shell --workdir / t sh -c "$1"; }
count() { in_guest 'cat /tmp/count'; }
status() { limactl list t --format '{{.Status}}'; }

# It counts, from $1 on, in the same boot, with all that belongs to it.
goes_on() {
	local now
	now=$(count)
	[ "$now" -ge "$1" ] && [ "$now" -lt $(($1 + 600)) ]
	in_guest 'sleep 0.5; [ "$(cat /tmp/count)" -gt '"$now"' ]'
	in_guest 'cmp /tmp/boot /proc/sys/kernel/random/boot_id'
	limactl plan | grep 'Nothing to do'
}

@test "suspended, and resumed: it counts on" {
	was=$(count)
	limactl suspend t
	[ "$(status)" = Suspended ]
	! pgrep -f -- "$LIMA_HOME/t/" || false
	qemu-img check -q "$LIMA_HOME/t/disk"
	limactl start t
	[ "$(status)" = Running ]
	goes_on "$was"
}

@test "the clock, the folder and the forward are there again" {
	limactl suspend t
	echo "while it was away" >"$WORK/shared/f"
	sleep 3
	limactl start t
	[ "$(in_guest "cat '$WORK/shared/f'")" = "while it was away" ]
	in_guest "echo back >'$WORK/shared/g'"
	[ "$(cat "$WORK/shared/g")" = back ]
	timeout 20 bash -c 'until [ "$(timeout 2 cat </dev/tcp/127.0.0.1/$PORT)" = "from the guest" ]; do sleep 0.1; done 2>/dev/null'
	timeout 20 bash -c 'until off=$(($("$BIN/limactl" shell --workdir / t date +%s) - $(date +%s))) && [ "${off#-}" -le 1 ]; do sleep 0.1; done'
}

@test "the program that counts, after every process of it was killed on the host" {
	was=$(count)
	limactl suspend t
	! pgrep -f -- "$LIMA_HOME/t/" || false
	rm -rf "$LIMA_HOME/_state" "$LIMA_HOME"/t/*.sock "$LIMA_HOME"/t/*.pid
	limactl start t
	goes_on "$was"
}

# SECONDS WORD...
killed_after() {
	local pid
	"$BIN/limactl" "${@:2}" >/dev/null 2>&1 3>&- &
	pid=$!
	sleep "$1"
	kill -9 $pid
	wait $pid || true
}

@test "killed while it is put aside: the machine is there, and goes on" {
	for part in 0.1 0.3 0.6; do
		was=$(count)
		killed_after $part suspend t
		limactl start t
		goes_on "$was"
		[ -z "$(find "$LIMA_HOME/t" -name memory)" ]
	done
}

@test "killed while it is resumed: it goes on, once" {
	was=$(count)
	for part in 0.2 0.5 0.9; do
		limactl suspend t
		killed_after $part start t
		limactl start t
		goes_on "$was"
	done
}

@test "QEMU killed while its memory is saved: said, and it starts cold with its disk" {
	in_guest 'echo kept >/var/tmp/kept; sync'
	limactl suspend t
	limactl start t
	"$BIN/limactl" suspend t >"$WORK/log" 2>&1 3>&- &
	pid=$!
	timeout 20 bash -c 'until [ -e "$LIMA_HOME/t/memory.tmp" ] || ! kill -0 '$pid' 2>/dev/null; do sleep 0.01; done'
	kill -9 "$(cat "$LIMA_HOME/t/qemu.pid")" || true
	wait $pid || true
	limactl start t
	[ "$(status)" = Running ]
	qemu-img check -U -q "$LIMA_HOME/t/disk"
	[ ! -e "$LIMA_HOME/t/memory.tmp" ]
	[ "$(in_guest 'cat /var/tmp/kept')" = kept ]
}

@test "a snapshot of it as it runs holds its memory, and is gone back to in place" {
	# the kernel makes it when it is read first
	was=$(in_guest 'cat /proc/sys/kernel/random/boot_id')
	run limactl snapshot create t --tag live
	[[ "$output" == *"snapshot t:live holds the disk and "*" MiB of memory"* ]] || { echo "$output"; false; }
	in_guest 'cat /proc/sys/kernel/random/uuid >/tmp/later; cat /tmp/later >/var/tmp/later; sync'
	limactl snapshot apply t --tag live
	[ "$(in_guest 'cat /proc/sys/kernel/random/boot_id')" = "$was" ]
	in_guest '! test -e /tmp/later && ! test -e /var/tmp/later'
	timeout 30 bash -c 'until off=$(($("$BIN/limactl" shell --workdir / t date +%s) - $(date +%s))) && [ "${off#-}" -le 1 ]; do sleep 0.1; done'
	limactl plan | grep 'Nothing to do'
}

@test "a snapshot of the disk alone is not for a machine that runs, and the memory of one is not for a disk" {
	limactl stop t
	run limactl snapshot create t --tag disk
	[[ "$output" == *"snapshot t:disk holds the disk"* ]]
	[[ "$output" != *"of memory"* ]]
	run limactl snapshot apply t --tag live
	[ "$status" -eq 0 ]
	[[ "$output" == *"the machine does not run, so only the disk goes back, as it is after a power cut"* ]]
	limactl start t
	fails_with 'snapshot t:disk is of the disk alone, and its machine runs; `limactl stop t` first' snapshot apply t --tag disk
	[ "$(status)" = Running ]
	in_guest true
	limactl snapshot delete t --tag disk
	limactl snapshot delete t --tag live
}

@test "a machine of other parts, and a memory that was changed, are told; by force it starts cold" {
	in_guest 'echo kept >/var/tmp/kept; sync'
	limactl suspend t
	sed -i 's/^cpus: .*/cpus: 1/' "$LIMA_HOME/t/lima.yaml"
	fails_with 'would be lost (cpus' start t
	sed -i 's/^cpus: .*/cpus: 2/' "$LIMA_HOME/t/lima.yaml"
	printf 'x' | dd of="$LIMA_HOME/t/memory" bs=1 seek=70000 conv=notrunc status=none
	fails_with 'it has been changed since it was written' start t
	[ "$(status)" = Suspended ]
	limactl stop --force t
	limactl start t
	[ "$(in_guest 'cat /var/tmp/kept')" = kept ]
	! in_guest 'test -e /tmp/count' || false
}
