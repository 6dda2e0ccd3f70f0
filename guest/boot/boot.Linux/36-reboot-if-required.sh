#!/bin/sh
# After an upgrade cloud-init reboots where apt asks for it, but not where dnf does.
set -eu
[ "${LIMA_CIDATA_UPGRADE_PACKAGES:-}" = 1 ] && command -v dnf >/dev/null || exit 0
status=0
LC_ALL=C.UTF-8 dnf needs-restarting -r || status=$?
# 1: yes; anything else: no, or it cannot tell
[ $status -eq 1 ] || exit 0
: >"$LIMA_REBOOT_REQUIRED"
systemctl --no-block reboot
