#!/usr/bin/env bats
# The two texts: the file that was given, and the copy that the instance keeps. No machine is booted here.
load helper

setup() {
	home_begin
	LIMIT=30
	mkdir "$WORK/p"
	cd "$WORK/p"
	{
		echo "# mine"
		cold_yaml
		echo "cpus: 1 # one"
	} >a.yaml
	limactl apply --stopped a.yaml
}

teardown() {
	home_end
}

# what plan says of the texts
said() {
	limactl plan "$@" | grep "^a: "
}

@test "plan says which text it is of, and tells where the other one says otherwise" {
	[ "$(said --stopped a.yaml)" = "a: by $WORK/p/a.yaml; the instance's copy of it is $LIMA_HOME/a/lima.yaml." ]
	[ "$(said a)" = "a: by its own copy, $LIMA_HOME/a/lima.yaml. The file that made it, $WORK/p/a.yaml, says the same." ]
	# a word about the copy alone
	run -0 limactl edit --tty=false --cpus=2 a
	[[ $output == *"the file that made it, $WORK/p/a.yaml, says what it said: "*"limactl edit --write-back a"* ]]
	out=$(said a)
	[[ $out == *"says otherwise (cpus: 1 there, 2 here): \`limactl apply $WORK/p/a.yaml\` brings the instance to the file, \`limactl edit --write-back a\` the file to the instance." ]]
	out=$(said --stopped a.yaml)
	[[ $out == *"a: by $WORK/p/a.yaml. The copy that the instance keeps, $LIMA_HOME/a/lima.yaml, was changed by itself (cpus: 1 in the file, 2 in the copy): "* ]]
	# a word about the file alone: the plan of it has it, and nothing was changed in the copy
	limactl apply --stopped a.yaml
	sed -i 's/cpus: 1/cpus: 3/' a.yaml
	[[ $(said --stopped a.yaml) == *"the instance's copy of it is"* ]]
	[[ $(said a) == *"(cpus: 3 there, 1 here)"* ]]
	# for programs
	[ "$(limactl plan --json a | limactl yq -o json -I 0 '.texts')" = "[{\"instance\":\"a\",\"of\":\"copy\",\"copy\":\"$LIMA_HOME/a/lima.yaml\",\"file\":\"$WORK/p/a.yaml\",\"differs\":[{\"key\":\"cpus\",\"file\":\"3\",\"copy\":\"1\"}]}]" ]
	rm a.yaml
	[[ $(said a) == *"is gone." ]]
	# comments are nobody's difference
	limactl plan --all >out
	! grep "^a: " out || false
}

@test "plan of all instances tells which of them their files say otherwise of, and reads no file that was not touched" {
	for n in b c d; do cp a.yaml $n.yaml; done
	limactl apply --stopped b.yaml c.yaml d.yaml
	said_all() {
		(cd / && limactl plan --all "$@") | grep -v "^Nothing to do"
	}
	[ -z "$(said_all)" ]
	sed -i 's/cpus: 1/cpus: 3/' b.yaml
	limactl edit --tty=false --cpus=2 c 2>/dev/null
	# what is only touched, or gone, says nothing else
	echo "# a comment" >>d.yaml
	rm a.yaml
	said_all >out
	[ "$(cut -d: -f1 out)" = $'b\nc' ]
	grep -q '^b: by its own copy, .*says otherwise (cpus: 3 there, 1 here): `limactl apply .*/b.yaml`' out
	grep -q '^c: by its own copy, .*says otherwise (cpus: 1 there, 2 here)' out
	[ "$(cd / && limactl plan --all --json | limactl yq -o json -I 0 '[.texts[].instance]')" = '["b","c"]' ]
	limactl apply --stopped b.yaml c.yaml
	[ -z "$(said_all)" ]
	# another text with the stamp of the old one: who reads it would see that
	touch -r b.yaml stamp
	cat b.yaml >was
	sed 's/cpus: 3/cpus: 4/' was >b.yaml
	touch -r stamp b.yaml
	[ -z "$(said_all)" ]
	touch b.yaml
	[ "$(said_all | cut -d: -f1)" = b ]
	cat was >b.yaml
	# without the database, and with what all files begin with
	rm -r "$LIMA_HOME/_state"
	limactl edit --tty=false --cpus=2 c 2>/dev/null
	[ "$(said_all | cut -d: -f1)" = c ]
	limactl apply --all --stopped >/dev/null 2>&1
	[ "$(said_all | cut -d: -f1)" = c ]
	echo 'message: hello' >"$LIMA_HOME/_config/base.yaml"
	[ "$(said_all | cut -d: -f1)" = $'b\nc\nd' ]
}

@test "edit of a file says which instances were made from it, and how they are brought to it" {
	run -0 --separate-stderr limactl edit --cpus=2 a.yaml
	[[ $stderr == *'"Made from it: `a`. That instance keeps a copy of what it said before; `limactl apply a.yaml` brings it to the file"'* ]]
	limactl apply --stopped --name b a.yaml
	run -0 --separate-stderr limactl edit --cpus=3 ./a.yaml
	[[ $stderr == *'Made from it: `a` and `b`. Those instances keep '*'`limactl apply --name a ./a.yaml`, and so on, brings them'* ]]
	# nothing was changed, and nothing was made from it
	run -0 --separate-stderr limactl edit --cpus=3 a.yaml
	[[ $stderr != *"Made from it"* ]]
	cp a.yaml c.yaml
	run -0 --separate-stderr limactl edit --cpus=1 c.yaml
	[ -z "$stderr" ]
	# a fleet is edited as what it is
	{ echo "defaults:"; sed 's/^/  /' c.yaml; printf 'instances: {x: {}, y: {}}\n'; } >fleet.yaml
	limactl apply --stopped fleet.yaml
	run -0 --separate-stderr limactl edit --set '.defaults.cpus=2' fleet.yaml
	[[ $stderr == *'Made from it: `x` and `y`. '*'`limactl apply fleet.yaml` brings them'* ]]
	fails_with "cpus: must be an integer" edit --set '.instances.x.cpus="many"' fleet.yaml
	[ "$(limactl yq .defaults.cpus fleet.yaml)" = 2 ]
}

@test "apply --set says that the file stays, of a file and of an instance" {
	run -0 limactl apply --stopped --set .cpus=2 a.yaml
	[[ $output == *"a: by $WORK/p/a.yaml, and what the flags say: the file stays as it is (cpus: 1 there, 2 in the instance)."* ]]
	grep -q "cpus: 1 # one" a.yaml
	run -0 limactl apply --set .cpus=3 a
	[[ $output == *"a: by its own copy, $LIMA_HOME/a/lima.yaml, and what the flags say. "*"(cpus: 1 there, 3 here)"* ]]
	limactl edit --write-back a
	grep -q "cpus: 3 # one" a.yaml
	[[ $(said a) == *"says the same." ]]
	[[ $(limactl plan --stopped a.yaml) == "Nothing to do"* ]]
}

@test "edit --write-back keeps comments, and refuses what would lose something" {
	limactl edit --tty=false --cpus=2 --write-back a
	[ "$(sed -n '1p;$p' a.yaml)" = "# mine
cpus: 2 # one" ]
	# a change of the file since
	limactl edit --tty=false --cpus=4 a
	echo "memory: 1GiB" >>a.yaml
	cp a.yaml before
	fails_with "was changed since it made the instance" edit --write-back a
	cmp a.yaml before
	limactl apply --stopped a.yaml
	# a list that is composed of two files
	printf 'base: a.yaml\nenv: {B: b}\n' >b.yaml
	echo 'env: {A: a}' >>a.yaml
	limactl apply --stopped b.yaml
	limactl edit --tty=false --set '.env.A="x"' b
	cp b.yaml before
	fails_with '`env` cannot be written back' edit --write-back b
	cmp b.yaml before
	limactl edit --tty=false --set '.env.A="a"' --cpus=3 b
	limactl edit --write-back b
	[ "$(cat b.yaml)" = "$(printf 'base: a.yaml\nenv: {B: b}\ncpus: 3')" ]
	# a link leads to the file, which keeps its mode
	chmod 640 b.yaml
	mv b.yaml real.yaml
	ln -s real.yaml b.yaml
	limactl edit --tty=false --cpus=4 --write-back b
	[ -L b.yaml ]
	grep -q "cpus: 4" real.yaml
	[ "$(stat -c %a real.yaml)" = 640 ]
	fails_with "--write-back is of an instance" edit --write-back a.yaml
	fails_with "does not exist" edit --write-back nobody
}

@test "the file is remembered with the instance: without the database, under another name, of a clone not" {
	rm -rf "$LIMA_HOME/_state"
	limactl edit --tty=false --cpus=2 a
	[[ $(said a) == *"(cpus: 1 there, 2 here)"* ]]
	limactl rename a r
	[[ $(limactl plan r) == *"limactl apply --name r $WORK/p/a.yaml"* ]]
	limactl clone --tty=false r a
	[[ $(said a) == "a: by its own copy, $LIMA_HOME/a/lima.yaml." ]]
	fails_with "no file is known to have made" edit --write-back a
	# another file is another story, and a pipe is none
	limactl apply --stopped --name r a.yaml
	sed 's/cpus: 1/cpus: 2/' a.yaml >c.yaml
	limactl apply --stopped --name r c.yaml
	[[ $(limactl plan r) == *"$WORK/p/c.yaml, says the same." ]]
	limactl apply --stopped --name r - <c.yaml
	[[ $(limactl plan r) == *"r: by its own copy, $LIMA_HOME/r/lima.yaml." ]]
	# a record that nobody can read is none
	limactl apply --stopped --name r c.yaml
	echo '{"file": "c.yaml", "digest": 1' >"$LIMA_HOME/r/made-from.json"
	[[ $(limactl plan r) == *"r: by its own copy, $LIMA_HOME/r/lima.yaml." ]]
	apply --stopped --name r c.yaml
	grep -q "$WORK/p/c.yaml" "$LIMA_HOME/r/made-from.json"
}

@test "an instance that was made half is told apart from one that is stopped" {
	mkdir "$LIMA_HOME/half"
	cp a.yaml "$LIMA_HOME/half/lima.yaml"
	run -0 --separate-stderr limactl list
	grep -qE '^a +Stopped ' <<<"$output"
	grep -qE '^half +Half-made ' <<<"$output"
	[ "$(limactl list half --format '{{.Status}}')" = Stopped ] # the word that clients know
	limactl list half --json | jq -e '.status == "Stopped" and .phase == "half-made"'
	limactl list a --json | jq -e '.phase == null'
	limactl apply --stopped half
	limactl list half --json | jq -e '.phase == null'
}
