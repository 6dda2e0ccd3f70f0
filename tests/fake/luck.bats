# Fleets in bad luck: interrupted, raced, edited and deleted behind limactl's back, fetched from who does not answer.
load helper

setup() {
	home_begin
	cd "$WORK"
	fake_yaml >f.yaml
	fleet 8
}

teardown() {
	[ -z "${SERVER:-}" ] || kill "$SERVER" 2>/dev/null || true
	home_end
}

fleet() { printf 'name: bench\ndefaults: {base: %s/f.yaml}\ninstances:\n  m-{1..%d}:\n' "$WORK" "$1" >fleet.yaml; }
running() { limactl list --format '{{.Status}}' | grep -c Running || true; }

@test "Ctrl-C in the middle of 8 boots, then apply: what is there goes on, and the rest comes up" {
	set -m # or a child in the background ignores SIGINT
	LIMA_FAKE_MACHINE='--ready-ms 4000' "$BIN/limactl" apply -j 8 >out 2>err 3>&- &
	pid=$!
	timeout 20 sh -c 'until [ -e "$0/m-1/ha.sock" ] || [ -e "$0/m-2/ha.sock" ] || [ -e "$0/m-8/ha.sock" ]; do sleep 0.1; done' "$LIMA_HOME"
	kill -INT $pid
	rc=0
	wait $pid || rc=$?
	[ "$rc" -eq 130 ]
	limactl apply
	[ "$(running)" = 8 ]
	run -0 limactl plan
	[[ $output == *"Nothing to do: 8 instances"* ]]
}

@test "an image server that hangs delays only its own member; --timeout ends that, and the next apply goes on" {
	python3 - >port 3>&- <<-'EOF' &
		import socket, time
		s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
		print(s.getsockname()[1], flush=True)
		held = []
		while True: held.append(s.accept())
	EOF
	SERVER=$!
	timeout 10 sh -c 'until [ -s port ]; do sleep 0.1; done'
	sed "s|location: .*|location: http://127.0.0.1:$(cat port)/x.img|" f.yaml >g.yaml
	printf 'name: bench\ninstances:\n  m-{1..8}: {base: %s/f.yaml}\n' "$WORK" >fleet.yaml
	printf '  hung: {base: %s/g.yaml}\n  behind: {base: %s/f.yaml, dependsOn: hung}\n' "$WORK" "$WORK" >>fleet.yaml
	rc=0
	limactl apply --timeout 12s >out 2>err || rc=$?
	[ "$rc" -eq 124 ] || { echo "$rc"; cat err; false; }
	[ "$(running)" = 8 ] || { limactl list; cat err; false; }
	kill $SERVER
	SERVER=
	sed -i '/hung/d' fleet.yaml
	limactl apply --prune --allow-data-loss
	[ "$(limactl list -q | wc -l)" = 8 ]
}

@test "the same fleet by two pipelines at once, and two fleets of one file: each ends with 0, and each machine is started once" {
	"$BIN/limactl" apply >out.1 2>err.1 3>&- &
	one=$!
	"$BIN/limactl" apply >out.2 2>err.2 3>&- &
	two=$!
	mkdir other
	sed '1inamePrefix: ci-' fleet.yaml >other/fleet.yaml
	"$BIN/limactl" apply other >out.3 2>err.3 3>&- &
	three=$!
	wait $one || { cat err.1; false; }
	wait $two || { cat err.2; false; }
	wait $three || { cat err.3; false; }
	[ "$(running)" = 16 ]
	[ "$(cat err.1 err.2 | grep -c 'vm m-[0-9]*: done')" = 8 ] || { cat err.1 err.2; false; }
	limactl apply --destroy --allow-data-loss other
	[ "$(running)" = 8 ]
}

@test "a member that is deleted, by limactl or by hand, is made anew; the others do not notice" {
	limactl apply
	pids=$(cat "$LIMA_HOME"/m-[1-6]/fake.pid)
	limactl delete -f m-7
	kill -9 "$(cat "$LIMA_HOME/m-8/ha.pid")" "$(cat "$LIMA_HOME/m-8/fake.pid")"
	rm -rf "$LIMA_HOME/m-8"
	limactl apply
	[ "$(running)" = 8 ]
	[ "$(cat "$LIMA_HOME"/m-[1-6]/fake.pid)" = "$pids" ]
}

@test "a member's lima.yaml that is edited by hand is told as a difference, and the fleet file has the last word" {
	limactl apply
	pid=$(cat "$LIMA_HOME/m-3/fake.pid")
	sed -i 's/cpus: 1/cpus: 3/' "$LIMA_HOME/m-3/lima.yaml"
	run -0 --separate-stderr limactl plan
	[[ $output == *"~ dir "*"m-3"*"lima.yaml changed"*"Plan: 1 to change"* ]]
	limactl apply
	grep -q 'cpus: 1' "$LIMA_HOME/m-3/lima.yaml"
	# nothing of it had reached the machine
	[ "$(cat "$LIMA_HOME/m-3/fake.pid")" = "$pid" ]
	run -0 limactl plan
	[[ $output == *"Nothing to do"* ]]
}

@test "dependsOn: a dependent is restarted with what it depends on only where it says so" {
	cat >fleet.yaml <<-EOF
		name: bench
		defaults: {base: $WORK/f.yaml}
		instances:
		  db:
		  with: {dependsOn: [{name: db, restart: true}]}
		  without: {dependsOn: db}
	EOF
	limactl apply
	with=$(cat "$LIMA_HOME/with/fake.pid") without=$(cat "$LIMA_HOME/without/fake.pid") db=$(cat "$LIMA_HOME/db/fake.pid")
	sed -i 's/  db:/  db: {cpus: 2}/' fleet.yaml
	run -0 limactl plan
	[[ $output == *"vm        with"* && $output != *"vm        without"* ]]
	limactl apply
	[ "$(cat "$LIMA_HOME/db/fake.pid")" != "$db" ]
	[ "$(cat "$LIMA_HOME/with/fake.pid")" != "$with" ]
	[ "$(cat "$LIMA_HOME/without/fake.pid")" = "$without" ]
	# a failure of it skips both, and nothing else
	limactl stop fleet/bench
	sed -i 's/  db:.*/  db: {disk: 8000000TiB}/; $a\  alone:' fleet.yaml
	limactl delete -f db
	run limactl apply
	[ "$status" -eq 1 ]
	[[ $output == *'`with`, `without` were left as they are, since they depend on it'* ]]
	[ "$(limactl list --format '{{.Status}}' alone)" = Running ]
}
