#!/usr/bin/env bats
# user-v2: machines that find each other, without privileges, by a switch of ours that may be killed.
load helper

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

switch_pid() { cat "$NET/usernet_user-v2.pid"; }

@test "two machines on one network find each other by name" {
	run -0 limactl start --name a --tty=false "$WORK/a.yaml"
	cp "$WORK/a.yaml" "$WORK/b.yaml"
	run -0 limactl start --name b --tty=false "$WORK/b.yaml"
	apply a b
	run -0 limactl shell a ping -c 3 -W 5 lima-b.internal
	[[ $output == *"3 packets received"* || $output == *"3 received"* ]]
	run -0 limactl shell b ping -c 1 -W 5 lima-a.internal
	run -0 limactl shell b ping -c 1 -W 5 host.lima.internal
}

@test "addresses are in leases.json, by hardware address" {
	run -0 jq -e 'length == 2 and has("192.168.104.3") and has("192.168.104.4")' "$NET/leases.json"
}

@test "a switch that is killed is replaced: plan shows it, apply mends it, and the machines have noticed nothing" {
	pids=$(cat "$LIMA_HOME/a/qemu.pid" "$LIMA_HOME/b/qemu.pid")
	kill -9 "$(switch_pid)"
	wait_gone "$NET/usernet_user-v2.pid"
	run -0 limactl plan a b
	[[ $output == *"network user-v2"*"gone"* ]]
	apply a b
	[ "$(cat "$LIMA_HOME/a/qemu.pid" "$LIMA_HOME/b/qemu.pid")" = "$pids" ]
	LIMIT=60 run -0 limactl shell a ping -c 2 -W 5 lima-b.internal
}

@test "it ends with its last machine, and addresses stay" {
	pid=$(switch_pid)
	limactl stop a
	kill -0 "$pid"
	limactl stop b
	timeout 20 bash -c 'while kill -0 "$1" 2>/dev/null; do sleep 0.1; done' _ "$pid"
	run -0 jq -e 'length == 2' "$NET/leases.json"
}
