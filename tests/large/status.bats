#!/usr/bin/env bats
# The status is told from processes and the sockets that answer; and a host agent that dies takes nothing with it.
load helper

@test "Running; what is more to say is in keys of its own, and errors is a list of strings" {
	[ "$(status)" = Running ]
	limactl list "$GUEST" --json | jq -e '.status == "Running" and .phase == "running" and ((.errors // []) | length == 0)'
}

@test "the host agent has a session of its own, and no terminal" {
	local pid
	pid=$(cat "$DIR/ha.pid")
	[ "$(ps -o sid=,tty= -p "$pid" | xargs)" = "$pid ?" ]
}

@test "an agent that does not answer is not called running" {
	kill -STOP "$(cat "$DIR/ha.pid")"
	run status
	kill -CONT "$(cat "$DIR/ha.pid")"
	[ "$output" = Broken ]
	[ "$(status)" = Running ]
}

@test "kill -9 of the host agent: said, with the reason" {
	guest sudo systemd-run -q -u answer python3 -m http.server --bind 127.0.0.1 --directory /etc/data.d 8123
	apply --set '.portForwards=[{"guestPort":8123,"hostPort":18123,"static":true}]' "$GUEST"
	limactl shell --workdir / "$GUEST" cat /proc/sys/kernel/random/boot_id >"$BATS_FILE_TMPDIR/boot"
	cp "$DIR/qemu.pid" "$BATS_FILE_TMPDIR/qemu"
	kill -9 "$(cat "$DIR/ha.pid")"
	wait_gone "$DIR/ha.pid"
	[ "$(status)" = Broken ]
	limactl list "$GUEST" --json 2>/dev/null |
		jq -e '.status == "Broken" and (.errors | length > 0) and all(.errors[]; type == "string")'
}

@test "apply brings a new one: the machine has not noticed, and its forwards are there again" {
	apply "$GUEST"
	[ "$(status)" = Running ]
	cmp "$DIR/qemu.pid" "$BATS_FILE_TMPDIR/qemu"
	[ "$(limactl shell --workdir / "$GUEST" cat /proc/sys/kernel/random/boot_id)" = "$(cat "$BATS_FILE_TMPDIR/boot")" ]
	[ "$(curl -sS --max-time 20 http://127.0.0.1:18123/plain)" = "$GUEST green and blue" ]
	apply --set 'del(.portForwards)' "$GUEST"
	run ! bash -c ': </dev/tcp/127.0.0.1/18123'
	guest sudo systemctl stop answer
}
