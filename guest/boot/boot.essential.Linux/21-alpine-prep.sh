#!/bin/sh
# What the host relies on in plain mode too: sudo, logins by key, TCP forwarding, /etc/environment, the power button.
set -eu
[ -f /etc/alpine-release ] && [ ! -e "$LIMA_REBOOT_REQUIRED" ] || exit 0

branch=edge
read -r version </etc/alpine-release
case $version in
*_*) ;;
*.*.*) branch=v${version%.*} ;;
esac
for repo in main community; do
	url=https://dl-cdn.alpinelinux.org/alpine/$branch/$repo
	grep -qx "$url" /etc/apk/repositories || echo "$url" >>/etc/apk/repositories
done
command -v sudo >/dev/null || apk add sudo

# "!" for a password locks the account where there is no PAM, "*" does not
usermod -p '*' "$LIMA_CIDATA_USER"
config=/etc/ssh/sshd_config
if grep -qE '^AllowTcpForwarding no|^#UsePAM no' $config; then
	sed -i 's/^AllowTcpForwarding no/AllowTcpForwarding yes/; s/^#UsePAM no/UsePAM yes/' $config
	rc-service --ifstarted sshd reload
fi
[ ! -e /etc/init.d/acpid ] || {
	rc-update -q add acpid
	rc-service -q --ifstopped acpid start
}
