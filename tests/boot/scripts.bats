#!/usr/bin/env bats
# The boot scripts in guests of every family: what boot.sh runs and says, and what each script leaves behind.
load helper

setup_file() {
	guests_begin
}

teardown_file() {
	guests_end
}

SYSTEMD='debian fedora rocky9 oracle9 centos7 suse arch'
ALL="alpine $SYSTEMD"

# twice: the second boot finds everything as the first has left it
twice() {
	boot || { cat "$ROOT/said"; return 1; }
	(cd "$ROOT" && find etc home usr/local/bin root -type f -exec md5sum {} + | sort -k 2) >"$BATS_TEST_TMPDIR/first"
	cp "$ROOT/log" "$ROOT/log.first"
	: >"$ROOT/log"
	boot || { cat "$ROOT/said"; return 1; }
	(cd "$ROOT" && find etc home usr/local/bin root -type f -exec md5sum {} + | sort -k 2) | diff "$BATS_TEST_TMPDIR/first" -
}

mode() { stat -c '%u %a' "$ROOT/$1"; }

@test "every guest: markers, names, environment, agent; and a second boot changes nothing" {
	local g
	for g in $ALL; do
		echo "--- $g"
		guest "$g"
		echo stale | write run/lima-boot-done
		: | write run/lima-reboot-required
		printf '127.0.0.1 localhost\n192.168.5.99\thost.lima.internal # old\n' | write etc/hosts
		printf 'KEEP=this\n#LIMA-START\nOLD=gone\n#LIMA-END\nAND=that\n' | write etc/environment
		twice
		holds run/lima-boot-done iid-0123
		holds run/lima-ssh-ready iid-0123
		holds run/lima-fuse-ready iid-0123
		[ ! -e "$ROOT/run/lima-reboot-required" ]
		[ ! -e "$ROOT/run/lima-boot-errors" ]
		holds etc/hosts $'127.0.0.1 localhost\n192.168.5.2\thost.lima.internal'
		holds etc/environment $'KEEP=this\nAND=that\n#LIMA-START\nGREETING=hello # not this\nexport QUOTED="a b"\n#LIMA-END'
		[ "$(mode usr/local/bin/lima-guestagent)" = '0 755' ]
		[ "$(mode run/host-services)" = '1000 700' ]
		grep -qx 'iptables-restore< -A LIMADNS -d 192.168.5.3 -p udp --dport 53 -j DNAT --to-destination 192.168.5.2:5301' "$ROOT/log.first"
		grep -qx 'iptables-restore< -A LIMADNS -d 192.168.5.3 -p tcp --dport 53 -j DNAT --to-destination 192.168.5.2:5302' "$ROOT/log.first"
		# homes of old
		[ "$(readlink "$ROOT/home/lima.linux")" = lima.guest ]
	done
}

@test "systemd: the agent's unit, lingering, delegation, kernel settings, subordinate ids, mDNS" {
	local g
	for g in $SYSTEMD; do
		echo "--- $g"
		guest "$g"
		twice
		grep -qx 'ExecStart=/usr/local/bin/lima-guestagent daemon --virtio-port io.lima-vm.guest_agent.0 --runtime-dir="%t/%N"' \
			"$ROOT/etc/systemd/system/lima-guestagent.service"
		for line in Type=simple Restart=on-failure OOMPolicy=continue OOMScoreAdjust=-500 WantedBy=multi-user.target; do
			grep -qx "$line" "$ROOT/etc/systemd/system/lima-guestagent.service"
		done
		[ -L "$ROOT/etc/systemd/system/multi-user.target.wants/lima-guestagent.service" ]
		[ -e "$ROOT/var/lib/systemd/linger/lima" ]
		holds etc/systemd/system/user@.service.d/lima.conf $'[Service]\nDelegate=yes'
		grep -qx 'net.ipv4.ip_unprivileged_port_start=0' "$ROOT/etc/sysctl.d/99-lima.conf"
		grep -qx 'net.ipv4.ping_group_range=0 2147483647' "$ROOT/etc/sysctl.d/99-lima.conf"
		holds etc/subuid lima:524288:1073741824
		holds etc/subgid lima:524288:1073741824
		holds etc/systemd/resolved.conf.d/00-lima-enable-mdns.conf $'[Resolve]\nMulticastDNS=yes'
		holds etc/ssh/sshd_config.d/10-acceptenv-colorterm.conf 'AcceptEnv COLORTERM'
		for f in .profile .bashrc .zshrc; do
			[ "$(grep -c '^# Lima BEGIN' "$ROOT/home/lima.guest/$f")" = 1 ]
			[ "$(mode "home/lima.guest/$f")" = '1000 644' ]
		done
		never_called rc-service
		[ ! -e "$ROOT/etc/init.d" ]
	done
}

@test "systemd: an agent that has changed is restarted, one that has not is left alone" {
	guest fedora
	boot
	never_called 'systemctl daemon-reload'
	echo '# newer' >>"$CIDATA/lima-guestagent"
	boot
	called 'systemctl daemon-reload'
	called 'systemctl --no-block restart lima-guestagent.service'
	: >"$ROOT/log"
	boot
	never_called 'systemctl daemon-reload'
	# by vsock, and by a socket that is the user's
	set_env VSOCK_PORT 2222
	boot
	grep -q 'daemon --vsock-port 2222 --runtime-dir' "$ROOT/etc/systemd/system/lima-guestagent.service"
	set_env VSOCK_PORT 0
	set_env VIRTIO_PORT ''
	set_env DEBUG true
	boot
	grep -q 'daemon --debug --socket-owner 1000 --runtime-dir' "$ROOT/etc/systemd/system/lima-guestagent.service"
}

@test "OpenRC: the agent's service and its settings, whatever is in them" {
	guest alpine
	boot
	[ "$(mode etc/init.d/lima-guestagent)" = '0 755' ]
	[ "$(mode etc/conf.d/lima-guestagent)" = '0 600' ]
	grep -qx 'supervisor=supervise-daemon' "$ROOT/etc/init.d/lima-guestagent"
	grep -qx 'command=/usr/local/bin/lima-guestagent' "$ROOT/etc/init.d/lima-guestagent"
	grep -qx "command_args='daemon --virtio-port io.lima-vm.guest_agent.0'" "$ROOT/etc/init.d/lima-guestagent"
	grep -qx 'output_log=/var/log/lima-guestagent.log' "$ROOT/etc/init.d/lima-guestagent"
	# a shell reads that file
	[ "$(sh -c '. "$1"; echo "$LIMA_CIDATA_COMMENT $LIMA_CIDATA_SLIRP_DNS"' _ "$ROOT/etc/conf.d/lima-guestagent")" = "It's \"L\" 192.168.5.3" ]
	called 'rc-update -q add lima-guestagent default'
	called 'rc-service -q --ifstopped lima-guestagent start'
	: >"$ROOT/log"
	touch "$ROOT/etc/runlevels/default/lima-guestagent"
	boot
	never_called 'rc-update -q add lima-guestagent'
	never_called 'rc-service -q --ifstarted lima-guestagent'
	echo '# newer' >>"$CIDATA/lima-guestagent"
	boot
	called 'rc-service -q --ifstarted lima-guestagent restart'
	never_called systemctl
}

@test "Alpine: bash, repositories, sudo, sshd, the power button, cgroups" {
	guest alpine
	without sudo
	twice
	[ "$(chroot_in "$ROOT" /bin/bash -c 'echo "$0 $1"' a b)" = 'a b' ]
	holds etc/apk/repositories $'https://dl-cdn.alpinelinux.org/alpine/v3.20/main\nhttps://dl-cdn.alpinelinux.org/alpine/v3.20/community'
	grep -qx 'apk add sudo' "$ROOT/log.first"
	grep -qx 'usermod -p \* lima' "$ROOT/log.first"
	holds etc/ssh/sshd_config $'AllowTcpForwarding yes\nUsePAM yes\nAcceptEnv COLORTERM LANG LC_*'
	grep -qx 'rc-service --ifstarted sshd reload' "$ROOT/log.first"
	never_called 'rc-service --ifstarted sshd'
	grep -qx 'rc-update -q add acpid' "$ROOT/log.first"
	called 'rc-service -q --ifstopped acpid start'
	called 'rc-service -q --ifstopped cgroups start'
	[ "$(mode etc/sudoers.d/00-root-user)" = '0 440' ]
	holds etc/sudoers.d/00-root-user 'root ALL=(ALL) NOPASSWD:ALL'
	# the development branch
	guest alpine
	echo 3.23.0_alpha20251016 | write etc/alpine-release
	boot
	grep -qx 'https://dl-cdn.alpinelinux.org/alpine/edge/main' "$ROOT/etc/apk/repositories"
}

@test "Alpine: the image's own user gives way, and the guest is not called done" {
	guest alpine
	sed -i '/^lima:/d' "$ROOT/etc/passwd"
	echo 'alpine:x:1000:1000::/home/alpine:/bin/sh' >>"$ROOT/etc/passwd"
	run boot
	called 'deluser --remove-home alpine'
	called 'cloud-init clean --logs'
	called reboot
	[ ! -e "$ROOT/run/lima-boot-done" ]
	grep -q 'a reboot is on its way' "$ROOT/said"
	# ours may have that name
	guest alpine
	sed -i 's/^lima:/alpine:/' "$ROOT/etc/passwd"
	set_env USER alpine
	boot
	never_called deluser
}

@test "plain: the essential scripts and provisioning, nothing else" {
	guest alpine
	set_env PLAIN 1
	mkdir "$CIDATA/provision.system"
	printf '#!/bin/sh\necho "system $PARAM_Word" >/run/mark\n' >"$CIDATA/provision.system/00000000"
	chmod 755 "$CIDATA/provision.system/00000000"
	boot
	holds run/mark 'system two words'
	called 'rc-service -q --ifstopped acpid start'
	holds run/lima-boot-done iid-0123
	for f in run/lima-ssh-ready usr/local/bin/lima-guestagent etc/environment run/host-services; do [ ! -e "$ROOT/$f" ]; done
	holds etc/hosts $'127.0.0.1\tlocalhost'
	never_called iptables-restore
}

@test "a script that fails is said, and stops no other" {
	guest debian
	printf '#!/bin/sh\nexit 7\n' >"$CIDATA/boot.Linux/21-bad.sh"
	printf '#!/bin/sh\nset -eu\necho "$LIMA_CIDATA_MNT $LIMA_CIDATA_IID $GREETING|$QUOTED|$PARAM_Word|$(compare_version.sh 5.9 -lt 5.13 && echo less)" >/run/seen\n' \
		>"$CIDATA/boot.Linux/22-next.sh"
	run -1 boot
	holds run/lima-boot-errors 'boot.Linux/21-bad.sh: exit status 7'
	holds run/lima-boot-done iid-0123
	holds run/seen '/mnt/lima-cidata iid-0123 hello |a b|two words|less'
}

@test "packages were upgraded and dnf asks for a reboot: the guest reboots, and is not called done" {
	guest fedora
	set_env UPGRADE_PACKAGES 1
	printf '#!/bin/sh\ncase $1 in needs-restarting) exit 1 ;; esac\n' | write effects/dnf
	chmod 755 "$ROOT/effects/dnf"
	boot
	called 'dnf needs-restarting -r'
	called 'systemctl --no-block reboot'
	[ ! -e "$ROOT/run/lima-boot-done" ]
	rm "$ROOT/effects/dnf"
	: >"$ROOT/log"
	boot
	never_called 'systemctl --no-block reboot'
	holds run/lima-boot-done iid-0123
}

@test "sshfs: mount points that are the user's, and others may look in" {
	guest debian
	set_env MOUNTS 2
	set_env MOUNTS_0_MOUNTPOINT '/mnt/with blanks'
	set_env MOUNTS_1_MOUNTPOINT /home/lima.guest/in
	stand_in sshfs
	twice
	[ "$(mode 'mnt/with blanks')" = '1000 755' ]
	[ "$(mode home/lima.guest/in)" = '1000 755' ]
	holds etc/fuse.conf user_allow_other
	guest suse
	set_env MOUNTS 1
	set_env MOUNTS_0_MOUNTPOINT /mnt/a
	stand_in sshfs
	stand_in apparmor_parser
	: | write etc/fuse3.conf
	: | write etc/apparmor.d/fusermount3
	mkdir "$ROOT/etc/apparmor.d/local"
	boot
	holds etc/fuse3.conf user_allow_other
	[ ! -e "$ROOT/etc/fuse.conf" ]
	grep -q 'umount @{HOME},' "$ROOT/etc/apparmor.d/local/fusermount3"
	called 'apparmor_parser -r /etc/apparmor.d/fusermount3'
}

@test "a mount point that was swept away at boot, with all of /tmp, is made again; one that is there is left alone" {
	guest debian
	mkdir -p "$ROOT/run/systemd/system" "$ROOT/mnt/there"
	set_env MOUNTTYPE 9p
	printf '%s\n' '- [lima-0000000000000001, "/tmp/lima", 9p, "ro", "0", "0"]' '- [lima-0000000000000002, "/mnt/there", 9p, "ro", "0", "0"]' >>"$CIDATA/user-data"
	printf 'lima-000000000000000%d\t%s\t9p\tro,comment=cloudconfig\t0\t0\n' 1 /tmp/lima 2 /mnt/there | write etc/fstab
	before=$(cat "$ROOT/etc/fstab")
	stand_in systemd-escape 'echo tmp-lima.mount'
	boot
	[ -d "$ROOT/tmp/lima" ]
	called 'systemctl start tmp-lima.mount'
	called 'mount /tmp/lima'
	never_called 'mount /mnt/there'
	[ "$(cat "$ROOT/etc/fstab")" = "$before" ]
}

@test "a user with a system's uid, and one with a very high one" {
	guest debian
	set_env UID 502
	sed -i 's/^lima:x:1000/lima:x:502/' "$ROOT/etc/passwd"
	boot
	called 'usermod -aG systemd-journal lima'
	guest debian
	set_env UID 600000
	sed -i 's/^lima:x:1000/lima:x:600000/' "$ROOT/etc/passwd"
	# where an ordinary user plays root there is no such uid
	stand_in chown
	boot
	never_called usermod
	holds etc/subuid lima:600001:1073741824
}

@test "a home that root had to make becomes the user's; what is mounted in it stays the host's" {
	guest debian
	mkdir -p "$ROOT/home/lima.guest/mount/of/root" "$ROOT/home/lima.guest/own"
	set_env MOUNTS 1
	set_env MOUNTS_0_MOUNTPOINT /home/lima.guest/mount
	set_env MOUNTTYPE 9p
	boot
	[ "$(mode home/lima.guest)" = '1000 755' ]
	[ "$(mode home/lima.guest/own)" = '1000 755' ]
	[ "$(mode home/lima.guest/mount)" = '0 755' ]
}

@test "provisioning: files, scripts of the system and of the user, a password" {
	local g f
	for g in alpine debian rocky9; do
		echo "--- $g"
		guest "$g"
		mkdir "$CIDATA"/provision.{data,system,user}
		set_env PASSWORDLESS_SUDO ''
		echo one >"$CIDATA/provision.data/00000000"
		set_env DATAFILE_00000000_PATH /srv/deep/one
		set_env DATAFILE_00000000_OVERWRITE true
		set_env DATAFILE_00000000_OWNER lima:lima
		set_env DATAFILE_00000000_PERMISSIONS 640
		echo two >"$CIDATA/provision.data/00000001"
		set_env DATAFILE_00000001_PATH /etc/there
		set_env DATAFILE_00000001_OVERWRITE false
		set_env DATAFILE_00000001_OWNER root:root
		set_env DATAFILE_00000001_PERMISSIONS 644
		echo was | write etc/there
		printf '#!/bin/sh\necho "system $PARAM_Word" >>/run/order; exit 5\n' >"$CIDATA/provision.system/00000002"
		printf '#!/bin/sh\necho "user $PARAM_Word $XDG_RUNTIME_DIR $0" >>/run/order\n' >"$CIDATA/provision.user/00000003"
		chmod 755 "$CIDATA"/provision.*/*
		run -1 boot
		holds srv/deep/one one
		[ "$(mode srv/deep/one)" = '1000 640' ]
		holds etc/there was
		holds run/order $'system two words\nuser two words /run/user/1000 /home/lima.guest/.lima-user-script'
		[ ! -e "$ROOT/home/lima.guest/.lima-user-script" ]
		holds run/lima-boot-errors 'provision.system/00000002: exit status 5'
		holds run/lima-boot-done iid-0123
		grep -qE '^sudo -iu lima --preserve-env=PARAM_Word XDG_RUNTIME_DIR=/run/user/1000 ' "$ROOT/log"
		[ "$(mode home/lima.guest/password)" = '1000 600' ]
		grep -qxE 'chpasswd< lima:[0-9a-f]{16}' "$ROOT/log"
		grep -qx "chpasswd< lima:$(cat "$ROOT/home/lima.guest/password")" "$ROOT/log"
		# once and for all
		: >"$ROOT/log"
		run -1 boot
		never_called chpasswd
	done
}

@test "the prompt of the instance \`default\` is lime; that of others is Ubuntu's" {
	local prompt='if [ "$color_prompt" = yes ]; then
    PS1='\''\[\033[01;32m\]\u@\h\[\033[00m\]$ '\''
fi'
	guest debian
	write home/lima.guest/.bashrc <<<"$prompt"
	boot
	grep -qF '[\033[38;5;77m\]\u@\h' "$ROOT/home/lima.guest/.bashrc"
	guest debian
	set_env NAME other
	write home/lima.guest/.bashrc <<<"$prompt"
	boot
	grep -qF '\[\033[01;32m\]\u@\h' "$ROOT/home/lima.guest/.bashrc"
}

@test "the host key that the host gave is the guest's, and a server that runs already is told once" {
	guest debian
	mkdir -p "$ROOT/etc/ssh" "$ROOT/etc/dropbear" "$ROOT/run/systemd/system"
	echo secret >"$CIDATA/ssh_host_ed25519_key"
	echo small >"$CIDATA/dropbear_ed25519_host_key"
	echo old >"$ROOT/etc/ssh/ssh_host_ed25519_key"
	echo rsa >"$ROOT/etc/ssh/ssh_host_rsa_key"
	boot
	holds etc/ssh/ssh_host_ed25519_key secret
	holds etc/dropbear/dropbear_ed25519_host_key small
	holds etc/ssh/ssh_host_rsa_key rsa
	[ "$(stat -c %a "$ROOT/etc/ssh/ssh_host_ed25519_key")" = 600 ]
	[ ! -e "$ROOT/etc/ssh/ssh_host_ed25519_key.lima" ]
	called 'systemctl --no-block try-restart ssh.service sshd.service dropbear.service'
}

@test "a guest that has that host key already is left alone, and one without a server, too" {
	guest debian
	mkdir -p "$ROOT/etc/ssh" "$ROOT/run/systemd/system"
	rm -rf "$ROOT/etc/dropbear"
	echo secret >"$CIDATA/ssh_host_ed25519_key"
	echo small >"$CIDATA/dropbear_ed25519_host_key"
	echo secret >"$ROOT/etc/ssh/ssh_host_ed25519_key"
	# by cloud-init, which keeps for root what anybody may know
	(umask 077; echo public >"$ROOT/etc/ssh/ssh_host_ed25519_key.pub")
	boot
	holds etc/ssh/ssh_host_ed25519_key.pub public
	[ "$(stat -c %a "$ROOT/etc/ssh/ssh_host_ed25519_key.pub")" = 644 ]
	never_called 'systemctl --no-block try-restart ssh.service sshd.service dropbear.service'
	[ ! -e "$ROOT/etc/dropbear" ]
}
