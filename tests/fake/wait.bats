# limactl wait: for what others do with instances; it does nothing itself.
load helper

setup() {
	home_begin
	cd "$WORK"
	for name in web db; do fake_yaml >$name.yaml; done
	limactl apply --stopped web.yaml db.yaml
}

teardown() { home_end; }

# begins to wait, in the background, with its stdout in the file out
wait_for() { "$BIN/limactl" wait --json --timeout 40s "$@" >out 2>err 3>&- & pid=$!; sleep 0.5; }
# its end, with that status
waited() { local rc=0; wait "$pid" || rc=$?; [ "$rc" -eq "$1" ] || { echo "status $rc"; cat out err; return 1; }; }

@test "ready: of who runs at once, of who boots when it has, of who is stopped when somebody has started it" {
	limactl start web
	run -0 limactl wait web
	[[ $output == *'`web` is ready'* ]]
	wait_for web db
	kill -0 "$pid" # db is stopped
	FAKE='--ready-ms 1500' limactl start db
	waited 0
	jq -s -e 'map(.instance) == ["web", "db"] and all(.state == "met" and .for == "ready") and .[1].seconds >= 1.5' out
	# one of whose agent was killed meanwhile, and that is started again
	limactl stop db
	wait_for db
	LIMA_FAKE_MACHINE='--ready-ms 6000' "$BIN/limactl" start db >/dev/null 2>&1 3>&- &
	timeout 20 sh -c 'until [ -e "$0/db/ha.sock" ]; do sleep 0.1; done' "$LIMA_HOME"
	kill -9 "$(cat "$LIMA_HOME/db/ha.pid")"
	kill -0 "$pid" || { cat out err; false; }
	wait %2 || true
	limactl start db
	waited 0
}

@test "what will not be ends the wait with status 1, also for the others" {
	wait_for web db
	FAKE='--fail no-root' limactl start db || true
	waited 1
	grep -q 'level=error msg="`db` will not be ready: DEGRADED: it runs, but not as wanted: essential requirement cannot be met: guest (the fake machine: no-root)' err
	grep -q 'level=fatal msg="what was waited for will not be: not ready yet: `web`"' err
	jq -s -e 'map([.instance, .state]) == [["db", "failed"], ["web", "waiting"]] and (.[0].error | contains("no-root"))' out
	limactl stop -f db
	wait_for db
	limactl delete db
	waited 1
	grep -q 'was deleted meanwhile' err
}

@test "time that is up is told by its status, and by the names of those that were missing" {
	limactl start web
	run -124 --separate-stderr limactl wait --timeout 1s web db
	[[ $stderr == *'level=error msg="time is up: not ready yet: `db`"'* ]]
	[ "$(pgrep -fc "limactl wait --timeout 1s web db")" = 0 ]
	# a signal to it ends those that wait for it
	wait_for db
	[ "$(pgrep -fc "limactl wait --json --timeout 40s db")" = 2 ]
	kill "$pid"
	waited 143
	timeout 10 sh -c 'while pgrep -f "[l]imactl wait --json --timeout 40s db" >/dev/null; do sleep 0.1; done'
}

@test "stopped: when machine and agent are gone, however they went" {
	run -0 limactl wait --for stopped web db
	limactl start web
	limactl start db
	wait_for --for stopped 'w*' db
	limactl stop web
	kill -0 "$pid" || { cat out err; false; }
	kill -9 "$(cat "$LIMA_HOME/db/ha.pid")"
	kill -0 "$pid" || { cat out err; false; }
	kill -9 "$(cat "$LIMA_HOME/db/fake.pid")"
	waited 0
	jq -s -e 'map(.instance) == ["web", "db"] and all(.state == "met")' out
}

@test "who and what is known before anything is waited for" {
	fails_with "does not exist" wait web nobody
	fails_with "must be ready, stopped or probe=DESCRIPTION" wait --for up web
	fails_with "must be ready, stopped or probe=DESCRIPTION" wait --for probe= web
	fails_with 'no probe `p`; it has none' wait --for probe=p web
	fails_with "requires at least 1 arg" wait
	cat >fleet.yaml <<-EOF
		name: bench
		defaults: {base: $WORK/web.yaml}
		instances: {"m-{1..3}": {}}
	EOF
	limactl apply
	run -0 --separate-stderr limactl wait --json fleet/bench
	[ "$(jq -r .instance <<<"$output" | sort | xargs)" = "m-1 m-2 m-3" ]
}
