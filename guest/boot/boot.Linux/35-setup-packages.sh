#!/bin/sh
# What can be set up only once the packages are there.
set -eu
if [ "$LIMA_CIDATA_MOUNTTYPE" = reverse-sshfs ]; then
	if [ "$LIMA_CIDATA_MOUNTS" -gt 0 ]; then
		# the host mounts as the user; others, root among them, are to see it too
		conf=/etc/fuse.conf
		[ ! -e /etc/fuse3.conf ] || conf=/etc/fuse3.conf
		grep -qs '^user_allow_other' $conf || echo user_allow_other >>$conf
		# Ubuntu 25.04 and later confine fusermount3, and leave out the home itself
		profile=/etc/apparmor.d/fusermount3 local=/etc/apparmor.d/local/fusermount3
		if [ -e $profile ] && [ ! -s $local ]; then
			printf '%s\n' 'mount fstype=@{fuse_types} options=(nosuid,nodev) options in (ro,rw,noatime,dirsync,nodiratime,noexec,sync) -> @{HOME},' \
				'umount @{HOME},' >$local
			apparmor_parser -r $profile
		fi
	fi
	echo "$LIMA_CIDATA_IID" >/run/lima-fuse-ready
fi
# what it needs may have come just now
[ -e /run/lima-dns-chain ] || "$LIMA_CIDATA_MNT/boot.Linux/23-host-dns.sh"
