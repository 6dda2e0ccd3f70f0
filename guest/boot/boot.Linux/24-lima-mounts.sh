#!/bin/sh
# What cloud-init's mounts leave undone: mount points with blanks, which it writes to fstab as they are; lines of
# mounts that lima.yaml has no more; SELinux. And the mount points of sshfs, which the host mounts as the user.
set -eu
uid=$LIMA_CIDATA_UID

if [ "$LIMA_CIDATA_MOUNTTYPE" = reverse-sshfs ]; then
	i=0
	while [ $i -lt "$LIMA_CIDATA_MOUNTS" ]; do
		point=
		eval "point=\$LIMA_CIDATA_MOUNTS_${i}_MOUNTPOINT"
		# one that is a mount already is the host's
		[ -d "$point" ] || {
			mkdir -p "$point"
			chown "$uid:$(id -g "$LIMA_CIDATA_USER")" "$point"
		}
		i=$((i + 1))
	done
fi

[ -f /etc/fstab ] || exit 0
nl='
' tab='	'
tags=' '
while IFS= read -r line; do
	case $line in
	'- ["lima-'* | '- [lima-'*) tag=${line#*lima-} tags="${tags}lima-${tag%%[!0-9a-f]*} " ;;
	'- ['*vz-rosetta*) tags="${tags}vz-rosetta " ;;
	esac
done <"$LIMA_CIDATA_MNT/user-data"

context=
[ ! -d /sys/fs/selinux ] || [ ! -e /sys/fs/selinux/enforce ] || context=1
old='' new=''
while IFS= read -r line || [ -n "$line" ]; do
	old=$old$line$nl
	case $line in
	*comment=cloudconfig*)
		tag=${line%%[ "$tab"]*}
		case $tag in
		lima-[0-9a-f]* | vz-rosetta)
			case $tags in
			*" $tag "*) ;;
			*) continue ;;
			esac
			case $line in *[\ \#\\]* | *"$tab"*"$tab"*"$tab"*"$tab"*"$tab"*"$tab"*) line=$(printf '%s\n' "$line" | escape_fstab.sh) ;; esac
			case $line in
			*virtiofs*context=*) ;;
			*virtiofs*)
				label=nfs_t
				[ "$tag" != vz-rosetta ] || label=bin_t
				[ -z "$context" ] || line=${line%%comment=cloudconfig*}comment=cloudconfig,context=\"system_u:object_r:$label:s0\"${line#*comment=cloudconfig}
				;;
			esac
			;;
		esac
		;;
	esac
	new=$new$line$nl
done </etc/fstab
changed=
[ "$old" = "$new" ] || {
	changed=1
	printf %s "$new" >/etc/fstab.lima
	chmod 644 /etc/fstab.lima
	mv -f /etc/fstab.lima /etc/fstab
}

# A mount point below /tmp may be swept away at boot before anything is mounted there. systemd may be at it still, and
# its own start of it waits for that.
again() {
	mkdir -p "$1"
	[ ! -d /run/systemd/system ] || systemctl start "$(systemd-escape --path --suffix=mount "$1")" || :
}

# what is mounted with options that are no longer those of its line is mounted anew; what was left out is mounted
while read -r device point type _; do
	case $device in lima-[0-9a-f]* | vz-rosetta) ;; *) continue ;; esac
	at=$(printf %s "$point" | unescape_fstab.sh)
	if [ -n "$changed" ] && [ -n "$context" ] && [ "$type" = virtiofs ] && mountpoint -q "$at"; then
		[ "$device" != vz-rosetta ] || [ ! -f /proc/sys/fs/binfmt_misc/rosetta ] || echo -1 >/proc/sys/fs/binfmt_misc/rosetta
		umount "$at" || continue
	fi
	if [ ! -d "$at" ]; then again "$at"; elif [ -z "$changed" ]; then continue; fi
	mountpoint -q "$at" || { mkdir -p "$at" && mount "$at"; } || echo "$at: cannot be mounted"
done </etc/fstab
