#!/usr/bin/env bats
# Starting and stopping, when they meet: who wants a machine down ends its start; what was asked for is what runs.
load helper

setup_file() {
	home_begin
	sed "s|\.\./build|$REPO/build|" "$REPO/examples/tiny.yaml" >"$WORK/t.yaml"
	sed 's|cmdline: .*|cmdline: console=ttyS0 rdinit=/bin/sh|' "$WORK/t.yaml" >"$WORK/slow.yaml"
}

teardown_file() {
	home_end
}

port_of() { awk '$1 == "Port" { print $2 }' "$LIMA_HOME/$1/ssh.config"; }

# a start of slow.yaml as $1, which would wait for ten minutes; returns when its machine runs
begin_start() {
	"$BIN/limactl" start --tty=false --name "$1" "$WORK/slow.yaml" >"$WORK/$1.log" 2>&1 3>&- &
	START=$!
	timeout 60 bash -c 'until [ -s "$1/qemu.pid" ] && [ -S "$1/ha.sock" ]; do sleep 0.05; done' _ "$LIMA_HOME/$1"
}

start_has_ended() {
	local status=0
	timeout 30 bash -c 'while kill -0 "$1" 2>/dev/null; do sleep 0.05; done' _ "$START"
	wait "$START" || status=$?
	[ "$status" -ne 0 ]
	grep -q "another limactl (process [0-9]*) has ended this" "$WORK/$1.log"
}

@test "stop -f ends a start that waits for its guest" {
	begin_start a
	LIMIT=60 limactl stop -f a
	start_has_ended a
	[ "$(limactl list a --format '{{.Status}}')" = Stopped ]
	[ ! -e "$LIMA_HOME/a/qemu.pid" ]
	limactl delete a
}

@test "delete -f ends a start that waits for its guest" {
	begin_start b
	LIMIT=60 limactl delete -f b
	start_has_ended b
	[ ! -e "$LIMA_HOME/b" ]
}

@test "stop without force ends a start, and shuts the guest down" {
	"$BIN/limactl" start --tty=false --name c "$WORK/t.yaml" >"$WORK/c.log" 2>&1 3>&- &
	START=$!
	timeout 60 bash -c 'until [ -s "$1/qemu.pid" ] && [ -S "$1/ha.sock" ]; do sleep 0.05; done' _ "$LIMA_HOME/c"
	limactl stop c
	start_has_ended c
	[ "$(limactl list c --format '{{.Status}}')" = Stopped ]
}

@test "another ssh port restarts a running machine, as the plan says, and is the one that answers" {
	limactl start c
	old=$(port_of c) qemu=$(cat "$LIMA_HOME/c/qemu.pid")
	new=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	run -0 limactl plan --set ".ssh.localPort=$new" c
	[[ $output == *"-/+ vm"* ]]
	apply --set ".ssh.localPort=$new" c
	[ "$(port_of c)" = "$new" ]
	[ "$old" != "$new" ]
	[ "$(cat "$LIMA_HOME/c/qemu.pid")" != "$qemu" ]
	[ "$(ssh -F "$LIMA_HOME/c/ssh.config" lima-c echo hello)" = hello ]
	# and back to whichever is free
	qemu=$(cat "$LIMA_HOME/c/qemu.pid")
	apply --set 'del(.ssh.localPort)' c
	[ "$(cat "$LIMA_HOME/c/qemu.pid")" != "$qemu" ]
	[ "$(limactl shell c echo hello)" = hello ]
}

# tells QEMU something, by its control socket
tell() {
	timeout 10 python3 - "$LIMA_HOME/c/qmp.sock" "$1" <<-'EOF'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); f = s.makefile("rw"); f.readline()
		for name in "qmp_capabilities", sys.argv[2]:
		    f.write(json.dumps({"execute": name}) + "\n"); f.flush()
		    while "return" not in json.loads(f.readline()): pass
	EOF
}

@test "a machine that is paused is told by list and plan, and apply lets it go on" {
	tell stop
	[ "$(limactl list c --format '{{.Status}}')" = Running ]
	[[ $(limactl list c --json | jq -r '.troubles[0]') == *"the machine stands still: QEMU has been told to pause it"* ]]
	[[ $(limactl plan c) == *"ready     c"* ]]
	run -0 limactl apply c
	[ "$(limactl shell c echo hello)" = hello ]
	[ "$(limactl list c --json | jq -r '.troubles | length')" = 0 ]
	[[ $(limactl plan c) == *"Nothing to do"* ]]
}

@test "a raw disk has no snapshots, of a machine that runs or is down: what keeps it instead is told, and nothing is touched" {
	qemu-img convert -O raw "$REPO/build/share/lima/guests/tiny-x86_64/disk.qcow2" "$WORK/raw.img"
	sed "s|location: .*x86_64/disk.qcow2|location: $WORK/raw.img|" "$WORK/t.yaml" >"$WORK/raw.yaml"
	limactl start --tty=false "$WORK/raw.yaml"
	limactl shell raw sh -c 'echo precious >~/data && sync'
	fails_with 'stop the instance, and `limactl clone` keeps a copy of the whole' snapshot create --tag one raw
	[ "$(limactl list raw --format '{{.Status}}')" = Running ]
	[ -z "$(limactl snapshot list -q raw)" ]
	fails_with 'has no snapshot `one`' snapshot apply --tag one raw
	limactl stop raw
	fails_with '`limactl clone` keeps a copy of the whole instance' snapshot create --tag one raw
	run -0 limactl clone --tty=false raw kept
	run -0 limactl delete -f raw
	run -0 limactl start kept
	[ "$(limactl shell kept cat data)" = precious ]
	run -0 limactl delete -f kept
}

@test "a raw disk beside its own: the machine has to be down for a snapshot, which is of its own disk" {
	limactl disk create --size 16MiB --format raw beside
	run -0 limactl apply --set '.additionalDisks=["beside"]' c
	fails_with 'stop the instance first, then its own disk alone is kept' snapshot create --tag one c
	limactl stop c
	run -0 limactl snapshot create --tag one c
	[ "$(limactl snapshot list -q c 2>/dev/null)" = one ]
	run -0 limactl snapshot delete --tag one c
	apply --set "del(.additionalDisks)" --running c
}

@test "a kernel that is emulated does not check how its timer is wired" {
	grep -q no_timer_check <(tr '\0' '\n' <"/proc/$(cat "$LIMA_HOME/c/qemu.pid")/cmdline")
	limactl shell c grep -q no_timer_check /proc/cmdline
}

@test "a shell of its initrd on the console ends the wait at once" {
	sed '/^provision:/,$d' "$WORK/t.yaml" >"$WORK/shell.yaml"
	printf 'provision:\n- script: |\n    #!/bin/sh\n    printf "\\n(initramfs) " >/dev/ttyS0\n    sleep 300\n' >>"$WORK/shell.yaml"
	LIMIT=60 fails_with "its initrd has ended up in a shell" start --tty=false "$WORK/shell.yaml"
	[[ $stderr == *DEGRADED* ]]
	limactl delete -f shell
}
