#!/usr/bin/env bats
# The debian guest comes up: an ordinary cloud image with systemd and cloud-init, started from its kernel.
load helper

@test "it is ready, and the events say so" {
	[ "$(limactl list "$GUEST" --format '{{.Status}}')" = Running ]
	jq -se '.[0].status.sshLocalPort > 0 and any(.[].status; .running) and all(.[].status; .degraded | not)' \
		"$LIMA_HOME/$GUEST/ha.stdout.log"
}

@test "apply again has nothing to do" {
	run -0 limactl apply "$WORK/$GUEST.yaml"
	[[ $output == *"Nothing to do"* ]]
}

@test "the boot scripts had nothing to complain of" {
	guest_sh 'test ! -e /run/lima-boot-errors'
	guest_sh 'test "$(systemctl show -p Result --value lima-boot.service)" = success'
}

@test "nor has cloud-init: our user-data is by its schema" {
	guest_sh 'sudo cloud-init schema --system' | grep -q '^Valid cloud-config: system userdata'
	run -1 guest_sh 'sudo grep -F WARNING /var/log/cloud-init.log'
	[ "$(guest_sh 'cloud-init status --wait --long' | sed -n 's/^status: //p' | tail -n 1)" = done ]
}

@test "ready at most 1.15 times as late as the guest's own sshd, but for what lima.yaml asks to be run" {
	# the events are in the host's time, sshd's start in the guest's: a look at both clocks ties them together
	local before uptime after
	before=$(date +%s.%N)
	uptime=$(guest cut -d' ' -f1 /proc/uptime)
	after=$(date +%s.%N)
	guest_sh 'systemctl show -p ActiveEnterTimestampMonotonic --value ssh.service; sudo cat /var/log/cloud-init-output.log' >"$BATS_TEST_TMPDIR/log"
	run -0 python3 - "$before" "$uptime" "$after" "$BATS_TEST_TMPDIR/log" "$LIMA_HOME/$GUEST/ha.stdout.log" <<-'END'
		import datetime, json, re, sys
		before, uptime, after = map(float, sys.argv[1:4])
		def at(e): return datetime.datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", e["time"])).timestamp()
		events = [json.loads(l) for l in open(sys.argv[5])]
		on = at(events[0])
		ready = at(next(e for e in events if e["status"].get("running"))) - on
		log = open(sys.argv[4], errors="replace").read()
		sshd = int(log.split()[0]) / 1e6 + (before + after) / 2 - uptime - on
		stamps = [(float(t), what) for t, what in re.findall(r"^LIMA ([0-9.]+)\| (.*)", log, re.M)]
		begun = next(t for t, what in stamps if what.startswith("provision."))
		theirs = next(t for t, what in stamps if what.startswith("done,")) - begun
		ratio = (ready - theirs) / sshd
		print("# sshd %.1f s, ready %.1f s after power-on, %.1f s of it lima.yaml's: %.3f times" % (sshd, ready, theirs, ratio))
		sys.exit(ratio > 1.15)
	END
	echo "$output" >&3
}

@test "both agents are small" {
	local pid kib
	kib=$(awk '/VmRSS/ { print $2 }' "/proc/$(cat "$LIMA_HOME/$GUEST/ha.pid")/status")
	echo "# host agent: $kib KiB resident" >&3
	[ "$kib" -le 6144 ]
	pid=$(guest systemctl show -p MainPID --value lima-guestagent)
	kib=$(guest sudo awk '/^Rss/ { print $2 }' "/proc/$pid/smaps_rollup")
	echo "# guest agent: $kib KiB resident" >&3
	[ "$kib" -gt 100 ]
	[ "$kib" -le 1536 ]
}
