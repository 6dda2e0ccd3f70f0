#!/bin/sh
# Alpine's cloud images come with a user `alpine`, uid 1000: the number that Lima's user usually wants. Without that
# user, and with cloud-init's memory wiped, the next boot makes ours.
set -eu
[ -f /etc/alpine-release ] || exit 0
sudoers=/etc/sudoers.d/00-root-user
if [ -d "${sudoers%/*}" ] && [ ! -e "$sudoers" ]; then
	# user scripts are run with sudo, by root
	(umask 0227 && echo 'root ALL=(ALL) NOPASSWD:ALL' >"$sudoers")
fi
[ "$LIMA_CIDATA_USER" != alpine ] && [ "$(id -u alpine 2>/dev/null || :)" = 1000 ] || exit 0
deluser --remove-home alpine 2>/dev/null || userdel -r alpine
cloud-init clean --logs
: >"$LIMA_REBOOT_REQUIRED"
reboot
