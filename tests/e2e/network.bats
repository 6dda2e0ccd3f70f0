#!/usr/bin/env bats
# user-v2: machines that find each other, without privileges, by a switch of ours that may be killed.
load helper
load table

setup_file() {
	home_begin
	{
		sed "s|\.\./build|$REPO/build|" "$REPO/examples/tiny.yaml"
		echo 'networks: [{lima: user-v2}]'
	} >"$WORK/a.yaml"
	NET=$LIMA_HOME/_networks/user-v2
	export NET
}

teardown_file() { home_end; }

# what waits for it, and would start another
switch_parent() { awk '{ print $4 }' "/proc/$(switch_pid)/stat"; }
switch_pid() { cat "$NET/usernet_user-v2.pid"; }

@test "two machines on one network find each other by name" {
	run -0 limactl start --name a --tty=false "$WORK/a.yaml"
	cp "$WORK/a.yaml" "$WORK/b.yaml"
	run -0 limactl start --name b --tty=false "$WORK/b.yaml"
	apply a b
	run -0 limactl shell a sudo ping -c 3 -W 5 lima-b.internal
	[[ $output == *"3 packets received"* || $output == *"3 received"* ]]
	run -0 limactl shell b sudo ping -c 1 -W 5 lima-a.internal
	run -0 limactl shell b sudo ping -c 1 -W 5 host.lima.internal
}

@test "as root, machine and switch are without root's rights, and a machine has a user of its own" {
	local pid
	for pid in $(cat "$LIMA_HOME/a/qemu.pid" "$LIMA_HOME/b/qemu.pid"); do
		[ "$(awk '$1 == "CapEff:" { print $2 }' "/proc/$pid/status")" = 0000000000000000 ]
		[ "$(id -u)" != 0 ] || [ "$(awk '$1 == "Uid:" { print $2 }' "/proc/$pid/status")" -ge 61184 ]
	done
	[ "$(awk '$1 == "CapEff:" { print $2 }' "/proc/$(switch_pid)/status")" = 0000000000000000 ]
	# the ends of ports are for who is in the folder, and that is for nobody
	[ "$(stat -c %a "$LIMA_HOME/_networks")" = 700 ]
	[ "$(stat -c %a "$NET")" = 700 ]
}

@test "addresses are in leases.json, by hardware address" {
	run -0 jq -e 'length == 2 and has("192.168.104.3") and has("192.168.104.4")' "$NET/leases.json"
}

# how much of what a sends has b got?
received() { limactl shell b stat -c %s /tmp/got </dev/null 2>/dev/null || echo 0; }

@test "a switch that is killed under a transfer is replaced, by itself or by apply, and the connection goes on" {
	local size=$((24 << 20)) pids
	limactl shell b sh -c '(sleep 300 | nc -l -p 5000 >/tmp/got) >/dev/null 2>&1 &' </dev/null
	limactl shell a sh -c '(dd if=/dev/zero bs=65536 count=384 | nc lima-b.internal 5000) >/dev/null 2>&1 </dev/null &' </dev/null
	for ((n = 0; n < 60; n++)); do [ "$(received)" -eq 0 ] || break; done
	echo "$(received) of $size bytes when the switch is killed"
	pids=$(cat "$LIMA_HOME/a/qemu.pid" "$LIMA_HOME/b/qemu.pid")
	killed=$(switch_pid)
	kill -9 "$killed"
	timeout 20 bash -c 'while [ "$(cat "$1" 2>/dev/null)" = "$2" ]; do sleep 0.05; done' _ "$NET/usernet_user-v2.pid" "$killed"
	echo "$(received) of $size bytes when the next one is killed with what waits for it"
	kill -9 "$(switch_parent)" "$(switch_pid)"
	wait_gone "$NET/usernet_user-v2.pid"
	run -0 limactl plan a b
	[[ $output == *"network "*"user-v2"*"switch: gone -> running"* ]]
	apply a b
	[ "$(cat "$LIMA_HOME/a/qemu.pid" "$LIMA_HOME/b/qemu.pid")" = "$pids" ]
	for ((n = 0; n < 200; n++)); do [ "$(received)" -lt "$size" ] || break; sleep 0.2; done
	[ "$(received)" -eq "$size" ]
	limactl shell b sh -c 'killall nc sleep 2>/dev/null; true' </dev/null
	run -0 limactl shell a sudo ping -c 2 -W 5 lima-b.internal
}

@test "a network in use is not deleted, and who uses it is told" {
	fails_with 'network `user-v2` is used by the running instances a, b; stop them first' network delete --force user-v2
}

@test "the switch is confined" {
	run -0 grep -E '^(CapEff|NoNewPrivs|Seccomp):' "/proc/$(switch_pid)/status"
	[[ $output == *"CapEff:"*0000000000000000* && $output == *"NoNewPrivs:"*1* && $output == *"Seccomp:"*2* ]]
	as_in_table 'switch of a network' "$(switch_pid)"
	keeper=$(awk '$1 == "PPid:" { print $2 }' "/proc/$(switch_pid)/status")
	as_in_table 'keeper of a switch' "$keeper"
	[ "$(ls -l "/proc/$keeper/fd" | grep -cv -e ' -> /dev/null$' -e '\.log$' -e '^total')" = 0 ]
}

@test "what a network's rules deny is counted, and told by network list" {
	limactl network create jail --gateway 192.168.77.1/24
	limactl yq -i '.networks.jail.egress = "none"' "$LIMA_HOME/_config/networks.yaml"
	sed 's/lima: user-v2/lima: jail/' "$WORK/a.yaml" >"$WORK/j.yaml"
	apply "$WORK/j.yaml"
	run -0 limactl shell j sh -c 'wget -T 2 -q -O /dev/null http://203.0.113.7/; nslookup www.example.net; nslookup lima-j.internal'
	[[ $output == *192.168.77.3* ]]
	run -0 limactl network ls jail
	[[ ${lines[0]} =~ ^NAME.*EGRESS\ +DENIED$ ]]
	[[ ${lines[1]} =~ ^jail\ .*\ none\ +[1-9][0-9]*$ ]]
	limactl network ls --json jail >"$WORK/jail.json"
	jq -e '.denied > 1 and any(.interfaces["j.0"].last[]; .address == "203.0.113.7" and .port == 80) and
		any(.interfaces["j.0"].last[]; .name == "www.example.net")' "$WORK/jail.json"
	limactl delete --force j
	limactl network delete --force jail
}

@test "it ends with its last machine, and addresses stay" {
	pid=$(switch_pid)
	limactl stop a
	kill -0 "$pid"
	limactl stop b
	timeout 20 bash -c 'while kill -0 "$1" 2>/dev/null; do sleep 0.1; done' _ "$pid"
	run -0 jq -e 'length == 2' "$NET/leases.json"
}
