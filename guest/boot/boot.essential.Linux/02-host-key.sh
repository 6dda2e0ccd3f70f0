#!/bin/sh
# The host knows this guest by the SSH host key that it gave it: that one is served, whatever the image, an earlier boot or
# another machine that this disk was copied from brought along. Keys of other kinds stay.
set -u
umask 077
changed=
# one that is to be saved, and to become others, never had it
[ -z "${LIMA_PARKS:-}" ] || exit 0
# where cloud-init is not to make away with the keys of an image, since it would with this one, too
if [ ! -e /var/lib/cloud/instance/sem/config_ssh ] && grep -qsx 'ssh_deletekeys: false' "$LIMA_CIDATA_MNT/user-data"; then
	rm -f /etc/ssh/ssh_host_*
fi

# put FILE TO
put() {
	[ -r "$LIMA_CIDATA_MNT/$1" ] && [ -d "${2%/*}" ] || return 0
	! cmp -s "$LIMA_CIDATA_MNT/$1" "$2" || return 0
	cp "$LIMA_CIDATA_MNT/$1" "$2.lima" && mv -f "$2.lima" "$2" || return 1
	! command -v restorecon >/dev/null || restorecon "$2"
	changed=1
}

put ssh_host_ed25519_key /etc/ssh/ssh_host_ed25519_key || exit 1
put dropbear_ed25519_host_key /etc/dropbear/dropbear_ed25519_host_key || exit 1
[ -n "$changed" ] || exit 0
# the public half, where there is one, belongs to another key now
if [ -e /etc/ssh/ssh_host_ed25519_key ] && command -v ssh-keygen >/dev/null; then
	ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key >/etc/ssh/ssh_host_ed25519_key.pub && chmod 644 /etc/ssh/ssh_host_ed25519_key.pub
fi
# a server that has begun already has read another one
if [ -d /run/systemd/system ]; then
	systemctl --no-block try-restart ssh.service sshd.service dropbear.service 2>/dev/null
elif command -v rc-service >/dev/null; then
	for service in sshd dropbear; do
		! rc-service -q "$service" status >/dev/null 2>&1 || rc-service "$service" restart
	done
fi
exit 0
