#!/usr/bin/env bats
# Every file, variable and marker that Lima's pages on its internals name, in the instance's folder, on cidata.iso and in
# the booted guest: it is there, and means what they say.
load helper

setup_file() {
	guest_begin
	guest_sh 'sudo cat /mnt/lima-cidata/lima.env' >"$BATS_FILE_TMPDIR/lima.env"
	guest_sh 'cd /mnt/lima-cidata 2>/dev/null || sudo ls /mnt/lima-cidata >/dev/null; sudo find /mnt/lima-cidata -type f -printf "%P %s %#m\n"' \
		>"$BATS_FILE_TMPDIR/files"
	sed -n 's/^LIMA_CIDATA_IID=//p' "$BATS_FILE_TMPDIR/lima.env" >"$BATS_FILE_TMPDIR/iid"
	export IID
	IID=$(cat "$BATS_FILE_TMPDIR/iid")
}

# complains FILE...: of each line on stdin; fails if there was one
complain() {
	local bad=0 line
	while IFS= read -r line; do
		echo "$line"
		bad=1
	done
	return $bad
}

@test "the instance's folder: each file is there, of its kind and mode" {
	# NAME KIND MODE; - is any mode
	while read -r name kind mode; do
		case $kind in
		file) [ -f "$DIR/$name" ] || echo "$name: no such file" ;;
		text) [ -s "$DIR/$name" ] || echo "$name: empty, or not there" ;;
		socket) [ -S "$DIR/$name" ] || echo "$name: no socket" ;;
		pid) kill -0 "$(cat "$DIR/$name")" || echo "$name: nobody's pid" ;;
		esac
		[ "$mode" = - ] || [ "$(stat -Lc %a "$DIR/$name")" = "$mode" ] || echo "$name: mode $(stat -Lc %a "$DIR/$name")"
	done <<-EOF | complain
		lima-version text 444
		lima.yaml text -
		cloud-config.yaml text 444
		cidata.iso text -
		disk text -
		kernel text -
		kernel.cmdline text -
		initrd text -
		qemu.pid pid -
		qmp.sock socket -
		serial.log text -
		serial.sock socket -
		serialv.log file -
		serialv.sock socket -
		ssh.config text 600
		ha.pid pid -
		ha.sock socket -
		ha.stdout.log text -
		ha.stderr.log text -
	EOF
	[ "$(stat -c %a "$DIR")" = 700 ]
}

@test "what they hold" {
	local more
	[ "$(cat "$DIR/lima-version")" = "$(limactl --version | awk '{ print $NF }')" ]
	grep -q "qemu-system" "/proc/$(cat "$DIR/qemu.pid")/cmdline"
	grep -q "hostagent" "/proc/$(cat "$DIR/ha.pid")/cmdline"
	# an emulated one is told besides not to measure its timer
	grep -qz '^tcg' "/proc/$(cat "$DIR/qemu.pid")/cmdline" && more=" no_timer_check" || more=
	[ "$(cat "$DIR/kernel.cmdline")$more" = "$(guest sed 's/ initrd=initrd$//' /proc/cmdline)" ]
	grep -q "login:" "$DIR/serial.log"
	jq -es 'all(.[]; has("time") and has("status"))' "$DIR/ha.stdout.log" >/dev/null
	jq -es 'all(.[]; has("level") and has("msg") and has("time"))' "$DIR/ha.stderr.log" >/dev/null
	[ "$(blkid -s LABEL -o value "$DIR/cidata.iso")" = cidata ]
}

@test "protect and unprotect: an empty file" {
	limactl protect "$GUEST"
	[ -f "$DIR/protected" ]
	[ ! -s "$DIR/protected" ]
	run ! limactl delete --force "$GUEST"
	limactl unprotect "$GUEST"
	[ ! -e "$DIR/protected" ]
}

@test "the identity is one for all instances, private, and lets us in by ssh.config" {
	[ "$(stat -c %a "$LIMA_HOME/_config/user")" = 600 ]
	read -r _ key _ <"$LIMA_HOME/_config/user.pub"
	guest_sh 'cat ~/.ssh/authorized_keys' | grep -qF "$key"
	[ "$(ssh -F "$DIR/ssh.config" "lima-$GUEST" echo in)" = in ]
	# its control master stays, for those who come after
	[ -S "$DIR/ssh.sock" ]
	[ "$(ssh -F /dev/null -S "$DIR/ssh.sock" any echo again)" = again ]
}

@test "the host agent's API" {
	port=$(curl -sS --unix-socket "$DIR/ha.sock" http://x/v1/info | jq .sshLocalPort)
	[ "$port" = "$(awk '$1 == "Port" { print $2 }' "$DIR/ssh.config")" ]
}

@test "cloud-config.yaml is for reference: what the guest got, but for the boot scripts and mounts" {
	python3 - "$DIR/cloud-config.yaml" <<-'END'
		import sys, yaml
		c = yaml.safe_load(open(sys.argv[1]))
		assert c["users"][0]["name"] and c["growpart"], c
		assert "write_files" not in c and "mounts" not in c, c
	END
	head -n 1 "$DIR/cloud-config.yaml" | grep -qx '#cloud-config'
}

@test "cidata.iso: each file is there" {
	while read -r name; do
		grep -qE "^$name [0-9]+ " "$BATS_FILE_TMPDIR/files" || echo "cidata.iso: no $name"
	done <<-EOF | complain
		user-data
		meta-data
		network-config
		lima.env
		param.env
		lima-guestagent
		boot.sh
		boot\.Linux/07-etc-environment.sh
		boot\.Linux/35-setup-packages.sh
		boot\.essential\.Linux/[^ ]*
		util/[^ ]*
		provision\.data/00000004
		provision\.dependency/00000001
		provision\.system/00000002
		provision\.user/00000003
		provision\.yq/00000008
		etc_environment
	EOF
}

@test "cidata.iso: no name is longer than 30 characters, and only root reads it" {
	awk '{ n = split($1, part, "/"); for (i = 1; i <= n; i++) if (length(part[i]) > 30) print $1 }' "$BATS_FILE_TMPDIR/files" | complain
	run ! guest_sh 'ls /mnt/lima-cidata'
	[ "$(guest_sh 'sudo blkid -s LABEL -o value /dev/sr0')" = cidata ]
}

@test "lima.env: each variable is there with its value" {
	local env=$BATS_FILE_TMPDIR/lima.env
	# NAME=PATTERN of a whole value
	while IFS= read -r line; do
		grep -qE "^LIMA_CIDATA_$line\$" "$env" || echo "not in lima.env: LIMA_CIDATA_$line; there: $(grep "^LIMA_CIDATA_${line%%=*}=" "$env")"
	done <<-EOF | complain
		DEBUG=false
		IID=iid-[0-9a-f]+
		NAME=$GUEST
		USER=$(guest id -un)
		UID=$(guest id -u)
		COMMENT=Seed Keeper
		HOME=/home/$(guest id -un)\.guest
		SHELL=/bin/bash
		HOSTHOME_MOUNTPOINT=.*
		MOUNTS=[0-9]+
		MOUNTTYPE=(reverse-sshfs|9p|virtiofs)
		DISKS=0
		DATAFILE_00000004_OVERWRITE=true
		DATAFILE_00000004_OWNER=root:root
		DATAFILE_00000004_PATH=/etc/data\.d/plain
		DATAFILE_00000004_PERMISSIONS=644
		YQ_PROVISION_00000008_FORMAT=auto
		YQ_PROVISION_00000008_OWNER=root:root
		YQ_PROVISION_00000008_PATH=/etc/data\.d/edited\.yaml
		YQ_PROVISION_00000008_PERMISSIONS=640
		GUEST_INSTALL_PREFIX=/usr/local
		UPGRADE_PACKAGES=
		CONTAINERD_USER=
		CONTAINERD_SYSTEM=
		SLIRP_GATEWAY=192\.168\.5\.2
		SLIRP_DNS=192\.168\.5\.3
		SLIRP_IP_ADDRESS=192\.168\.5\.15
		UDP_DNS_LOCAL_PORT=[0-9]+
		TCP_DNS_LOCAL_PORT=[0-9]+
		ROSETTA_ENABLED=false
		ROSETTA_BINFMT=false
		SKIP_DEFAULT_DEPENDENCY_RESOLUTION=
		VMTYPE=qemu
		VSOCK_PORT=0
		VIRTIO_PORT=io\.lima-vm\.guest_agent\.0
		PLAIN=
		NO_CLOUD_INIT=
	EOF
	local i=0
	while [ $i -lt "$(sed -n 's/^LIMA_CIDATA_MOUNTS=//p' "$env")" ]; do
		grep -q "^LIMA_CIDATA_MOUNTS_${i}_MOUNTPOINT=/" "$env"
		i=$((i + 1))
	done
}

@test "the scripts of a boot know them, and where the disk is mounted" {
	guest_sh 'sudo tr "\0" "\n" </proc/$(systemctl show -p MainPID --value lima-guestagent)/environ; systemctl cat lima-boot.service' |
		grep -q 'LIMA_CIDATA_MNT=/mnt/lima-cidata'
}

@test "param.env and etc_environment" {
	guest sudo cat /mnt/lima-cidata/param.env | grep -qx "PARAM_Color=green and blue"
	[ "$(guest sudo cat /mnt/lima-cidata/etc_environment | sed -n '1p;$p' | tr '\n' ' ')" = "#LIMA-START #LIMA-END " ]
	guest grep -q '^GREETING=hello from lima.yaml$' /etc/environment
}

@test "the markers of /run hold the instance id" {
	[ "$(guest cat /run/lima-boot-done)" = "$IID" ]
	[ "$(guest cat /run/lima-ssh-ready)" = "$IID" ]
	if grep -q '^LIMA_CIDATA_MOUNTTYPE=reverse-sshfs$' "$BATS_FILE_TMPDIR/lima.env"; then
		[ "$(guest cat /run/lima-fuse-ready)" = "$IID" ]
	else
		guest test ! -e /run/lima-fuse-ready
	fi
	[ "$(guest sudo sed -n 's/^instance-id: //p' /mnt/lima-cidata/meta-data)" = "$IID" ]
	[ "$(guest sudo cat /var/lib/cloud/data/instance-id)" = "$IID" ]
}

@test "the network: the guest's address, the host's, and its name" {
	guest_sh 'ip -4 -o addr show dev eth0' | grep -q '192.168.5.15/24'
	guest_sh 'ip -4 route show default' | grep -q 'via 192.168.5.2 dev eth0'
	[ "$(guest_sh 'getent ahostsv4 host.lima.internal' | awk '{ print $1; exit }')" = 192.168.5.2 ]
	guest_sh 'resolvectl dns eth0' | grep -q '192.168.5.3'
	[ "$(guest hostname)" = "lima-$GUEST" ]
}

@test "the guest agent serves the host: by the virtio port, and ga.sock is its other end" {
	grep -qx 'LIMA_CIDATA_VIRTIO_PORT=io.lima-vm.guest_agent.0' "$BATS_FILE_TMPDIR/lima.env"
	[ -S "$DIR/ga.sock" ]
	guest_sh 'sudo ls -l /proc/$(systemctl show -p MainPID --value lima-guestagent)/fd' |
		grep -qF "$(guest readlink -f /dev/virtio-ports/io.lima-vm.guest_agent.0)"
}
