# One command in several instances side by side. ssh is played: the script runs here, and knows which guest it would be in.
load helper

setup() {
	home_begin
	cd "$WORK"
	for name in web db other; do fake_yaml >$name.yaml; done
	cat >ssh <<-'EOF2'
		#!/bin/bash
		for word; do case $word in lima-*) guest=${word#lima-} ;; esac; done
		export guest
		exec /bin/bash -c "${!#}"
	EOF2
	chmod +x ssh
	export SSH=$WORK/ssh
	limactl apply web.yaml db.yaml other.yaml
}

teardown() { home_end; }

@test "lines have the name in front, each whole; streams stay apart; the status is the highest" {
	run -0 --separate-stderr limactl shell --workdir / web,db echo hello
	[ "$(sort <<<"$output")" = $'db  | hello\nweb | hello' ]
	run -3 --separate-stderr limactl shell --workdir / web,db,web sh -c 'echo "out of $guest"; echo "err of $guest" >&2; printf no-end; [ $guest = web ] && exit 3; exit 1'
	[ "$(sort <<<"$output")" = $'db  | no-end\ndb  | out of db\nweb | no-end\nweb | out of web' ]
	[[ $stderr == *'db  | err of db'* && $stderr == *'web | err of web'* ]]
	[[ $stderr == *'level=error msg="The command failed in 2 of 2 instances: `web` (exit status 3), `db` (exit status 1)"'* ]]
	# at once, and not one after the other: each waits for the other one
	mkfifo there back
	run -0 timeout 20 "$BIN/limactl" shell --workdir / web,db bash -c "if [ \$guest = web ]; then echo x >$WORK/there; cat $WORK/back; else cat $WORK/there; echo y >$WORK/back; fi"
	# much at once, in whole lines
	run -0 --separate-stderr limactl shell --workdir / '*' bash -c 'for i in {1..3000}; do echo "$guest says line $i"; done'
	[ "${#lines[@]}" -eq 9000 ]
	! grep -vE '^(web  |db   |other) \| (web|db|other) says line [0-9]+$' <<<"$output" || false
	# what was read at once is written at once: a pipe that keeps writes apart counts them
	run -0 timeout 30 python3 - "$BIN/limactl" <<-'EOF2'
		import os, subprocess, sys
		r, w = os.pipe2(os.O_DIRECT)
		p = subprocess.Popen([sys.argv[1], "exec", "--workdir", "/", "web", "--", "seq", "1", "400"], stdout=w)
		os.close(w)
		said = []
		while part := os.read(r, 65536):
		    said.append(part)
		assert p.wait() == 0 and b"".join(said).count(b"\n") == 400, said
		assert len(said) < 20, len(said)
	EOF2
}

@test "a glob is the instances that fit; nothing is run before all are known to be there" {
	run -0 --separate-stderr limactl shell --workdir / 'w*,o?her' sh -c 'echo $guest'
	[ "$(sort <<<"$output")" = $'other | other\nweb   | web' ]
	fails_with 'no instance matches `x*`' shell 'x*' true
	fails_with "give the command" shell 'w*'
	fails_with "names no instance" shell ',' true
	fails_with "--sync is for one instance" shell --sync . 'w*' true
	fails_with "does not exist" shell web,nobody touch "$WORK/ran"
	limactl stop db
	fails_with 'instance `db` is stopped' shell '*' touch "$WORK/ran"
	[ ! -e ran ]
	run -0 limactl shell --start --workdir / web,db true
	[ "$(status_of db)" = Running ]
}

@test "standard input is nobody's, and what runs ends with us" {
	run -0 timeout 20 bash -c 'yes | "$BIN/limactl" shell --workdir / web,db cat'
	[ -z "$output" ]
	"$BIN/limactl" shell --workdir / web,db bash -c "echo \$\$ >$WORK/pid.\$guest; exec sleep 600" &
	pid=$!
	timeout 20 sh -c 'until [ -s pid.web ] && [ -s pid.db ]; do sleep 0.1; done'
	kill $pid
	wait $pid || true
	timeout 20 sh -c 'while kill -0 "$0" 2>/dev/null || kill -0 "$1" 2>/dev/null; do sleep 0.1; done' "$(cat pid.web)" "$(cat pid.db)"
}

@test "what a guest says reaches a terminal without what that would obey" {
	script -qec "$BIN/limactl shell --workdir / web,db printf '\\\\033]0;title\\\\007\\\\033[31mred\\\\n'" /dev/null >said
	grep -q 'web | .*red' said
	! grep -q $'\033' said || false
}

@test "exec: names, globs and fleets; what stands behind -- is the command alone" {
	run -0 --separate-stderr limactl exec --workdir / web -- sh -c 'echo "$guest: $*"' x -- fleet/none a.yaml
	[ "$output" = 'web | web: -- fleet/none a.yaml' ]
	run -0 --separate-stderr limactl exec --workdir / 'w*' db,web other -- sh -c 'echo $guest'
	[ "$(sort <<<"$output")" = $'db    | db\nother | other\nweb   | web' ]
	cat >fleet.yaml <<-EOF
		name: bench
		defaults: {base: $WORK/web.yaml}
		instances: {"m-{1..2}": {}}
	EOF
	limactl apply
	run -0 --separate-stderr limactl exec --workdir / fleet/bench web -- sh -c 'echo $guest'
	[ "$(sort <<<"$output")" = $'m-1 | m-1\nm-2 | m-2\nweb | web' ]
	fails_with "which instances, and which command" exec web true
	fails_with "which instances, and which command" exec web --
	fails_with "which instances, and which command" exec -- true
	fails_with "no instance of a fleet" exec fleet/none -- true
	fails_with "does not exist" exec web nobody -- touch "$WORK/ran"
	[ ! -e ran ]
}

@test "exec --timeout ends what runs, and says whom; the others' words are kept" {
	run -124 --separate-stderr limactl exec --workdir / --timeout 1s web db -- bash -c 'echo "$guest begins"; [ $guest = db ] || exec sleep 600; exit 3'
	[ "$(sort <<<"$output")" = $'db  | db begins\nweb | web begins' ]
	[[ $stderr == *'The command failed in 2 of 2 instances: `web` (no end in time), `db` (exit status 3)"'* ]]
	# what had no place yet when time was up was not begun
	run -124 --separate-stderr limactl exec --workdir / -j 1 --timeout 1s web db -- bash -c "touch $WORK/ran.\$guest; exec sleep 600"
	[ -e ran.web ]
	[ ! -e ran.db ]
	[[ $stderr == *'`db` (not begun in time)'* ]]
	fails_with "longer than nothing" exec --timeout 0s web -- true
	fails_with "between 1 and 1000" exec -j 0 web -- true
}

# stalled STREAMS ARGS...: what STREAMS of limactl go to is a pipe that nobody reads; its exit status, and what is left on stderr
stalled() {
	timeout 90 python3 - "$BIN/limactl" "$@" <<-'EOF2'
		import os, subprocess, sys
		program, streams, *args = sys.argv[1:]
		r, w = os.pipe()
		p = subprocess.Popen([program, *args], stdout=w, stderr=w if streams == "both" else None)
		os.close(w)
		print(p.wait())
		os.close(r)
	EOF2
}

@test "exec --timeout holds, whoever does not read, and whatever a command does with its streams" {
	run -0 --separate-stderr stalled one exec --workdir / --timeout 1s web db -- bash -c 'echo $$ >$guest.pid; [ $guest = db ] || exec yes; exit 3'
	[ "$output" = 124 ]
	[[ $stderr == *'Time was up before all was read that the command said; the rest is lost'*'in 2 of 2 instances: `web` (no end in time), `db` (exit status 3)"'* ]]
	run ! kill -0 "$(cat web.pid)"
	# nor can it be said then
	run -0 --separate-stderr stalled both exec --workdir / --timeout 1s web -- yes
	[ "$output" = 124 ]
	# it has ended, and what it said has not been read
	run -0 --separate-stderr stalled one exec --workdir / --timeout 1s web -- head -c 200000 /dev/zero
	[ "$output" = 124 ]
	run -124 --separate-stderr limactl exec --workdir / --timeout 1s web -- bash -c 'exec >&- 2>&-; exec sleep 600'
	[[ $stderr == *'`web` (no end in time)'* ]]
	run -124 limactl exec --workdir / --timeout 1s web -- bash -c 'trap "" TERM; exec >&- 2>&-; while :; do sleep 1; done'
	# who reads late is waited for, and misses nothing
	run -0 bash -c '"$BIN/limactl" exec --workdir / web db -- seq 100000 | (sleep 2; sort -u | wc -l)'
	[ "$output" -eq 200000 ]
}

@test "exec --fail-fast: the first failure ends the rest; without it all come to their ends" {
	run -7 --separate-stderr limactl exec --workdir / --fail-fast web db other -- bash -c 'case $guest in web) exit 7 ;; *) exec sleep 600 ;; esac'
	[[ $stderr == *'The command failed in 1 of 3 instances: `web` (exit status 7); called off in 2"'* ]]
	run -7 --separate-stderr limactl exec --workdir / --fail-fast -j 1 web db other -- bash -c "touch $WORK/ran.\$guest; exit 7"
	[ -e ran.web ]
	[ ! -e ran.db ]
	[ ! -e ran.other ]
	run -7 --separate-stderr limactl exec --workdir / -j 1 web db other -- bash -c "touch $WORK/ran.\$guest; exit 7"
	[ -e ran.db ]
	[ -e ran.other ]
}

@test "exec --stdin gives all of our input to each; without it nobody has any" {
	head -c 3000000 /dev/urandom >in
	sum=$(sha256sum <in)
	run -0 --separate-stderr limactl exec --workdir / --stdin '*' -- sha256sum <in
	[ "$(sort <<<"$output")" = "$(printf '%s\n' "db    | $sum" "other | $sum" "web   | $sum")" ]
	run -0 --separate-stderr bash -c 'seq 3 | "$BIN/limactl" exec --workdir / -i web -- tail -n 1'
	[ "$output" = 'web | 3' ]
	run -0 timeout 20 bash -c 'yes | "$BIN/limactl" exec --workdir / web db -- cat'
	[ -z "$output" ]
}

@test "a file in the place of a name starts what it made; its words are told where the copy says otherwise" {
	fake_yaml >one.yaml
	limactl start --tty=false one.yaml
	run -0 limactl start one.yaml
	[[ $output == *"Using the existing instance"*"is already running"* && $output != *"says otherwise"* ]]
	limactl stop one.yaml
	sed -i 's/^cpus: 1/cpus: 2/' one.yaml
	run -0 limactl start ./one.yaml
	[[ $output == *"says otherwise (cpus: 2 there, 1 here): "*"Using the existing instance"*"READY"* ]]
	[ "$(limactl list --format '{{.CPUs}}' one)" = 1 ]
	# another file of that name, and another name for that file
	mkdir beside
	cp one.yaml beside/
	fails_with 'instance `one` already exists' start beside/one.yaml
	cp one.yaml two.yaml
	fails_with 'instance `one` already exists' start --name one two.yaml
	fails_with 'instance `one` already exists' create one.yaml
	# in a list of names, and with a path behind it
	fails_with 'instance `two` does not exist' shell one.yaml,two.yaml true
	fails_with 'there is no file `nix.yaml`, and no instance `nix`' shell one.yaml,nix.yaml true
	fails_with 'there is no file `nix.yaml`, and no instance `nix`' copy nix.yaml:/etc/hosts .
	fails_with 'instance `two` does not exist' copy two.yaml:/etc/hosts .
	limactl delete -f one.yaml
}
