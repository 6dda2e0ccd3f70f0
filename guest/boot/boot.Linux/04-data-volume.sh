#!/bin/sh
# Alpine that runs from its ISO, in memory: what must outlive a reboot is kept on the first disk.
# A disk is taken only if it carries nothing at all: no partition table, no file system, no signature.
set -eu
[ -f /etc/alpine-release ] || exit 0
root_type=
while read -r _ point type _; do [ "$point" != / ] || root_type=$type; done </proc/mounts
[ "$root_type" = tmpfs ] || exit 0

keep='/etc /home /root /tmp /usr/local /var/lib'
data=/mnt/data
mkdir -p $data

# What is mounted below those folders goes elsewhere while they move, and back on top of them afterwards.
again=$LIMA_RUN/lima-remount
(umask 077 && : >"$again")
while read -r device point type options _; do
	case $type in ext4 | tmpfs) continue ;; esac
	for d in $keep; do
		case $point in
		"$d" | "$d"/*)
			# the kernel shows 9p's cache as a number, which mount does not take
			options=$(echo "$options" | sed 's/cache=8f\b/cache=fscache/; s/cache=f\b/cache=loose/; s/cache=5\b/cache=mmap/; s/cache=1\b/cache=readahead/; s/cache=0\b/cache=none/')
			printf '%s %s %s %s\n' "$type" "$options" "$device" "$point" >>"$again"
			umount "$(printf %s "$point" | unescape_fstab.sh)"
			;;
		esac
	done
done </proc/mounts

volume=$(blkid | sed -n '/[[:space:]]LABEL="data-volume"/{s/:.*//p;q;}')
if [ -n "$volume" ]; then
	disk=/dev/$(lsblk -no pkname "$volume")
	if command -v growpart >/dev/null && command -v resize2fs >/dev/null; then
		growpart "$disk" 1 || :
		udevadm settle || :
		# 0: healthy, 1: mended. Otherwise it is not made bigger.
		status=0
		e2fsck -f -p "$volume" || status=$?
		[ $status -gt 1 ] || resize2fs "$volume" || :
	fi
	mount -t ext4 "$volume" $data
	# this boot's, not those of the boot that filled the volume
	for f in network/interfaces resolv.conf timezone; do
		[ ! -f /etc/$f ] || cp /etc/$f $data/etc/$f
	done
	[ ! -e /etc/localtime ] || cp -dR /etc/localtime $data/etc/
	[ ! -d /etc/zoneinfo ] || { rm -rf $data/etc/zoneinfo && cp -R /etc/zoneinfo $data/etc/; }
else
	# one that was being filled when the power went
	volume=$(blkid | sed -n '/[[:space:]]LABEL="data-volume-new"/{s/:.*//p;q;}')
	[ -n "$volume" ] || for disk in $(lsblk -dno name,type | awk '$2 == "disk" {print "/dev/" $1}'); do
		[ "$(lsblk -no name "$disk" | wc -l)" -eq 1 ] || continue
		# 2: nothing was found on it
		status=0
		blkid -p "$disk" >/dev/null 2>&1 || status=$?
		[ $status -eq 2 ] || continue
		[ -z "$(lsblk -no fstype,mountpoint "$disk" | tr -d ' \n')" ] || continue
		echo 'type=83' | sfdisk --label dos "$disk"
		udevadm settle || :
		volume=$(lsblk -nro name,type "$disk" | awk '$2 == "part" {print "/dev/" $1; exit}')
		break
	done
	[ -n "$volume" ] || exit 0
	mkfs.ext4 -q -F -L data-volume-new "$volume"
	mount -t ext4 "$volume" $data
	mkdir -p $data/apk/cache /etc/apk
	ln -sfn $data/apk/cache /etc/apk/cache
	for d in $keep; do
		mkdir -p "$d" "$data${d%/*}"
		cp -a "$d" "$data${d%/*}/"
		find "$d" -xdev -mindepth 1 -delete || :
	done
	sync
	# whole from here on
	e2label "$volume" data-volume
fi
for d in $keep; do
	[ ! -d "$data$d" ] || { mkdir -p "$d" && mount --bind "$data$d" "$d"; }
done
while read -r type options device point; do
	point=$(printf %s "$point" | unescape_fstab.sh)
	mkdir -p "$point"
	mount -t "$type" -o "$options" "$device" "$point"
done <"$again"
apk fix --no-network
