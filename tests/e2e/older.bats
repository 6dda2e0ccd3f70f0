#!/usr/bin/env bats
# Instances as upstream up to 2.0 left them, on real guests: an image "basedisk", and "diffdisk" on it; where the image is an
# installer's ISO, "diffdisk" stands alone and the machine boots from the other. Who is refused: hostile_disks.bats.
load helper

setup_file() {
	home_begin
	export TINY=$REPO/build/share/lima/guests/tiny-x86_64
	bootable_iso "$WORK/tiny.iso"
}

teardown_file() { home_end; }

# FILE: the tiny guest's kernel and initrd as a CD that the BIOS boots
bootable_iso() {
	mkdir -p "$WORK/cd/isolinux"
	cp "$TINY/vmlinuz" "$TINY/initrd.img" "$WORK/cd/"
	cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$WORK/cd/isolinux/"
	cat >"$WORK/cd/isolinux/isolinux.cfg" <<-'EOF'
		DEFAULT tiny
		LABEL tiny
		  KERNEL /vmlinuz
		  APPEND initrd=/initrd.img console=ttyS0 quiet no_timer_check from-cd
	EOF
	genisoimage -quiet -R -J -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 \
		-boot-info-table -o "$1" "$WORK/cd"
}

# NAME IMAGE: lima.yaml and what else is small in the folder of such an instance
older_folder() {
	mkdir -p "$LIMA_HOME/$1"
	cat >"$LIMA_HOME/$1/lima.yaml" <<-EOF
		images:
		- location: $2
		  arch: x86_64
		cpus: 1
		memory: 512MiB
		disk: 1GiB
		plain: true
	EOF
	echo 2.0.3 >"$LIMA_HOME/$1/lima-version"
	touch "$LIMA_HOME/$1/ha.stderr.log"
}

older_with_iso() {
	older_folder "$1" "$WORK/tiny.iso"
	echo 'firmware: {legacyBIOS: true}' >>"$LIMA_HOME/$1/lima.yaml"
	cp "$WORK/tiny.iso" "$LIMA_HOME/$1/basedisk"
	qemu-img convert -O qcow2 "$TINY/disk.qcow2" "$LIMA_HOME/$1/diffdisk"
	qemu-img resize -q "$LIMA_HOME/$1/diffdisk" 1G
}

# NAME FORMAT: the base has this format
older_with_base() {
	older_folder "$1" "$TINY/disk.qcow2"
	sed -i "/arch:/a\\  kernel: {location: $TINY/vmlinuz, cmdline: console=ttyS0 quiet}\\n  initrd: {location: $TINY/initrd.img}" \
		"$LIMA_HOME/$1/lima.yaml"
	qemu-img convert -O "$2" "$TINY/disk.qcow2" "$LIMA_HOME/$1/basedisk"
	qemu-img create -q -f qcow2 -F "$2" -b "$LIMA_HOME/$1/basedisk" "$LIMA_HOME/$1/diffdisk" 1G
}

in_guest() { limactl shell --workdir / "$@"; }

# NAME: what its user does with it; nothing that the guest wrote is lost, and the base is what it was
lives() {
	local base
	base=$(sha256sum <"$LIMA_HOME/$1/basedisk")
	run -0 limactl plan "$1"
	[[ $output == *"~ disk"* && $output != *"+ disk"* ]]
	run -0 limactl start "$1"
	[[ $(limactl plan "$1") == *'Nothing to do'* ]]
	in_guest "$1" sh -c 'echo precious >~/data && sync'
	run -0 limactl stop "$1"
	run -0 limactl snapshot create --tag one "$1"
	run -0 limactl start "$1"
	in_guest "$1" sh -c 'grep -q precious ~/data && echo other >~/data && sync'
	run -0 limactl stop "$1"
	run -0 limactl clone --tty=false "$1" "$1-copy"
	[[ $(limactl plan --stopped "$1-copy") == *'Nothing to do'* ]]
	run -0 limactl snapshot apply --tag one "$1"
	run -0 limactl start "$1"
	run -0 limactl start "$1-copy"
	[ "$(in_guest "$1" sh -c 'cat ~/data')" = precious ]
	[ "$(in_guest "$1-copy" sh -c 'cat ~/data')" = other ]
	run -0 limactl delete -f "$1-copy"
	[ ! -e "$LIMA_HOME/$1-copy" ]
	[ "$(sha256sum <"$LIMA_HOME/$1/basedisk")" = "$base" ]
}

# NAME: it is as new, of the image that its lima.yaml names, and boots; then nothing of it stays
begins_anew() {
	run -0 limactl factory-reset "$1"
	[ ! -e "$LIMA_HOME/$1/basedisk" ] && [ ! -e "$LIMA_HOME/$1/diffdisk" ]
	run -0 limactl start "$1"
	[[ $(limactl plan "$1") == *'Nothing to do'* ]]
	in_guest "$1" sh -c '! [ -e ~/data ]'
	run -0 limactl delete -f "$1"
	[ ! -e "$LIMA_HOME/$1" ]
}

@test "an ISO as base: the machine boots from it beside its disk" {
	older_with_iso cd
	lives cd
	in_guest cd grep from-cd /proc/cmdline
	begins_anew cd
}

@test "the same with the links that a newer upstream leaves" {
	older_with_iso links
	ln -s diffdisk "$LIMA_HOME/links/disk"
	ln -s basedisk "$LIMA_HOME/links/iso"
	lives links
	in_guest links grep from-cd /proc/cmdline
	begins_anew links
}

@test "a raw base" {
	older_with_base raw raw
	lives raw
	begins_anew raw
}

@test "a qcow2 as base" {
	older_with_base qcow qcow2
	lives qcow
	begins_anew qcow
}
