# tests/e2e/helper.bash - what every end-to-end test stands on: a home of its own, bounded commands, and the
# invariant that what was applied needs no further apply. Source it with `load helper`.
bats_require_minimum_version 1.5.0
REPO=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BIN=$REPO/${B:-build}/bin
export REPO BIN

# One home per file, in a short path (sockets), and nothing of the caller's.
home_begin() {
	WORK=$(mktemp -d /tmp/le.XXXXXX)
	export WORK LIMA_HOME=$WORK/h XDG_CACHE_HOME=$WORK/c HOME=$WORK CI=1
	unset LIMA_INSTANCE LIMA_SHELL LIMA_WORKDIR LIMA_TEMPLATES_PATH http_proxy https_proxy no_proxy
}

# Every instance of the home goes, machines first; then the home.
home_end() {
	local d
	for d in "$LIMA_HOME"/*/; do
		[ -f "$d/lima.yaml" ] || [ -e "$d/qemu.pid" ] || continue
		rm -f "$d/protected"
		limactl delete --force "$(basename "$d")" >/dev/null 2>&1 || true
	done
	rm -rf "$WORK"
}

limactl() { timeout "${LIMIT:-120}" "$BIN/limactl" "$@"; }

# apply, and then there must be nothing left to do
apply() {
	limactl apply "$@" || return
	local out
	out=$(limactl plan "$@") || return
	case $out in
	*"Nothing to do"*) ;;
	*)
		echo "the second plan is not empty:"
		echo "$out"
		return 1
		;;
	esac
}

# a pid file's process ends, or the file goes, within 20 s
wait_gone() {
	timeout 20 bash -c 'while [ -e "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; do sleep 0.1; done' _ "$1"
}

# limactl fails, with these words on stderr, in one line, and leaves no instance behind
fails_with() {
	local words=$1
	shift
	run --separate-stderr limactl "$@"
	[ "$status" -ne 0 ] || { echo "succeeded: limactl $*"; return 1; }
	case $stderr in
	*"$words"*) ;;
	*)
		echo "not in stderr: $words"
		echo "$stderr"
		return 1
		;;
	esac
}

# an ordinary instance that is never booted
cold_yaml() {
	truncate -s 1M "$WORK/raw.img"
	cat <<-EOF
		images:
		- location: $WORK/raw.img
		  arch: x86_64
		disk: 4MiB
		plain: true
	EOF
}
