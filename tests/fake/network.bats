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
