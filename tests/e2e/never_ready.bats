#!/usr/bin/env bats
# A guest that does not come up: told at once and with the reason, not when the time for booting is over.
load helper

setup_file() {
	home_begin
	sed "s|\.\./build|$REPO/build|" "$REPO/examples/tiny.yaml" >"$WORK/t.yaml"
}

teardown_file() {
	home_end
}

# NAME: what is left is a machine that runs, degraded, and says why
told_at_once() {
	[ "$(limactl list "$1" --format '{{.Status}}')" = Running ]
	jq -es '.[-1].status | .running and .degraded and (.errors | length == 1)' "$LIMA_HOME/$1/ha.stdout.log" >/dev/null
	limactl delete --force "$1"
}

@test "a kernel that panics" {
	sed 's|cmdline: .*|cmdline: console=ttyS0 rdinit=/none root=/dev/none|' "$WORK/t.yaml" >"$WORK/panic.yaml"
	LIMIT=60 fails_with "its kernel has panicked" start --tty=false "$WORK/panic.yaml"
	[[ $stderr == *"Kernel panic - not syncing: VFS: Unable to mount root fs"* && $stderr == *DEGRADED* ]]
	told_at_once panic
}

@test "a guest that boots again and again" {
	sed '/^provision:/,$d' "$WORK/t.yaml" >"$WORK/loop.yaml"
	printf 'provision:\n- script: |\n    #!/bin/sh\n    reboot -f\n' >>"$WORK/loop.yaml"
	LIMIT=300 fails_with "it boots again and again, and never gets further; its console says: SeaBIOS" start --tty=false "$WORK/loop.yaml"
	told_at_once loop
}

@test "a disk with nothing on it that UEFI could boot" {
	truncate -s 8M "$WORK/nothing.raw"
	cat >"$WORK/nothing.yaml" <<-EOF
		images:
		- location: $WORK/nothing.raw
		  arch: x86_64
		memory: 256MiB
		disk: 8MiB
		plain: true
	EOF
	LIMIT=60 fails_with "its firmware finds nothing to boot" start --tty=false "$WORK/nothing.yaml"
	told_at_once nothing
}

@test "a guest that only takes long is waited for, and its console is told when the time is up" {
	sed 's|cmdline: .*|cmdline: console=ttyS0 rdinit=/bin/sh|' "$WORK/t.yaml" >"$WORK/slow.yaml"
	LIMIT=60 fails_with "still waiting for essential requirement" start --tty=false --timeout 15s "$WORK/slow.yaml"
	[[ $stderr == *"console: "* ]]
	limactl delete --force slow
}

@test "provisioning that fails: DEGRADED, with what failed; it runs, and can be worked with" {
	sed '/^provision:/,$d' "$WORK/t.yaml" >"$WORK/bad.yaml"
	printf 'provision:\n- script: |\n    #!/bin/sh\n    echo no such planet >&2; exit 7\n- script: |\n    #!/bin/sh\n    echo fine >/tmp/fine\n' >>"$WORK/bad.yaml"
	fails_with 'DEGRADED: it runs, but provision[0] (system, bad.yaml:' start --tty=false "$WORK/bad.yaml"
	[[ $stderr == *"exit status 7, run by the boot; it said: no such planet; all it said: \`limactl log provision.bad:0\`"* ]]
	[ "$(limactl shell --workdir / bad cat /tmp/fine)" = fine ]
	limactl shell --workdir / bad sudo grep -q 'no such planet' /var/log/cloud-init-output.log
	[ "$(limactl list bad --format '{{.Status}}')" = Running ]
	# the same for a pipeline
	limactl apply --json --junit "$WORK/j.xml" bad >"$WORK/out" 2>/dev/null || true
	tail -n 1 "$WORK/out" | jq -e '.result.status == "failed" and (.result.error | contains("no such planet")) and (.result.instances[0].conditions | map(select(.what == "ssh"))[0].state == "met")'
	python3 -c 'import sys, xml.etree.ElementTree as x; r = x.parse(sys.argv[1]).getroot(); f = r.find("testsuite/testcase[@name=\"provision bad:0\"]/failure"); assert "no such planet" in f.get("message"); assert r.find("testsuite/testcase[@classname=\"bad.condition\"]") is not None' "$WORK/j.xml"
	limactl list bad --json 2>/dev/null | jq -e '.phase == "degraded"'
	limactl delete --force bad
}
