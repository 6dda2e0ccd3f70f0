# What `provision` runs, entry by entry: a guest that is only played runs it with a shell of the host's, in the instance's folder.
load helper

setup() {
	home_begin
	fake_yaml >"$WORK/f.yaml"
	ME=$(id -un):$(id -gn)
}

teardown() { home_end; }

# script N TEXT: what the Nth entry is to be, as an expression
script() { printf '.provision[%d].script="#!/bin/sh\\n%s\\n"' "$1" "$2"; }
pid_of() { cat "$LIMA_HOME/$1/fake.pid"; }
# a boot that has run that file with that status, and said that
boot_ran() {
	mkdir -p "$LIMA_HOME/$1/guest/run/lima-provision"
	printf '%s 1.00 3.50\n%s\n' "$3" "$4" >"$LIMA_HOME/$1/guest/run/lima-provision/$2"
}

two() {
	cat >>"$WORK/f.yaml" <<-EOF
		provision:
		- script: |
		    #!/bin/sh
		    echo one >>$WORK/ran
		- script: |
		    #!/bin/sh
		    echo two >>$WORK/ran
	EOF
}

@test "what the boot has run is not run again, neither after the first start nor after a stop and a start" {
	two
	limactl create --tty=false "$WORK/f.yaml"
	boot_ran f provision.system.00000001 0 'said by the boot'
	apply --running f
	[ ! -e "$WORK/ran" ]
	[ "$(limactl log provision.f:1)" = 'said by the boot' ]
	run -0 limactl explain provision.f:1
	[[ $output == *"status: 0"*"mode: system"*"written in: lima.yaml:"*"ran: by the boot"*"took: 2.5 s"* ]]
	run -0 limactl stop f
	[[ $output != *provision* ]] # it goes along
	[ "$(limactl log provision.f:1)" = 'said by the boot' ]
	limactl start f
	[[ $(limactl plan f) == *"Nothing to do"* ]]
	[ ! -e "$WORK/ran" ]
}

@test "a script that has changed runs on the running machine, alone, and the next boot has it" {
	two
	apply "$WORK/f.yaml"
	one=$(pid_of f)
	run -0 limactl plan --set "$(script 1 "echo changed; echo new >>$WORK/ran")" f
	[[ $output == *"provision[1].script:  (in place)"*"~ provision f:1"*"Plan: 2 to change"* ]]
	apply --set "$(script 1 "echo changed; echo new >>$WORK/ran")" f
	[ "$(pid_of f)" = "$one" ]
	[ "$(cat "$WORK/ran")" = new ]
	[ "$(limactl log provision.f:1)" = changed ]
	[[ $(limactl explain provision.f:1) == *"ran: by an apply"* ]]
	# it was the other one when the machine was started, and is this one from the next start on
	grep -q "$(printf 'echo two' | head -c 8)" <(strings "$LIMA_HOME/f/cidata.iso")
	limactl restart f
	[ "$(pid_of f)" != "$one" ]
	grep -q "echo new" <(strings "$LIMA_HOME/f/cidata.iso")
	[[ $(limactl plan f) == *"Nothing to do"* ]]
	[ "$(cat "$WORK/ran")" = new ]
}

@test "back to what it was is a change, too; an entry that only moves is none" {
	two
	apply "$WORK/f.yaml"
	limactl apply --set "$(script 0 "echo new >>$WORK/ran")" f
	limactl apply --set "$(script 0 "echo one >>$WORK/ran")" f
	[ "$(cat "$WORK/ran")" = $'new\none' ]
	limactl apply --set ".provision |= [{\"mode\":\"system\",\"script\":\"#!/bin/sh\\necho first >>$WORK/ran\\n\"}] + ." f
	[ "$(cat "$WORK/ran")" = $'new\none\nfirst' ]
	limactl apply --set '.provision=[.provision[2],.provision[1],.provision[0]]' f
	[ "$(cat "$WORK/ran")" = $'new\none\nfirst' ]
	limactl apply --set 'del(.provision[2])' f
	[[ $(limactl plan f) == *"Nothing to do"* ]]
	# what has run is run again when that is asked for
	limactl apply --replace provision.f:0 f
	[ "$(cat "$WORK/ran")" = $'new\none\nfirst\ntwo' ]
}

@test "one that fails fails the apply, says which and what it said, and is run again by the next" {
	two
	apply "$WORK/f.yaml"
	fails_with 'provision[0] (system, lima.yaml:' apply --set "$(script 0 "echo no such luck; exit 7")" f
	[[ $stderr == *"exit status 7, run by an apply; it said: no such luck; all it said: \`limactl log provision.f:0\`"* ]]
	[ "$(limactl log provision.f:0)" = "no such luck" ]
	run -0 limactl plan f
	[[ $output == *"~ provision f:0  (left unfinished)"*"status: 7 -> 0"* ]]
	fails_with 'exit status 7' apply f
	apply --set "$(script 0 "echo better >>$WORK/ran")" f
	[ "$(cat "$WORK/ran")" = better ]
}

@test "one that has failed in the boot fails the start, and is run again by the next apply" {
	two
	limactl create --tty=false "$WORK/f.yaml"
	boot_ran f provision.system.00000000 3 'not in this boot'
	fails_with 'provision[0] (system, lima.yaml:' start f
	[[ $stderr == *"DEGRADED: it runs, but"*"exit status 3, run by the boot; it said: not in this boot"* ]]
	[ "$(status_of f)" = Running ]
	[ ! -e "$WORK/ran" ]
	apply f
	[ "$(cat "$WORK/ran")" = one ]
}

@test "a file is written again when it is to be another, by its owner and mode; one that is not to be overwritten is left" {
	cat >>"$WORK/f.yaml" <<-EOF
		provision:
		- {mode: data, path: $WORK/d/a.conf, content: "x=1", owner: "$ME", permissions: "640"}
	EOF
	apply "$WORK/f.yaml"
	[ ! -e "$WORK/d/a.conf" ]
	apply --set '.provision[0].content="x=\"2\" $HOME"' f
	[ "$(cat "$WORK/d/a.conf")" = 'x="2" $HOME' ]
	[ "$(stat -c %a "$WORK/d/a.conf")" = 640 ]
	apply --set '.provision[0].content="y" | .provision[0].overwrite=false' f
	[ "$(cat "$WORK/d/a.conf")" = 'x="2" $HOME' ]
	fails_with 'cannot be written' apply --set '.provision[0].path="/proc/no/such" | .provision[0].overwrite=true' f
}

@test "what only a boot can run takes the machine down, and the plan says so" {
	two
	apply "$WORK/f.yaml"
	one=$(pid_of f)
	run -0 limactl plan --set '.provision += [{"mode":"boot","script":"true"}]' f
	[[ $output == *"told to the guest at boot; a running machine is restarted"* ]]
	[[ $output == *"-/+ provision f  (2)  (vm is remade)"* ]]
	[[ $(limactl plan --json --set '.provision += [{"mode":"boot","script":"true"}]' f) == *'"guest-reboot"'* ]]
	limactl apply --set '.provision += [{"mode":"boot","script":"true"}]' f
	[[ $(limactl plan f) == *"Nothing to do"* ]]
	[ "$(pid_of f)" != "$one" ]
	[ ! -e "$WORK/ran" ]
}

@test "a record that is cut, or of something else, is none: its script runs again" {
	two
	apply "$WORK/f.yaml"
	apply --set ".provision[2] = {\"mode\": \"data\", \"path\": \"$WORK/conf\", \"content\": \"x\"}" f
	apply --set "$(script 0 "echo changed >>$WORK/ran")" f
	for cut in 'head -c 40' "sed s/status/statuz/g" "tr -d 0-9" 'head -c 0'; do
		for record in "$LIMA_HOME"/f/provision/????????????????*[!g]; do
			$cut <"$record" >"$WORK/cut"
			cat "$WORK/cut" >"$record"
		done
		rm -f "$LIMA_HOME"/_state/state.db*
		run limactl plan f
		[ "$status" -lt 3 ] || { echo "$cut: $status: $output"; false; }
		apply f
	done
}

@test "kill -9 in the middle of a run: what runs in the guest is ended, and the next apply runs it again and says so" {
	two
	apply "$WORK/f.yaml"
	LIMA_FAKE_MACHINE= "$BIN/limactl" apply --set "$(script 0 "echo begun >>$WORK/ran; sleep 300 & echo \$! >$WORK/sleep; wait; echo ended >>$WORK/ran")" f 3>&- &
	apply_pid=$!
	timeout 60 bash -c 'until [ -s "$1" ]; do sleep 0.05; done' _ "$WORK/sleep"
	kill -9 $apply_pid
	wait $apply_pid || true
	timeout 60 bash -c 'while kill -0 "$(cat "$1")" 2>/dev/null; do sleep 0.1; done' _ "$WORK/sleep"
	run -0 limactl plan f
	[[ $output == *"provision f:0  (left unfinished)"* ]]
	run --separate-stderr limactl apply --set "$(script 0 "echo begun >>$WORK/ran; sleep 0")" f
	[ "$status" -eq 0 ]
	[ "$(cat "$WORK/ran")" = $'begun\nbegun' ]
	[[ $(limactl plan f) == *"Nothing to do"* ]]
}

@test "Ctrl-C ends the script in the guest, too, and the same one is run again, and that is said" {
	two
	apply "$WORK/f.yaml"
	words=$(script 0 "echo begun >>$WORK/ran; [ -e $WORK/go ] || { echo \$\$ >$WORK/sleep; sleep 300; }")
	LIMA_FAKE_MACHINE= "$BIN/limactl" apply --set "$words" f 3>&- 2>"$WORK/err" &
	apply_pid=$!
	timeout 60 bash -c 'until [ -s "$1" ]; do sleep 0.05; done' _ "$WORK/sleep"
	kill -INT $apply_pid
	wait $apply_pid && false || [ $? = 130 ]
	grep -q 'ended in the guest, too; the next apply runs it again' "$WORK/err"
	timeout 60 bash -c 'while kill -0 "$(cat "$1")" 2>/dev/null; do sleep 0.1; done' _ "$WORK/sleep"
	touch "$WORK/go"
	run --separate-stderr limactl apply f
	[ "$status" -eq 0 ]
	[[ $stderr == *"its last run did not come to its end: it is run again"* ]]
	[ "$(cat "$WORK/ran")" = $'begun\nbegun' ]
}

@test "without a database nothing is run twice" {
	two
	apply "$WORK/f.yaml"
	limactl apply --set "$(script 0 "echo new >>$WORK/ran")" f
	rm -f "$LIMA_HOME"/_state/state.db*
	limactl apply f
	[[ $(limactl plan f) == *"Nothing to do"* ]]
	[ "$(cat "$WORK/ran")" = new ]
}

@test "what stands behind one that failed waits; another machine that depends on it, too" {
	cat >"$WORK/fleet.yaml" <<-EOF
		name: x
		instances:
		  a:
		    provision: [{script: "#!/bin/sh\necho a"}, {script: "#!/bin/sh\necho b"}]
		  b: {dependsOn: [a]}
		defaults:
		$(sed 's/^/  /' "$WORK/f.yaml")
	EOF
	limactl apply --stopped "$WORK/fleet.yaml"
	boot_ran a provision.system.00000000 3 'not in this boot'
	fails_with 'provision[0]' apply --keep-going "$WORK/fleet.yaml"
	[ "$(status_of a)" = Running ]
	[ "$(status_of b)" = Stopped ]
	apply "$WORK/fleet.yaml"
	[ "$(status_of b)" = Running ]
}

@test "a file that is gone from the guest, or another now, is told by plan, and put back" {
	cat >>"$WORK/f.yaml" <<-EOF
		provision:
		- {mode: data, path: $WORK/d/a.conf, content: "x=1", owner: "$ME", permissions: "640"}
		- {mode: data, path: $WORK/d/b.conf, content: "y=1", owner: "$ME", overwrite: false}
	EOF
	limactl create --tty=false "$WORK/f.yaml"
	mkdir "$WORK/d"
	printf x=1 >"$WORK/d/a.conf"
	chmod 640 "$WORK/d/a.conf"
	echo mine >"$WORK/d/b.conf"
	apply --running f
	one=$(pid_of f)
	rm "$WORK/d/a.conf"
	run -0 limactl plan f
	[[ $output == *"~ provision f:0"*"file: gone -> 640 "*"Plan: 1 to change"* ]]
	apply f
	[ "$(cat "$WORK/d/a.conf")" = x=1 ]
	[ "$(stat -c %a "$WORK/d/a.conf")" = 640 ]
	echo more >>"$WORK/d/a.conf"
	[[ $(limactl plan f) == *"Plan: 1 to change"* ]]
	apply f
	[ "$(cat "$WORK/d/a.conf")" = x=1 ]
	# one that is not to be overwritten is only to be there
	echo other >"$WORK/d/b.conf"
	[[ $(limactl plan f) == *"Nothing to do"* ]]
	rm "$WORK/d/b.conf"
	apply f
	[ "$(cat "$WORK/d/b.conf")" = y=1 ]
	[ "$(pid_of f)" = "$one" ]
}

@test "a file that something else of the boot has changed is left as it is, as long as it is there" {
	cat >>"$WORK/f.yaml" <<-EOF
		provision:
		- {mode: data, path: $WORK/d/a.conf, content: "x=1", owner: "$ME"}
	EOF
	limactl create --tty=false "$WORK/f.yaml"
	mkdir "$WORK/d"
	echo 'edited by a script' >"$WORK/d/a.conf"
	apply --running f
	echo 'edited again' >"$WORK/d/a.conf"
	[[ $(limactl plan f) == *"Nothing to do"* ]]
	rm "$WORK/d/a.conf"
	apply f
	[ "$(cat "$WORK/d/a.conf")" = x=1 ]
}
