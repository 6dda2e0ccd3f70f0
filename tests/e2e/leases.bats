#!/usr/bin/env bats
# What of this host an instance keeps: ports, chosen once, kept, and chosen anew when somebody else has them.
load helper

setup_file() {
	home_begin
	sed "s|\.\./build|$REPO/build|" "$REPO/examples/tiny.yaml" >"$WORK/t.yaml"
}

teardown_file() {
	[ -z "${LISTENER:-}" ] || kill "$LISTENER" 2>/dev/null || true
	home_end
}

port_of() { awk '$1 == "Port" { print $2 }' "$LIMA_HOME/$1/ssh.config"; }

# somebody else has that TCP port of 127.0.0.1
listen_on() {
	python3 -c 'import socket, sys, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen()
open(sys.argv[2], "w").write("x"); time.sleep(300)' "$1" "$WORK/listens" 3>&- &
	LISTENER=$!
	timeout 10 bash -c 'until [ -s "$1" ]; do sleep 0.05; done' _ "$WORK/listens"
	rm -f "$WORK/listens"
}

@test "a port is kept from start to start" {
	limactl start --name t --tty=false "$WORK/t.yaml"
	port=$(port_of t)
	[ "$(cat "$LIMA_HOME/t/lease.ssh")" = "$port" ]
	limactl stop t
	[ "$(cat "$LIMA_HOME/t/lease.ssh")" = "$port" ]
	[ "$(port_of t)" = "$port" ]
	limactl start t
	[ "$(port_of t)" = "$port" ]
	limactl stop t
}

@test "one that somebody else has by then is chosen anew, and the plan says so" {
	port=$(port_of t)
	listen_on "$port"
	run -0 limactl plan --set '.message="x"' t
	run -0 limactl list t --format '{{.Status}}'
	LIMIT=60 run -0 limactl start t
	new=$(port_of t)
	[ "$new" != "$port" ]
	[ "$(cat "$LIMA_HOME/t/lease.ssh")" = "$new" ]
	[ "$(limactl shell t echo hello)" = hello ]
	run -0 limactl plan t
	[[ $output == *"Nothing to do"* ]]
	kill "$LISTENER"
}

@test "a machine that is down and wanted: the plan names the port, and the next" {
	port=$(port_of t)
	kill -9 "$(cat "$LIMA_HOME/t/ha.pid")"
	kill -9 "$(cat "$LIMA_HOME/t/qemu.pid")"
	sleep 0.5
	listen_on "$port"
	run -0 limactl plan t
	[[ $output == *"~ lease"* && $output == *"ssh port: $port is in use by another program -> "* ]]
	apply t
	[ "$(port_of t)" != "$port" ]
	kill "$LISTENER"
	limactl stop t
}

@test "a port that lima.yaml asks for and another instance has: both are named, and nothing is begun" {
	limactl start t
	port=$(port_of t)
	run ! limactl start --name u --tty=false --set ".ssh.localPort=$port" "$WORK/t.yaml"
	[[ $output == *"ssh port $port of 127.0.0.1 is in use by the instance \`t\`; stop that, or set ssh.localPort to another"* ]]
	run ! limactl plan --name u --set ".ssh.localPort=$port" "$WORK/t.yaml"
	[[ $output == *"ssh port $port of 127.0.0.1 is in use by the instance \`t\`; stop that, or set ssh.localPort to another"* ]]
	[ ! -e "$LIMA_HOME/u" ]
	# and while neither runs
	limactl stop t
	sed "s|^plain: .*|&\nssh: {localPort: $port}|" "$WORK/t.yaml" >"$WORK/v.yaml"
	run -0 limactl plan "$WORK/v.yaml"
	[[ $output == *"lease     v:ssh"* && $output == *"$port is also that of the instance \`t\`"* ]]
	limactl create --tty=false "$WORK/v.yaml"
	run -0 limactl plan v
	[[ $output == *"Nothing to do"* ]]
	limactl delete v
	limactl delete -f t
}

@test "an instance of an older version keeps the port that its ssh.config has" {
	limactl create --name o --tty=false "$WORK/t.yaml"
	port=$(port_of o)
	rm -f "$LIMA_HOME/o/lease.ssh" "$LIMA_HOME/o/lease.dns" "$LIMA_HOME"/_state/state.db*
	run -0 limactl plan o
	limactl start o
	[ "$(port_of o)" = "$port" ]
	# and while it runs, without any note of it
	rm -f "$LIMA_HOME/o/lease.ssh" "$LIMA_HOME/o/ssh.config" "$LIMA_HOME"/_state/state.db*
	qemu=$(cat "$LIMA_HOME/o/qemu.pid")
	apply o
	[ "$(port_of o)" = "$port" ]
	[ "$(cat "$LIMA_HOME/o/qemu.pid")" = "$qemu" ]
}

@test "a data disk is held while its machine runs, and let go when that is down" {
	limactl disk create d --size 16MiB
	sed "s|^plain: .*|&\nadditionalDisks: [{name: d, format: false}]|" "$WORK/t.yaml" >"$WORK/a.yaml"
	cp "$WORK/a.yaml" "$WORK/b.yaml"
	run -0 limactl plan "$WORK/a.yaml"
	[[ $output == *"+ lease     a:disk/d"* ]]
	limactl start --tty=false "$WORK/a.yaml"
	[ "$(readlink "$LIMA_HOME/_disks/d/in_use_by")" = "$LIMA_HOME/a" ]
	run ! limactl start --tty=false "$WORK/b.yaml"
	[[ $output == *"disk \`d\` is in use by the running instance \`a\`; stop that first"* ]]
	[ ! -e "$LIMA_HOME/b/qemu.pid" ]
	# somebody unlocked it: it is still this machine's
	rm "$LIMA_HOME/_disks/d/in_use_by"
	qemu=$(cat "$LIMA_HOME/a/qemu.pid")
	apply a
	[ "$(readlink "$LIMA_HOME/_disks/d/in_use_by")" = "$LIMA_HOME/a" ]
	[ "$(cat "$LIMA_HOME/a/qemu.pid")" = "$qemu" ]
	limactl stop a
	[ ! -L "$LIMA_HOME/_disks/d/in_use_by" ]
	limactl delete -f a
	limactl delete -f b
}
