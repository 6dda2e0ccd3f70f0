#!/usr/bin/env bats
# Memory of a machine that runs, by one that only plays a machine, and a guest that is a folder.
load helper
load kills

setup_file() { kills_file; }
setup() { qcow2_begin; }
teardown() { qcow2_end; }

guest_mib() { awk '/MemTotal/ { print $2 / 1024 }' "$LIMA_HOME/f/guest/proc/meminfo"; }

@test "less memory, and again what it was started with: the machine stays up, and the guest is asked" {
	apply f.yaml
	pid=$(machine)
	run -0 limactl plan --set '.memory="48MiB"' f
	[[ $output == *'memory: 64MiB -> 48MiB  (in place)'* && $output == *'~ vm '* && $output != *'-/+ vm '* ]] || { echo "$output"; false; }
	[ "$(limactl plan --json --set '.memory="48MiB"' f | jq -c '[.resource_changes[] | select(.address == "vm.f") | .class], .downtime')" = $'["live"]\n[]' ]
	run -0 --separate-stderr limactl apply --set '.memory="48MiB"' f
	[[ $stderr == *'f: its machine has 48MiB of memory now, and the guest says that it has 48MiB'* ]] || { echo "$stderr"; false; }
	[ "$(guest_mib)" = 48 ]
	settled
	rm -r "$LIMA_HOME/_state"
	settled
	limactl apply --set '.memory="64MiB"' f
	[ "$(guest_mib)" = 64 ]
	[ "$(machine)" = "$pid" ]
	settled
	limactl apply --set '.memory="56MiB"' f
	run -0 limactl plan --undo
	[[ $output == *'~ vm '* && $output != *'-/+ vm '* ]]
	limactl apply --undo
	[ "$(guest_mib)" = 64 ]
	[ "$(machine)" = "$pid" ]
	settled
}

@test "more than it was started with is a restart, and the plan says why; so is any, of a machine that changes nothing" {
	apply f.yaml
	limactl apply --set '.memory="48MiB"' f
	pid=$(machine)
	run -0 limactl plan --set '.memory="65MiB"' f
	[[ $output == *'memory: 48MiB -> 65MiB  (a running machine is restarted: '* && $output == *'-/+ vm '* &&
		$output == *'(a running machine is restarted: it was started with 64MiB, and has room for no more)'* ]] || { echo "$output"; false; }
	LIMA_FAKE_RIGID='it is made of stone' limactl plan --set '.memory="40MiB"' f | grep -F 'restarted: it is made of stone)'
	limactl apply --set '.memory="65MiB"' f
	[ "$(machine)" != "$pid" ]
	[ "$(guest_mib)" = 65 ]
	settled
	# what it boots with from then on is what it can have
	limactl apply --set '.memory="60MiB"' f
	limactl restart f
	run -0 limactl plan --set '.memory="61MiB"' f
	[[ $output == *': it was started with 60MiB, and has room for no more)'* ]]
}

@test "a guest that uses its memory keeps it; one that gives nothing back is told of, and both are tried again" {
	apply f.yaml
	run -1 --separate-stderr limactl apply --set '.memory="32MiB"' f
	[[ $stderr == *'f: its guest cannot give 32MiB of its memory back: it uses all but 32MiB; end something there and apply again, or `limactl restart f`'* ]] || { echo "$stderr"; false; }
	[ "$(guest_mib)" = 64 ]
	LIMA_FAKE_HOARDS='it is greedy' run -1 --separate-stderr limactl apply --set '.memory="56MiB"' f
	[[ $stderr == *'memory: it is greedy'* ]] || { echo "$stderr"; false; }
	limactl apply --set '.memory="56MiB"' f
	[ "$(guest_mib)" = 56 ]
	settled
}

@test "kill -9 at every boundary: the next apply converges, whatever it wants" {
	apply f.yaml
	pid=$(machine)
	for n in {1..40}; do
		killed_at "$n" apply --set '.memory="48MiB"' f || break
		lose_database "$n"
		[ $((n % 3)) -eq 0 ] || { limactl apply --set '.memory="48MiB"' f; [ "$(guest_mib)" = 48 ]; settled; }
		limactl apply --set '.memory="64MiB"' f
		[ "$(guest_mib)" = 64 ]
		settled
	done
	[ "$n" -gt 2 ] && [ "$n" -lt 40 ]
	[ "$(machine)" = "$pid" ]
}
