# tests/boot/helper.bash - guests of every family that never boot: a root folder with a shell and BusyBox, the files by
# which the boot scripts know a system, and stand-ins for its programs, which note how they are called.
#
# guest NAME makes one, with a cidata volume; its folder is $ROOT. boot [PHASE...] runs boot.sh in it.
# set_env NAME VALUE changes lima.env before that. called TEXT: a line of that text is in the log of calls.
bats_require_minimum_version 1.5.0
REPO=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

guests_begin() {
	WORK=$(mktemp -d /tmp/lb.XXXXXX)
	export WORK
	gcc -O1 -static -o "$WORK/stand_in" "$REPO/tests/boot/stand_in.c"
}

guests_end() {
	rm -rf "$WORK"
}

# stand_in NAME [EFFECT]: a program of that name, which does that
stand_in() {
	cp "$WORK/stand_in" "$ROOT/usr/local/sbin/$1"
	[ $# -lt 2 ] || { printf '#!/bin/sh\n%s\n' "$2" >"$ROOT/effects/$1" && chmod 755 "$ROOT/effects/$1"; }
	# BusyBox's shell prefers its own programs to those of PATH, but not to a function
	[ "$SHELL_IS" != ash ] || [[ $1 = *[-.]* ]] || echo "$1() { /usr/local/sbin/$1 \"\$@\"; }" >>"$ROOT/effects/functions"
}

# without NAME...: programs that this guest has not
without() {
	local name
	for name; do
		rm -f "$ROOT/usr/local/sbin/$name" "$ROOT/bin/$name"
		sed -i "/^$name()/d" "$ROOT/effects/functions"
	done
}

with_libraries() {
	install -D "$1" "$ROOT/bin/$2"
	ldd "$1" | grep -o '/[^ ]*' | while read -r f; do install -D "$f" "$ROOT$f"; done
}

write() {
	mkdir -p "$(dirname "$ROOT/$1")"
	cat >"$ROOT/$1"
}

systemd() {
	mkdir -p "$ROOT/run/systemd/system" "$ROOT/run/systemd/resolve" "$ROOT/etc/ssh/sshd_config.d"
	stand_in systemctl
	stand_in loginctl
	stand_in resolvectl
}

# what makes each of them itself
family() {
	case $1 in
	alpine)
		echo 3.20.3 | write etc/alpine-release
		mkdir -p "$ROOT/sbin" "$ROOT/etc/apk" "$ROOT/etc/init.d" "$ROOT/etc/runlevels/default" "$ROOT/etc/sudoers.d"
		: >"$ROOT/sbin/openrc-run"
		: >"$ROOT/etc/apk/repositories"
		touch "$ROOT/etc/init.d/acpid" "$ROOT/etc/init.d/cgroups"
		printf 'AllowTcpForwarding no\n#UsePAM no\nAcceptEnv LANG LC_*\n' | write etc/ssh/sshd_config
		for p in apk rc-service rc-update usermod reboot cloud-init; do stand_in $p; done
		stand_in deluser 'sed -i "/^alpine:/d" /etc/passwd'
		;;
	debian) systemd; stand_in apt-get; stand_in usermod ;;
	fedora) systemd; stand_in dnf; echo 'Fedora release 42 (Adams)' | write etc/system-release ;;
	rocky8) systemd; stand_in dnf; echo 'Rocky Linux release 8.10 (Green Obsidian)' | write etc/system-release ;;
	rocky9) systemd; stand_in dnf; echo 'Rocky Linux release 9.4 (Blue Onyx)' | write etc/system-release ;;
	oracle8) systemd; stand_in dnf; echo 'Oracle Linux Server release 8.10' | write etc/system-release ;;
	oracle9)
		systemd
		stand_in dnf 'case "$*" in *repolist*) printf "repo id repo name\nol9_appstream a\nol9_developer_EPEL b\n" ;; esac'
		echo 'Oracle Linux Server release 9.4' | write etc/system-release
		;;
	centos7) systemd; stand_in yum; echo 'CentOS Linux release 7.9.2009 (Core)' | write etc/system-release ;;
	suse)
		systemd
		stand_in zypper
		# a script, which is not to be taken for Debian's
		printf '#!/bin/sh\necho "apt-get $*" >>/log\n' | write usr/bin/apt-get
		chmod 755 "$ROOT/usr/bin/apt-get"
		;;
	arch) systemd; stand_in pacman; : | write etc/arch-release ;;
	*) echo "no guest $1" >&2; return 1 ;;
	esac
}

shell_of() {
	case $1 in alpine) echo ash ;; debian) echo dash ;; *) echo bash ;; esac
}

# guest NAME: $ROOT
guest() {
	ROOT=$BATS_TEST_TMPDIR/$1
	SHELL_IS=$(shell_of "$1")
	rm -rf "$ROOT"
	mkdir -p "$ROOT"/{bin,sbin,etc,dev,proc,sys,run,tmp,effects,root,var/log,usr/bin,usr/sbin,usr/local/bin,usr/local/sbin,home/lima.guest,mnt/lima-cidata}
	: >"$ROOT/effects/functions"
	: >"$ROOT/log"
	cp "$(command -v busybox)" "$ROOT/bin/busybox"
	chroot_in "$ROOT" /bin/busybox --install -s /bin
	rm -f "$ROOT/bin/modprobe" "$ROOT/bin/dpkg" "$ROOT/bin/rpm" "$ROOT"/bin/{reboot,mount,umount,blkid,adduser,deluser,chpasswd}
	[ "$SHELL_IS" = ash ] || { rm -f "$ROOT/bin/sh" "$ROOT/bin/$SHELL_IS" && with_libraries "$(readlink -f "$(command -v "$SHELL_IS")")" "$SHELL_IS" && ln -s "$SHELL_IS" "$ROOT/bin/sh"; }
	printf 'root:x:0:0:root:/root:/bin/sh\nlima:x:1000:1000:L:/home/lima.guest:/bin/bash\n' | write etc/passwd
	printf 'root:x:0:\nlima:x:1000:\nsystemd-journal:x:990:\n' | write etc/group
	printf '127.0.0.1\tlocalhost\n' | write etc/hosts
	stand_in sudo 'while :; do case $1 in -iu) shift 2 ;; --preserve-env=*) shift ;; *=*) export "$1"; shift ;; *) break ;; esac; done; exec "$@"'
	stand_in chpasswd 'sed "s/^/chpasswd< /" >>/log'
	stand_in modprobe
	stand_in mount
	stand_in umount
	stand_in blkid 'exit 2'
	stand_in iptables
	stand_in iptables-restore 'sed "s/^/iptables-restore< /" >>/log'
	stand_in rsync
	family "$1"
	volume
}

# cidata as the host makes it, of scripts that are the host's and an environment of ours
volume() {
	CIDATA=$ROOT/mnt/lima-cidata
	cp -r "$REPO"/guest/boot/{boot.sh,park.sh,provision.sh,boot.Linux,boot.essential.Linux,util} "$CIDATA/"
	printf '#cloud-config\n' >"$CIDATA/user-data"
	printf 'PARAM_Word=two words\n' >"$CIDATA/param.env"
	printf '#LIMA-START\nGREETING=hello # not this\nexport QUOTED="a b"\n#LIMA-END\n' >"$CIDATA/etc_environment"
	printf '#!/bin/sh\n' >"$CIDATA/lima-guestagent"
	sed 's/^/LIMA_CIDATA_/' >"$CIDATA/lima.env" <<-END
		DEBUG=false
		IID=iid-0123
		NAME=default
		USER=lima
		UID=1000
		COMMENT=It's "L"
		HOME=/home/lima.guest
		SHELL=/bin/bash
		MOUNTS=0
		MOUNTTYPE=reverse-sshfs
		DISKS=0
		GUEST_INSTALL_PREFIX=/usr/local
		UPGRADE_PACKAGES=
		CONTAINERD_USER=
		CONTAINERD_SYSTEM=
		SLIRP_DNS=192.168.5.3
		SLIRP_GATEWAY=192.168.5.2
		SLIRP_IP_ADDRESS=192.168.5.15
		UDP_DNS_LOCAL_PORT=5301
		TCP_DNS_LOCAL_PORT=5302
		SKIP_DEFAULT_DEPENDENCY_RESOLUTION=
		VMTYPE=qemu
		VSOCK_PORT=0
		VIRTIO_PORT=io.lima-vm.guest_agent.0
		PLAIN=
		PASSWORDLESS_SUDO=1
	END
}

set_env() {
	sed -i "/^LIMA_CIDATA_$1=/d" "$CIDATA/lima.env"
	echo "LIMA_CIDATA_$1=$2" >>"$CIDATA/lima.env"
}

# its own mounts, processes and network, whose settings it may change
chroot_in() {
	timeout 60 unshare -mnpf --kill-child sh -c \
		'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"' "$@"
}

# boot [PHASE...]: all of boot.sh, or one phase after the other; what it says is in $ROOT/said
boot() {
	local phase
	for phase in "${@:-early late}"; do
		for phase in $phase; do
			if [ "$SHELL_IS" = ash ]; then
				chroot_in "$ROOT" /bin/sh -c '. /effects/functions; . /mnt/lima-cidata/boot.sh' boot.sh "$phase"
			else
				chroot_in "$ROOT" /bin/sh /mnt/lima-cidata/boot.sh "$phase"
			fi
		done
	done >>"$ROOT/said" 2>&1
}

called() {
	grep -qxF -- "$1" "$ROOT/log" && return
	echo "never called: $1; but:"
	cat "$ROOT/log"
	return 1
}

never_called() {
	! grep -E -- "^$1( |$)" "$ROOT/log"
}

# holds FILE TEXT: that is all of it
holds() {
	[ "$(cat "$ROOT/$1")" = "$2" ] || { echo "$1:"; cat "$ROOT/$1"; return 1; }
}
