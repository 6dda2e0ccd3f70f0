# A user-v2 network that changes while machines are on it.
load helper

setup() {
	home_begin
	{
		fake_yaml
		echo 'networks: [{lima: user-v2}]'
	} >"$WORK/a.yaml"
	cp "$WORK/a.yaml" "$WORK/b.yaml"
	NET=$LIMA_HOME/_networks/user-v2
}

teardown() { home_end; }

@test "another subnet is another address for each machine, also for one that is applied later" {
	apply "$WORK/a.yaml" "$WORK/b.yaml"
	mkdir -p "$LIMA_HOME/_config"
	echo 'networks: {user-v2: {mode: user-v2, gateway: 192.168.66.1, netmask: 255.255.255.0}}' >"$LIMA_HOME/_config/networks.yaml"
	apply a
	run -0 limactl plan
	[[ $output == *"interface b.0"*"vm        b"* || $output == *"vm        b"*"interface b.0"* ]]
	apply
	run -0 jq -e 'length == 2 and (keys | all(startswith("192.168.66.")))' "$NET/leases.json"
	grep -q '^ip 192.168.66.' "$NET/ports/b.0"
	run -0 limactl plan
	[[ $output == *"Nothing to do: 2 instances are as wanted."* ]]
	limactl delete --force a b
	nobody
}

@test "a network lasts as long as a machine is on it, and goes behind the last one" {
	apply "$WORK/a.yaml" "$WORK/b.yaml"
	limactl stop a
	[ -e "$NET/network" ]
	fails_with 'network `user-v2` is used by the running instance b; stop it first' network delete --force user-v2
	run -0 limactl plan --stopped b
	[[ $output == *"- network "*"user-v2"*"nothing uses it any more"* ]]
	limactl stop b
	[ ! -e "$NET/network" ]
	nobody
	run -0 limactl plan --stopped
	[[ $output == *"Nothing to do: 2 instances are as wanted."* ]]
	# an instance that is stopped names it all the same
	fails_with 'network-entry `user-v2` is named by the instances a, b; `limactl network delete --force` deletes it' network delete user-v2
	limactl start a
	[ -e "$NET/network" ]
	limactl delete --force a b
	[ ! -e "$NET/network" ]
	nobody
}

@test "without the database nothing that is used goes" {
	apply "$WORK/a.yaml" "$WORK/b.yaml"
	rm -rf "$LIMA_HOME/_state"
	limactl stop a
	[ -e "$NET/network" ]
	fails_with 'network `user-v2` is used by the running instance b; stop it first' network delete --force user-v2
	rm -rf "$LIMA_HOME/_state"
	fails_with 'network-entry `user-v2` is named by the instances a, b;' network delete user-v2
	limactl delete --force a b
	[ ! -e "$NET/network" ]
}

@test "instances that come and go at once share a network, and never lose it" {
	limactl create "$WORK/a.yaml"
	limactl create "$WORK/b.yaml"
	for name in a b; do
		(for _ in {1..8}; do limactl start "$name" && [ -e "$NET/network" ] && limactl stop "$name" || exit 1; done) >"$WORK/$name.log" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || { cat "$WORK"/*.log; false; }; done
	# where both were the last to go at once, neither took it along: what is left goes with the next plan
	limactl apply --stopped a b
	[ ! -e "$NET/network" ]
	limactl delete --force a b
	nobody
}

@test "killed while the last machine goes, the next run takes the network away; killed while a network is deleted, the next does that" {
	for at in 2 3 5 7; do
		limactl apply "$WORK/a.yaml"
		[ -e "$NET/network" ]
		LIMACTL_TEST_KILL_AT=$at limactl stop a || true
		[ "$at" != 3 ] || rm -rf "$LIMA_HOME/_state"
		limactl apply --stopped a
		[ ! -e "$NET/network" ]
		limactl plan --stopped a | grep "Nothing to do"
	done
	for at in 1 2 3; do
		limactl network create n --gateway 10.1.1.1
		LIMACTL_TEST_KILL_AT=$at limactl network delete n || true
		limactl network delete n
		! grep -q 10.1.1.1 "$LIMA_HOME/_config/networks.yaml" || false
	done
	limactl delete --force a
	nobody
}
