# limactl apply --watch: what is saved, and what changes behind our back, is brought to what is wanted, by events.
load helper

setup() {
	home_begin
	cd "$WORK"
	mkdir src
	fake_yaml >src/web.yaml
}

teardown() {
	[ -z "${pid:-}" ] || kill "$pid" 2>/dev/null || true
	home_end
}

# begins to watch, in the background, and is there when the first round is over
watch() {
	"$BIN/limactl" apply --watch "$@" >out 2>err 3>&- &
	pid=$!
	says 'ing to do: 1\|Done in' || return
}
# within a minute that is said, on either
says() {
	timeout 60 sh -c 'until cat out err | grep -q -e "$1"; do sleep 0.05; done' _ "$1" || { echo "not said: $1"; cat out err; return 1; }
}
# the lines of rounds that match, when nothing has been said for a while
rounds() { sleep 1; grep -c -e "$1" out || true; }
# ends it by that signal, with that status
ends() {
	local rc=0
	kill "-$1" "$pid"
	wait "$pid" || rc=$?
	pid=
	[ "$rc" -eq "$2" ] || { echo "status $rc"; cat out err; return 1; }
}

@test "a save is brought to the machine with a line of its own; a broken text is told, and what mends it is taken" {
	watch src/web.yaml
	sed 's/cpus: 1/cpus: 2/' src/web.yaml >src/.web.yaml.swp && mv src/.web.yaml.swp src/web.yaml
	says '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9] web: cpus 1 → 2: restarted, READY in [0-9.]* s$'
	grep -q 'cpus: 2' "$LIMA_HOME/web/lima.yaml"
	echo 'cpus: [' >>src/web.yaml
	says 'level=error msg=".*web.yaml:[0-9]*:[0-9]*: '
	sed -i '$d' src/web.yaml
	sed -i 's/cpus: 2/cpus: 3/' src/web.yaml
	says 'web: cpus 2 → 3: restarted, READY'
	# what says the same is no reason to say anything
	echo '# a comment' >>src/web.yaml
	touch src/other.yaml
	[ "$(rounds ' web: cpus ')" = 2 ]
	[ "$(limactl plan src/web.yaml | grep -c 'Nothing to do')" = 1 ]
	ends INT 130
	[ "$(status_of web)" = Running ]
}

@test "many saves at once are one round; a text that is gone for a moment, and in whose place is a pipe, ends nothing" {
	watch src/web.yaml
	python3 - <<-'EOF'
		import os, pathlib
		text = pathlib.Path("src/web.yaml").read_text().replace("cpus: 1", "cpus: 2")
		for i in range(100):
		    pathlib.Path("src/copy").write_text(f"{text}# {i}\n")
		    os.rename("src/copy", "src/web.yaml")
	EOF
	says 'web: cpus 1 → 2'
	[ "$(rounds ' web: cpus')" = 1 ]
	[ "$(rounds ' web: ')" -lt 50 ]
	mv src/web.yaml src/away
	sleep 0.05
	mv src/away src/web.yaml
	rm src/web.yaml
	says 'level=error msg=.*web.yaml'
	mkfifo src/web.yaml
	says 'level=error msg=.*web.yaml.*not an ordinary file'
	rm src/web.yaml
	fake_yaml | sed 's/cpus: 1/cpus: 4/' >src/web.yaml
	says 'web: cpus 2 → 4'
	# and with the folder
	mv src gone
	mkdir src
	fake_yaml | sed 's/cpus: 1/cpus: 3/' >src/web.yaml
	says 'web: cpus 4 → 3'
	ends TERM 143
}

@test "what changes behind our back is repaired: a machine, its agent, a file of the instance; one that does not stay is left" {
	watch src/web.yaml
	kill -9 "$(cat "$LIMA_HOME/web/fake.pid")"
	says 'web: .*vm was gone: started, READY'
	kill -9 "$(cat "$LIMA_HOME/web/ha.pid")"
	says 'web: .*vm was changed'
	echo junk >>"$LIMA_HOME/web/ssh.config"
	says 'web: sshconfig was changed: changed in'
	run ! grep junk "$LIMA_HOME/web/ssh.config"
	rm "$LIMA_HOME/web/cidata.iso"
	says 'web: cidata was gone'
	[ "$(status_of web)" = Running ]
	timeout 60 sh -c 'until grep -q repaired err; do rm -f "$LIMA_HOME/web/ssh.config"; sleep 0.2; done'
	says 'repaired 5 times within .* it is left as it is until a file is saved'
	before=$(rounds ' web: ')
	rm -f "$LIMA_HOME/web/ssh.config"
	[ "$(rounds ' web: ')" = "$before" ]
	echo '# go on' >>src/web.yaml
	timeout 60 sh -c 'until [ -e "$LIMA_HOME/web/ssh.config" ]; do sleep 0.05; done'
}

@test "a base and a folder are watched; an instance by its name stays as it was asked to be" {
	fake_yaml >src/base.yml.part
	mv src/base.yml.part src/common
	printf 'base: ./common\n' >src/web.yaml
	mkdir many
	cp src/web.yaml many/web.yaml
	cp src/common many/common
	watch many
	sed -i 's/cpus: 1/cpus: 2/' many/common
	says 'web: cpus 1 → 2'
	cp many/web.yaml many/db.yaml
	says ' db: created, READY in'
	ends HUP 129
	watch web
	limactl stop web
	[ "$(rounds ' web: ')" = 0 ]
	[ "$(status_of web)" = Stopped ]
	sed -i 's/cpus: 2/cpus: 3/' "$LIMA_HOME/web/lima.yaml"
	limactl start web
	[ "$(rounds 'cpus')" = 0 ] # the start has done it
}

@test "another limactl is waited for, and told; one that is killed in a round leaves what the next apply brings to its end" {
	FAKE='--ready-ms 2500' limactl apply src/web.yaml
	# so long a round takes at least: it is seen, also where all is slow
	LIMA_FAKE_MACHINE="--ready-ms 5000" watch src/web.yaml
	LIMA_FAKE_MACHINE='--ready-ms 6000' "$BIN/limactl" restart web >/dev/null 2>&1 3>&- &
	other=$!
	timeout 60 sh -c 'until [ -s "$LIMA_HOME/_state/web.lock" ]; do sleep 0.02; done'
	sed -i 's/cpus: 1/cpus: 2/' src/web.yaml
	says 'aiting for'
	wait "$other" || true
	says 'web: cpus 1 → 2'
	sed -i 's/cpus: 2/cpus: 3/' src/web.yaml
	round=$(timeout 60 sh -c 'until pgrep -P "$1"; do sleep 0.01; done' _ "$pid")
	kill -9 "$pid"
	wait "$pid" || true
	pid=
	timeout 60 sh -c 'while kill -0 "$1" 2>/dev/null; do sleep 0.05; done' _ "$round"
	apply src/web.yaml
	grep -q 'cpus: 3' "$LIMA_HOME/web/lima.yaml"
}

@test "what is for once, or is read once, is not watched" {
	fails_with 'standard input is read once' apply --watch - <src/web.yaml
	fails_with '--json is about one run' apply --watch --json src/web.yaml
	fails_with '--destroy is for once' apply --watch --destroy --allow-data-loss src/web.yaml
	fails_with "there is nothing to watch: no instance in $LIMA_HOME, and no fleet.yaml or lima.yaml in this folder" apply --watch
	limactl apply --stopped src/web.yaml
	fails_with 'would be done again each round' apply --watch --set '.cpus=2' web
	limactl plan --out p web
	fails_with 'is a plan, which is walked once' apply --watch p
}
