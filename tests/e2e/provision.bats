#!/usr/bin/env bats
# What `provision` runs, entry by entry, in a guest that runs: a changed one without a restart, a failing one, a file put back.
load helper

setup_file() {
	home_begin
	sed "s|\.\./build|$REPO/build|; /^provision:/,\$d" "$REPO/examples/tiny.yaml" >"$WORK/t.yaml"
	cat >>"$WORK/t.yaml" <<-'EOF'
		param: {WORD: "a 'word'"}
		provision:
		- mode: system
		  script: |
		    #!/bin/sh
		    echo "booted $PARAM_WORD"
		    echo x >>/var/lib/booted
		- mode: data
		  path: /etc/app/app.conf
		  content: "word={{.Param.WORD}}"
		  owner: "{{.User}}"
		  permissions: "640"
	EOF
}

teardown_file() {
	home_end
}

in_guest() { limactl shell t sudo sh -c "$1"; }

@test "what the boot has run is known with what it said, and not run again" {
	apply "$WORK/t.yaml"
	[ "$(limactl log provision.t:0 | tail -n 1)" = "booted a 'word'" ]
	[[ $(limactl explain provision.t:0) == *"status: 0"*"ran: by the boot"* ]]
	[ "$(in_guest 'cat /var/lib/booted')" = x ]
	[ "$(in_guest 'cat /etc/app/app.conf')" = "word=a 'word'" ]
}

@test "a changed script, a new one of the user's and a changed file are there at once, and the machine is the same" {
	one=$(cat "$LIMA_HOME/t/qemu.pid")
	limactl apply --set '.provision[0].script="#!/bin/sh\necho \"anew $PARAM_WORD $LIMA_CIDATA_USER\"; id -un; echo y >>/var/lib/booted\n"
		| .provision[1].content="a\n\"b\" $c '"'d'"'"
		| .provision += [{"mode":"user","script":"#!/bin/sh\necho \"$(id -un) $PARAM_WORD\" >mark; echo \"in $PWD\"\n"}]' t
	[[ $(limactl plan t) == *"Nothing to do"* ]]
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$one" ]
	user=$(limactl shell t id -un)
	[ "$(limactl log provision.t:0)" = "anew a 'word' $user"$'\n'root ]
	[ "$(in_guest 'cat /var/lib/booted')" = $'x\ny' ]
	[ "$(in_guest 'cat /etc/app/app.conf')" = $'a\n"b" $c '"'d'" ]
	[ "$(in_guest 'stat -c "%U %a" /etc/app/app.conf')" = "$user 640" ]
	[ "$(limactl shell t sh -c 'cat ~/mark')" = "$user a 'word'" ]
	[[ $(limactl log provision.t:2) == "in /home/"* ]]
	[ -z "$(in_guest 'ls /var/lib/lima-provision')" ]
}

@test "a file that is gone from the guest is told by plan, and put back; so is one that was changed" {
	one=$(cat "$LIMA_HOME/t/qemu.pid")
	in_guest 'rm /etc/app/app.conf'
	run -0 limactl plan t
	[[ $output == *"~ provision t:1"*"file: gone -> 640 "* ]]
	apply t
	[ "$(in_guest 'cat /etc/app/app.conf')" = $'a\n"b" $c '"'d'" ]
	in_guest 'chmod 600 /etc/app/app.conf'
	[[ $(limactl plan t) == *"file: 600 "* ]]
	apply t
	[ "$(in_guest 'stat -c %a /etc/app/app.conf')" = 640 ]
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$one" ]
}

@test "one that fails with 7 fails the apply by name, line and words; mended, it runs, and the machine is still the same" {
	one=$(cat "$LIMA_HOME/t/qemu.pid")
	fails_with 'provision[0] (system, lima.yaml:' apply --set '.provision[0].script="#!/bin/sh\necho no such luck\nexit 7\n"' t
	[[ $stderr == *"exit status 7"*"it said: no such luck"*"limactl log provision.t:0"* ]]
	[ "$(limactl log provision.t:0)" = "no such luck" ]
	limactl apply --set '.provision[0].script="#!/bin/sh\necho mended\n"' t
	[[ $(limactl plan t) == *"Nothing to do"* ]]
	[ "$(limactl log provision.t:0)" = mended ]
	[ "$(cat "$LIMA_HOME/t/qemu.pid")" = "$one" ]
}

@test "what is interrupted is ended in the guest, with all that it has started" {
	"$BIN/limactl" apply --set '.provision[0].script="#!/bin/sh\nsleep 4321 &\nsleep 4321\n"' t 3>&- 2>"$WORK/err" &
	apply_pid=$!
	LIMIT=60 timeout 60 bash -c 'until "$1" shell t ps 2>/dev/null | grep -q "[s]leep 4321$"; do sleep 0.2; done' _ "$BIN/limactl"
	kill -INT $apply_pid
	wait $apply_pid || [ $? = 130 ]
	grep -q 'ended in the guest, too' "$WORK/err"
	timeout 60 bash -c 'while "$1" shell t ps 2>/dev/null | grep -q "[s]leep 4321$"; do sleep 0.2; done' _ "$BIN/limactl"
	limactl apply --set '.provision[0].script="#!/bin/sh\necho last >>/var/lib/booted\n"' t
}

@test "the next start has what was changed: each has run by the boot, once" {
	limactl restart t
	[[ $(limactl plan t) == *"Nothing to do"* ]]
	[[ $(limactl explain provision.t:0) == *"ran: by the boot"* ]]
	[ "$(in_guest 'tail -n 1 /var/lib/booted')" = last ]
	[ "$(in_guest 'grep -c last /var/lib/booted')" = 2 ]
}
