#!/usr/bin/env bats
# boot.Linux/40-install-containerd.sh: an archive that stands in for nerdctl-full, for the system and for the user.
load helper

setup_file() {
	guests_begin
}

teardown_file() {
	guests_end
}

# archive VERSION: on the volume; its programs note how they were called
archive() {
	local d=$BATS_TEST_TMPDIR/archive
	rm -rf "$d"
	mkdir -p "$d/bin"
	printf '#!/bin/sh\necho "nerdctl $*" >>/log\necho "# completion of %s"\n' "$1" >"$d/bin/nerdctl"
	printf '#!/bin/sh\necho "setuptool $XDG_RUNTIME_DIR $CONTAINERD_SNAPSHOTTER $*" >>/log\n[ "$1" != install ] || { mkdir -p ~lima/.config/systemd/user && : >~lima/.config/systemd/user/containerd.service; }\n' \
		>"$d/bin/containerd-rootless-setuptool.sh"
	chmod 755 "$d"/bin/*
	tar -C "$d" -cf "$CIDATA/nerdctl-full.tgz" .
	set_env CONTAINERD_ARCHIVE nerdctl-full.tgz
}

# what containers need is there
with_packages() {
	local p
	for p in newuidmap mount.fuse3; do stand_in $p; done
	stand_in cksum 'exec md5sum'	# BusyBox has none
	mkdir -p "$ROOT/etc/bash_completion.d"
	printf '#!/bin/sh\ncase "$*" in *RefuseManualStart*) echo no ;; esac\n' | write effects/systemctl
	chmod 755 "$ROOT/effects/systemctl"
}

@test "for the system: unpacked, set up and started; once, whatever somebody has changed since" {
	guest debian
	with_packages
	set_env CONTAINERD_SYSTEM 1
	archive 1
	boot
	[ -x "$ROOT/usr/local/bin/nerdctl" ]
	holds etc/bash_completion.d/nerdctl '# completion of 1'
	grep -qx 'version = 2' "$ROOT/etc/containerd/config.toml"
	grep -qx '  namespace = "default"' "$ROOT/etc/buildkit/buildkitd.toml"
	called 'systemctl enable --now containerd buildkit stargz-snapshotter'
	run ! grep '^setuptool' "$ROOT/log"
	: >"$ROOT/log"
	echo mine | write etc/containerd/config.toml
	rm "$ROOT/usr/local/bin/containerd-rootless-setuptool.sh"
	boot
	holds etc/containerd/config.toml mine
	[ ! -e "$ROOT/usr/local/bin/containerd-rootless-setuptool.sh" ]
	called 'systemctl enable --now containerd buildkit stargz-snapshotter'
	[ ! -s "$ROOT/run/lima-boot-errors" ]
}

@test "for the user: set up by its own tool in his session; once, until the archive is another" {
	guest fedora
	with_packages
	stand_in getenforce 'echo Enforcing'
	stand_in setenforce
	set_env CONTAINERD_USER 1
	archive 1
	boot
	grep -E '^(setuptool|setenforce)' "$ROOT/log" >"$BATS_TEST_TMPDIR/calls"
	diff "$BATS_TEST_TMPDIR/calls" - <<-END
		setenforce 0
		setuptool /run/user/1000 overlayfs install
		setuptool /run/user/1000 overlayfs install-buildkit-containerd
		setuptool /run/user/1000 overlayfs install-stargz
		setenforce 1
	END
	called 'systemctl --user enable --now dbus.socket'
	grep -q 'address = "/run/user/1000/containerd-stargz-grpc/containerd-stargz-grpc.sock"' "$ROOT/home/lima.guest/.config/containerd/config.toml"
	[ "$(stat -c %u "$ROOT/home/lima.guest/.config/containerd")" = 1000 ]
	[ ! -e "$ROOT/etc/containerd" ]
	: >"$ROOT/log"
	boot
	run ! grep -E '^(setuptool|setenforce|nerdctl)' "$ROOT/log"
	archive 2
	boot
	[ "$(grep '^setuptool' "$ROOT/log" | head -n 2 | awk '{print $NF}' | xargs)" = 'uninstall-buildkit-containerd uninstall' ]
	holds etc/bash_completion.d/nerdctl '# completion of 2'
	[ ! -s "$ROOT/run/lima-boot-errors" ]
}

@test "Ubuntu confines who makes user namespaces: the tool has a profile" {
	guest debian
	with_packages
	stand_in apparmor_parser
	mkdir -p "$ROOT/etc/apparmor.d/abi"
	: | write etc/apparmor.d/abi/4.0
	set_env CONTAINERD_USER 1
	archive 1
	boot
	if [ -e /proc/sys/kernel/apparmor_restrict_unprivileged_userns ]; then
		called 'apparmor_parser -r /etc/apparmor.d/usr.local.bin.rootlesskit'
	else
		never_called apparmor_parser
		[ ! -e "$ROOT/etc/apparmor.d/usr.local.bin.rootlesskit" ]
	fi
}

@test "not asked for: nothing; without systemd: said" {
	guest debian
	archive 1
	boot
	[ ! -e "$ROOT/usr/local/bin/nerdctl" ]
	guest alpine
	for p in newuidmap mount.fuse3; do stand_in $p; done
	set_env CONTAINERD_USER 1
	archive 1
	run -1 boot
	holds run/lima-boot-errors 'boot.Linux/40-install-containerd.sh: exit status 1'
	grep -q 'containerd needs systemd' "$ROOT/said"
	[ ! -e "$ROOT/usr/local/bin/nerdctl" ]
}
