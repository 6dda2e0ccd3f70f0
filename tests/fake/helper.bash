# tests/fake/helper.bash - instances whose machine only plays one (providers/drivers/fake): everything around a machine, in
# tenths of a second. `FAKE="..."` before a command that starts one: how it behaves (options of lima-fake-machine).
load ../e2e/helper
BIN=$REPO/${B:-build}/tests/fake/bin

limactl() { LIMA_FAKE_MACHINE=${FAKE:-} timeout "${LIMIT:-60}" "$BIN/limactl" "$@"; }

fake_yaml() {
	cold_yaml
	cat <<-EOF
		vmType: fake
		cpus: 1
		memory: 64MiB
	EOF
}

# a line to the fake machine of an instance, and what it answers
tell() {
	python3 - "$LIMA_HOME/$1/fake.sock" "$2" <<-'EOF'
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(10)
		s.connect(sys.argv[1])
		s.sendall(sys.argv[2].encode() + b"\n")
		s.shutdown(socket.SHUT_WR)
		print(s.recv(1000).decode(), end="")
	EOF
}

# No process of the home's is left: an agent that has let go of its instance is given the time to exit.
nobody() {
	for _ in {1..100}; do
		pgrep -f -- "$LIMA_HOME/" >/dev/null || return 0
		sleep 0.1
	done
	pgrep -af -- "$LIMA_HOME/"
	return 1
}

status_of() { limactl list --format '{{.Status}}' "$1"; }

home_end() {
	local n
	for n in $(limactl list -q 2>/dev/null); do
		rm -f "$LIMA_HOME/$n/protected"
		limactl delete --force "$n" >/dev/null 2>&1 || true
	done
	rm -rf "$WORK"
}
