#!/bin/sh
# Files that systemd, sysctl and sshd read when they start: early enough, nothing has to be told to read them again.
set -eu

# The user's manager runs without a login, too. What `loginctl enable-linger` would do, before logind looks.
[ ! -d /run/systemd/system ] || [ -e "/var/lib/systemd/linger/$LIMA_CIDATA_USER" ] || {
	mkdir -p /var/lib/systemd/linger
	: >"/var/lib/systemd/linger/$LIMA_CIDATA_USER"
}

# rootless containers: cgroups below the user's manager, ping, ports from 0
[ ! -d /run/systemd/system ] || {
	f=/etc/systemd/system/user@.service.d/lima.conf
	[ -e "$f" ] || {
		mkdir -p "${f%/*}"
		printf '[Service]\nDelegate=yes\n' >"$f"
	}
	f=/etc/sysctl.d/99-lima.conf
	set -- net.ipv4.ping_group_range='0 2147483647' net.ipv4.ip_unprivileged_port_start=0
	[ ! -e /proc/sys/kernel/unprivileged_userns_clone ] || set -- kernel.unprivileged_userns_clone=1 "$@"
	[ -e "$f" ] || {
		mkdir -p "${f%/*}"
		printf '%s\n' "$@" >"$f"
		for s; do
			name=${s%%=*}
			path=/proc/sys
			while [ -n "$name" ]; do
				path=$path/${name%%.*}
				case $name in *.*) name=${name#*.} ;; *) name= ;; esac
			done
			echo "${s#*=}" >"$path" || :
		done
	}
}

# Names that end in .local: systemd-resolved looks for them where both it and the link say so (90-mdns). It has no
# way to be told but a restart, now, when nobody asks it yet.
f=/etc/systemd/resolved.conf.d/00-lima-enable-mdns.conf
[ ! -d /run/systemd/resolve ] || [ -e $f ] || {
	mkdir -p ${f%/*}
	printf '[Resolve]\nMulticastDNS=yes\n' >$f
	systemctl --no-block restart systemd-resolved.service
}

# the terminal's colours come along
d=/etc/ssh/sshd_config.d
changed=
if [ -d $d ]; then
	[ -e $d/10-acceptenv-colorterm.conf ] || {
		echo 'AcceptEnv COLORTERM' >$d/10-acceptenv-colorterm.conf
		changed=1
	}
elif [ -f /etc/ssh/sshd_config ] && ! grep -q COLORTERM /etc/ssh/sshd_config; then
	sed -i 's/^AcceptEnv LANG LC_\*$/AcceptEnv COLORTERM LANG LC_*/' /etc/ssh/sshd_config
	changed=1
fi
[ -n "$changed" ] || exit 0
# where a sshd runs already it has to be told; in most guests this comes before it
for pid in /run/sshd.pid /var/run/sshd.pid; do
	[ -f $pid ] || continue
	if [ -d /run/systemd/system ]; then
		systemctl --no-block reload ssh.service 2>/dev/null || systemctl --no-block reload sshd.service || :
	else
		rc-service --ifstarted sshd reload || :
	fi
	break
done
