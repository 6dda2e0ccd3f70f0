#!/usr/bin/env bats
# Several limactl in one home: nobody waits for a step of an instance that is not his. A download that never comes
# keeps one of them busy for as long as a test takes, so nothing here depends on the clock. No machine is booted.
load helper

setup() {
	home_begin
	export LIMA_HTTP_STALL_TIMEOUT_S=600
	cold_yaml >"$WORK/a.yaml"
	python3 -u "$REPO/tests/http/server.py" "$WORK/requests" >"$WORK/port" 3>&- &
	SERVER=$!
	timeout 10 sh -c 'until [ -s "$1" ]; do sleep 0.1; done' _ "$WORK/port"
	sed "s|location: .*|location: http://127.0.0.1:$(cat "$WORK/port")/x.img?size=1048576\&hang=-1|" "$WORK/a.yaml" >"$WORK/slow.yaml"
	"$BIN/limactl" apply --stopped "$WORK/slow.yaml" >"$WORK/slow.log" 2>&1 3>&- &
	SLOW=$!
	timeout 20 sh -c 'until [ -s "$1" ]; do sleep 0.1; done' _ "$WORK/requests"
}

teardown() {
	kill -9 "$SLOW" 2>/dev/null || true
	kill "$SERVER" 2>/dev/null || true
	home_end
}

# it is still at its step
busy() { kill -0 "$SLOW"; }

# a child of ours ends within 20 s
wait_exit() { timeout 20 sh -c 'while kill -0 "$1" 2>/dev/null && ! grep -q "^State:.Z" "/proc/$1/status"; do sleep 0.1; done' _ "$1"; }

# $1 appears in file $2 within 20 s
appears() { timeout 20 sh -c 'until grep -q "$1" "$2"; do sleep 0.1; done' _ "$1" "$2"; }

@test "while a step of one instance runs, others are created, changed, protected, cloned, renamed and deleted" {
	apply --stopped "$WORK/a.yaml"
	limactl edit --set '.cpus=3' --start=false a
	limactl protect a
	limactl unprotect a
	limactl clone --start=false a b
	limactl rename --start=false b c
	limactl disk create d --size 1MiB
	limactl list
	limactl delete a c
	busy
	kill -INT "$SLOW"
	wait_exit "$SLOW"
	[ "$(limactl list -q)" = slow ]
}

@test "two that wait for the same image share one download" {
	"$BIN/limactl" apply --stopped --name other "$WORK/slow.yaml" >"$WORK/other.log" 2>&1 3>&- &
	OTHER=$!
	appears "waiting for another limactl (process $SLOW) that works with image" "$WORK/other.log"
	[ "$(wc -l <"$WORK/requests")" -eq 1 ]
	kill -INT "$OTHER"
	wait_exit "$OTHER"
	busy
}

@test "who waits for his own instance is told for whom, and one interrupt ends that" {
	"$BIN/limactl" apply --stopped "$WORK/slow.yaml" >"$WORK/second.log" 2>&1 3>&- &
	SECOND=$!
	appears "waiting for another limactl (process $SLOW) that works on instance .slow." "$WORK/second.log"
	kill -INT "$SECOND"
	wait_exit "$SECOND"
	grep -q 'interrupted while waiting' "$WORK/second.log"
	busy
	fails_with "process $SLOW" apply --no-wait --stopped "$WORK/slow.yaml"
	kill -INT "$SLOW"
	wait_exit "$SLOW"
	[ -z "$(find "$LIMA_HOME/_state" -name '*.lock')" ]
}

@test "who waits for one of several instances keeps nobody waiting for the others" {
	apply --stopped "$WORK/a.yaml"
	limactl apply --stopped --name z "$WORK/a.yaml"
	for names in "a slow z" "z slow a"; do
		# shellcheck disable=SC2086 # words
		"$BIN/limactl" apply --stopped --set '.message="both"' $names >"$WORK/both.log" 2>&1 3>&- &
		BOTH=$!
		appears "waiting for another limactl (process $SLOW) that works on instance .slow." "$WORK/both.log"
		LIMIT=20 limactl edit --tty=false --start=false --set '.cpus=3' a
		LIMIT=20 limactl apply --no-wait --stopped --set '.cpus=2' a
		LIMIT=20 limactl apply --no-wait --stopped --set '.cpus=2' z
		kill -0 "$BOTH"
		kill -INT "$BOTH"
		wait_exit "$BOTH"
	done
	LIMIT=20 limactl delete a z
	# and two that name the same ones in other orders both come to their end
	for n in 1 2 3 4 5; do
		LIMIT=60 limactl apply --stopped --name p "$WORK/a.yaml" &
		one=$!
		LIMIT=60 limactl apply --stopped --name q "$WORK/a.yaml"
		wait "$one"
		LIMIT=60 limactl apply --stopped --set ".cpus=$((n % 2 + 1))" p q 3>&- &
		one=$!
		LIMIT=60 limactl apply --stopped --set ".cpus=$((n % 2 + 1))" q p
		wait "$one"
	done
	busy
}

@test "who waits for the database is told for whom, and one interrupt ends that" {
	python3 - "$LIMA_HOME/_state/state.db" "$WORK/held" >/dev/null 2>&1 3>&- <<-'PY' &
		import sqlite3, sys, time
		db = sqlite3.connect(sys.argv[1], isolation_level=None)
		db.execute("BEGIN IMMEDIATE")
		open(sys.argv[2], "w").close()
		time.sleep(300)
	PY
	HOLDER=$!
	timeout 20 sh -c 'until [ -e "$1" ]; do sleep 0.1; done' _ "$WORK/held"
	"$BIN/limactl" apply --stopped "$WORK/a.yaml" >"$WORK/second.log" 2>&1 3>&- &
	SECOND=$!
	appears "waiting for process $HOLDER" "$WORK/second.log"
	kill -INT "$SECOND"
	wait_exit "$SECOND"
	kill "$HOLDER"
	wait_exit "$SECOND"
	apply --stopped "$WORK/a.yaml"
}

@test "a lock file that is a link, or a FIFO, is refused and what it names is not touched" {
	echo keep >"$WORK/victim"
	ln -s "$WORK/victim" "$LIMA_HOME/_state/a.lock"
	fails_with "no lock file of ours" apply --stopped "$WORK/a.yaml"
	[ "$(cat "$WORK/victim")" = keep ]
	rm "$LIMA_HOME/_state/a.lock"
	mkfifo "$LIMA_HOME/_state/a.lock"
	fails_with "no lock file of ours" apply --stopped "$WORK/a.yaml"
	rm "$LIMA_HOME/_state/a.lock"
	apply --stopped "$WORK/a.yaml"
}
