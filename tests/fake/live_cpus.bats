#!/usr/bin/env bats
# Processors of a machine that runs, by one that only plays a machine, and a guest that is a folder.
load helper
load kills

setup_file() { kills_file; }
setup() { qcow2_begin; }
teardown() { qcow2_end; }

online() { cat "$LIMA_HOME/f/guest/sys/devices/system/cpu/online"; }

@test "more processors, up to what it was started with room for: the machine stays up, and the guest is asked" {
	LIMA_FAKE_ROOM=3 apply f.yaml
	pid=$(machine)
	run -0 limactl plan --set '.cpus=2' f
	[[ $output == *'cpus: 1 -> 2  (in place)'* && $output == *'~ vm '* && $output != *'-/+ '* ]] || { echo "$output"; false; }
	[ "$(limactl plan --json --set '.cpus=2' f | jq -c '[.resource_changes[] | select(.address == "vm.f") | .class], .downtime')" = $'["live"]\n[]' ]
	run -0 --separate-stderr limactl apply --set '.cpus=2' f
	[[ $stderr == *'f: its machine has 2 processors now, and the guest says that it uses 2'* ]] || { echo "$stderr"; false; }
	[ "$(online)" = 0-1 ]
	settled
	rm -r "$LIMA_HOME/_state"
	settled
	limactl apply --set '.cpus=3' f
	[ "$(online)" = 0-2 ]
	[ "$(machine)" = "$pid" ]
	settled
}

@test "fewer, and more than there is room for, are a restart, and the plan says why" {
	LIMA_FAKE_ROOM=2 apply f.yaml
	pid=$(machine)
	run -0 limactl plan --set '.cpus=3' f
	[[ $output == *'cpus: 1 -> 3  (a running machine is restarted: '* && $output == *'-/+ vm '* &&
		$output == *'(a running machine is restarted: it was started with room for 2 processors)'* ]] || { echo "$output"; false; }
	limactl apply --set '.cpus=2' f
	[ "$(machine)" = "$pid" ]
	limactl plan --set '.cpus=1' f | grep -F 'restarted: a machine that runs gives no processor back)'
	limactl apply --set '.cpus=1' f
	[ "$(machine)" != "$pid" ]
	settled
	limactl plan --set '.cpus=2' f | grep -F 'restarted: it was started with room for 1 processor)'
}

@test "a guest that takes none up has them all the same, and is told of" {
	LIMA_FAKE_ROOM=2 apply f.yaml
	pid=$(machine)
	mkdir -p "$LIMA_HOME/f/guest/sys/devices/system/cpu/cpu1"
	echo 0 >"$LIMA_HOME/f/guest/sys/devices/system/cpu/cpu1/online"
	LIMA_FAKE_BLIND=1 run -0 --separate-stderr limactl apply --set '.cpus=2' f
	[[ $stderr == *'f: its machine has 2 processors now, and the guest has not taken that up: its kernel uses 1 of them; `limactl restart f` has it boot with them'* ]] || { echo "$stderr"; false; }
	# it was told to use it
	[ "$(cat "$LIMA_HOME/f/guest/sys/devices/system/cpu/cpu1/online")" = 1 ]
	[ "$(machine)" = "$pid" ]
	settled
}

@test "kill -9 at every boundary: the next apply converges" {
	LIMA_FAKE_ROOM=40 apply f.yaml
	pid=$(machine)
	for n in {1..38}; do
		killed_at "$n" apply --set ".cpus=$((n + 1))" f || break
		lose_database "$n"
		limactl apply --set ".cpus=$((n + 1))" f
		[ "$(online)" = "0-$n" ]
		settled
	done
	[ "$n" -gt 2 ] && [ "$n" -lt 38 ]
	[ "$(machine)" = "$pid" ]
}
