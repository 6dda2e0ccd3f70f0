# tests/fake/kills.bash - a limactl that is killed on its way: at a boundary of its steps, or at any call that others see (nth.c).
# Each fails once there are not that many, so that a loop over N ends there.

kills_file() {
	export BATS_FILE_TMPDIR
	gcc -shared -fPIC -o "$BATS_FILE_TMPDIR/nth.so" "$BATS_TEST_DIRNAME/nth.c"
}

# WORD...: it was killed
is_killed() {
	local rc=0
	limactl "$@" >"$WORK/log" 2>&1 || rc=$?
	[ $rc -ne 0 ] || return 1
	[ $rc -eq 137 ] || { cat "$WORK/log"; false; }
}

# N FOLDER WORD...: at its N-th call that is about something in that folder
killed_in() { NTH=$1 NTH_PATH=$2 LD_PRELOAD=$BATS_FILE_TMPDIR/nth.so is_killed "${@:3}"; }

# N WORD...: at its N-th boundary
killed_at() { LIMACTL_TEST_KILL_AT=$1 is_killed "${@:2}"; }

# N: every other time the database is lost, too
lose_database() { [ $(($1 % 2)) -eq 0 ] || rm -f "$LIMA_HOME"/_state/state.db*; }

# A home, and in it f.yaml of a machine with a disk that holds what is written to it.
qcow2_begin() {
	home_begin
	cd "$WORK" || return
	qemu-img create -q -f qcow2 image 1M
	fake_yaml | sed "s|location: .*|location: $WORK/image|" >f.yaml
}
qcow2_end() {
	cd /
	home_end
}

# is the instance as it is wanted, and which process is its machine?
settled() { limactl plan f | grep -q 'Nothing to do'; }
machine() { cat "$LIMA_HOME/f/fake.pid"; }
