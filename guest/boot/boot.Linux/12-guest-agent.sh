#!/bin/sh
# The guest agent: installed where it differs, and a service that later boots start by themselves.
set -eu
[ -f "$LIMA_CIDATA_MNT/lima-guestagent" ] || exit 0
program=$LIMA_CIDATA_GUEST_INSTALL_PREFIX/bin/lima-guestagent
nl='
'

# how the host talks to it: vsock, a virtio port, or a socket that the user may open
if [ "${LIMA_CIDATA_VSOCK_PORT:-0}" != 0 ]; then
	arguments="--vsock-port $LIMA_CIDATA_VSOCK_PORT"
elif [ -n "${LIMA_CIDATA_VIRTIO_PORT:-}" ]; then
	arguments="--virtio-port $LIMA_CIDATA_VIRTIO_PORT"
else
	arguments="--socket-owner $LIMA_CIDATA_UID"
fi
[ "${LIMA_CIDATA_DEBUG:-}" != true ] || arguments="--debug $arguments"

changed=
cmp -s "$LIMA_CIDATA_MNT/lima-guestagent" "$program" || {
	mkdir -p "${program%/*}"
	cp "$LIMA_CIDATA_MNT/lima-guestagent" "$program.new"
	chmod 755 "$program.new"
	mv -f "$program.new" "$program"
	changed=1
}

# put FILE TEXT MODE: writes it if that is not what it says
put() {
	was=
	[ ! -f "$1" ] || while IFS= read -r line || [ -n "$line" ]; do was=$was$line$nl; done <"$1"
	[ "$was" != "$2" ] || return 0
	mkdir -p "${1%/*}"
	printf %s "$2" >"$1"
	chmod "$3" "$1"
	changed=1
}

if [ -e /sbin/openrc-run ]; then
	put /etc/conf.d/lima-guestagent "$(sed "s/'/'\\\\''/g; s/^\\(LIMA_CIDATA_[A-Za-z0-9_]*\\)=\\(.*\\)/\\1='\\2'/" "$LIMA_CIDATA_MNT/lima.env")$nl" 600
	put /etc/init.d/lima-guestagent "#!/sbin/openrc-run
supervisor=supervise-daemon
name=lima-guestagent
description='Lima guest agent'
command=$program
command_args='daemon $arguments'
pidfile=/run/lima-guestagent.pid
output_log=/var/log/lima-guestagent.log
error_log=/var/log/lima-guestagent.log
" 755
	[ -e /etc/runlevels/default/lima-guestagent ] || rc-update -q add lima-guestagent default
	[ -z "$changed" ] || rc-service -q --ifstarted lima-guestagent restart
	rc-service -q --ifstopped lima-guestagent start
	exit
fi
[ -d /run/systemd/system ] || exit 0
unit=/etc/systemd/system/lima-guestagent.service
# it ran before this: from the last boot's unit, which is what systemd has read
known=
[ ! -e "$unit" ] || known=1
put "$unit" "[Unit]
Description=Lima guest agent

[Service]
Type=simple
ExecStart=$program daemon $arguments --runtime-dir=\"%t/%N\"
Restart=on-failure
KillMode=process
OOMPolicy=continue
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target
" 644
wants=/etc/systemd/system/multi-user.target.wants
[ -L $wants/lima-guestagent.service ] || {
	mkdir -p $wants
	ln -sf ../lima-guestagent.service $wants/lima-guestagent.service
}
# the first start is lima-boot.service's, which wants it
if [ -n "$known" ] && [ -n "$changed" ]; then
	systemctl daemon-reload
	systemctl --no-block restart lima-guestagent.service
fi
