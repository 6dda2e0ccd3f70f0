#!/usr/bin/env bats
# Who a process is, and who a guest is: other users of this host, who can give a process any arguments and bind any free port.
load helper

setup_file() {
	home_begin
	cp "$REPO/examples/tiny.yaml" "$WORK/t.yaml"
	sed -i "s|\.\./build|$REPO/build|" "$WORK/t.yaml"
}

teardown_file() {
	[ -z "${STRANGERS:-}" ] || kill $STRANGERS 2>/dev/null || true
	home_end
}

# A process of another user with these words. Only root can play one; for an ordinary user it is root, who waits for his password.
stranger() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups sh -c 'sleep 300; :' sh "$@" 3>&- &
	else
		sleep 300 3>&- | su root -- "$@" >/dev/null 2>&1 3>&- &
	fi
	STRANGER=$! STRANGERS+=" $!"
	timeout 10 bash -c 'until grep -qs -- "$1" /proc/[0-9]*/cmdline; do sleep 0.02; done' _ "${*: -1}"
}

@test "another user's process is neither the machine nor its host agent of an instance that is stopped" {
	limactl create --name s "$WORK/t.yaml"
	stranger -pidfile "$LIMA_HOME/s/qemu.pid"
	echo "$STRANGER" >"$LIMA_HOME/s/qemu.pid"
	stranger --pidfile "$LIMA_HOME/s/ha.pid"
	echo "$STRANGER" >"$LIMA_HOME/s/ha.pid"
	[ "$(limactl list s --format '{{.Status}}')" = Stopped ]
	limactl stop -f s
	limactl delete -f s
	[ ! -e "$LIMA_HOME/s" ]
}

@test "a machine is started, not taken over, where another user's process has its words" {
	limactl create --name t "$WORK/t.yaml"
	stranger -pidfile "$LIMA_HOME/t/qemu.pid"
	echo "$STRANGER" >"$LIMA_HOME/t/qemu.pid"
	limactl start t
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" != "$STRANGER" ]
	grep -q qemu-system "/proc/$(cat "$LIMA_HOME/t/qemu.pid")/cmdline"
	run ! grep -q "taken over" "$LIMA_HOME/t/ha.stderr.log"
	[ "$(limactl shell t echo hello)" = hello ]
}

@test "a killed host agent's successor takes over the machine, not the stranger" {
	qemu=$(cat "$LIMA_HOME/t/qemu.pid")
	kill -9 "$(cat "$LIMA_HOME/t/ha.pid")"
	apply t
	grep -q "process $qemu, runs already" "$LIMA_HOME/t/ha.stderr.log"
}

@test "stop and delete end the machine and leave the stranger alone" {
	stranger -pidfile "$LIMA_HOME/t/qemu.pid"
	limactl stop t
	limactl delete t
	[ ! -e "$LIMA_HOME/t" ]
	kill -0 "$STRANGER"
}
