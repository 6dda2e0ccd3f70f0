# tests/large/helper.bash - tests on the debian guest, which boots once for all of them. `load helper`:
# a file that has no setup_file of its own gets the guest. The instance is $GUEST, made of the example and guest.yaml; run the files with scripts/check-large.
#
# Who changes the guest changes it back: the next file meets the same one. What takes the machine down belongs
# into restart.bats, which is the last.
load ../e2e/helper

GUEST=d

# the home that all files share
large_home() {
	[ -n "${LARGE_HOME:-}" ] || { echo "run it with scripts/check-large" >&2; return 1; }
	WORK=$LARGE_HOME
	export WORK LIMA_HOME=$WORK/h XDG_CACHE_HOME=$WORK/c HOME=$WORK CI=1
	unset LIMA_INSTANCE LIMA_SHELL LIMA_WORKDIR LIMA_TEMPLATES_PATH http_proxy https_proxy no_proxy
	mkdir -p "$LIMA_HOME"
}

# examples/guest-debian.yaml and what tests add to it, with what belongs to this machine filled in
guest_yaml() {
	sed "s|\.\./build|$REPO/build|" "$REPO/examples/guest-debian.yaml"
	sed "s|@WORK@|$WORK|" "$REPO/tests/large/guest.yaml"
}

# boots the guest, if no file before has done it
guest_begin() {
	large_home || return
	[ "$(limactl list "$GUEST" --format '{{.Status}}' 2>/dev/null)" != Running ] || return 0
	guest_yaml >"$WORK/$GUEST.yaml"
	LIMIT=600 limactl apply "$WORK/$GUEST.yaml" || { tail -n 30 "$LIMA_HOME/$GUEST/serial.log"; return 1; }
}

# a command of the guest's user, in its home
guest() {
	limactl shell --workdir / "$GUEST" "$@"
}

# a script of the guest's user: guest_sh 'SCRIPT'
guest_sh() {
	limactl shell --workdir / "$GUEST" sh -c "$1"
}

setup_file() {
	guest_begin
}

setup() {
	export DIR=$LIMA_HOME/$GUEST
}

status() {
	limactl list "$GUEST" --format '{{.Status}}' 2>/dev/null
}
