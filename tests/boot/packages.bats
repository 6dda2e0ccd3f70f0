#!/usr/bin/env bats
# What the boot scripts install, in guests of every family: packages.table, line by line.
load helper

setup_file() {
	guests_begin
}

teardown_file() {
	guests_end
}

# line GUEST SETTINGS THERE CALLS
line() {
	local word
	guest "$1"
	for word in $2; do set_env "${word%%=*}" "${word#*=}"; done
	for word in $3; do
		case $word in
		-iptables) without iptables iptables-restore ;;
		-*) without "${word#-}" ;;
		*) stand_in "$word" ;;
		esac
	done
	# of this one script only
	find "$CIDATA"/boot*.Linux -type f ! -name '30-*' -delete
	boot
	[ "$(grep -E '^(apt-get|dnf|yum|zypper|pacman|apk) ' "$ROOT/log" 2>/dev/null)" = "$(tr ';' '\n' <<<"$4" | sed 's/^ *//; s/ *$//')" ]
}

@test "each line of the table" {
	local bad=0 n=0
	while IFS='|' read -r name settings there calls; do
		n=$((n + 1))
		line "${name// /}" "$settings" "$there" "$calls" && [ ! -s "$ROOT/run/lima-boot-errors" ] && continue
		bad=$((bad + 1))
		echo "$name | $settings | $there | $calls"
		cat "$ROOT/log" "$ROOT/said"
	done < <(grep -v '^#' "$REPO/tests/boot/packages.table")
	echo "$n lines, $bad failed"
	[ "$n" -ge 23 ]
	[ "$bad" = 0 ]
}

@test "dependency scripts come first, and if one fails nothing is installed, and that is said" {
	guest debian
	without rsync
	mkdir "$CIDATA/provision.dependency"
	printf '#!/bin/sh\necho "first $PARAM_Word" >>/log\n' >"$CIDATA/provision.dependency/00000000"
	chmod 755 "$CIDATA/provision.dependency/00000000"
	boot
	[ "$(grep -nE '^(first two words|apt-get .* install)' "$ROOT/log" | cut -d: -f2 | cut -d' ' -f1 | xargs)" = 'first apt-get' ]
	: >"$ROOT/log"
	echo 'exit 3' >>"$CIDATA/provision.dependency/00000000"
	run -1 boot
	never_called apt-get
	holds run/lima-boot-errors 'boot.Linux/30-install-packages.sh: exit status 1'
}

@test "where there is no package manager that is known, it says what is missing" {
	guest debian
	without apt-get rsync
	run -1 boot
	grep -q 'missing: rsync - and no package manager is known' "$ROOT/said"
}
