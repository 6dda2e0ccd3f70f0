#!/usr/bin/env bats
# Which process may do what: the table in HACKING.md, read from /proc of a running instance.
load helper
load table

setup_file() {
	home_begin
	mkdir -p "$WORK/rw" "$WORK/ro" "$WORK/other/shared"
	[ "$(id -u)" != 0 ] || chown -R 61000:61000 "$WORK/other"
	chmod 700 "$WORK/other"
	sed "s|\.\./build|$REPO/build|; /^plain:/d" "$REPO/examples/tiny.yaml" >"$WORK/t.yaml"
	cat >>"$WORK/t.yaml" <<-EOF
		containerd: {system: false, user: false}
		mountType: reverse-sshfs
		mounts:
		- location: $WORK/ro
		- location: $WORK/rw
		  writable: true
		- location: $WORK/other/shared
		  writable: true
	EOF
	GITHUB_TOKEN=a-secret AWS_SECRET_ACCESS_KEY=a-secret apply "$WORK/t.yaml"
}

teardown_file() {
	home_end
}

children() { pgrep -P "$1" || true; }

# the pids of a row's process
pids_of() {
	local agent helper
	agent=$(cat "$LIMA_HOME/t/ha.pid")
	helper=$(children "$agent")
	case $1 in
	'host agent') echo "$agent" ;;
	helper) echo "$helper" ;;
	QEMU) cat "$LIMA_HOME/t/qemu.pid" ;;
	'server of a folder') children "$helper" | grep -vx "$(cat "$LIMA_HOME/t/qemu.pid")" ;;
	esac
}

rows() { printf '%s\n' 'host agent' helper QEMU 'server of a folder'; }

@test "each process has the user, the capabilities and the walls that the table gives it" {
	n=0
	while read -r row; do
		for pid in $(pids_of "$row"); do
			n=$((n + 1))
			as_in_table "$row" "$pid"
		done
	done < <(rows)
	# three folders, so three servers
	[ $n -eq 6 ] || { echo "$n processes"; false; }
}

@test "each row of the table has a test that holds it against what runs" {
	while read -r row; do
		# a screen needs a desktop: which user such a QEMU gets is test_qemu.c's
		[[ $row != 'QEMU with a screen'* ]] || continue
		grep -qF "$row" "$REPO"/tests/e2e/{confined,devices,network,mounts}.bats "$REPO"/tests/fake/external.bats "$REPO"/tests/fake/suspend.bats "$REPO/tests/unit/base/test_sandbox.c" || { echo "no test names: $row"; false; }
	done < <(table_rows)
}

@test "the shell's environment is in none of them" {
	while read -r row; do
		for pid in $(pids_of "$row"); do
			! tr '\0' '\n' <"/proc/$pid/environ" | grep -q a-secret || { echo "$row: $(tr '\0' ' ' <"/proc/$pid/environ")"; false; }
			tr '\0' '\n' <"/proc/$pid/environ" | grep -q '^PATH='
		done
	done < <(rows)
}

@test "helper and servers listen nowhere, and hold a handful of descriptors; what listens is on loopback" {
	for row in helper 'server of a folder'; do
		for pid in $(pids_of "$row"); do
			[ "$(find "/proc/$pid/fd" -type l | wc -l)" -le 8 ] || { ls -l "/proc/$pid/fd"; false; }
			! ss -Hltnup | grep "pid=$pid," || false
		done
	done
	for pid in $(pids_of 'host agent') $(pids_of QEMU); do
		! ss -Hltnup | grep "pid=$pid," | awk '{ print $5 }' | grep -v '^127\.0\.0\.1:' || false
	done
}

@test "QEMU has open what it was given, and cannot open a file of the user's" {
	pid=$(pids_of QEMU)
	tr '\0' '\n' <"/proc/$pid/cmdline" | grep -q '^on,obsolete=deny,elevateprivileges=[a-z]*,spawn=deny,resourcecontrol=deny$'
	[ "$(id -u)" = 0 ] || return 0
	user=$(status_of "$pid" Uid)
	run ! setpriv --reuid "$user" --regid "$user" --clear-groups cat "$LIMA_HOME/t/lima.yaml"
	run ! setpriv --reuid "$user" --regid "$user" --clear-groups cat "$LIMA_HOME/_config/user"
}

@test "what a guest writes into a folder belongs to who owns the folder" {
	limactl shell --workdir / t sh -c "echo x >'$WORK/rw/new'"
	[ "$(stat -c %u:%a "$WORK/rw/new")" = "$(stat -c %u "$WORK/rw"):644" ]
	limactl shell --workdir / t sh -c "echo x >'$WORK/other/shared/new'"
	[ "$(stat -c %u "$WORK/other/shared/new")" = "$(stat -c %u "$WORK/other")" ]
	run ! limactl shell --workdir / t sh -c "echo x >'$WORK/ro/new'"
}

@test "a set-user-ID file that a guest writes to is none any more" {
	echo x >"$WORK/rw/tool"
	chmod 6755 "$WORK/rw/tool"
	limactl shell --workdir / t sh -c "echo y >>'$WORK/rw/tool' || sudo sh -c 'echo y >>$WORK/rw/tool'"
	[ "$(stat -c %a "$WORK/rw/tool")" = 755 ]
}

# the row "ssh, rsync and limactl mcp"
@test "the master that ssh leaves behind, and limactl mcp, have none of the shell's tokens and get no new privileges" {
	GITHUB_TOKEN=a-secret limactl shell --over ssh --workdir / t true
	pid=$(pgrep -f "$LIMA_HOME/t/ssh.sock" | head -1)
	[ "$(status_of "$pid" NoNewPrivs)" = 1 ]
	! grep -qa a-secret "/proc/$pid/environ" || false
	GITHUB_TOKEN=a-secret limactl mcp serve t < <(sleep 3) >/dev/null &
	sleep 1
	pid=$(pgrep -f 'limactl-mcp.* serve t' | head -1)
	[ "$(status_of "$pid" NoNewPrivs)" = 1 ]
	! grep -qa a-secret "/proc/$pid/environ" || false
	wait
}

@test "when the helper is killed the machine stays, and a restart of the agent brings a new one" {
	kill -9 "$(pids_of helper)"
	qemu=$(cat "$LIMA_HOME/t/qemu.pid")
	[ "$(limactl shell --workdir / t echo here)" = here ]
	kill -9 "$(cat "$LIMA_HOME/t/ha.pid")"
	apply t
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$qemu" ]
	[ -n "$(pids_of helper)" ]
	limactl stop t
	# whoever has it now may not have reaped it yet
	[ ! -e "/proc/$qemu" ] || grep -q '^State:.Z' "/proc/$qemu/status"
}
