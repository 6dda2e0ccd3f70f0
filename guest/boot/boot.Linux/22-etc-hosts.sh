#!/bin/sh
# host.lima.internal for programs that ask /etc/hosts. cloud-init may write that file in each boot, before this.
set -eu
file=/etc/hosts
nl='
'
old='' new=''
[ ! -f $file ] || while IFS= read -r line || [ -n "$line" ]; do
	old=$old$line$nl
	case "$line " in
	*[!A-Za-z0-9.-]host.lima.internal[!A-Za-z0-9.-]*) ;;
	*) new=$new$line$nl ;;
	esac
done <$file
[ -z "$LIMA_CIDATA_SLIRP_GATEWAY" ] || new="$new$LIMA_CIDATA_SLIRP_GATEWAY	host.lima.internal$nl"
[ "$old" = "$new" ] || printf %s "$new" >$file
