#!/bin/sh
# The user's dependency scripts, then what Lima itself needs in the guest and does not find: nothing, in most guests.
set -eu
# done before it was saved
[ ! -e /run/lima-park/dependencies ] || exit 0
failed=
for f in "$LIMA_CIDATA_MNT"/provision.dependency/*; do
	[ ! -f "$f" ] || "$f" </dev/null || { echo "provision.dependency/${f##*/} failed"; failed=1; }
done
[ -z "$failed" ] || exit 1
[ "${LIMA_CIDATA_SKIP_DEFAULT_DEPENDENCY_RESOLUTION:-}" != 1 ] || exit 0

missing=' '
# need COMMAND: a command that is not there is missing
need() {
	command -v "$1" >/dev/null || missing="$missing$1 "
}
need rsync
[ "$LIMA_CIDATA_MOUNTTYPE" != reverse-sshfs ] || [ "$LIMA_CIDATA_MOUNTS" -eq 0 ] || need sshfs
# names need one of the two, containers want this one
if [ -n "$LIMA_CIDATA_CONTAINERD_SYSTEM$LIMA_CIDATA_CONTAINERD_USER" ] || {
	[ "$LIMA_CIDATA_UDP_DNS_LOCAL_PORT$LIMA_CIDATA_TCP_DNS_LOCAL_PORT" != 00 ] && ! command -v nft >/dev/null
}; then
	need iptables
fi
if [ -n "$LIMA_CIDATA_CONTAINERD_USER" ]; then
	need newuidmap
	need mount.fuse3
fi
[ -z "$LIMA_CIDATA_CONTAINERD_SYSTEM$LIMA_CIDATA_CONTAINERD_USER" ] || need tar

# Which package has it. Columns: command, Debian, Fedora and EL, SUSE, Arch, Alpine. "-": it comes with something else.
packages() {
	# shellcheck disable=SC2034 # eval takes one of them
	while read -r command deb rpm suse arch alpine; do
		case $missing in *" $command "*) ;; *) continue ;; esac
		eval "p=\$$1"
		# shellcheck disable=SC2154 # set by eval
		[ "$p" = - ] || printf '%s ' "$p" | tr + ' '
	done <<-END
		rsync rsync rsync rsync rsync rsync
		sshfs sshfs fuse-sshfs sshfs sshfs sshfs
		iptables iptables iptables iptables iptables iptables
		newuidmap uidmap+dbus-user-session shadow-utils shadow shadow shadow-uidmap
		mount.fuse3 fuse3 fuse3 fuse3 fuse3 fuse3
		tar tar tar tar tar tar
	END
}

# EL has sshfs only in EPEL (8: in powertools), which is enabled for this one call and not for the user
extra_repositories() {
	repositories=
	[ -f /etc/system-release ] || return 0
	read -r release </etc/system-release
	version=${release##*release }
	version=${version%%[!0-9]*}
	case $release in
	'Oracle Linux'*' 8'*) repositories='--repo ol8_baseos_latest --repo ol8_codeready_builder' ;;
	'Oracle Linux'*)
		dnf install -y --setopt=install_weak_deps=False "oracle-epel-release-el$version"
		repositories=$(dnf -q repolist --all | sed -n "s/^\\(ol${version}[^ ]*developer_EPEL\\)[[:space:]].*/--enablerepo \\1/p" | head -n 1)
		dnf config-manager --disable "${repositories#* }" >/dev/null 2>&1 || :
		;;
	Fedora* | 'Amazon Linux'*) ;;
	*' 8'*) repositories='--enablerepo powertools' ;;
	*)
		dnf install -y --setopt=install_weak_deps=False epel-release
		dnf config-manager --disable 'epel*' >/dev/null 2>&1 || :
		repositories='--enablerepo epel'
		;;
	esac
}

# shellcheck disable=SC2046,SC2086 # names of packages are words
install() {
	if [ "$(head -c 4 "$(command -v apt-get || echo /dev/null)")" = "$(printf '\177ELF')" ]; then
		# a program: SUSE has a script of that name
		export DEBIAN_FRONTEND=noninteractive
		apt-get -q -o DPkg::Lock::Timeout=300 update
		apt-get -qy -o DPkg::Lock::Timeout=300 install --no-upgrade --no-install-recommends $(packages deb)
	elif command -v dnf >/dev/null; then
		repositories=
		case $missing in *' sshfs '*) extra_repositories ;; esac
		dnf install -y --setopt=install_weak_deps=False $repositories $(packages rpm)
	elif command -v yum >/dev/null; then
		case $missing in *' sshfs '*) yum install -y epel-release ;; esac
		yum install -y $(packages rpm)
	elif command -v pacman >/dev/null; then
		pacman -Sy --noconfirm --needed $(packages arch)
	elif command -v zypper >/dev/null; then
		zypper --non-interactive install -y --no-recommends $(packages suse)
	elif command -v apk >/dev/null; then
		apk update
		apk add $(packages alpine)
	else
		echo "missing:$missing- and no package manager is known"
		exit 1
	fi
}
if [ "$missing" != ' ' ]; then
	echo "installing what is missing:$missing"
	install
fi

# EL has only the second name, and stargz-snapshotter looks for the first
[ -z "$LIMA_CIDATA_CONTAINERD_USER" ] || [ -e /usr/bin/fusermount ] || [ ! -e /usr/bin/fusermount3 ] || ln -s fusermount3 /usr/bin/fusermount
# Oracle's kernel has virtiofs in a package of its own
if [ "$LIMA_CIDATA_MOUNTTYPE" = virtiofs ] && [ "$LIMA_CIDATA_MOUNTS" -gt 0 ] && grep -qs '^Oracle Linux' /etc/system-release &&
	! modprobe virtiofs 2>/dev/null; then
	read -r kernel </proc/sys/kernel/osrelease
	dnf install -y --enablerepo '*UEK*' "kernel-uek-modules-$kernel"
	mount -t virtiofs -a
fi
