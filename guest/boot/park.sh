#!/bin/sh
# shellcheck disable=SC2154 # part of boot.sh
# park.sh: a guest that waits to be saved in the middle of its boot, and goes on as whatever it is told to be (warmStart).
#
# It waits when cloud-init is through and the dependencies are there; before anything of the user's, with nobody who can log in and no host
# keys, off the network, and without the volume by which it was told what it was. A copy of boot.sh and of this runs meanwhile.
# The host then tells it by the volume of another one: the same in all but name, address and keys (resources/warm.c has the list).
agent=${LIMA_CIDATA_GUEST_INSTALL_PREFIX:-/usr/local}/bin/lima-guestagent
# what has an address in its memory, and begins again; each more costs an emulated guest seconds
services='systemd-networkd.socket systemd-networkd.service'
# nobody logs in before: the host is to meet nobody who is not the one
logins='ssh.socket ssh.service sshd.service'

# would it be waited for, and does it know how?
park_asked() {
	[ -d /run/systemd/system ] && [ -e /sys/bus/acpi/devices/QEMUVGID:00 ] && [ "${LIMA_CIDATA_UPGRADE_PACKAGES:-}" != 1 ] &&
		[ -x "$LIMA_CIDATA_MNT/lima-guestagent" ] && [ -e /run/systemd/netif ] && "$LIMA_CIDATA_MNT/lima-guestagent" park --probe
}

# begin: what is to run when the boot has come as far as it may
park_prepare() {
	mkdir -p $parked
	cp "$LIMA_CIDATA_MNT/boot.sh" "$LIMA_CIDATA_MNT/park.sh" $parked
	later=
	for s in $logins; do
		[ "$(systemctl is-enabled "$s" 2>/dev/null)" != enabled ] || later="$later $s"
	done
	echo "$later" >$parked/later
	# shellcheck disable=SC2086 # names of units are words
	[ -z "$later" ] || systemctl -q mask --runtime $later
	export LIMA_PARKS=1
}

# Those that were held back may begin, with whatever keys there are by then.
park_release() {
	read -r later <$parked/later
	# shellcheck disable=SC2086 # names of units are words
	[ -z "$later" ] || systemctl -q unmask --runtime $later
}

# cloud-init, and what the boot still has to start
park_settle() {
	n=0
	until { [ -e /run/cloud-init/result.json ] && [ "$(systemctl list-jobs --no-legend | grep -vc lima-boot)" -eq 0 ]; } || [ $n -ge 600 ]; do
		sleep 0.2
		n=$((n + 1))
	done
}

park_interface() {
	for i in /sys/class/net/*; do
		[ ! -e "$i/device" ] || { echo "${i##*/}"; return; }
	done
}

# Nothing is left of who it was.
park_forget() {
	park_release
	interface=$(park_interface)
	running=$(for s in $services; do ! systemctl -q is-active "$s" || echo "$s"; done)
	{
		echo "interface=$interface"
		echo "old_mac=$(cat "/sys/class/net/$interface/address")"
		echo "device=$(basename "$(readlink "/sys/class/net/$interface/device")")"
		echo "address='$(ip -4 -o address show dev "$interface" scope global | sed -n 's/.* inet \([0-9./]*\) .*/\1/p')'"
		echo "gateway='$(ip -4 route show default dev "$interface" | sed -n 's/^default via \([0-9.]*\) .*/\1/p' | head -n 1)'"
		echo "old_iid=$LIMA_CIDATA_IID"
		echo "old_id=$(cat /etc/machine-id)"
		echo "cdrom=$(basename "$(readlink /sys/block/sr0/device)")"
		echo "running='$(echo "$running" | tr '\n' ' ') $later'"
	} >$parked/who
	# shellcheck disable=SC2086 # names of units are words
	systemctl stop $running
	ip address flush dev "$interface"
	ip link set "$interface" down
	rm -rf /etc/ssh/ssh_host_* /run/systemd/netif/leases/* /var/lib/systemd/random-seed /var/lib/systemd/timesync/*
	umount "$LIMA_CIDATA_MNT"
	# the kernel knows its size, and some of what is on it
	echo 1 >/sys/block/sr0/device/delete
	sync
}

# --- as another one; the kernel is it already ---

park_volume() {
	echo "${cdrom#*:}" | tr : ' ' >"/sys/class/scsi_host/host${cdrom%%:*}/scan"
	n=0
	until mount -o ro,mode=0700,dmode=0700,overriderockperm,exec,uid=0 /dev/sr0 "$LIMA_CIDATA_MNT" || [ $n -ge 50 ]; do
		sleep 0.1
		n=$((n + 1))
	done
	[ -e "$LIMA_CIDATA_MNT/boot.sh" ]
}

park_names() {
	tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
	cp /proc/sys/kernel/random/uuid $parked/boot_id
	mount --bind $parked/boot_id /proc/sys/kernel/random/boot_id && mount -o remount,bind,ro /proc/sys/kernel/random/boot_id
	name=$(sed -n 's/^local-hostname: //p' "$LIMA_CIDATA_MNT/meta-data")
	echo "$name" >/etc/hostname
	echo "$name" >/proc/sys/kernel/hostname
	(umask 077 && head -c 512 /dev/urandom >/var/lib/systemd/random-seed)
}

# The device begins anew, with the address that the machine was made with: what the driver has read of it before is kept for good.
park_device() {
	[ -e "/sys/bus/virtio/drivers/virtio_net/$device" ] || return 0
	echo "$device" >/sys/bus/virtio/drivers/virtio_net/unbind
	echo "$device" >/sys/bus/virtio/drivers/virtio_net/bind
}

# What cloud-init has written of the address, and its notes of which instance it has done all this for.
park_cloud() {
	new_mac=$(cat "/sys/class/net/$interface/address")
	grep -rlsiF "$old_mac" /etc/netplan /etc/systemd/network /run/systemd/network /etc/udev/rules.d /run/udev/rules.d /var/lib/cloud /run/cloud-init |
		while IFS= read -r f; do sed -i "s/$old_mac/$new_mac/gI" "$f"; done
	# What gives addresses was saved, too, and would take the new one for another guest's: what it has given stays until the next boot.
	[ -z "$address" ] || [ -z "$gateway" ] || grep -rlsF "$new_mac" /run/systemd/network |
		while IFS= read -r f; do sed -i "s|^DHCP=.*|Address=$address\nGateway=$gateway|" "$f"; done
	rm -f /var/lib/cloud/instances/*/obj.pkl
	if [ -d "/var/lib/cloud/instances/$old_iid" ] && [ "$old_iid" != "$LIMA_CIDATA_IID" ]; then
		mv "/var/lib/cloud/instances/$old_iid" "/var/lib/cloud/instances/$LIMA_CIDATA_IID"
		ln -sfn "/var/lib/cloud/instances/$LIMA_CIDATA_IID" /var/lib/cloud/instance
	fi
	for f in instance-id previous-instance-id; do
		echo "$LIMA_CIDATA_IID" >/var/lib/cloud/data/$f
	done
}

# renew: run by the agent, which then says that it is done
park_renew() {
	# shellcheck source=/dev/null # made by park_forget
	. $parked/who
	park_volume || return 1
	take "$LIMA_CIDATA_MNT/lima.env" LIMA_CIDATA_
	park_names && park_cloud && park_device || return 1
	code=0
	run_scripts '02*.sh' '07*.sh'
	[ $code -eq 0 ] && : >$parked/renewed
}

# park: runs as lima-boot.service, from $parked
park() {
	run_scripts '21*.sh' '27*.sh' '30*.sh'
	park_settle
	if [ -e "$errors" ] || ! "$agent" park --probe; then
		say "does not wait"
		run_scripts '02*.sh' '07*.sh'
		park_release
		# shellcheck disable=SC2086 # names of units are words
		systemctl start --no-block $later lima-guestagent.service
	else
		say "waits"
		park_forget
		"$agent" park /bin/sh $parked/boot.sh renew
		case $? in
		0) ;;
		# the host has gone in the meantime
		3) /bin/sh $parked/boot.sh renew || exit 1 ;;
		*) exit 1 ;;
		esac
		# shellcheck source=/dev/null # made by park_forget
		. $parked/who
		# shellcheck disable=SC2086 # names of units are words
		systemctl start --no-block $running lima-guestagent.service
		rm -rf "/var/log/journal/$old_id" "/run/log/journal/$old_id"
		systemctl --no-block restart systemd-journald.service
		say "goes on"
	fi
	: >$parked/dependencies
	/bin/sh "$LIMA_CIDATA_MNT/boot.sh" late
	code=$?
	# process 1 knows the identifier of before, and has made its tables' seeds
	[ ! -e $parked/renewed ] || systemctl daemon-reexec
}
