#!/bin/sh
# /etc/environment: the block between our two marks, and no other line of it. Then logins may begin.
set -eu
file=/etc/environment
nl='
'
old='' new='' ours=
[ ! -f $file ] || while IFS= read -r line || [ -n "$line" ]; do
	old=$old$line$nl
	case $line in
	'#LIMA-START'*) ours=1 ;;
	'#LIMA-END'*) ours= ;;
	*) [ -n "$ours" ] || new=$new$line$nl ;;
	esac
done <$file
while IFS= read -r line || [ -n "$line" ]; do new=$new$line$nl; done <"$LIMA_CIDATA_MNT/etc_environment"
if [ "$old" != "$new" ]; then
	printf %s "$new" >$file.lima
	chmod 644 $file.lima
	mv -f $file.lima $file
	# a session that is there already has the variables of before; it is rare, as this comes before sshd
	if [ -e "/run/systemd/users/$LIMA_CIDATA_UID" ]; then
		loginctl terminate-user "$LIMA_CIDATA_USER" || :
	fi
fi
[ -n "${LIMA_PARKS:-}" ] || echo "$LIMA_CIDATA_IID" >/run/lima-ssh-ready
