# tests/fake/hosts.bash - hosts of an engine: a real sshd each, on a loopback address of its own, with a home of its own where the limactl
# of the fake machine is the one that ssh finds. `hosts_begin a b c`, then `$LIMA_HOME` is the operator's.
load helper

hosts_begin() {
	local n=0 host
	home_begin
	mkdir -p "$WORK/s" "$LIMA_HOME"
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$WORK/s/key"
	cp "$WORK/s/key.pub" "$WORK/s/authorized"
	eval "$(ssh-agent -a "$WORK/s/agent")" >/dev/null
	ssh-add -q "$WORK/s/key"
	for host; do
		n=$((n + 1))
		ssh-keygen -q -t ed25519 -N '' -f "$WORK/s/$host.key"
		mkdir -p "$WORK/$host"
		host_port "$host" $((20000 + RANDOM % 10000))
		host_up "$host"
	done
	{
		printf 'name: shop\nengine:\n  type: hosts\n  hosts:\n'
		for host; do printf '  - {name: %s, ssh: "%s", hostKey: "%s", memory: 1GiB}\n' "$host" "$(host_ssh "$host")" "$(cut -d' ' -f1,2 "$WORK/s/$host.key.pub")"; done
	} >"$WORK/engine.yaml"
}

host_port() { echo "$2" >"$WORK/s/$1.port"; }
host_ssh() { echo "$(id -un)@127.0.0.1:$(cat "$WORK/s/$1.port")"; }

host_config() {
	cat <<-CONF
		ListenAddress 127.0.0.1:$(cat "$WORK/s/$1.port")
		HostKey $WORK/s/${2:-$1}.key
		PidFile $WORK/s/$1.pid
		AuthorizedKeysFile $WORK/s/authorized
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		StrictModes no
		SetEnv LIMA_HOME=$WORK/$1 XDG_CACHE_HOME=$WORK/c PATH=${HOST_BIN:-$BIN}:$PATH CI=1
	CONF
}

# another port is drawn where somebody has that one
host_up() {
	local try
	for try in {1..20}; do
		host_config "$@" >"$WORK/s/$1.conf"
		"$(PATH=$PATH:/usr/sbin command -v sshd)" -f "$WORK/s/$1.conf" -E "$WORK/s/$1.log" && break
		host_port "$1" $((20000 + RANDOM % 10000))
	done
	timeout 60 bash -c 'until [ -s "$1" ]; do sleep 0.05; done' _ "$WORK/s/$1.pid"
}

# the listener, and the connections that it has
host_pids() {
	local pid child
	pid=$(cat "$WORK/s/$1.pid")
	echo "$pid"
	for child in $(pgrep -P "$pid"); do
		echo "$child"
		pgrep -P "$child" || true
	done
}

host_signal() { kill "-$1" $(host_pids "$2") 2>/dev/null || true; }
host_down() {
	host_signal KILL "$1"
	rm -f "$WORK/s/$1.pid"
}

# limactl on a host, as its own user would call it
on() {
	local host=$1
	shift
	LIMA_HOME=$WORK/$host timeout "${LIMIT:-60}" "$BIN/limactl" "$@"
}
machines_on() { on "$1" list -q 2>/dev/null | tr '\n' ' '; }

hosts_end() {
	local host f n
	for f in "$WORK"/s/*.port; do
		host=$(basename "$f" .port)
		[ ! -e "$WORK/s/$host.pid" ] || host_signal CONT "$host"
		[ ! -e "$WORK/s/$host.pid" ] || host_down "$host"
		for n in $(on "$host" list -q 2>/dev/null); do on "$host" delete --force "$n" >/dev/null 2>&1 || true; done
	done
	kill "$SSH_AGENT_PID" 2>/dev/null || true
	# what is shared of a connection ends with it
	for f in "$LIMA_HOME"/_engines/*; do [ ! -S "$f" ] || ssh -o "ControlPath=$f" -O exit x 2>/dev/null || true; done
	rm -rf "$WORK"
}
