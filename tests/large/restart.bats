#!/usr/bin/env bats
# The shared guest goes down and comes up again: unchanged, and with a disk more. The last file that uses it.
load helper

@test "stop: the guest powers itself off, and that is all there is to wait for" {
	guest_sh 'sudo cat /var/lib/cloud/data/instance-id; cat /etc/ssh/ssh_host_ed25519_key.pub' >"$BATS_FILE_TMPDIR/identity"
	stat -c '%i %Y %s' "$DIR/cidata.iso" >"$BATS_FILE_TMPDIR/iso"
	limactl stop "$GUEST"
	[ "$(status)" = Stopped ]
	run ! grep -q "told to quit" "$DIR/ha.stderr.log"
	jq -es '.[-1].status.exiting' "$DIR/ha.stdout.log" >/dev/null
	for f in qemu.pid ha.pid ha.sock copied/os-release; do [ ! -e "$DIR/$f" ]; done
	[ -e "$DIR/copied/secret" ]
}

@test "a pid file that names somebody else's process is not believed" {
	echo $$ >"$DIR/qemu.pid"
	echo $$ >"$DIR/ha.pid"
	[ "$(status)" = Stopped ]
	kill -0 $$
	rm -f "$DIR/qemu.pid" "$DIR/ha.pid"
}

@test "started again unchanged: the same instance for cloud-init, the same ISO" {
	LIMIT=400 limactl start --tty=false "$GUEST"
	[ "$(guest_sh 'sudo cat /var/lib/cloud/data/instance-id; cat /etc/ssh/ssh_host_ed25519_key.pub')" = "$(cat "$BATS_FILE_TMPDIR/identity")" ]
	[ "$(stat -c '%i %Y %s' "$DIR/cidata.iso")" = "$(cat "$BATS_FILE_TMPDIR/iso")" ]
}

@test "modules of once an instance did not run again; the boot scripts did" {
	# the marks that cloud-init leaves are older than this boot
	guest_sh 'for m in users_groups ssh write_files; do
		f=/var/lib/cloud/instance/sem/config_$m
		test -e $f && test $(stat -c %Y $f) -lt $(($(date +%s) - $(cut -d. -f1 /proc/uptime))) || { echo "$m"; exit 1; }
	done'
	[ "$(guest grep -c once /var/lib/mark-boots)" = 2 ]
	[ "$(guest cat /run/lima-boot-done)" = "$(head -n 1 "$BATS_FILE_TMPDIR/identity")" ]
	guest_sh 'test ! -e /run/lima-boot-errors'
}

# longer than a label of ext4 or swap may be: what a disk is called must not decide whether it is formatted
DISK=data-of-a-longer-name

@test "a disk more: formatted once, mounted under its name, and kept at the next boot" {
	limactl disk create $DISK --size 256MiB
	LIMIT=400 apply --set ".additionalDisks=[\"$DISK\"]" "$GUEST"
	guest_sh "findmnt -no FSTYPE /mnt/lima-$DISK && echo precious | sudo tee /mnt/lima-$DISK/kept >/dev/null &&
		sudo blkid -s LABEL -o value \$(findmnt -no SOURCE /mnt/lima-$DISK)" >"$BATS_TEST_TMPDIR/disk"
	[ "$(cat "$BATS_TEST_TMPDIR/disk")" = ext4$'\n'lima-data-of-a-l ]
	[ "$(readlink "$LIMA_HOME/_disks/$DISK/in_use_by")" = "$DIR" ]
	# it was attached as the machine ran; from the next boot on it is one of those that the machine starts with
	LIMIT=400 limactl restart "$GUEST"
	guest sudo grep -E '^LIMA_CIDATA_DISK' /mnt/lima-cidata/lima.env >"$BATS_TEST_TMPDIR/env"
	for v in DISKS=1 DISK_0_NAME=$DISK DISK_0_DEVICE=vdb DISK_0_FORMAT=true DISK_0_FSTYPE= DISK_0_FSARGS=; do
		grep -x "LIMA_CIDATA_$v" "$BATS_TEST_TMPDIR/env"
	done
	[ "$(guest cat /mnt/lima-$DISK/kept)" = precious ]
	[ "$(readlink "$LIMA_HOME/_disks/$DISK/in_use_by")" = "$DIR" ]
}

@test "kill -9 of QEMU: the host agent says so and ends, the disk is free again" {
	kill -9 "$(cat "$DIR/qemu.pid")"
	wait_gone "$DIR/ha.pid"
	[ "$(status)" = Stopped ]
	grep -q 'QEMU was ended by signal 9' "$DIR/ha.stderr.log"
	limactl delete --force "$GUEST"
	limactl disk delete $DISK
}
