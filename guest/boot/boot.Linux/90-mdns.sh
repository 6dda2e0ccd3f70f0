#!/bin/sh
# mDNS on every link, which forget it with each boot. (systemd-resolved's own half is in 10-systemd-files.)
set -eu
[ -d /run/systemd/resolve ] && command -v resolvectl >/dev/null || exit 0
for link in /sys/class/net/*; do
	link=${link##*/}
	[ "$link" = lo ] || resolvectl mdns "$link" yes || :
done
