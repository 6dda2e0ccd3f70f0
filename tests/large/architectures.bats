#!/usr/bin/env bats
# The tiny guest of each architecture, emulated: READY with its guest agent, a folder of the host, and ports that come and go.
load ../e2e/helper

setup_file() {
	home_begin
	mkdir "$WORK/read"
	echo hello >"$WORK/read/f"
}

teardown_file() {
	home_end
}

# boots ARCH: what a machine of that architecture does for its user, with the time that it took
boots() {
	local arch=$1 port page
	{
		sed "s|\.\./build|$REPO/build|; /^plain:/d; 1i arch: $arch" "$REPO/examples/tiny.yaml"
		printf 'containerd: {system: false, user: false}\nmountType: reverse-sshfs\nmounts: [{location: "%s/read"}]\n' "$WORK"
	} >"$WORK/$arch.yaml"
	LIMIT=300 run -0 limactl apply "$WORK/$arch.yaml"
	echo "# $arch: $(grep -oE 'Done in [0-9.]+ s' <<<"$output")" >&3
	run -0 limactl plan --detailed-exitcode "$WORK/$arch.yaml"
	[ "$(limactl shell "$arch" uname -m)" = "$arch" ]
	[ "$(limactl shell "$arch" cat "$WORK/read/f")" = hello ]
	# what is written stays: there is a disk
	limactl shell "$arch" grep -q ' /rw\| ext4 ' /proc/mounts
	# the agent sees a port that begins to listen, and carries what is said there
	limactl shell "$arch" sh -c 'mkdir -p /tmp/w && uname -m >/tmp/w/f && (busybox httpd -p 127.0.0.1:18450 -h /tmp/w </dev/null >/dev/null 2>&1 &)'
	timeout 60 sh -c 'until [ "$(curl -s --max-time 5 http://127.0.0.1:18450/f)" = "$0" ]; do sleep 0.2; done' "$arch"
	limactl delete --force "$arch"
	# and takes it away again, so that the next one has it
	timeout 20 sh -c 'while curl -s --max-time 2 http://127.0.0.1:18450/f; do sleep 0.2; done'
}

@test "x86_64" { boots x86_64; }
@test "aarch64" { boots aarch64; }
@test "armv7l" { boots armv7l; }
@test "ppc64le" { boots ppc64le; }
@test "riscv64" { boots riscv64; }
@test "s390x" { boots s390x; }

@test "the plan names the package of a QEMU that is not there" {
	local arch package
	while read -r arch package; do
		[ -e "$WORK/$arch.yaml" ] || continue	# its guest could not be made here
		# a path in which there is no emulator
		mkdir -p "$WORK/path"
		ln -sf "$(command -v ssh)" "$(command -v ssh-keygen)" "$(command -v qemu-img)" "$WORK/path/"
		PATH=$WORK/path run "$BIN/limactl" plan "$WORK/$arch.yaml"
		[ "$status" -ne 0 ]
		[[ $output == *"no such program (Debian package $package)"* ]]
	done <<-EOF
		aarch64 qemu-system-arm
		armv7l qemu-system-arm
		ppc64le qemu-system-ppc
		riscv64 qemu-system-misc
		s390x qemu-system-misc
	EOF
}
