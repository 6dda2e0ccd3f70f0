#!/usr/bin/env bats
# What other processes serve to a machine: folders by virtiofs, a TPM chip, a VNC display. On the tiny guest, whose
# kernel has no 9p.
load helper
load table

setup_file() {
	home_begin
	mkdir -p "$WORK/read, only" "$WORK/rw"
	echo hello >"$WORK/read, only/f"
	yaml virtiofs >"$WORK/t.yaml"
	GITHUB_TOKEN=a-secret apply "$WORK/t.yaml"
}

teardown_file() {
	home_end
}

# what virtiofs is to root, who can run Debian 12's virtiofsd, 9p is to others; the rest is the same
yaml() {
	sed "s|\.\./build|$REPO/build|; /^plain:/d" "$REPO/examples/tiny.yaml"
	cat <<-EOF
		containerd: {system: false, user: false}
		tpm: true
		video: {display: vnc}
	EOF
	[ "$(id -u)" = 0 ] || [ "$1" != virtiofs ] || return 0
	cat <<-EOF
		mountType: $1
		mounts:
		- location: $WORK/read, only
		- location: $WORK/rw
		  mountPoint: /mnt/r w
		  writable: true
		- location: $WORK
		  mountPoint: /mnt/all
	EOF
}

in_guest() { limactl shell --workdir / t sh -c "$1"; }
# the companions of an instance: lines of ps
companions() { ps -ww -eo pid,args | grep -E "virtiofsd|swtpm" | grep -F "$LIMA_HOME/$1/" | grep -v grep; }

@test "virtiofs: one to read, which the host sees to, and one to write" {
	if [ "$(id -u)" != 0 ]; then
		yaml 9p | sed 's/mountType: 9p/mountType: virtiofs/' >"$WORK/v.yaml"
		fails_with "only root can run" apply "$WORK/v.yaml"
		return
	fi
	[ "$(in_guest "cat '$WORK/read, only/f'")" = hello ]
	in_guest "sudo mount -o remount,rw '$WORK/read, only'"
	run ! in_guest "sudo touch '$WORK/read, only/g'"
	[ ! -e "$WORK/read, only/g" ]
	in_guest "sudo sh -c 'echo from the guest >\"/mnt/r w/new\"'"
	[ "$(cat "$WORK/rw/new")" = "from the guest" ]
}

@test "virtiofs: the home of the instances is not in the folder that it is below" {
	[ "$(id -u)" = 0 ] || return 0
	[ "$(in_guest "sudo cat '/mnt/all/read, only/f'")" = hello ]
	[ -z "$(in_guest "sudo ls -A /mnt/all/h")" ]
	run ! in_guest "sudo cat /mnt/all/h/_config/user"
	in_guest "sudo umount /mnt/all/h || true"
	[ -z "$(in_guest "sudo ls -A /mnt/all/h")" ]
	[ -e "$LIMA_HOME/_config/user" ]
	# the daemon serves what it was given, by no name of the host's
	tr '\0' '\n' <"/proc/$(cat "$LIMA_HOME/t/virtiofsd-0.pid")/cmdline" >"$WORK/words"
	! grep -qF "$WORK/read" "$WORK/words" || false
	# its first process waits for the one that serves
	pid=$(cat "$LIMA_HOME/t/virtiofsd-0.pid")
	as_in_table virtiofsd "$(pgrep -P "$pid" || echo "$pid")"
}

@test "there is a TPM chip, which keeps its state" {
	[ "$(in_guest 'ls /sys/class/tpm')" = tpm0 ]
	[ -n "$(ls "$LIMA_HOME/t/swtpm")" ]
	# the process that plays it has nothing of this host but its state
	pid=$(cat "$LIMA_HOME/t/swtpm.pid")
	as_in_table swtpm "$pid"
	! tr '\0' '\n' <"/proc/$pid/environ" | grep -q a-secret || false
}

@test "there is a VNC display, with a password, on loopback alone" {
	[ "$(stat -c %a "$LIMA_HOME/t/vncpassword" "$LIMA_HOME/t/vncdisplay" | sort -u)" = 600 ]
	[ "$(wc -c <"$LIMA_HOME/t/vncpassword")" = 8 ]
	display=$(cat "$LIMA_HOME/t/vncdisplay")
	[[ $display == 127.0.0.1:* ]]
	# security type 2: VNC authentication, and no other
	run -0 timeout 10 python3 - $((5900 + ${display##*:})) <<-'EOF'
		import socket, sys
		s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
		s.recv(12); s.sendall(b"RFB 003.008\n")
		print(s.recv(2).hex())
	EOF
	[ "$output" = 0102 ]
}

@test "a new host agent takes over, and leaves all of it as it is" {
	before=$(companions t; cat "$LIMA_HOME/t/vncpassword")
	kill -9 "$(cat "$LIMA_HOME/t/ha.pid")"
	apply t
	[ "$(companions t; cat "$LIMA_HOME/t/vncpassword")" = "$before" ]
	[ "$(in_guest 'ls /sys/class/tpm')" = tpm0 ]
}

@test "they end with the machine, however it ends, and leave nothing" {
	kill -9 "$(cat "$LIMA_HOME/t/qemu.pid")"
	timeout 20 bash -c 'while [ -e "$1" ]; do sleep 0.1; done' _ "$LIMA_HOME/t/ha.pid"
	timeout 20 bash -c 'while ps -ww -eo args | grep -E "^[^ ]*(virtiofsd|swtpm) " | grep -qF "$1"; do sleep 0.1; done' _ "$LIMA_HOME/t/"
	run ! compgen -G "$LIMA_HOME/t/*.sock"
	run ! compgen -G "$LIMA_HOME/t/*.pid"
	run ! compgen -G "$LIMA_HOME/t/vnc*"
}

@test "a guest without 9p says so, and what can be done" {
	yaml 9p >"$WORK/p.yaml"
	run ! limactl apply --set '.video.display = "none" | .tpm = false' "$WORK/p.yaml"
	[[ $output == *"the kernel of the guest has no 9p; set mountType to reverse-sshfs"* ]]
	[ "$(limactl list p --json | jq -r .phase)" = degraded ]
	[[ $(limactl list p --json | jq -r '.troubles[0]') == *"has no 9p"* ]]
	# the folder was opened for it; and told to write a file, also one of its own instance's, it cannot, whoever it is
	pid=$(cat "$LIMA_HOME/p/qemu.pid")
	[ "$(stat -Lc %d:%i "/proc/$pid/fd/3")" = "$(stat -c %d:%i "$WORK/read, only")" ]
	[ "$(stat -Lc %d:%i "/proc/$pid/fd/4")" = "$(stat -c %d:%i "$WORK/rw")" ]
	# the folder that the home is in, without it
	[ -e "/proc/$pid/fd/5/rw" ]
	[ -d "/proc/$pid/fd/5/h" ]
	[ ! -e "/proc/$pid/fd/5/h/_config" ]
	[ ! -e "/proc/$pid/root$LIMA_HOME/_config/user" ]
	as_in_table 'QEMU with 9p' "$pid"
	for file in "$LIMA_HOME/p/lima.yaml" "$LIMA_HOME/p/new" "$HOME/new-$$" "$WORK/new"; do
		run -0 timeout 10 python3 - "$LIMA_HOME/p/qmp.sock" "$file" <<-'EOF'
			import json, socket, sys
			s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); f = s.makefile("rw"); f.readline()
			def ask(**words):
			    f.write(json.dumps(words) + "\n"); f.flush()
			    while True:
			        answer = json.loads(f.readline())
			        if "event" not in answer: return answer
			ask(execute="qmp_capabilities")
			print(ask(execute="pmemsave", arguments={"val": 0, "size": 4096, "filename": sys.argv[2]}))
		EOF
		[[ $output == *"Permission denied"* ]] || { echo "$file: $output"; false; }
	done
	[ ! -e "$LIMA_HOME/p/new" ]
	[ ! -e "$WORK/new" ]
	grep -q mountType "$LIMA_HOME/p/lima.yaml"
}

@test "firmware.images: the first that can be had is what the machine boots with" {
	yaml none | sed '/^tpm:/d; /^video:/d; /mountType/,$d' >"$WORK/f.yaml"
	gzip -c /usr/share/OVMF/OVMF_CODE_4M.fd >"$WORK/code.fd.gz"
	cat >>"$WORK/f.yaml" <<-EOF
		firmware:
		  images:
		  - {location: $WORK/code.fd.gz, arch: aarch64}
		  - {location: $WORK/code.fd.gz, vmType: vz}
		  - {location: $WORK/absent.fd}
		  - {location: $WORK/code.fd.gz}
	EOF
	run -0 limactl apply "$WORK/f.yaml"
	[[ $output == *"firmware.images[2]: "*"absent.fd"* ]]
	cmp "$LIMA_HOME/f/qemu-efi-code.fd" /usr/share/OVMF/OVMF_CODE_4M.fd
	tr '\0' '\n' <"/proc/$(cat "$LIMA_HOME/f/qemu.pid")/cmdline" | grep -q "if=pflash.*file=$LIMA_HOME/f/qemu-efi-code.fd"
	limactl shell --workdir / f test -d /sys/firmware/efi
	limactl plan f | grep -q 'Nothing to do'
}
