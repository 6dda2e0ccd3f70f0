#!/bin/sh
# boot.sh [begin|early|late|park|renew]: brings the guest into the state that lima.yaml asks for, on every boot.
#
# Two phases. `early` is what needs no user account and should be there before anybody logs in; `late` is all the
# rest, the user's provisioning included. Scripts whose names begin with 0 or 1 are early, those from 2 to 8 late, and
# those with 9 come after the guest has been called done: what nobody waits for.
#
#   begin   run by cloud-init's bootcmd, before it makes the user and before sshd: early, and with systemd a unit
#           that runs `late` the moment cloud-init's second stage is through, beside sshd's start
#   (none)  run by cloud-init's last stage, or by guests without cloud-init: waits for that unit where there is
#           one, otherwise both phases, here and now
#   park    run by that unit in place of `late`, where the host saves machines in their boot (park.sh); renew: by `park`
#
# A script is read into a subshell of this one shell; only one that asks for another interpreter is executed.
# Variables: lima.env, param.env and etc_environment of the volume, and LIMA_CIDATA_MNT.
set -u
LIMA_CIDATA_MNT=${LIMA_CIDATA_MNT:-/mnt/lima-cidata}
LIMA_OS=Linux LIMA_RUN=/run
[ -e /proc/sys/kernel/ostype ] || { LIMA_OS=$(uname -s) LIMA_RUN=/var/run; }
LIMA_REBOOT_REQUIRED=$LIMA_RUN/lima-reboot-required
PATH=$LIMA_CIDATA_MNT/util:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOME=${HOME:-/root}
export LIMA_CIDATA_MNT LIMA_OS LIMA_RUN LIMA_REBOOT_REQUIRED PATH HOME
errors=$LIMA_RUN/lima-boot-errors
unit=/run/systemd/system/lima-boot.service
parked=/run/lima-park
code=0

say() {
	up=
	[ ! -r /proc/uptime ] || read -r up _ </proc/uptime
	echo "LIMA $up| $*"
}
# one line for each thing that went wrong: the host reads them
failed() {
	say "WARNING: $*"
	echo "$*" >>"$errors"
	code=1
}

# "; it said: ..." of the script that was begun last: the end of its output, in one line
said() {
	[ -r /var/log/cloud-init-output.log ] || return 0
	tail -n 4 /var/log/cloud-init-output.log | sed -n -e '/^LIMA /{' -e 's/.*//' -e h -e d -e '}' -e H \
		-e '${' -e x -e 's/\n/ | /g' -e 's/^ | /; it said: /' -e p -e '}' | cut -c 1-180
}

# take FILE PREFIX: exports its lines NAME=VALUE; the value is all that follows, whatever it is
take() {
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in "$2"*=*) ;; *) continue ;; esac
		case ${line%%=*} in *[!A-Za-z0-9_]*) ;; *) export "${line?}" ;; esac
	done <"$1"
}

# the same as pam_env reads /etc/environment: # ends a line, `export ` and quotes around a value are dropped
take_environment() {
	while IFS= read -r line || [ -n "$line" ]; do
		line=${line%%#*}
		line=${line#"${line%%[!	 ]*}"}
		line=${line#export }
		case ${line%%=*} in [!A-Za-z_]* | *[!A-Za-z0-9_]* | '') continue ;; esac
		case $line in *=*) ;; *) continue ;; esac
		value=${line#*=}
		case $value in
		[\"\']*) value=${value#?} value=${value%[\"\']} ;;
		esac
		export "${line%%=*}=$value"
	done <"$1"
}

# run FILE: in a subshell; sets rc
run() {
	first=
	IFS= read -r first <"$1" || :
	# shellcheck disable=SC1090 # which file, only this boot knows
	case $first in
	'#!/bin/sh' | '#!/bin/sh '* | '#! /bin/sh') (. "$1") ;;
	*) "$1" ;;
	esac
	rc=$?
}

# run_all FOLDER PATTERN...
run_all() {
	folder=$LIMA_CIDATA_MNT/$1
	shift
	[ -d "$folder" ] || return 0
	for pattern; do
		# shellcheck disable=SC2231 # it is a pattern
		for f in "$folder"/$pattern; do
			[ -f "$f" ] || continue
			say "${f#"$LIMA_CIDATA_MNT/"}"
			run "$f"
			[ "$rc" -eq 0 ] || failed "${f#"$LIMA_CIDATA_MNT/"}: exit status $rc$(said)"
		done
	done
}

run_scripts() {
	run_all "boot.essential.$LIMA_OS" "$@"
	[ "${LIMA_CIDATA_PLAIN:-}" = 1 ] || run_all "boot.$LIMA_OS" "$@"
}

early() {
	rm -f "$LIMA_RUN/lima-boot-done" "$LIMA_REBOOT_REQUIRED" "$errors"
	run_scripts '[01]*.sh'
}

# cloud-init's third stage has begun beside us. Nobody waits for it, but everybody for us, and for the first login.
give_way() {
	while read -r pid; do
		renice -n 10 -p "$pid" >/dev/null || :
	done </sys/fs/cgroup/system.slice/cloud-config.service/cgroup.procs
}

late() {
	[ ! -r /sys/fs/cgroup/system.slice/cloud-config.service/cgroup.procs ] || give_way
	run_scripts '[2-8]*.sh'
	# provisioning is one script of functions: it shares the state of this shell
	# shellcheck source=provision.sh
	. "$LIMA_CIDATA_MNT/provision.sh"
	provision_all
	if [ -e "$LIMA_REBOOT_REQUIRED" ]; then
		# sshd may answer for a while yet: not a guest that is ready
		say "a reboot is on its way: not done"
	else
		echo "$LIMA_CIDATA_IID" >"$LIMA_RUN/lima-boot-done"
	fi
	say "done, status $code"
	run_scripts '9*.sh'
}

# begin: in its own unit the late phase is neither killed with, nor waited for by, the stage that we are called from
begin() {
	boot="$LIMA_CIDATA_MNT/boot.sh late" wants=lima-guestagent.service
	if park_asked; then
		park_prepare
		boot="$parked/boot.sh park" wants=
	fi
	early
	# packages are upgraded in cloud-init's last stage, and that comes first
	[ -d /run/systemd/system ] && [ "${LIMA_CIDATA_UPGRADE_PACKAGES:-}" != 1 ] || return 0
	mkdir -p "${unit%/*}"
	cat >"$unit" <<-END
		[Unit]
		Description=Lima boot scripts
		After=cloud-init.service cloud-init-network.service
		Wants=$wants

		[Service]
		Type=oneshot
		RemainAfterExit=yes
		Environment=LIMA_CIDATA_MNT=$LIMA_CIDATA_MNT
		ExecStart=/bin/sh $boot
		StandardOutput=append:/var/log/cloud-init-output.log
		StandardError=inherit
		TasksMax=infinity
	END
	systemctl start --no-block lima-boot.service || failed "lima-boot.service cannot be started"
}

if [ -e "$LIMA_CIDATA_MNT/lima.env" ]; then
	take "$LIMA_CIDATA_MNT/lima.env" LIMA_CIDATA_
	take "$LIMA_CIDATA_MNT/param.env" PARAM_
	take_environment "$LIMA_CIDATA_MNT/etc_environment"
fi
# shellcheck source=park.sh
[ ! -r "${0%/*}/park.sh" ] || . "${0%/*}/park.sh"
case ${1:-} in
begin) begin ;;
park) park ;;
renew) park_renew || exit 1 ;;
early) early ;;
late) late ;;
*)
	# it waits for cloud-init, and not cloud-init for it
	[ ! -e $parked/boot.sh ] || exit 0
	if [ -e "$unit" ]; then
		# one that has failed has run, too: starting it would be doing it all again
		[ "$(systemctl show -p ActiveState --value lima-boot.service)" != failed ] || exit 1
		exec systemctl start lima-boot.service
	fi
	early
	late
	;;
esac
exit $code
