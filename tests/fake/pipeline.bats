# What a pipeline meets: results and events for programs, reports, statuses after signals, one line where one will do.
load helper

setup() {
	home_begin
	fake_yaml >"$WORK/f.yaml"
	fake_yaml >"$WORK/g.yaml"
	cd "$WORK"
}

teardown() { home_end; }

# the last line of stdout, which is the result, by an expression of jq
result() { tail -n 1 out | jq -e "$1"; }

# the report is XML, and its counts are those of its cases
junit() {
	python3 - "$1" "$2" <<-'EOF2'
		import sys, xml.etree.ElementTree as x
		root = x.parse(sys.argv[1]).getroot()
		assert root.tag == 'testsuites'
		kinds = {'tests': None, 'failures': 'failure', 'errors': 'error', 'skipped': 'skipped'}
		cases = root.findall('./testsuite/testcase')
		for at, (name, tag) in [(e, k) for e in [root] + root.findall('testsuite') for k in kinds.items()]:
		    of = at.findall('.//testcase')
		    want = len(of) if tag is None else sum(c.find(tag) is not None for c in of)
		    assert int(at.get(name)) == want, (at.attrib, name, want)
		for c in cases:
		    assert c.get('classname') and c.get('name') and float(c.get('time')) >= 0
		    assert len(c) <= 1 and all(k.get('message') for k in c)
		total = sum(float(s.get('time')) for s in root.findall('testsuite'))
		assert abs(total - float(root.get('time'))) < 0.01
		assert eval(sys.argv[2], {'cases': {c.get('classname') + ' ' + c.get('name'): c for c in cases}}), [(c.attrib, [(k.tag, k.attrib) for k in c]) for c in cases]
	EOF2
}

@test "apply --json ends with a result, and --junit writes a report: green, and nothing to do" {
	limactl apply --json --junit j.xml f.yaml g.yaml >out
	[ "$(wc -l <out)" -eq 2 ]
	head -n 1 out | jq -e '.summary.create > 10'
	result '.result.status == "done" and .result.counts.failed == 0 and .result.counts.done == (.result.steps | length) and .result.seconds > 0'
	result '[.result.steps[] | select(.type == "vm") | .instance, .status, .action] == ["f", "done", "ensure", "g", "done", "ensure"]'
	result '.result.instances[0] | .name == "f" and .conditions[0].state == "met"'
	junit j.xml '"f.step vm f" in cases and "g.condition guest" in cases and not any(len(c) for c in cases.values())'
	limactl apply --json --junit j.xml f.yaml g.yaml >out
	result '.result.status == "done" and .result.steps == []'
	junit j.xml '"f.plan plan" in cases and "f.condition guest" in cases'
}

@test "start, restart and create write a report, too; of a start in the foreground both of its runs" {
	limactl create --junit j.xml f.yaml 2>/dev/null
	junit j.xml '"f.step dir f" in cases and "f.step vm f" not in cases'
	limactl start --junit j.xml f
	junit j.xml '"f.step vm f" in cases and "f.condition guest" in cases'
	limactl restart --force --junit j.xml f
	junit j.xml '"f.step vm f" in cases and "f.condition guest" in cases'
	rc=0
	FAKE='--refuse nothing' limactl start --junit j.xml g.yaml 2>/dev/null || rc=$?
	[ "$rc" -eq 1 ]
	junit j.xml 'cases["g.step ready g"].find("skipped") is not None'
	rc=0
	limactl start --junit j.xml --cpus x f 2>/dev/null || rc=$?
	[ "$rc" -eq 1 ]
	limactl stop f
	rm j.xml
	"$BIN/limactl" start --foreground --junit j.xml f 2>err &
	pid=$!
	for ((i = 0; i < 300; i++)); do
		! grep -q READY err || break
		sleep 0.1
	done
	kill -INT "$pid"
	wait "$pid"
	junit j.xml '"f.step vm f" in cases and "f.condition guest" in cases and "f.step vm f (removed)" in cases'
}

@test "a failure is in the result and the report, also one before there is a plan" {
	rc=0
	FAKE='--refuse no<such>&"hardware"' limactl apply --json --junit j.xml f.yaml g.yaml >out || rc=$?
	[ "$rc" -eq 1 ]
	result '.result.status == "failed" and .result.counts.failed >= 1 and (.result.error | contains("no<such>&\"hardware\""))'
	result '[.result.steps[] | select(.type == "ready")] | all(.status == "skipped")'
	junit j.xml '"no<such>&\"hardware\"" in cases["f.step vm f"].find("failure").get("message") and cases["f.step ready f"].find("skipped") is not None'
	echo 'cpu: 3' >>f.yaml
	limactl apply --json --junit j.xml f.yaml >out 2>err || true
	result '.result.status == "failed" and (.result.error | test("f.yaml:[0-9]+:1: cpu"))'
	junit j.xml '": cpu" in cases["limactl apply"].find("failure").get("message")'
	# a report that cannot be written is a failure of its own
	run limactl apply --junit /nonexistent/j.xml g.yaml
	[ "$status" -eq 1 ]
	[[ $output == *"--junit: "*"/nonexistent"* ]]
}

# signal NAME STATUS
signal() {
	local pid rc=0
	env LIMA_FAKE_MACHINE='--ready-ms 30000' "$BIN/limactl" --log-format json apply --json --junit j.xml f.yaml >out 2>err &
	pid=$!
	timeout 20 sh -c 'until [ -e "$0/f/ha.sock" ]; do sleep 0.1; done' "$LIMA_HOME"
	sleep 0.5
	# twice, as timeout(1) sends it
	kill -"$1" $pid
	sleep 0.05
	kill -"$1" $pid || true
	wait $pid || rc=$?
	[ "$rc" -eq "$2" ] || { echo "$1: $rc"; cat err; return 1; }
	result '.result.status == "cancelled" and .result.counts == {"done": 7, "failed": 0, "cancelled": 1, "skipped": 0}'
	junit j.xml 'cases["f.step ready f"].find("error").get("type") == "cancelled"'
	jq -s -e '[.[] | select(.action == "cancelled")] | length == 1 and .[0].type == "ready" and .[0].instance == "f"' err
	grep -q '7 of 8 steps done, 0 failed, 1 cancelled, 0 not begun' err
	limactl delete -f f
}

@test "a signal: its status, and the step that it ended counts as cancelled" {
	limactl create g.yaml # the key of the user
	set -m # or a child in the background ignores SIGINT
	signal INT 130
	signal TERM 143
	signal HUP 129
}

@test "--timeout is of the whole: it ends as by a signal, says who was waited for, and the next apply goes on" {
	cp f.yaml h.yaml
	rc=0
	began=$SECONDS
	# guests that get on: their consoles say something new
	while sleep 0.2; do w+=o; for n in f g h; do [ ! -e "$LIMA_HOME/$n/serial.log" ] || echo "busy $w" >>"$LIMA_HOME/$n/serial.log"; done; done 3>&- &
	chatter=$!
	FAKE='--ready-ms 30000' limactl --log-format json apply --json --junit j.xml --timeout 3s f.yaml h.yaml g.yaml >out 2>err || rc=$?
	kill $chatter
	[ "$rc" -eq 124 ] || { echo "$rc"; cat err; false; }
	[ $((SECONDS - began)) -lt 20 ]
	result '.result.status == "cancelled" and .result.exitStatus == 124 and .result.counts.failed == 0 and .result.counts.cancelled >= 1 and (.result.error | contains("--timeout"))'
	result '[.result.steps[] | select(.status == "cancelled")] | all(.type == "ready" and (.error | contains("the guest was waited for: ")))'
	junit j.xml 'any(len(c) and c[0].get("type") == "cancelled" for n, c in cases.items() if ".step ready" in n)'
	jq -s -e '[.[] | select(.action == "cancelled")] | length >= 1' err
	for n in f g h; do [ ! -e "$LIMA_HOME/$n/fake.sock" ] || tell $n ready; done
	limactl apply f.yaml h.yaml g.yaml
	[ "$(limactl list --format '{{.Status}}' | sort -u)" = Running ]
	# what is fetched, and what is asked, is within it, too
	fails_with "between 1 s and 7 days" apply --timeout 10ms f.yaml
	run -0 limactl apply --timeout 1s f.yaml
}

@test "a start whose time is up says that it was the time" {
	cp f.yaml n.yaml
	while sleep 0.1; do w+=o; [ ! -e "$LIMA_HOME/n/serial.log" ] || echo "busy $w" >>"$LIMA_HOME/n/serial.log"; done 3>&- &
	chatter=$!
	FAKE='--ready-ms 30000' fails_with 'the time of --timeout is up; `limactl start n` goes on' start --tty=false --timeout 2s n.yaml
	kill $chatter
}

@test "events have fields; a line every half minute while something is waited for" {
	env LIMA_FAKE_MACHINE='--ready-ms 33000' "$BIN/limactl" --log-format json apply f.yaml >/dev/null 2>err
	jq -s -e '[.[] | select(.action == "waiting")] | length == 1 and .[0].type == "ready" and .[0].instance == "f" and .[0].seconds >= 30 and .[0].reason.kind == "missing"' err
	jq -s -e '[.[] | select(.type == "vm" and .action != "begun")] | length == 1 and .[0].action == "done" and .[0].name == "f" and (.[0].seconds | type) == "number"' err
	limactl stop f
	env LIMA_FAKE_MACHINE='--fail no-root' "$BIN/limactl" --log-format json start f 2>err || true
	jq -s -e '[.[] | select(.action == "failed")] | length == 1 and .[0].level == "error" and (.[0].error | contains("no-root"))' err
}

@test "what a guest's console ends with has lines of its own, and a list in JSON" {
	FAKE='--ready-ms 30000' run limactl start --timeout 1s f.yaml
	[ "$status" -eq 1 ]
	[[ ${lines[-1]} == *'level=fatal msg="console: the guest boots"' ]]
	[[ $output != *'\n'* ]]
	limactl stop -f f
	FAKE='--ready-ms 30000' run limactl --log-format json start --timeout 1s f
	printf '%s\n' "${lines[@]}" | jq -s -e '.[-1] | .level == "fatal" and .lines[-1] == "console: the guest boots" and (.msg | contains("\n") | not)'
}

@test "no message has an escaped line break in it" {
	for words in "strat" "start a b" "stop no such" "delete no such" "protect no such" "apply no.yaml" "shell" "create --cpus x f.yaml" "disk creat"; do
		# shellcheck disable=SC2086 # words
		run limactl $words
		[[ $output != *'\n'* ]] || { echo "$words: $output"; return 1; }
		# shellcheck disable=SC2086
		run limactl --log-format json $words
		printf '%s\n' "$output" | grep '^{"' | jq -s -e 'all(.msg | contains("\n") | not)'
	done
}

@test "root is told of once in a command line, however many instances it is about" {
	[ "$(id -u)" -eq 0 ] || exit 0
	limactl apply --stopped f.yaml g.yaml 2>err
	[ "$(grep -c 'running as root' err)" -eq 1 ]
}

# on a terminal, with ANSWER: apply WORDS...
on_terminal() {
	local answer=$1
	shift
	{ sleep 1; echo "$answer"; sleep 30 & echo $! >sleeper; wait; } | script -qec "$BIN/limactl apply $*" /dev/null >said 2>&1 &
	local pid=$!
	wait_for_end $pid
}

wait_for_end() {
	local rc=0
	timeout 30 tail --pid="$1" -f /dev/null
	kill "$(cat sleeper)" 2>/dev/null || true
	wait "$1" || rc=$?
	return $rc
}

@test "apply on a terminal asks before it takes down what runs; -y and no terminal do not" {
	limactl apply f.yaml
	one=$(cat "$LIMA_HOME/f/fake.pid")
	! on_terminal 2 --set .cpus=2 f || { cat said; false; }
	grep -q "A running machine is taken down for this" said
	grep -q "nothing was done" said
	[ "$(cat "$LIMA_HOME/f/fake.pid")" = "$one" ]
	grep -q "cpus: 1" "$LIMA_HOME/f/lima.yaml"
	on_terminal 1 --set .cpus=2 f || { cat said; false; }
	two=$(cat "$LIMA_HOME/f/fake.pid")
	[ "$two" != "$one" ]
	# what takes nothing down is not asked about
	on_terminal x --set "'.message=\"hello\"'" f || { cat said; false; }
	! grep -q "taken down" said || false
	on_terminal x -y --set .cpus=1 f || { cat said; false; }
	! grep -q "taken down for this" said || false
	[ "$(cat "$LIMA_HOME/f/fake.pid")" != "$two" ]
}
