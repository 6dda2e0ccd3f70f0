#!/usr/bin/env bats
# A guest of the other architecture, emulated: the same tiny guest, made for aarch64, with UEFI and ACPI.
load ../e2e/helper

setup_file() {
	home_begin
	sed -e "s|\.\./build|$REPO/build|; s/^cpus: .*/cpus: 2/" -e '1i arch: aarch64' "$REPO/examples/tiny.yaml" >"$WORK/a.yaml"
	apply "$WORK/a.yaml"
}

teardown_file() {
	home_end
}

@test "it is what was asked for" {
	[ "$(limactl shell a uname -m)" = aarch64 ]
	[ "$(limactl list a --format '{{.Arch}} {{.Status}}')" = "aarch64 Running" ]
	[ "$(limactl shell a nproc)" = 2 ]
}

@test "a bigger disk: the machine is remade, the data stay" {
	limactl shell a sh -c 'echo kept >~/kept && sync'
	apply --set '.disk="2GiB"' a
	[ "$(limactl shell a cat kept)" = kept ]
	# the file system grows behind the guest's back
	timeout 30 sh -c 'until [ "$("$@")" -gt 1900000 ]; do sleep 0.5; done' _ \
		"$REPO/build/bin/limactl" shell a sh -c "df -k / | awk 'END { print \$2 }'"
}

@test "the power button is heard: a clean stop" {
	local t0=$SECONDS
	limactl stop a
	[ $((SECONDS - t0)) -lt 60 ]
	! grep -q "told to quit" "$LIMA_HOME/a/ha.stderr.log" || false
}
