# tests/cluster/helper.bash - the beds of tests/cluster for bats: `BED=ganeti` or `BED=hosts` before `bed_begin`.
REPO=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
bats_require_minimum_version 1.5.0

bed() { "$REPO/tests/cluster/bed" "$BED" "$@"; }
on() { bed run "$DIR" "$@"; }

# $BED_KEEP: a bed that is there already, and stays (while you write tests).
bed_begin() {
	export DIR=${BED_KEEP:-$BATS_FILE_TMPDIR/bed}
	bed up "$DIR"
}
bed_end() { [ -n "${BED_KEEP:-}" ] || { bed down "$DIR" && nothing_of "$DIR"; }; }

# What the kernel or a file still has of a bed: nothing.
nothing_of() {
	[ ! -e "$1" ] || { ls -la "$1"; return 1; }
	! pgrep -f -- "$1/" >&2 || return 1
	! grep -l -- " $1[/ ]" /proc/[0-9]*/mountinfo 2>/dev/null
}
