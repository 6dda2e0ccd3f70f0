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
	! grep -vE '^(web  |db   |other) \| (web|db|other) says line [0-9]+$' <<<"$output"
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
	! grep -q $'\033' said
}
