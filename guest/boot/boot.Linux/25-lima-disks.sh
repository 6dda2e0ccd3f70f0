#!/bin/sh
# additionalDisks: found by a UUID of our own in the partition table, mounted on /mnt/lima-NAME, grown with the disk.
# A disk is formatted only if there is nothing on it at all: no partition table, no file system, no signature that
# blkid knows. One with anything else on it is used as it is, or not at all.
set -eu
[ "${LIMA_CIDATA_DISKS:-0}" -gt 0 ] || exit 0
status=0

trouble() {
	echo "disk $name: $*"
	status=1
}

setting() {
	value=
	eval "value=\${LIMA_CIDATA_DISK_${i}_$1-}"
}

# signature DEVICE: what is on it, in `found`; fails if it cannot be told
signature() {
	rc=0
	found=$(blkid -p -o export "$1" 2>/dev/null) || rc=$?
	# 0: something, 8: several things; 2: nothing
	case $rc in
	0) ;;
	8) found=ambivalent ;;
	2)
		# and nothing else that is known to be at a place where a file system has none
		found=$(wipefs -n -p "$1" 2>/dev/null | grep -v '^#' || :)
		;;
	*) return 1 ;;
	esac
}

# the partition of a disk, once the kernel has it
partition_of() {
	part=
	for p in "/sys/class/block/$1/${1}"*[0-9]; do
		[ -e "$p/partition" ] || continue
		part=/dev/${p##*/}
		return 0
	done
	return 1
}

# label MAX: what people see, as long as the file system's kind allows
label() {
	printf "lima-%s" "$name" | cut -c1-"$1"
}

format() {
	echo "disk $name: formatting /dev/$device as $fstype"
	kind=linux
	[ "$fstype" != swap ] || kind=swap
	echo "type=$kind${uuid:+, uuid=$uuid}" | sfdisk -q --label gpt "/dev/$device"
	udevadm settle 2>/dev/null || :
	partition_of "$device" || { trouble "no partition appeared on /dev/$device"; return 1; }
	# fsargs are words
	# shellcheck disable=SC2086
	case $fstype in
	swap) mkswap $fsargs -L "$(label 16)" "$part" ;;
	ext[234]) "mkfs.$fstype" -q $fsargs -L "$(label 16)" "$part" ;;
	xfs) mkfs.xfs -q $fsargs -L "$(label 12)" "$part" ;;
	btrfs | f2fs) "mkfs.$fstype" $fsargs -L "$(label 200)" "$part" ;;
	*) "mkfs.$fstype" $fsargs "$part" ;;
	esac || { trouble "mkfs.$fstype failed"; return 1; }
}

# grow: the partition to the end of its disk, if more than a megabyte is behind it. In sectors of 512 bytes.
grow_partition() {
	disk=${part#/dev/}
	disk=$(readlink -f "/sys/class/block/$disk/..")
	[ -e "$disk/dev" ] || return 0
	read -r size <"$disk/size"
	read -r start <"/sys/class/block/${part#/dev/}/start"
	read -r length <"/sys/class/block/${part#/dev/}/size"
	[ $((size - start - length)) -gt 4096 ] || return 0
	if command -v growpart >/dev/null; then
		read -r number <"/sys/class/block/${part#/dev/}/partition"
		growpart "/dev/${disk##*/}" "$number" || trouble "growpart failed"
		udevadm settle 2>/dev/null || :
	fi
}

# check: is the file system healthy? Only then is it grown.
check() {
	command -v "fsck.$fstype" >/dev/null || return 0
	rc=0
	case $fstype in
	ext[234]) "fsck.$fstype" -p "$part" || rc=$? ;;
	# these have no check that runs before a mount
	*) return 0 ;;
	esac
	# 1: mended
	[ $rc -le 1 ] || { trouble "fsck.$fstype says $rc: it is not made bigger"; return 1; }
}

grow_fs() {
	case $fstype in
	ext[234]) resize2fs "$part" ;;
	xfs) xfs_growfs "$point" ;;
	btrfs) btrfs filesystem resize max "$point" ;;
	*) return 0 ;;
	esac || trouble "it cannot be made bigger"
}

# find: the partition, or the whole disk, of this name; in `part`
find_part() {
	part=
	if [ -n "$uuid" ]; then
		part=$(readlink -f "/dev/disk/by-partuuid/$uuid")
		[ ! -b "$part" ] || return 0
		serial=$(printf 'lima-%s' "$uuid" | cut -c1-20)
		by_serial=$(readlink -f "/dev/disk/by-id/virtio-$serial")
		[ ! -b "$by_serial" ] || device=${by_serial##*/}
	fi
	[ -b "/dev/$device" ] || { trouble "there is no /dev/$device"; return 1; }
	if partition_of "$device"; then
		return 0
	fi
	signature "/dev/$device" || { trouble "/dev/$device cannot be read"; return 1; }
	if [ -n "$found" ]; then
		part=/dev/$device
		return 0
	fi
	[ "$format" = true ] || { trouble "/dev/$device is empty, and format is false"; return 1; }
	format
}

i=0
while [ $i -lt "$LIMA_CIDATA_DISKS" ]; do
	setting NAME; name=$value
	setting DEVICE; device=$value
	setting UUID; uuid=$value
	setting FORMAT; format=${value:-true}
	setting FSTYPE; fstype=${value:-ext4}
	setting FSARGS; fsargs=$value
	i=$((i + 1))
	find_part || continue
	if [ "$fstype" = swap ]; then
		swapon "$part" || trouble "swapon failed"
		continue
	fi
	point=/mnt/lima-$name
	mkdir -p "$point"
	! mountpoint -q "$point" || continue
	case $part in *[0-9]) grow_partition ;; esac
	healthy=1
	check || healthy=
	mount -t "$fstype" "$part" "$point" || { trouble "$part cannot be mounted as $fstype"; continue; }
	[ -z "$healthy" ] || grow_fs
done
exit $status
