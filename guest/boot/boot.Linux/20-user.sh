#!/bin/sh
# The account that cloud-init made: its session, home, groups and subordinate ids.
set -eu
user=$LIMA_CIDATA_USER uid=$LIMA_CIDATA_UID home=$LIMA_CIDATA_HOME

# Every login waits for the user's manager: it may as well start now. (logind has done it where it started after
# the account was there, see 10-systemd-files.)
[ ! -d /run/systemd/system ] || systemctl start --no-block "user@$uid.service" &

# A mount point within makes root create the home before the user is made. What is mounted there is the host's.
if [ -O "$home" ]; then
	set -- "$home" -xdev -user 0
	i=0
	while [ $i -lt "${LIMA_CIDATA_MOUNTS:-0}" ]; do
		point=
		eval "point=\$LIMA_CIDATA_MOUNTS_${i}_MOUNTPOINT"
		set -- "$@" ! -path "$point"
		i=$((i + 1))
	done
	find "$@" -exec chown -h "$uid:$(id -g "$user")" {} + || :
fi

# homes were called .linux once, and people still have paths with that name
for pair in guest:linux linux:guest; do
	have=$user.${pair%:*} other=/home/$user.${pair#*:}
	if [ -d "/home/$have" ] && [ ! -L "/home/$have" ] && [ ! -e "$other" ] && [ ! -L "$other" ]; then
		ln -s "$have" "$other"
	fi
done

# `journalctl --user` of a user with a system's uid
if [ "$uid" -lt 1000 ] && grep -q '^systemd-journal:' /etc/group; then
	usermod -aG systemd-journal "$user"
fi

[ -d /run/systemd/system ] || exit 0

# rootless containers: ranges of their own, within what systemd-homed expects
start=524288
[ "$uid" -lt $start ] || start=$((uid + 1))
for f in /etc/subuid /etc/subgid; do
	have=
	[ ! -f $f ] || while IFS=: read -r name _; do [ "$name" != "$user" ] || have=1; done <$f
	[ -n "$have" ] || echo "$user:$start:1073741824" >>$f
done

read -r kernel </proc/sys/kernel/osrelease
for f in .profile .bashrc .zshrc; do
	f=$home/$f
	marked=
	[ ! -f "$f" ] || while IFS= read -r line || [ -n "$line" ]; do
		case $line in '# Lima BEGIN'*) marked=1; break ;; esac
	done <"$f"
	[ -z "$marked" ] || continue
	made=
	[ -e "$f" ] || made=1
	{
		echo '# Lima BEGIN'
		echo '# iptables, mount.fuse3'
		# shellcheck disable=SC2016 # for the shell that reads it
		echo 'PATH="$PATH:/usr/sbin:/sbin"'
		echo 'export PATH'
		if compare_version.sh "$kernel" -lt 5.13; then
			echo '# overlayfs does not work without root in this kernel'
			echo 'CONTAINERD_SNAPSHOTTER=fuse-overlayfs'
			echo 'export CONTAINERD_SNAPSHOTTER'
		fi
		echo '# Lima END'
	} >>"$f"
	[ -z "$made" ] || chown "$uid:$(id -g "$user")" "$f"
done

# lime, for the instance that `lima` goes to; Ubuntu's .bashrc
if [ "$LIMA_CIDATA_NAME" = default ] && grep -q color_prompt "$home/.bashrc" 2>/dev/null; then
	sed -i '/color_prompt/,/fi/s/\[\\033\[01;32m\\\]\\u@\\h/[\\033[38;5;77m\\]\\u@\\h/' "$home/.bashrc"
fi
