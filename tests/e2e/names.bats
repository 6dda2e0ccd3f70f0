#!/usr/bin/env bats
# What the host knows better than the guest: names (lima.yaml's, this host's, and their changes while the machine runs), and the time.
load helper

setup_file() {
	home_begin
	cp "$REPO/examples/tiny.yaml" "$WORK/t.yaml"
	sed -i "s|\.\./build|$REPO/build|" "$WORK/t.yaml"
	apply --set '.plain = false | .containerd = {"system": false, "user": false}
		| .hostResolver.hosts = {"db.test": "10.2.3.4", "alias.test": "Host.Lima.Internal"}' "$WORK/t.yaml"
}

teardown_file() {
	home_end
}

# what the guest is told: addresses, or a name, in one line
ask() { limactl shell t nslookup "$@" 192.168.5.3 | awk '/^Name:/ { n = 1 } n && /^Address/ { print $2 } /name = / { print $NF }' | xargs; }
port() { curl -sS --max-time 10 --unix-socket "$LIMA_HOME/t/ha.sock" http://lima-hostagent/v1/info | jq .dnsLocalPort; }

@test "names of the machine, of lima.yaml, and of this host's hosts file" {
	[ "$(ask host.lima.internal)" = 192.168.5.2 ]
	[ "$(ask lima-t.internal)" = 192.168.5.15 ]
	[ "$(ask lima-t)" = 192.168.5.15 ]
	[ "$(ask db.test)" = 10.2.3.4 ]
	[ "$(ask ALIAS.test)" = 192.168.5.2 ]
	[ "$(ask -type=ptr 2.5.168.192.in-addr.arpa)" = host.lima.internal ]
	[ "$(ask -type=a localhost)" = "$(awk '$1 ~ /^[0-9.]+$/ { for (i = 2; i <= NF && $i !~ /^#/; i++) if ($i == "localhost") print $1 }' /etc/hosts | xargs)" ]
}

@test "programs of the guest see them too: a service of this host by its name" {
	mkdir "$WORK/www"
	echo "of the host" >"$WORK/www/f"
	python3 -u -m http.server --bind 127.0.0.1 --directory "$WORK/www" 0 >"$WORK/served" 2>&1 3>&- &
	server=$!
	timeout 10 sh -c 'until grep -q port "$1"; do sleep 0.1; done' _ "$WORK/served"
	run limactl shell t wget -qO- -T 10 "http://alias.test:$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$WORK/served")/f"
	kill "$server"
	[ "$output" = "of the host" ]
}

@test "other names at once, without a restart" {
	qemu=$(cat "$LIMA_HOME/t/qemu.pid")
	apply --set '.hostResolver.hosts = {"db.test": "10.2.3.5"}' t
	[ "$(ask db.test)" = 10.2.3.5 ]
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$qemu" ]
}

@test "after kill -9 a new host agent answers" {
	kill -9 "$(cat "$LIMA_HOME/t/ha.pid")"
	apply t
	[ "$(ask db.test)" = 10.2.3.5 ]
}

@test "a restart writes no other image, unless somebody has the port" {
	before=$(sha256sum <"$LIMA_HOME/t/cidata.iso") port=$(port)
	limactl stop t
	limactl start t
	[ "$(sha256sum <"$LIMA_HOME/t/cidata.iso")" = "$before" ]
	[ "$(port)" = "$port" ]
	limactl stop t
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[1])))
print("bound", flush=True)
sys.stdin.read()' "$port" < <(sleep 100) >"$WORK/bound" 3>&- &
	busy=$!
	timeout 10 sh -c 'until [ -s "$1" ]; do sleep 0.1; done' _ "$WORK/bound"
	# and on the way: a further interface, on a switch that somebody runs
	limactl edit t --set ".networks = [{\"socket\": \"$WORK/switch.sock\"}]"
	run ! limactl start t
	[[ $output = *'networks[0].socket: start the switch first: connect to '*'no such file'* ]]
	python3 "$BATS_TEST_DIRNAME/switch.py" "$WORK/switch.sock" "$WORK/frames" 3>&- &
	switch=$!
	timeout 10 sh -c 'until [ -S "$1" ]; do sleep 0.1; done' _ "$WORK/switch.sock"
	limactl start t
	kill "$busy"
	[ "$(port)" != "$port" ]
	[ "$(ask db.test)" = 10.2.3.5 ]
	run -0 limactl plan t
	[[ $output = *'Nothing to do'* ]]
	mac=$(limactl shell t cat /sys/class/net/lima0/address)
	grep -q "^$mac " "$WORK/frames"
	limactl shell t sudo ip addr add 10.99.0.2/24 dev lima0
	limactl shell t sudo ping -c 1 -w 5 10.99.0.1
	kill "$switch"
}

# seconds between the guest's clock and ours, with the time that asking takes
behind() {
	local here there
	here=$(date +%s)
	there=$(limactl shell t date +%s)
	echo $((here - there))
}
in_time() {
	local d i
	for i in {1..20}; do
		d=$(behind)
		[ "$d" -lt -5 ] || [ "$d" -gt 1 ] || return 0
		sleep 1
	done
	echo "$d s behind"
	return 1
}

@test "a guest whose clock is wrong is told the time" {
	limactl shell t sudo date -s '2001-01-01 00:00:00'
	in_time
}

@test "and one that was asleep" {
	set=$(grep -c "the guest's clock was off by -" "$LIMA_HOME/t/ha.stderr.log")
	python3 - "$LIMA_HOME/t/qmp.sock" <<-'END'
		import json, socket, sys, time
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		f = s.makefile("rw")
		def call(name):
		    f.write(json.dumps({"execute": name}) + "\n")
		    f.flush()
		    while "return" not in json.loads(f.readline()): pass
		f.readline()
		for name in "qmp_capabilities", "stop": call(name)
		time.sleep(6)
		call("cont")
	END
	in_time
	[ "$(grep -c "the guest's clock was off by -" "$LIMA_HOME/t/ha.stderr.log")" -gt "$set" ]
}
