#!/usr/bin/env bats
# The host agent beside a real guest: what it notices by itself, and what it leaves behind.
load helper

setup_file() {
	home_begin
	cp "$REPO/examples/tiny.yaml" "$WORK/t.yaml"
	sed -i "s|\.\./build|$REPO/build|" "$WORK/t.yaml"
	apply --set '.portForwards=[{"guestPort":8000,"hostPort":18180,"static":true}]' "$WORK/t.yaml"
}

teardown_file() {
	home_end
}

info() { curl -sS --max-time 10 --unix-socket "$LIMA_HOME/t/ha.sock" http://lima-hostagent/v1/info | jq -r "$1"; }

serve() {
	limactl shell t sh -c "mkdir -p /tmp/w && head -c $1 /dev/urandom >/tmp/w/f && (busybox httpd -p 127.0.0.1:8000 -h /tmp/w </dev/null >/dev/null 2>&1 &)"
}

@test "it says how the guest is" {
	[ "$(info .phase)" = running ]
	[ "$(info .machinePID)" = "$(cat "$LIMA_HOME/t/qemu.pid")" ]
	[ "$(info '.errors | length')" = 0 ]
	[ "$(tail -n 1 "$LIMA_HOME/t/ha.stdout.log" | jq .status.running)" = true ]
}

@test "guest-install puts the guest's part into it, over ssh" {
	run -0 limactl guest-install t
	file=$BIN/../share/lima/lima-guestagent.Linux-x86_64
	[ "$(limactl shell t sha256sum /usr/local/bin/lima-guestagent | cut -d ' ' -f 1)" = "$(sha256sum <"$file" | cut -d ' ' -f 1)" ]
	[ "$(limactl shell t stat -c '%U %a' /usr/local/bin/lima-guestagent)" = 'root 755' ]
}

@test "it is small" {
	kib=$(awk '/^VmRSS/ {print $2}' "/proc/$(cat "$LIMA_HOME/t/ha.pid")/status")
	[ "$kib" -le 6144 ] || { echo "$kib KiB"; false; }
}

@test "what goes through a forward is what was sent, to several at once" {
	serve 3000000
	want=$(limactl shell t sha256sum /tmp/w/f | cut -d ' ' -f 1)
	for i in 1 2 3; do
		curl -sS --max-time 60 -o "$WORK/f$i" http://127.0.0.1:18180/f &
	done
	wait
	for i in 1 2 3; do
		[ "$(sha256sum <"$WORK/f$i" | cut -d ' ' -f 1)" = "$want" ]
	done
}

@test "after kill -9 a new one takes over the machine and its forwards" {
	qemu=$(cat "$LIMA_HOME/t/qemu.pid")
	kill -9 "$(cat "$LIMA_HOME/t/ha.pid")"
	apply t
	[ "$(info .machinePID)" = "$qemu" ]
	[ "$(curl -sS --max-time 60 http://127.0.0.1:18180/f | wc -c)" = 3000000 ]
}

@test "the guest reboots: the machine stays, the connection comes back" {
	qemu=$(cat "$LIMA_HOME/t/qemu.pid")
	boot=$(limactl shell t cat /proc/sys/kernel/random/boot_id)
	logins=$(grep -c 'ssh: logged in' "$LIMA_HOME/t/ha.stderr.log")
	limactl shell t sh -c 'sudo reboot' || true
	timeout 90 sh -c 'until [ "$(grep -c "ssh: logged in" "$1")" -gt "$2" ]; do sleep 0.2; done' _ "$LIMA_HOME/t/ha.stderr.log" "$logins"
	[ "$(limactl shell t cat /proc/sys/kernel/random/boot_id)" != "$boot" ]
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$qemu" ]
	serve 1000
	[ "$(curl -sS --max-time 60 http://127.0.0.1:18180/f | wc -c)" = 1000 ]
}

@test "the guest powers itself off: the agent ends, and leaves nothing" {
	agent=$(cat "$LIMA_HOME/t/ha.pid")
	limactl shell t sh -c 'sudo poweroff' || true
	timeout 60 tail --pid="$agent" -f /dev/null
	[ "$(tail -n 1 "$LIMA_HOME/t/ha.stdout.log" | jq -c '[.status.exiting, .status.errors]')" = '[true,null]' ]
	run ! compgen -G "$LIMA_HOME/t/*.sock"
	run ! compgen -G "$LIMA_HOME/t/*.pid"
	[ "$(limactl list t --format '{{.Status}}')" = Stopped ]
}

@test "stopped while it boots, before the guest listens to the power button" {
	limactl start --timeout 1s t || true
	[ -S "$LIMA_HOME/t/ha.sock" ]
	run -0 limactl stop t
	run ! compgen -G "$LIMA_HOME/t/*.sock"
	[ "$(limactl list t --format '{{.Status}}')" = Stopped ]
}
