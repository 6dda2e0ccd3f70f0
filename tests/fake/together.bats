# Several instances in one apply, and other commands beside it: nobody waits for an instance that is not his. The guests get
# ready when the test says so (`tell NAME get-ready`), so nothing depends on the clock.
load helper

setup() {
	home_begin
	fake_yaml >"$WORK/a.yaml"
	cp "$WORK/a.yaml" "$WORK/b.yaml"
}

teardown() {
	kill "$APPLY" 2>/dev/null || true
	home_end
}

# an apply of all instances at once, whose machines run, and whose guests are not ready
begin_apply() {
	LIMA_FAKE_MACHINE='--ready-ms 3600000' "$BIN/limactl" apply "$@" >"$WORK/log" 2>&1 3>&- &
	APPLY=$!
	timeout 30 bash -c 'until [ -S "$1/a/ha.sock" ] && [ -S "$1/b/ha.sock" ]; do sleep 0.05; done' _ "$LIMA_HOME"
}

busy() { kill -0 "$APPLY"; }

apply_ends() {
	APPLY_STATUS=0
	timeout 30 bash -c 'while kill -0 "$1" 2>/dev/null; do sleep 0.05; done' _ "$APPLY"
	wait "$APPLY" || APPLY_STATUS=$?
}

settled() {
	run limactl plan --all
	[[ "$output" == *"Nothing to do"* ]] || { echo "$output"; return 1; }
}

@test "stop ends the start of its own instance, and the others of that apply come up" {
	begin_apply "$WORK/a.yaml" "$WORK/b.yaml"
	LIMIT=30 limactl stop a
	[ "$(status_of a)" = Stopped ]
	busy
	tell b get-ready
	apply_ends
	[ "$APPLY_STATUS" -eq 1 ]
	grep -q 'instance `a`: another limactl (process [0-9]*) has ended this' "$WORK/log"
	[ "$(status_of b)" = Running ]
	[ "$(status_of a)" = Stopped ]
	settled
	[ -z "$(find "$LIMA_HOME/_state" -name '*.lock')" ]
}

@test "delete -f ends the start of its own instance, too, and both may be called off" {
	begin_apply "$WORK/a.yaml" "$WORK/b.yaml"
	LIMIT=30 limactl delete -f b
	[ ! -e "$LIMA_HOME/b" ]
	busy
	LIMIT=30 limactl stop -f a
	apply_ends
	[ "$APPLY_STATUS" -eq 1 ]
	[ "$(limactl list -q)" = a ]
	settled
	nobody
}

@test "an instance that is through, or that has nothing to do, is anybody's while the others are worked on" {
	limactl apply "$WORK/a.yaml"
	limactl apply --stopped "$WORK/b.yaml"
	begin_apply "$WORK/a.yaml" "$WORK/b.yaml"
	LIMIT=30 limactl protect a
	LIMIT=30 limactl unprotect a
	LIMIT=30 limactl stop a
	busy
	tell b get-ready
	apply_ends
	[ "$APPLY_STATUS" -eq 0 ]
	[ "$(status_of a)" = Stopped ]
	settled
}

@test "what is through counts, whatever becomes of the others" {
	begin_apply "$WORK/a.yaml" "$WORK/b.yaml"
	tell a get-ready
	timeout 30 bash -c 'while [ -e "$1" ]; do sleep 0.05; done' _ "$LIMA_HOME/_state/a.lock"
	busy
	LIMIT=30 limactl stop a
	kill -9 "$APPLY"
	[ "$(status_of a)" = Stopped ]
	run limactl plan a
	[[ "$output" == *"Nothing to do"* ]]
}

@test "a start that fetches its image is called off, too, and leaves nothing of a new instance" {
	python3 -u "$REPO/tests/http/server.py" "$WORK/requests" >"$WORK/port" 3>&- &
	SERVER=$!
	timeout 10 sh -c 'until [ -s "$1" ]; do sleep 0.1; done' _ "$WORK/port"
	export LIMA_HTTP_STALL_TIMEOUT_S=600
	sed "s|location: .*|location: http://127.0.0.1:$(cat "$WORK/port")/x.img?size=1048576\&hang=-1|" "$WORK/a.yaml" >"$WORK/slow.yaml"
	"$BIN/limactl" start --tty=false "$WORK/slow.yaml" >"$WORK/log" 2>&1 3>&- &
	APPLY=$!
	timeout 20 sh -c 'until [ -s "$1" ]; do sleep 0.1; done' _ "$WORK/requests"
	LIMIT=30 run limactl stop slow
	apply_ends
	kill "$SERVER"
	[ "$APPLY_STATUS" -eq 1 ]
	[ ! -e "$LIMA_HOME/slow" ]
	settled
}

# the lock of an instance, as another limactl has it, until let_go
hold() {
	mkdir -p "$LIMA_HOME/_state"
	exec 7<>"$LIMA_HOME/_state/$1.lock"
	python3 -c 'import fcntl; fcntl.flock(7, fcntl.LOCK_EX)' 7>&7
}

let_go() { exec 7>&-; }

# a command in the background that has looked, and waits for that lock
begin_waiting() {
	rm -f "$WORK/log"	# nor what the one before has said
	"$BIN/limactl" "$@" >"$WORK/log" 2>&1 3>&- 7>&- &
	APPLY=$!
	timeout 20 sh -c 'until grep -qs "waiting for another limactl" "$1"; do sleep 0.05; done' _ "$WORK/log"
}

# as a start would that was there first
run_machine() {
	"$REPO/${B:-build}/tests/fake/libexec/lima/lima-fake-machine" --pidfile "$LIMA_HOME/$1/fake.pid" --control "$LIMA_HOME/$1/fake.sock" \
		--console "$LIMA_HOME/$1/serial.log" >/dev/null 2>&1 3>&- 7>&- &
	timeout 20 sh -c 'until [ -s "$1/fake.pid" ] && [ -S "$1/fake.sock" ]; do sleep 0.05; done' _ "$LIMA_HOME/$1"
}

@test "a machine that was started while a clone, a rename or a delete waited is not copied, moved or deleted" {
	limactl apply --stopped "$WORK/a.yaml"
	for verb in 'clone --start=false a c' 'rename --start=false a c' 'delete a'; do
		hold a
		begin_waiting $verb
		run_machine a
		let_go
		apply_ends
		cat "$WORK/log"
		[ "$APPLY_STATUS" -eq 1 ]
		grep -q 'was started by another limactl meanwhile' "$WORK/log"
		[ -e "$LIMA_HOME/a/disk" ]
		[ ! -e "$LIMA_HOME/c" ]
		limactl stop -f a
	done
}

@test "an instance that was made while another command for the same name waited is not touched by that one" {
	limactl apply --stopped "$WORK/a.yaml"
	for verb in 'clone --start=false a c' 'rename --start=false a c' "create --tty=false --name=c $WORK/b.yaml" "start --tty=false --name=c $WORK/b.yaml"; do
		hold c
		begin_waiting $verb
		cp -r "$LIMA_HOME/a" "$LIMA_HOME/c"
		echo keep >"$LIMA_HOME/c/mine"
		let_go
		apply_ends
		cat "$WORK/log"
		[ "$APPLY_STATUS" -eq 1 ]
		grep -q 'was made by another limactl meanwhile' "$WORK/log"
		[ "$(cat "$LIMA_HOME/c/mine")" = keep ]
		[ -e "$LIMA_HOME/c/disk" ]
		[ -e "$LIMA_HOME/a/disk" ]
		rm -r "$LIMA_HOME/c"
	done
}

@test "a clone or a rename of what was edited while it waited has the edit" {
	for verb in clone rename; do
		limactl apply --stopped "$WORK/a.yaml"
		hold c
		begin_waiting $verb --start=false a c
		limactl edit --set '.cpus = 3' a
		let_go
		apply_ends
		cat "$WORK/log"
		[ "$APPLY_STATUS" -eq 0 ]
		grep -q 'cpus: 3' "$LIMA_HOME/c/lima.yaml"
		limactl delete -f a c
	done
}

@test "of edits that waited for the same instance none is lost" {
	limactl apply --stopped "$WORK/a.yaml"
	hold a
	# one twice: whoever is second finds it done
	for set in '.cpus = 3' '.cpus = 3' '.memory = "96MiB"' '.message = "here"'; do
		limactl edit --set "$set" a >>"$WORK/edits" 2>&1 3>&- 7>&- &
	done
	limactl apply --stopped --set '.env.X = "y"' a >>"$WORK/edits" 2>&1 3>&- 7>&- &
	timeout 60 sh -c 'until [ "$(grep -c "waiting for another limactl" "$1")" -eq 5 ]; do sleep 0.05; done' _ "$WORK/edits" || { cat "$WORK/edits"; false; }
	let_go
	wait
	cat "$WORK/edits" "$LIMA_HOME/a/lima.yaml"
	run ! grep -q level=fatal "$WORK/edits"
	for key in 'cpus: 3' 'memory: "\?96MiB' 'message: ' 'X: '; do grep -q "$key" "$LIMA_HOME/a/lima.yaml"; done
	limactl plan a | grep 'Nothing to do'
}

@test "a clone or a rename of what was deleted while it waited says so, and leaves nothing" {
	for verb in clone rename; do
		limactl apply --stopped "$WORK/a.yaml"
		hold c
		begin_waiting $verb --start=false a c
		limactl delete -f a
		let_go
		apply_ends
		cat "$WORK/log"
		[ "$APPLY_STATUS" -eq 1 ]
		grep -q 'instance `a` was deleted by another limactl meanwhile' "$WORK/log"
		[ ! -e "$LIMA_HOME/c" ]
	done
}

@test "restart, factory-reset, and an apply that wants it down, end a start that waits for its guest, too" {
	fake_yaml >"$WORK/s.yaml"
	for verb in restart factory-reset 'apply --stopped' 'apply --destroy --allow-data-loss'; do
		LIMA_FAKE_MACHINE='--ready-ms 60000' timeout 60 "$BIN/limactl" start --tty=false "$WORK/s.yaml" >"$WORK/start.log" 2>&1 3>&- &
		start=$!
		timeout 20 bash -c 'until [ -S "$1/s/ha.sock" ]; do sleep 0.05; done' _ "$LIMA_HOME"
		LIMIT=30 limactl $verb s
		! wait "$start" || false
		grep -q 'has ended this, to bring it down' "$WORK/start.log"
		limactl delete -f s
	done
}

@test "who waits for a start is told for whose, and one interrupt ends that and nothing else" {
	begin_apply "$WORK/a.yaml" "$WORK/b.yaml"
	for verb in 'protect a' 'suspend a' 'stop --suspend a' 'start a' 'apply a' 'guest-install a' 'fetch a'; do
		rm -f "$WORK/waits"
		# shellcheck disable=SC2086 # words
		"$BIN/limactl" $verb >"$WORK/waits" 2>&1 3>&- </dev/null &
		pid=$!
		timeout 20 sh -c 'until grep -q "waiting for another limactl (process $1) that works on instance .a." "$2"; do sleep 0.05; done' _ "$APPLY" "$WORK/waits"
		kill -INT "$pid"
		status=0
		wait "$pid" || status=$?
		[ "$status" -eq 130 ] || { echo "$verb: $status"; false; }
		grep -q 'interrupted while waiting; nothing was begun' "$WORK/waits"
	done
	fails_with "is working on instance" apply --no-wait a
	busy
	[ ! -e "$LIMA_HOME/a/protected" ]
	tell a get-ready
	tell b get-ready
	apply_ends
	[ "$APPLY_STATUS" -eq 0 ]
}

@test "a plan beside a run says who works on it" {
	begin_apply "$WORK/a.yaml" "$WORK/b.yaml"
	timeout 30 sh -c 'until "$1" plan a 2>/dev/null | grep -q "ready     a  (left unfinished)"; do sleep 0.1; done' _ "$BIN/limactl"
	run -0 limactl plan a
	[[ $output == *"ready     a  (left unfinished)"*"a: another limactl (process $APPLY) works on it just now; this is what it has not come to the end of."* ]]
	tell a get-ready
	tell b get-ready
	apply_ends
	[ "$APPLY_STATUS" -eq 0 ]
	# one that was killed works on nothing
	limactl stop -f a b
	begin_apply "$WORK/a.yaml" "$WORK/b.yaml"
	kill -9 "$APPLY"
	wait "$APPLY" || true
	run -0 limactl plan a
	[[ $output == *"left unfinished"* && $output != *"works on it just now"* ]]
	limactl delete -f a b
}
