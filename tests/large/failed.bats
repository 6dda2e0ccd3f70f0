#!/usr/bin/env bats
# Cloud images that do not come up: `start` says so as soon as their consoles do, and what they said.
load helper

setup_file() {
	large_home
	IMAGES=$REPO/build/share/lima/guests/debian
	export IMAGES
}

setup() {
	WHO=failed$BATS_TEST_NUMBER
}

teardown() {
	limactl delete --force "$WHO" >/dev/null 2>&1 || true
	rm -rf "$WORK/failed"
}

# image DISK [KERNEL ARGUMENTS]
image() {
	printf 'images:\n- location: %s\n  arch: x86_64\n' "$1"
	[ $# -lt 2 ] || printf '  kernel: {location: %s/vmlinuz, cmdline: "%s console=ttyS0,115200"}\n  initrd: {location: %s/initrd.img}\n' "$IMAGES" "$2" "$IMAGES"
	printf 'memory: 512MiB\ndisk: 4GiB\ncontainerd: {system: false, user: false}\n'
}

# told WORDS LINE: start fails with those words, which quote a line like that, long before the time is up
told() {
	local began=$SECONDS
	LIMIT=200 fails_with "$1" start --tty=false --name "$WHO" "$WORK/failed.yaml"
	[[ $stderr == *"DEGRADED"*"its console says: "*"$2"* ]]
	echo "# told after $((SECONDS - began)) s" >&3
	[ "$(limactl list "$WHO" --format '{{.Status}}')" = Running ]
}

@test "a root file system that is not there: its initrd's shell" {
	image "$IMAGES/root.qcow2" "root=LABEL=nowhere rootdelay=3 ro" >"$WORK/failed.yaml"
	told "its initrd finds no root file system" "Dropping to a shell!"
}

@test "an fstab with a disk that is not there: systemd's emergency mode" {
	mkdir "$WORK/failed"
	qemu-img convert -O raw "$IMAGES/root.qcow2" "$WORK/failed/root.raw"
	printf 'LABEL=debian-root / ext4 defaults 0 1\nLABEL=nowhere /mnt ext4 x-systemd.device-timeout=2 0 2\n' >"$WORK/failed/fstab"
	printf 'rm /etc/fstab\nwrite %s /etc/fstab\n' "$WORK/failed/fstab" | debugfs -w -f - "$WORK/failed/root.raw"
	image "$WORK/failed/root.raw" "root=LABEL=debian-root ro" >"$WORK/failed.yaml"
	told "systemd has ended up in emergency mode" "Reached target emergency.target"
}

@test "a boot loader without its configuration" {
	mkdir -p "$WORK/failed"
	: >"$WORK/failed/grub.cfg"
	grub-mkstandalone -O x86_64-efi -o "$WORK/failed/grub.efi" --modules='normal part_gpt fat terminal' --install-modules='normal ls' \
		--fonts= --locales= --themes= "boot/grub/nothing.cfg=$WORK/failed/grub.cfg"
	truncate -s 48M "$WORK/failed/esp"
	mformat -i "$WORK/failed/esp" ::
	mmd -i "$WORK/failed/esp" ::EFI ::EFI/BOOT
	mcopy -i "$WORK/failed/esp" "$WORK/failed/grub.efi" ::EFI/BOOT/BOOTX64.EFI
	truncate -s 64M "$WORK/failed/disk.raw"
	sgdisk -n 1:2048:+48M -t 1:ef00 "$WORK/failed/disk.raw"
	dd if="$WORK/failed/esp" of="$WORK/failed/disk.raw" bs=1M seek=1 conv=notrunc status=none
	image "$WORK/failed/disk.raw" >"$WORK/failed.yaml"
	told "its boot loader finds nothing to boot" "Minimal BASH-like line editing"
}

@test "an empty disk, and a BIOS" {
	mkdir -p "$WORK/failed"
	truncate -s 8M "$WORK/failed/disk.raw"
	image "$WORK/failed/disk.raw" >"$WORK/failed.yaml"
	echo 'firmware: {legacyBIOS: true}' >>"$WORK/failed.yaml"
	told "its firmware finds nothing to boot" "No bootable device"
}
