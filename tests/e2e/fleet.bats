#!/usr/bin/env bats
# Fleets of real machines: the examples, a member more, a member less, and one that is broken.
load helper

setup_file() {
	home_begin
	mkdir "$WORK/pair"
	cp "$REPO/examples/fleets/pair/fleet.yaml" "$WORK/pair"
}

teardown_file() { home_end; }

@test "two machines of one file find each other by name, and the second apply has nothing to do" {
	LIMIT=400 run -0 limactl apply "$WORK/pair"
	run -0 limactl shell left sudo ping -c 3 -W 5 right
	[[ $output == *"3 packets received"* ]]
	run -0 limactl shell right sudo ping -c 1 -W 5 left
	run -0 limactl plan "$WORK/pair"
	[[ $output == *"Nothing to do: 2 instances are as wanted."* ]]
	run -0 limactl fleet show pair
	[[ $output =~ "left "+"Running" && $output =~ "right "+"Running" ]]
}

@test "exec in all, with the input of one file; wait for the members and for a probe that comes true later" {
	run -0 --separate-stderr limactl exec fleet/pair -- hostname
	[ "$(sort <<<"$output")" = $'left  | lima-left\nright | lima-right' ]
	run -0 --separate-stderr bash -c 'seq 100000 | "$BIN/limactl" exec --stdin fleet/pair -- sha256sum'
	[ "$(cut -d"|" -f2 <<<"$output" | sort -u)" = " $(seq 100000 | sha256sum)" ]
	run -124 --separate-stderr limactl exec --timeout 2s fleet/pair -- sh -c 'hostname; sleep 60'
	[ "$(sort <<<"$output")" = $'left  | lima-left\nright | lima-right' ]
	run -0 limactl wait fleet/pair
	fails_with 'no probe `the file is there`; it has none' wait --for 'probe=the file is there' left
	cat >"$WORK/probed.yaml" <<-'EOF'
		base: template:tiny
		probes:
		- description: the file is there
		  script: |
		    #!/bin/sh
		    test -e /tmp/there
		- description: never
		  script: |
		    #!/bin/sh
		    echo 'not yet' >&2
		    false
	EOF
	limactl create "$WORK/probed.yaml"
	LIMIT=100 limactl wait --for 'probe=the file is there' --timeout 90s probed 3>&- &
	wait=$!
	LIMIT=100 limactl start --timeout 90s probed >/dev/null 2>&1 3>&- &
	start=$!
	timeout 60 sh -c 'until "$0" shell --workdir / probed touch /tmp/there 2>/dev/null; do sleep 0.5; done' "$BIN/limactl"
	wait $wait
	run -124 limactl wait --for probe=never --timeout 1s probed
	kill $start
	wait $start || true
	[ "$(limactl log probe.probed:1)" = 'not yet' ]
	# one that has changed is asked in its place; what the boot was told is known, and what comes later is asked of the guest that runs
	LIMIT=100 apply --running --set '.probes[1].script="#!/bin/sh\ntrue\n"' probed
	run -0 limactl explain probe.probed:0
	[[ $output == *'ran: by the boot'* ]]
	pid=$(cat "$LIMA_HOME/probed/qemu.pid")
	fails_with 'probes[1] (never, lima.yaml:' apply --timeout 4s --set '.probes[1].script="#!/bin/sh\nid -un; test -e /tmp/gone\n"' probed
	[ "$(limactl log probe.probed:1)" = "$(limactl shell --workdir / probed id -un)" ]
	limactl shell --workdir / probed touch /tmp/gone
	apply probed
	[[ $(limactl explain probe.probed:1) == *'ran: by an apply'* ]]
	[ "$(cat "$LIMA_HOME/probed/qemu.pid")" = "$pid" ]
	limactl delete -f probed
}

@test "each is an ordinary instance, on a network that stands in networks.yaml" {
	grep -q 'lima: pair' "$LIMA_HOME/left/lima.yaml"
	run -0 limactl network ls pair
	run -0 limactl list --format '{{.Name}} {{.Status}}' fleet/pair
	[ "$output" = $'left Running\nright Running' ]
	run -0 limactl plan left
	[[ $output == *"Nothing to do"* ]]
}

@test "one member more, which is broken: the others stay as they are, and the last lines say which and why" {
	local pids
	pids=$(cat "$LIMA_HOME/left/qemu.pid" "$LIMA_HOME/right/qemu.pid")
	printf '  third: {disk: 8000000TiB, dependsOn: left}\n  behind: {dependsOn: third}\n' >>"$WORK/pair/fleet.yaml"
	LIMIT=400 run limactl apply "$WORK/pair"
	[ "$status" -ne 0 ]
	[[ $output == *'`third` is not as wanted: disk third: '* ]]
	[[ $output == *'`behind` was left as it is, since it depends on it'* ]]
	[ "$(cat "$LIMA_HOME/left/qemu.pid" "$LIMA_HOME/right/qemu.pid")" = "$pids" ]
}

@test "one member less: prune takes that and leaves the other running" {
	local left
	left=$(cat "$LIMA_HOME/left/qemu.pid")
	sed -i '/third\|behind/d; s/"{left,right}"/left/' "$WORK/pair/fleet.yaml"
	fails_with 'would be removed with what is on' apply --prune "$WORK/pair"
	run -0 limactl apply --prune --allow-data-loss "$WORK/pair"
	[ "$(limactl list -q)" = left ]
	[ "$(cat "$LIMA_HOME/left/qemu.pid")" = "$left" ]
}

@test "the whole goes down: machines, disks, network, switch" {
	run -0 limactl apply --destroy --allow-data-loss "$WORK/pair"
	[ -z "$(limactl list -q)" ]
	! grep -q 'pair' "$LIMA_HOME/_config/networks.yaml" || false
	wait_gone "$LIMA_HOME/_networks/pair/usernet_pair.pid"
}

@test "the web tier: the proxy boots behind the three, and hands one connection to each" {
	LIMIT=600 run -0 limactl apply --param PORT=21888 "$REPO/examples/fleets/web"
	for ((n = 0; n < 3; n++)); do
		run -0 curl -sS --retry 5 --retry-all-errors --max-time 30 http://127.0.0.1:21888/
		echo "$output"
	done >"$WORK/answers"
	[ "$(sort -u "$WORK/answers" | grep -c '^web [123] of 3, fleet shop$')" -eq 3 ]
	run -0 limactl stop fleet/shop
	[[ $output =~ "vm proxy: stopped".*"vm web-" ]]
	run -0 limactl delete fleet/shop
}
