# Looking at a run: graph, trace, report, by machines that only play ones.
load helper

setup() {
	home_begin
	cd "$WORK" || return
	fake_yaml >base.yaml
	cat >fleet.yaml <<-EOF
		name: f
		defaults: {base: ./base.yaml}
		instances:
		  db: {}
		  web-{1..2}: {dependsOn: [db]}
	EOF
}

teardown() { cd / && home_end; }

page_is() { "$REPO/tests/look/page_check.py" "$@"; }
trace_is() { "$REPO/tests/look/trace_check.py" "$1"; }
# rows are printed, a column after the other
db() { python3 -c 'import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); [print(*r) for r in d.execute(sys.argv[2], sys.argv[3:])]; d.commit()' "$LIMA_HOME/_state/state.db" "$@"; }

@test "a trace has each step once, the phases of a boot, and the critical path through the fleet" {
	FAKE='--ready-ms 400' limactl apply fleet.yaml
	limactl trace -o t.json
	trace_is t.json >path
	[ "$(tail -n 1 path | sed 's/-[12]$//')" = 'ready web' ]
	grep -n '^ready db$\|^vm web' path | sed 's/^[0-9]*://; s/-[12]$//' | paste -sd' ' | grep -qx 'ready db vm web'
	[ "$(jq '[.traceEvents[] | select(.cat == "step")] | length' t.json)" -eq "$(limactl history --json | jq .steps)" ]
	jq -e '[.traceEvents[] | select(.cat == "boot" and .name == "guest" and .dur > 200000)] | length == 3' t.json
	jq -e '.otherData.command | test("apply fleet.yaml")' t.json
	# on stdout the same; what is no trace stays as it is
	limactl trace 1 | cmp - t.json
	fails_with 'base.yaml: is there, and is nothing of this kind' trace -o base.yaml
	limactl trace -o t.json
	fails_with 'there is no run 7' trace 7
	fails_with 'x: a run is a number' report x
}

@test "a restart, a stop and a delete have a trace and a page, too" {
	apply --name a base.yaml
	for words in 'restart a' 'stop a' 'delete -f a'; do
		# shellcheck disable=SC2086
		limactl $words
		limactl trace -o t.json
		trace_is t.json
		limactl report -o r.html
		page_is r.html "limactl $words" 'Critical path' 'remove'
	done
	page_is r.html 'remove disk a'
}

@test "a page tells what failed, with the ends of the logs, and nothing that strangers say is more than text" {
	local evil='<script>alert(1)</script>" onload='\''x'\'' </pre><!-- &lt; $(id)'
	FAKE="--fail it_is_<b>broken</b>" run limactl apply --name a base.yaml
	[ "$status" -ne 0 ]
	limactl report -o r.html
	page_is r.html 'What failed' 'ready a' 'it_is_<b>broken</b>' ha.stderr.log 'failed'
	# a guest that says a megabyte, and what a terminal or a browser would obey
	db 'UPDATE run SET command = ?, outcome = ?' "$evil" $'\e]0;title\a'"$evil"
	db 'UPDATE step SET why = ?, error = ? WHERE error IS NOT NULL' "$evil" $'\e[31m\xe2\x80\xae'"$evil"
	db "UPDATE step SET name = ? WHERE type = 'image'" "/$evil"
	{ head -c 1000000 /dev/zero | tr '\0' 'x'; printf '\n\0\033[2J\377%s\nlast words\n' "$evil"; } >"$LIMA_HOME/a/serial.log"
	limactl report -o r.html
	page_is r.html "$(tr -s ' ' <<<"$evil")" 'last words'
	[ "$(stat -c %s r.html)" -lt 100000 ]
	limactl trace -o t.json
	trace_is t.json
	jq -e --arg e "$evil" '.otherData.command == $e' t.json
}

@test "what lima.yaml calls secret, and what looks like a token, is in no picture of a run" {
	{ cat base.yaml; printf 'env: {PW: "hunter2-is-secret"}\nsecrets: [PW]\n'; } >a.yaml
	FAKE="--fail hunter2-is-secret" run limactl apply a.yaml
	[ "$status" -ne 0 ]
	printf 'login hunter2-is-secret\nAuthorization: Bearer abcdefghijklmnop0123456789\nthe end\n' >"$LIMA_HOME/a/serial.log"
	db 'UPDATE run SET outcome = ?' 'it said hunter2-is-secret'
	db 'UPDATE step SET error = ? WHERE error IS NOT NULL' 'it said hunter2-is-secret'
	limactl report -o r.html
	page_is r.html 'it said (secret)' 'login (secret)' 'the end'
	limactl trace -o t.json
	limactl graph a >g.dot
	limactl plan --set '.cpus = 2' --out p a >/dev/null
	limactl report p -o p.html
	page_is p.html 'To change'
	run ! grep -e hunter2 -e abcdefghijklmnop r.html t.json g.dot p.html
}

@test "the journal keeps a failure longer than anybody knows what was secret in it: it has no secret" {
	{ cat base.yaml; printf 'env: {PW: "hunter2-is-secret"}\nsecrets: [PW]\n'; } >a.yaml
	printf 'provision:\n- script: |\n    #!/bin/sh\n    true\n' >>a.yaml
	apply a.yaml
	run limactl apply --set '.provision[0].script="#!/bin/sh\necho it said hunter2-is-secret; exit 3\n"' a
	[ "$status" -ne 0 ]
	[[ "$output" == *"it said (secret)"* ]]
	[[ "$(db 'SELECT error FROM step WHERE error IS NOT NULL')" == *'it said (secret)'* ]]
	run -0 db 'SELECT * FROM run'
	[[ "$output" != *hunter2* ]]
}

@test "a page of a plan says what would be done, to what, and what that costs" {
	apply fleet.yaml
	limactl plan --out p --set '.cpus = 2 | .message = "<i>hello</i>\nyou"' db
	limactl report p -o p.html
	page_is p.html 'To remake' 'cpus: 1 → 2' 'a running machine is restarted' '<i>hello</i>' 'Machines that go down'
	limactl show --json p | jq -e '.resource_changes[] | select(.type == "vm") | .needs | index("disk.db")'
	limactl plan --out p fleet.yaml
	limactl report p -o p.html
	page_is p.html 'None: all is as wanted.'
	sed -i '1s/ [0-9a-f]\{64\} / 0000000000000000000000000000000000000000000000000000000000000000 /' p
	fails_with 'p: ' report p -o p.html
}

@test "two hundred instances are a page that can be used, and a thousand one that ends" {
	apply --name web base.yaml
	cp "$LIMA_HOME/_state/state.db" one.db
	"$REPO/tests/look/many.py" "$LIMA_HOME" web 200
	limactl report -o r.html
	run -0 page_is r.html web-200 'of them: done, 8 steps'
	[ "$output" -lt 30000 ]
	[ "$(stat -c %s r.html)" -lt 900000 ]
	limactl trace -o t.json
	trace_is t.json | grep -q 'ready web-200'
	cp one.db "$LIMA_HOME/_state/state.db"
	rm -f "$LIMA_HOME/_state/state.db-"*
	"$REPO/tests/look/many.py" "$LIMA_HOME" web 1000
	limactl report -o r.html
	run -0 page_is r.html 'Too many steps for one page'
	[ "$output" -lt 50000 ]
	[ "$(stat -c %s r.html)" -lt 2000000 ]
}

@test "a graph has what is there and what is to be, each with its shape; many instances are one node each" {
	limactl graph fleet.yaml >g.dot
	grep -q '"vm.db" \[label="vm.db\\n+ create", shape=ellipse' g.dot
	grep -q '"ready.db" -> "vm.web-1"' g.dot
	grep -q '"disk.db" -> "vm.db"' g.dot
	[ -z "$(limactl list -q)" ]
	apply fleet.yaml
	limactl graph >g.dot
	grep -q '"vm.db" \[label="vm.db", shape=box' g.dot
	run ! grep -q create g.dot
	limactl graph --set '.cpus = 2' db | grep -q 'vm.db\\n-/+ remake", shape=doubleoctagon'
	limactl graph --fold 2 >g.dot
	grep -q '"instance db" -> "instance web-2"' g.dot
	run ! grep -q 'vm\.' g.dot
	limactl graph -o g.svg db
	python3 -c 'import sys, xml.etree.ElementTree as x; t = [e.text for e in x.parse("g.svg").iter() if e.text]; assert "vm.db" in t, t'
	fails_with '--fold -1: must not be negative' graph --fold=-1 db
	mkdir bin
	ln -s "$(command -v timeout)" bin/
	PATH=$WORK/bin run -1 limactl graph -o h.svg db
	[[ "$output" == *'dot: no such program (Debian package graphviz)'* ]]
	fails_with 'base.yaml: is there, and is nothing of this kind' graph -o base.yaml db
}
