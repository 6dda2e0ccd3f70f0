#!/bin/sh
# cloud-init sets the time zone in its third stage, which provisioning does not wait for.
set -eu
zone=${LIMA_CIDATA_TIMEZONE:-}
file=/usr/share/zoneinfo/$zone
[ -n "$zone" ] && [ -f "$file" ] || exit 0
[ "$(readlink /etc/localtime || :)" = "$file" ] || ln -sf "$file" /etc/localtime
[ ! -f /etc/timezone ] || echo "$zone" >/etc/timezone
