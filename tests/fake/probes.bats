# Probes, one by one: a guest that is only played is asked by a shell of the host's.
load helper

setup() {
	home_begin
	fake_yaml >"$WORK/f.yaml"
}

teardown() { home_end; }

# probe N TEXT: what the Nth one is to be, as an expression
probe() { printf '.probes[%d].script="#!/bin/sh\\n%s\\n"' "$1" "$2"; }
pid_of() { cat "$LIMA_HOME/$1/fake.pid"; }

two() {
	cat >>"$WORK/f.yaml" <<-EOF
		probes:
		- description: the first thing
		  script: |
		    #!/bin/sh
		    echo one >>$WORK/asked
		- script: |
		    #!/bin/sh
		    echo two >>$WORK/asked
		  hint: see two
	EOF
}

@test "each is a thing of its own: asked once, told by explain and log, and not again" {
	two
	run -0 limactl plan "$WORK/f.yaml"
	[[ $output == *"probe "*" f  (2)"* ]]
	apply "$WORK/f.yaml"
	[ "$(sort "$WORK/asked")" = $'one\ntwo' ]
	run -0 limactl explain probe.f:0
	[[ $output == *"asks: the first thing"*"status: 0"* || $output == *"status: 0"*"asks: the first thing"* ]]
	[[ $output == *"written in: f.yaml:"* ]]
	limactl graph f | grep -q 'probe.*f:1'
	rm -f "$LIMA_HOME"/_state/state.db*
	apply f
	[ "$(sort "$WORK/asked")" = $'one\ntwo' ]
	limactl restart f
	[ "$(sort "$WORK/asked")" = $'one\none\ntwo\ntwo' ]
}

@test "one that has changed is asked again, alone, of the machine that runs; and so one that is asked for anew" {
	two
	apply "$WORK/f.yaml"
	one=$(pid_of f)
	rm "$WORK/asked"
	run -0 limactl plan --set "$(probe 1 "echo new >>$WORK/asked; echo content")" f
	[[ $output == *"probes[1].script:  (in place)"*"~ probe "*" f:1"* ]]
	apply --set "$(probe 1 "echo new >>$WORK/asked; echo content")" f
	[ "$(cat "$WORK/asked")" = new ]
	[ "$(pid_of f)" = "$one" ]
	[ "$(limactl log probe.f:1)" = content ]
	limactl apply --replace probe.f:0 f
	[ "$(cat "$WORK/asked")" = $'new\none' ]
	# what it is called is no other question
	limactl apply --set '.probes[0].description="something else"' f
	[ "$(cat "$WORK/asked")" = $'new\none' ]
	limactl apply --set "$(probe 1 "echo two >>$WORK/asked")" f
	[ "$(cat "$WORK/asked")" = $'new\none\ntwo' ]
	apply --set 'del(.probes)' f
	[ "$(pid_of f)" = "$one" ]
	fails_with 'there is no log of it' log probe.f:1
}

@test "one that is not content is asked until it is" {
	two
	apply "$WORK/f.yaml"
	apply --set "$(probe 0 "[ -e $WORK/there ] || { touch $WORK/there; exit 1; }")" f
	[ -e "$WORK/there" ]
}

@test "one that is never content fails the apply, by its line, with what it said; it stands behind the scripts" {
	two
	cat >>"$WORK/f.yaml" <<-EOF
		provision: [{script: "#!/bin/sh\ntrue"}]
	EOF
	apply "$WORK/f.yaml"
	fails_with 'probes[1] (user probe 2/2, lima.yaml:' apply --timeout 3s --set "$(probe 1 "echo first; echo no such luck >&2; exit 7")" f
	[[ $stderr == *"exit status 7, run by an apply; it said: no such luck; all it said: \`limactl log probe.f:1\`"* ]]
	[ "$(limactl log probe.f:1)" = $'first\nno such luck' ]
	run -0 limactl plan f
	[[ $output == *"~ probe "*" f:1  (left unfinished)"*"status: 7 -> 0"* ]]
	apply --set "$(probe 1 "[ -e $WORK/ran ]")" --set ".provision[0].script=\"#!/bin/sh\\ntouch $WORK/ran\\n\"" f
	[[ $(limactl plan f) == *"Nothing to do"* ]]
}

@test "playbooks, one by one: that whose text has changed is played again, alone; one that fails says which" {
	mkdir "$WORK/bin"
	cat >"$WORK/bin/ansible-playbook" <<-EOF
		#!/bin/sh
		echo "plays \$3"
		basename "\$3" >>$WORK/played
		! grep bad "\$3"
	EOF
	chmod +x "$WORK/bin/ansible-playbook"
	PATH=$WORK/bin:$PATH
	echo one >"$WORK/one.yaml"
	echo two >"$WORK/two.yaml"
	echo "provision: [{mode: ansible, playbook: $WORK/one.yaml}, {script: 'true'}, {mode: ansible, playbook: $WORK/two.yaml}]" >>"$WORK/f.yaml"
	apply "$WORK/f.yaml"
	[ "$(cat "$WORK/played")" = $'one.yaml\ntwo.yaml' ]
	touch "$WORK/one.yaml"
	[[ $(limactl plan f) == *"Nothing to do"* ]]
	limactl plan --out "$WORK/plan" --replace playbook.f:2 f
	echo 'two, bad' >"$WORK/two.yaml"
	run -3 limactl apply "$WORK/plan"
	run -0 limactl plan f
	[[ $output == *'~ playbook '*' f:2'*'file: another one -> as played'*'Plan: 1 to change'* ]]
	fails_with "provision[2].playbook: $WORK/two.yaml (ansible, lima.yaml:" apply f
	[[ $stderr == *'exit status 1, run by an apply; it said: two, bad'*'`limactl log playbook.f:2`'* ]]
	[ "$(limactl log provision.f:2)" = "plays $WORK/two.yaml"$'\ntwo, bad' ]
	echo 'two again' >"$WORK/two.yaml"
	apply f
	[ "$(cat "$WORK/played")" = $'one.yaml\ntwo.yaml\ntwo.yaml\ntwo.yaml' ]
	rm -f "$LIMA_HOME"/_state/state.db*
	apply f
	[ "$(wc -l <"$WORK/played")" = 4 ]
	[ -e "$LIMA_HOME/f/ansible-inventory.yaml" ]
	limactl stop f
	[ ! -e "$LIMA_HOME/f/ansible-inventory.yaml" ]
}

# As an earlier version had it: one resource for all playbooks, whose runs the inventory tells; nothing of the records beside it.
as_before() {
	python3 - "$LIMA_HOME" "$@" <<-'EOF2'
		import glob, hashlib, os, sqlite3, sys
		home, paths = sys.argv[1], sys.argv[2:]
		def facts(name):
		    v = open(name, "rb").read().decode().split("\0")
		    return dict(zip(v[::2], v[1::2]))
		records = [facts(f) for f in glob.glob(home + "/f/playbook/*") if not f.endswith(".log")]
		digest = hashlib.sha256("".join(p + "\n" for p in paths).encode()).hexdigest()
		head = "# run: %s %s\n" % (digest, records[0]["run"])
		for p in paths:
		    head += "# played: %s %s\n" % (next(r["stamp"] for r in records if r["contents"] == hashlib.sha256(open(p, "rb").read()).hexdigest()[:len(r["contents"])]), p)
		inventory = home + "/f/ansible-inventory.yaml"
		text = open(inventory).read()
		open(inventory, "w").write(head + text)
		for f in glob.glob(home + "/f/playbook/*"):
		    os.unlink(f)
		db = sqlite3.connect(home + "/_state/state.db")
		db.execute("update resource set name = 'f' where type = 'playbook' and name = 'f:0'")
		db.execute("delete from resource where type = 'playbook' and name != 'f'")
		db.commit()
	EOF2
}

@test "playbooks that an earlier version has played on a machine that goes on are not played a second time" {
	local p=$WORK/bin n
	mkdir "$p"
	printf '#!/bin/sh\nbasename "$3" >>%s\n' "$WORK/played" >"$p/ansible-playbook"
	chmod +x "$p/ansible-playbook"
	PATH=$p:$PATH
	for n in one two three; do echo $n >"$WORK/$n.yaml"; done
	echo "provision: [$(printf "{mode: ansible, playbook: $WORK/%s.yaml}, " one two three | sed 's/, $//')]" >>"$WORK/f.yaml"
	apply "$WORK/f.yaml"
	as_before "$WORK"/{one,two,three}.yaml
	[[ $(limactl plan f) == *"Nothing to do"* ]]
	# nor when all that is known is the inventory, by then
	rm -f "$LIMA_HOME"/_state/state.db*
	[[ $(limactl plan f) == *"Nothing to do"* ]]
	# that whose text has changed is, alone; and the others' are known still
	echo 'two, another' >"$WORK/two.yaml"
	[[ $(limactl plan f) == *'f:1'*'Plan: 1 to '* ]]
	limactl apply f
	[ "$(cat "$WORK/played")" = $'one.yaml\ntwo.yaml\nthree.yaml\ntwo.yaml' ]
	rm -f "$LIMA_HOME"/_state/state.db*
	[[ $(limactl plan f) == *"Nothing to do"* ]]
	echo three more >"$WORK/three.yaml"
	limactl apply f
	limactl apply --replace playbook.f:0 f
	[ "$(tail -n 2 "$WORK/played")" = $'three.yaml\none.yaml' ]
	# on another machine all of them are
	limactl restart f
	[ "$(wc -l <"$WORK/played")" = 9 ]
}
