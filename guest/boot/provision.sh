#!/bin/sh
# provision.sh: provision.{data,yq,system,user} of the volume, and the password. Read by boot.sh, which calls provision_all,
# and by the tiny guest for single functions; both have `say` and `failed`, the first `said`, too. (Mode boot runs in cloud-init's bootcmd, mode dependency in boot.Linux/30.)
# shellcheck disable=SC2154 # rc is run's
set -u

# What each has done in this boot is kept for the host, which knows it as a thing of its own: a file each, of exit status, when it
# began and ended (seconds after the boot), and the end of what it said.
records=${LIMA_RUN:-/run}/lima-provision
output=/var/log/cloud-init-output.log

record_begin() {
	from=0 began=0
	[ ! -r "$output" ] || from=$(($(wc -c <"$output") + 1))
	[ ! -r /proc/uptime ] || read -r began _ </proc/uptime
}

# record_end NAME STATUS
record_end() {
	ended=$began
	[ ! -r /proc/uptime ] || read -r ended _ </proc/uptime
	mkdir -p "$records" && chmod 700 "$records" || return 0
	{
		echo "$2 $began $ended"
		[ "$from" = 0 ] || tail -c "+$from" "$output" | grep -v '^LIMA ' | tail -c 16000
	} >"$records/$1" || :
}

# bad WORDS: what was to be done is not done
bad() {
	rc=1
	failed "$*"
}

# setting PREFIX NUMBER KEY: the value of LIMA_CIDATA_<PREFIX>_<NUMBER>_<KEY>, in `value`. The number is a file's name.
setting() {
	value=
	case $2 in *[!0-9]* | '') return ;; esac
	eval "value=\${LIMA_CIDATA_$1_$2_$3-}"
}

# as_user USER COMMAND...: with his rights, and without the login that sudo makes of it where that can be had
as_user() {
	who=$1
	shift
	if [ "$who" = root ] || [ "$who" = 0 ]; then
		"$@"
	elif command -v setpriv >/dev/null && gid=$(id -g "$who"); then
		setpriv --reuid="$who" --regid="$gid" --init-groups "$@"
	else
		sudo -iu "$who" "$@"
	fi
}

provision_data() {
	n=${1##*/} rc=0
	setting DATAFILE "$n" PATH; path=$value
	setting DATAFILE "$n" OVERWRITE; overwrite=$value
	setting DATAFILE "$n" OWNER; owner=$value
	setting DATAFILE "$n" PERMISSIONS; permissions=$value
	[ -n "$path" ] || { bad "provision.data/$n: no path"; return; }
	if [ -e "$path" ] && [ "$overwrite" = false ]; then
		say "$path is there already"
		return
	fi
	say "provision.data/$n: $path"
	folder=${path%/*}
	if [ -n "$folder" ] && [ ! -d "$folder" ] && ! as_user "${owner%%:*}" mkdir -p "$folder"; then
		say "${owner%%:*} cannot make $folder: root makes it"
		mkdir -p "$folder"
	fi
	# a new file is nobody's until it is whole; one that is there keeps its place, links to it and label
	if { [ -e "$path" ] || (umask 077 && : >"$path"); } && cp "$1" "$path" && chown "$owner" "$path" &&
		chmod "$permissions" "$path"; then
		return
	fi
	bad "provision.data/$n: $path cannot be written"
}

yq() {
	"$LIMA_CIDATA_MNT/yq/lima-yq" "$@"
}

# what yq is to write where there is no file yet
yq_format() {
	case $1 in
	*.csv) format=csv ;;
	*.ini) format=ini ;;
	*.json) format=json ;;
	*.properties) format=properties ;;
	*.toml) format=toml ;;
	*.tsv) format=tsv ;;
	*.xml) format=xml ;;
	*) format=yaml ;;
	esac
}

provision_yq() {
	n=${1##*/} rc=0
	setting YQ_PROVISION "$n" PATH; path=$value
	setting YQ_PROVISION "$n" FORMAT; format=$value
	setting YQ_PROVISION "$n" OWNER; owner=$value
	setting YQ_PROVISION "$n" PERMISSIONS; permissions=$value
	user=${owner%%:*}
	say "provision.yq/$n: $path"
	folder=${path%/*}
	if [ -n "$folder" ] && [ ! -d "$folder" ] && ! as_user "$user" mkdir -p "$folder"; then
		bad "provision.yq/$n: $user cannot make $folder"
		return
	fi
	# the volume is root's alone, so it is root who reads it, and the owner who writes: the file that is there, where it is
	set -- "$1" --output-format "$format"
	if [ -f "$path" ]; then
		as_user "$user" test -w "$path" || { bad "provision.yq/$n: $user may not write $path"; return; }
		set -- "$@" --input-format "$format" "$path"
	else
		[ "$format" != auto ] || yq_format "$path"
		set -- "$1" --output-format "$format" --null-input
	fi
	if ! text=$(yq --from-file "$@") || ! printf '%s\n' "$text" | as_user "$user" tee "$path" >/dev/null; then
		bad "provision.yq/$n: $path cannot be written"
		return
	fi
	as_user "$user" chown "$owner" "$path" || bad "provision.yq/$n: $path: owner $owner"
	as_user "$user" chmod "$permissions" "$path" || bad "provision.yq/$n: $path: permissions $permissions"
}

provision_system() {
	say "provision.system/${1##*/}"
	"$1" </dev/null
	rc=$?
	[ $rc -eq 0 ] || failed "provision.system/${1##*/}: exit status $rc$(said)"
}

# the names of all PARAM_ variables, with commas: what sudo is to let through
param_names() {
	names=
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in PARAM_*=*) names=${names:+$names,}${line%%=*} ;; esac
	done <"$LIMA_CIDATA_MNT/param.env"
}

# The user's session must be up: scripts talk to systemd --user. Starting its unit waits for it, and starts nothing twice.
user_session() {
	[ -d /run/systemd/system ] && [ "$LIMA_OS" = Linux ] || return 0
	systemctl start "user@$LIMA_CIDATA_UID.service" || failed "the session of $LIMA_CIDATA_USER does not start"
}

provision_user() {
	script=$LIMA_CIDATA_HOME/.lima-user-script
	say "provision.user/${1##*/} (as $LIMA_CIDATA_USER)"
	# a new file, not what a link of that name points to
	if rm -f "$script" && cp "$1" "$script" && chown "$LIMA_CIDATA_USER" "$script" && chmod 755 "$script"; then
		sudo -iu "$LIMA_CIDATA_USER" --preserve-env="$names" ${session:+"$session"} "$script" </dev/null
		rc=$?
	else
		rc=1
	fi
	rm -f "$script"
	[ $rc -eq 0 ] || failed "provision.user/${1##*/}: exit status $rc$(said)"
}

# Where sudo asks for a password there must be one: made once, and left where its owner finds it.
set_password() {
	[ "${LIMA_CIDATA_PASSWORDLESS_SUDO:-}" != 1 ] && [ "$LIMA_OS" != Darwin ] || return 0
	[ ! -e "$LIMA_CIDATA_HOME/.lima-password-set" ] || return 0
	password=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
	[ ${#password} -eq 16 ] || { failed "no random numbers for a password"; return; }
	if command -v chpasswd >/dev/null; then
		echo "$LIMA_CIDATA_USER:$password" | chpasswd
	elif command -v pw >/dev/null; then
		echo "$password" | pw usermod "$LIMA_CIDATA_USER" -h 0
	else
		false
	fi || { failed "the password cannot be set"; return; }
	rm -f "$LIMA_CIDATA_HOME/password"
	(umask 077 && echo "$password" >"$LIMA_CIDATA_HOME/password")
	: >"$LIMA_CIDATA_HOME/.lima-password-set"
	chown "$LIMA_CIDATA_USER" "$LIMA_CIDATA_HOME/password" "$LIMA_CIDATA_HOME/.lima-password-set" ||
		failed "$LIMA_CIDATA_HOME/password: owner"
}

# provision_each KIND: all of that kind, in their order
provision_each() {
	for f in "$LIMA_CIDATA_MNT/provision.$1"/*; do
		[ -f "$f" ] || continue
		record_begin
		"provision_$1" "$f"
		record_end "provision.$1.${f##*/}" "$rc"
	done
}

provision_all() {
	provision_each data
	provision_each yq
	provision_each system
	if [ -d "$LIMA_CIDATA_MNT/provision.user" ]; then
		param_names
		session=
		[ "$LIMA_OS" != Linux ] || session=XDG_RUNTIME_DIR=/run/user/$LIMA_CIDATA_UID
		user_session
		provision_each user
	fi
	set_password
}
