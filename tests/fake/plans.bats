# Plans of a part, of removal, and as files (plan --out), by a machine that only plays one.
load helper

setup() {
	home_begin
	fake_yaml >"$WORK/f.yaml"
}

teardown() { home_end; }

@test "a target is brought to what is wanted with what it needs; the rest is left, and found by the next plan" {
	run -0 limactl apply --target cidata.f "$WORK/f.yaml"
	[ -e "$LIMA_HOME/f/cidata.iso" ]
	[ ! -e "$LIMA_HOME/f/fake.pid" ]
	limactl plan f | grep -q '+ vm '
	apply "$WORK/f.yaml"
	one=$(cat "$LIMA_HOME/f/fake.pid")
	limactl apply --target dir.f --set '.cpus=2' f
	[ "$(cat "$LIMA_HOME/f/fake.pid")" = "$one" ]
	limactl plan f | grep -q 'cpus: 1 -> 2'
	apply f
	[ "$(cat "$LIMA_HOME/f/fake.pid")" != "$one" ]
	fails_with 'there is no resource `disc.f` in what was named (did you mean `disk.f`?)' plan --target disc.f f
	fails_with '`disk` is no address: that is TYPE.NAME' plan --target disk f
}

@test "what is replaced is made anew, with what stands on it; what holds data, only when that may be lost" {
	apply "$WORK/f.yaml"
	one=$(cat "$LIMA_HOME/f/fake.pid")
	limactl plan --replace vm.f f | grep -q -- '-/+ vm .*(asked for)'
	limactl apply --replace vm.f f
	[ "$(cat "$LIMA_HOME/f/fake.pid")" != "$one" ]
	fails_with 'disk f: would be lost (asked for)' plan --replace disk.f f
	[[ "$stderr" == *'and --replace with --allow-data-loss'* ]]
	echo precious >>"$LIMA_HOME/f/disk"
	limactl apply --replace disk.f --allow-data-loss f
	run ! grep -q precious "$LIMA_HOME/f/disk"
	limactl plan f | grep -q 'Nothing to do'
}

@test "what is destroyed goes with all it has, by file or by name; data only when it may be lost" {
	apply "$WORK/f.yaml"
	limactl plan --destroy "$WORK/f.yaml" | grep -q -- '- disk '
	fails_with '`f` would be removed with what is on its disk' apply --destroy f
	[ "$(status_of f)" = Running ]
	limactl apply --destroy --allow-data-loss "$WORK/f.yaml"
	[ ! -e "$LIMA_HOME/f" ]
	nobody
	run -0 limactl apply --destroy "$WORK/f.yaml"
	[[ "$output" == *'Ignoring non-existent instance `f`'* ]]
	fails_with 'what is to be removed?' apply --destroy
	fails_with '--stopped says what is wanted of an instance' apply --destroy --stopped f
}

@test "shells complete addresses out of the database" {
	apply "$WORK/f.yaml"
	limactl __complete plan --target vm | grep -q '^vm.f'
	limactl __complete apply --replace disk. | grep -q '^disk.f'
}

# `plan --out` of the words into $WORK/p, and what `apply` of that says; a plan that is stale ends with 3, and changes nothing
saved() { limactl plan --out "$WORK/p" "$@"; }
stale() {
	local before after
	before=$(cd "$LIMA_HOME" && find . -path ./_state -prune -o -printf '%p %i %s %T@\n' | sort)
	run -3 limactl apply "$WORK/p"
	[[ "$output" == *"$1"* ]]
	after=$(cd "$LIMA_HOME" && find . -path ./_state -prune -o -printf '%p %i %s %T@\n' | sort)
	[ "$before" = "$after" ]
}

@test "a plan that was kept is shown, walked as it was made, and once" {
	saved "$WORK/f.yaml"
	[ "$(stat -c %a "$WORK/p")" = 600 ]
	limactl show "$WORK/p" | grep -q '+ vm  *f'
	[ "$(limactl show --json "$WORK/p" | jq .summary.create)" -gt 3 ]
	run -0 limactl apply "$WORK/p"
	[ "$(status_of f)" = Running ]
	limactl plan f | grep -q 'Nothing to do'
	run -3 limactl apply "$WORK/p"
	[[ "$output" == *'the plan was walked already'* ]]
	saved f
	run -0 limactl apply "$WORK/p"
	[[ "$output" == *'Nothing to do'* ]]
}

@test "stale: the text of the file was edited" {
	saved "$WORK/f.yaml"
	echo 'message: hello' >>"$WORK/f.yaml"
	run -3 limactl apply "$WORK/p"
	[[ "$output" == *'f: message: unset -> hello (its text says so now)'* && "$output" == *'the world has moved'* ]]
	[ ! -e "$LIMA_HOME/f" ]
	apply --stopped f.yaml 2>/dev/null || apply --stopped "$WORK/f.yaml"
	saved --set '.cpus=2' f
	sed -i 's/^cpus: 1/cpus: 3/; s/^memory: .*/memory: 65MiB/' "$LIMA_HOME/f/lima.yaml"
	stale 'f: memory: 64MiB -> 65MiB (its text says so now)'
}

@test "stale: the machine was stopped, a disk was grown by hand, somebody else did the same" {
	apply "$WORK/f.yaml"
	saved --set '.cpus=2' f
	limactl stop f
	stale 'vm.f: was there, and is not now (found)'
	saved --set '.disk="6MiB"' f
	qemu-img resize -q -f "$(qemu-img info --output=json "$LIMA_HOME/f/disk" | jq -r .format)" "$LIMA_HOME/f/disk" 5M
	stale 'disk.f: grown: unset -> from 4MiB to 5MiB by somebody else (found)'
	limactl start f
	saved --set '.cpus=2' f
	apply --set '.cpus=2' f
	stale 'the plan was walked already'
	saved --set '.cpus=3' f
	cp "$WORK/p" "$WORK/q"
	saved --set '.cpus=4' f
	limactl apply "$WORK/q"
	stale 'dir.f: lima.yaml: is another now (found)'
}

@test "stale: the bytes of what a disk or a kernel is to be made of, at the same place" {
	truncate -s 1M "$WORK/other.img"
	head -c 64 /dev/zero >"$WORK/k"
	sed "s,raw.img,other.img," "$WORK/f.yaml" | sed "/arch: x86_64/a\\  kernel:\\n    location: $WORK/k" >"$WORK/g.yaml"
	saved --stopped "$WORK/g.yaml"
	printf changed | dd of="$WORK/other.img" conv=notrunc status=none
	run -3 limactl apply "$WORK/p"
	[[ "$output" == *"disk.g: $WORK/other.img, which it is to be made of, is another file now (found)"* && ! -e "$LIMA_HOME/g" ]]
	saved --stopped "$WORK/g.yaml"
	head -c 65 /dev/zero >"$WORK/k"
	run -3 limactl apply "$WORK/p"
	[[ "$output" == *"kernel.g: $WORK/k, which it is to be made of, is another file now (found)"* ]]
	[[ "$output" != *other.img* && ! -e "$LIMA_HOME/g" ]]
	saved --stopped --set '.diskMode="overlay"' "$WORK/g.yaml"
	printf changes | dd of="$WORK/other.img" conv=notrunc status=none
	run -3 limactl apply "$WORK/p"
	[[ "$output" == *"base.$WORK/other.img: $WORK/other.img, which it is to be made of, is another"* && ! -e "$LIMA_HOME/g" ]]
	# what is not read again is nobody's business
	saved --stopped "$WORK/g.yaml"
	limactl apply "$WORK/p"
	saved --set '.disk="5MiB"' --stopped g
	printf once-more | dd of="$WORK/other.img" conv=notrunc status=none
	limactl apply "$WORK/p"
}

@test "a plan with a target, a replacement, a removal is kept as any other" {
	saved --target dir.f "$WORK/f.yaml"
	limactl apply "$WORK/p"
	[ -e "$LIMA_HOME/f/lima.yaml" ]
	[ ! -e "$LIMA_HOME/f/disk" ]
	apply "$WORK/f.yaml"
	one=$(cat "$LIMA_HOME/f/fake.pid")
	saved --replace vm.f f
	limactl apply "$WORK/p"
	[ "$(cat "$LIMA_HOME/f/fake.pid")" != "$one" ]
	saved --destroy f
	fails_with '--allow-data-loss says that it may be lost' apply "$WORK/p"
	limactl apply --allow-data-loss "$WORK/p"
	[ ! -e "$LIMA_HOME/f" ]
}

@test "a plan of the folder it was made in is walked from any other" {
	mkdir -p "$WORK/a" "$WORK/b"
	cp "$WORK/f.yaml" "$WORK/a/lima.yaml"
	(cd "$WORK/a" && limactl plan --stopped --out ../p --name x lima.yaml)
	(cd "$WORK/b" && limactl apply --junit out.xml ../p)
	[ -e "$LIMA_HOME/x/disk" ]
	[ -e "$WORK/b/out.xml" ]
}

@test "what a plan does not keep, and what may not be said beside it" {
	fails_with 'what came by standard input cannot be read again' plan --out "$WORK/p" --name x - <"$WORK/f.yaml"
	saved "$WORK/f.yaml"
	fails_with '--set: a plan says already what is wanted' apply --set '.cpus=2' "$WORK/p"
	fails_with '--param: a plan says already' apply --param A=b "$WORK/p"
	fails_with 'is a plan: `limactl show` shows it' plan "$WORK/p"
	fails_with 'is a plan: `limactl show` shows it' apply "$WORK/p" "$WORK/f.yaml"
	LIMA_HOME=$WORK/other run limactl apply "$WORK/p"
	[ "$status" -eq 1 ]
	[[ "$output" == *'is a plan of '* ]]
}

@test "an incomplete plan says so, and is walked with --keep-going" {
	apply --stopped "$WORK/f.yaml"
	apply --stopped --name g "$WORK/f.yaml"
	echo 'cpus: none' >"$LIMA_HOME/g/lima.yaml"
	run limactl plan --out "$WORK/p" --set '.cpus=2' f
	[ "$status" -eq 0 ]
	run limactl plan --out "$WORK/p" --running f g
	[ "$status" -eq 1 ]
	[[ "$output" == *'  ? g  (not planned: '* ]]
	fails_with 'the plan is not complete' apply "$WORK/p"
	run limactl apply --keep-going "$WORK/p"
	[ "$status" -eq 1 ]
	[ "$(status_of f)" = Running ]
}

@test "a plan takes the place of an ordinary file alone" {
	ln -s k "$WORK/l"; mkfifo "$WORK/pipe"; mkdir "$WORK/dir"
	for place in "$WORK/l" "$WORK/pipe" "$WORK/dir"; do
		fails_with 'is no ordinary file; a plan is kept in one' plan --out "$place" "$WORK/f.yaml"
	done
	fails_with '--out: names no file' plan --out '' "$WORK/f.yaml"
	[ ! -e "$WORK/k" ]
	[ -p "$WORK/pipe" ]
	[ -L "$WORK/l" ]
	[ -d "$WORK/dir" ]
	fails_with 'create /nowhere/p: ' plan --out /nowhere/p "$WORK/f.yaml"
	: >"$WORK/k"
	limactl plan --out "$WORK/k" "$WORK/f.yaml"
	limactl plan --out "$WORK/k" "$WORK/f.yaml"
	limactl show "$WORK/k" | grep -q '+ vm'
}

@test "a plan takes the place of nothing that is no plan, and nothing beside it goes" {
	apply --stopped "$WORK/f.yaml"
	for place in "$WORK/f.yaml" "$LIMA_HOME/f/lima.yaml" "$LIMA_HOME/f/disk" "$LIMA_HOME/_state/state.db"; do
		sha256sum "$place" >"$WORK/sum"
		fails_with 'is there, and is no plan; give a name that is free' plan --out "$place" f
		sha256sum --quiet -c "$WORK/sum"
	done
	mkdir -p "$WORK/web.tmp" "$WORK/r.xml.tmp"
	touch "$WORK/web.tmp/mine" "$WORK/r.xml.tmp/mine"
	limactl plan --out "$WORK/web" f
	limactl apply --junit "$WORK/r.xml" f
	[ -s "$WORK/web" ]
	[ -s "$WORK/r.xml" ]
	[ -e "$WORK/web.tmp/mine" ]
	[ -e "$WORK/r.xml.tmp/mine" ]
	# what a killed one has left is taken by the next
	echo half >"$WORK/.web.limactl.tmp"
	limactl plan --out "$WORK/web" f
	limactl show "$WORK/web" | grep -q 'Nothing to do'
	[ ! -e "$WORK/.web.limactl.tmp" ]
}

@test "a file that is no plan, or a damaged, a foreign, another's one, is refused and does nothing" {
	saved "$WORK/f.yaml"
	cp "$WORK/p" "$WORK/good"
	head -c -7 "$WORK/good" >"$WORK/p"
	fails_with 'is damaged' apply "$WORK/p"
	python3 - "$WORK/good" "$WORK/p" <<-'EOF'
		import sys
		b = bytearray(open(sys.argv[1], "rb").read())
		b[len(b) // 2] ^= 1
		open(sys.argv[2], "wb").write(b)
	EOF
	fails_with 'is damaged' apply "$WORK/p"
	fails_with 'is damaged' show "$WORK/p"
	sed '1s/^limactl-plan 1/limactl-plan 7/' "$WORK/good" >"$WORK/p"
	fails_with 'is of a newer limactl (format 7' apply "$WORK/p"
	{ cat "$WORK/good"; echo; } >"$WORK/p"
	fails_with 'is damaged' apply "$WORK/p"
	printf 'limactl-plan 1' >"$WORK/p"
	fails_with 'is no plan' show "$WORK/p"
	: >"$WORK/p"
	fails_with 'is no plan' show "$WORK/p"
	rm "$WORK/p"; mkfifo "$WORK/p"
	fails_with 'p' show "$WORK/p"
	rm "$WORK/p"; cp "$WORK/good" "$WORK/p"; chmod 666 "$WORK/p"
	fails_with 'can be written by others' apply "$WORK/p"
	if [ "$(id -u)" = 0 ]; then
		chmod 600 "$WORK/p"; chown 12345 "$WORK/p"
		fails_with 'belongs to another user' apply "$WORK/p"
	fi
	[ ! -e "$LIMA_HOME/f" ]
	truncate -s 300M "$WORK/huge"; printf 'limactl-plan 1 0 0\n' | dd of="$WORK/huge" conv=notrunc status=none
	fails_with 'is larger than any plan' show "$WORK/huge"
}

# a plan with the right digest whose body was changed by a line of Python
forged() {
	python3 - "$WORK/good" "$WORK/p" "$1" <<-'EOF'
		import hashlib, json, sys
		body = json.loads(open(sys.argv[1], "rb").read().split(b"\n", 1)[1])
		exec(sys.argv[3])
		text = json.dumps(body).encode()
		open(sys.argv[2], "wb").write(b"limactl-plan 1 %s %d\n%s\n" % (hashlib.sha256(text).hexdigest().encode(), len(text), text))
	EOF
}

@test "a plan that was put together has no words but those of a plan, and no orders for a terminal" {
	saved "$WORK/f.yaml"
	mv "$WORK/p" "$WORK/good"
	for words in '["--junit='"$WORK"'/j"]' '["--yes"]' '["--timeout=9s"]' '["--json=true"]' '["--help"]' '["-y"]' '["--keep-going=true"]' '["--out=x"]' '["f.yaml"]' '["--set", ".cpus=2"]'; do
		forged "body['words'] = $words + body['words']"
		fails_with 'is none that a plan has' apply "$WORK/p"
	done
	for words in '[]' '5' 'None' '{}' '[1] + body["words"]' '["--all=true"]'; do
		forged "body['words'] = $words"
		fails_with 'the words of the plan: there are none' apply "$WORK/p"
	done
	forged 'del body["words"]'
	fails_with 'the words of the plan: there are none' apply "$WORK/p"
	forged 'body["words"] = ["--destroy=true", "--allow-data-loss=true"] + body["words"]'
	run -3 limactl apply "$WORK/p"
	[ ! -e "$LIMA_HOME/f" ]
	[ ! -e "$WORK/j" ]
	forged 'body["text"] = "\x1b[31m\x9b1m red\u202e\x07\n"; body["made"] = "\x1b[2J"'
	script -qc "'$BIN/limactl' show '$WORK/p'" /dev/null </dev/null >"$WORK/seen"
	run ! grep -qaP '\x1b\[2J|\xc2\x9b|\xe2\x80\xae|\x07' "$WORK/seen"
	grep -q red "$WORK/seen"
	forged ''
	run -0 limactl apply "$WORK/p"
	[ "$(status_of f)" = Running ]
}

@test "a secret is in no plan, no file of one, no journal, no event, no bundle; that it changed is told" {
	cat >>"$WORK/f.yaml" <<-'EOF'
		param: {pw: hunter2-old, user: anna}
		env: {TOKEN: tok-123456, PLAIN: seen}
		secrets: [pw, TOKEN]
		probes: [{script: "#!/bin/sh\nlogin {{.Param.user}} {{.Param.pw}}\n"}]
	EOF
	all() {
		limactl apply --log-format json "$WORK/f.yaml" || true
		limactl plan --param pw=hunter2-new --set '.env.PLAIN="x"' f
		limactl plan --json --param pw=hunter2-new f
		limactl plan --out "$WORK/p" --param pw=hunter2-new f
		cat "$WORK/p"
		limactl show "$WORK/p"; limactl show --json "$WORK/p"
		limactl apply --param pw=hunter2-new --set '.cpus=2' f || true
		limactl apply --stopped --param "pw=it's hunter2 \"q" f || true
		limactl history; limactl history --json; limactl history 2
		limactl diagnose -o "$WORK/d.tar.gz" f && mkdir -p "$WORK/d" && tar -xzf "$WORK/d.tar.gz" -C "$WORK/d" && grep -r . "$WORK/d"
	}
	run all
	echo "$output" >"$WORK/out"
	run ! grep -n 'hunter2\|tok-123456' "$WORK/out"
	grep -q 'param.pw: (secret) -> (another secret)' "$WORK/out"
	grep -q 'env.PLAIN: seen -> x' "$WORK/out"
	limactl plan --out "$WORK/p" --param pw=hunter3 f
	fails_with '`pw` is secret, so the plan does not keep it: give --param pw=VALUE again' apply "$WORK/p"
	run -3 limactl apply --param pw=hunter4 "$WORK/p"
	[[ "$output" == *'param.pw: (secret) -> (another secret) (its text says so now)'* ]]
	limactl apply --param pw=hunter3 "$WORK/p" || true
	grep -q hunter3 "$LIMA_HOME/f/lima.yaml"
	fails_with '--set has a secret value, which a plan does not keep' plan --out "$WORK/p" --set '.env.TOKEN="tok-7890"' f
	sed -i 's/secrets: .*/secrets: [pwd]/' "$WORK/f.yaml"
	fails_with 'secrets[0]: neither `env` nor `param` has `pwd`' plan "$WORK/f.yaml"
}

# a plan in JSON that is what docs/plan.schema.json says, and a question to it
asks_plan() {
	local question=$1
	shift
	limactl plan --json "$@" >"$WORK/j" 2>/dev/null || true
	"$REPO/tests/plan/schema" <"$WORK/j"
	jq -e "$question" "$WORK/j" >/dev/null || { jq . "$WORK/j"; return 1; }
}

@test "in JSON a plan has Terraform's names, and the price of each change" {
	asks_plan '.format_version == "1.0" and .applyable and .complete and ([.resource_changes[] | select(.address == "vm.f") | .change.actions] == [["create"]]) and .bytes_at_risk == 0' "$WORK/f.yaml"
	apply "$WORK/f.yaml"
	asks_plan '.applyable == false and .resource_changes == [] and .resource_drift == []' f
	asks_plan '[.resource_changes[] | select(.address == "vm.f") | [.change.actions, .class, .action_reason]] == [[["delete", "create"], "machine-restart", "replace_because_cannot_update"]] and
		([.resource_changes[].changes[] | select(.key == "cpus") | [.before, .after, .class]] == [["1", "2", "machine-restart"]]) and
		.downtime[0].instance == "f" and .downtime[0].ms == null' --set '.cpus=2' f
	limactl plan --set '.cpus=2' f | grep -q '^f is down while that is done; there is no figure yet of how long.'
	apply --set '.cpus=2' f
	asks_plan '.downtime[0].ms > 0 and .downtime[0].runs == 1 and .estimate_ms > 0' --set '.cpus=3' f
	limactl plan --set '.cpus=3' f | grep -q '^f is down for about .* s (median of 1 run here).'
	asks_plan '([.resource_changes[].changes[] | select(.key) | [.key, .class]] | sort) == [["disk", "live"], ["env.A", "live"], ["images[0].variant", "only-at-creation"], ["message", "nothing"], ["user.comment", "guest-reboot"]] and
		([.resource_changes[] | select(.address == "disk.f") | .class] == ["disk-work"])' --set '.message="x" | .env.A="b" | .user.comment="c" | .images[0].variant="v" | .disk="5MiB"' f
	head -c 65536 /dev/urandom | dd of="$LIMA_HOME/f/disk" conv=notrunc status=none
	asks_plan '.bytes_at_risk >= 65536 and ([.resource_changes[] | select(.bytes_at_risk) | .address] == ["disk.f"]) and .errored == false' --destroy f
	limactl plan --destroy f | grep -q 'disk .* of data are lost)'
	kill -9 "$(cat "$LIMA_HOME/f/fake.pid")"
	asks_plan '[.resource_drift[] | select(.address == "vm.f") | .change.before.hypervisor] == ["running"]' f
	asks_plan '.complete == false' --target dir.f --set '.cpus=5' f
	apply --name g --stopped "$WORK/f.yaml"
	echo 'cpus: none' >"$LIMA_HOME/g/lima.yaml"
	asks_plan '.complete == false and .errored and .errors[0].instance == "g"' f g
	saved --set '.cpus=5' f
	limactl show --json "$WORK/p" | "$REPO/tests/plan/schema"
}

@test "a script that has changed is shown line by line, and without what a terminal would obey" {
	echo 'probes: [{script: "#!/bin/sh\none\ntwo\nthree\nfour\nfive\n"}]' >>"$WORK/f.yaml"
	apply --stopped "$WORK/f.yaml"
	sed -i 's/three/drei\\e[31m/' "$WORK/f.yaml"
	run -0 limactl plan --stopped "$WORK/f.yaml"
	[[ "$output" == *'probes[0].script:  (in place)'*'  two'*'- three'*'+ drei'*'  four'* ]]
	[[ "$output" != *'five'* && "$output" != *$'\e'* ]]
}

@test "a resource is explained: what it is, what it needs, who needs it, and the chain to what would happen to it" {
	apply "$WORK/f.yaml"
	run -0 limactl explain vm.f
	[[ "$output" == 'vm.f is the running machine: '*'It needs:'*'disk.f  (fresh)'*'It is needed by:'*'ready.f  (falls with it)'*'An apply would leave it as it is.'* ]]
	run -0 limactl explain ready.f --set '.user.comment="b"' f
	[[ "$output" == *'An apply would remake it (machine-restart):'*'ready.f: vm is remade'*'vm.f: cidata changes'*'cidata.f: contents: '*'dir.f: user.comment: '*' -> b'* ]]
	apply --name g --stopped "$WORK/f.yaml"
	[ "$(limactl explain --json "image.$WORK/raw.img" | jq -c '[.needed_by[].address] | sort')" = '["disk.f","disk.g"]' ]
	[ "$(limactl explain --json disk.new --set '.disk="5MiB"' "$WORK/f.yaml" 2>/dev/null | jq -r .action)" = '' ]
	sed 's/^disk: .*/disk: 5MiB/' "$WORK/f.yaml" >"$WORK/new.yaml"
	[ "$(limactl explain --json disk.new "$WORK/new.yaml" | jq -c '[.action, .present, .instance]')" = '["create",false,"new"]' ]
	fails_with 'did you mean `vm.f`' explain wm.f
	[ ! -e "$LIMA_HOME/new" ]
}

# a program that listens on a port of 127.0.0.1, which is then in $port
listens() {
	rm -f "$WORK/port"
	timeout 60 python3 -c 'import socket, sys, time; s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); open(sys.argv[1] + ".new", "w").write(str(s.getsockname()[1])); __import__("os").rename(sys.argv[1] + ".new", sys.argv[1]); time.sleep(50)' \
		"$WORK/port" >/dev/null 2>&1 3>&- &
	listener=$!
	timeout 20 bash -c 'until [ -s "$1" ]; do sleep 0.05; done' _ "$WORK/port"
	port=$(cat "$WORK/port")
}

@test "a port that is taken is told by plan, with the program that has it, and before anything is made" {
	listens
	{ cat "$WORK/f.yaml"; echo "ssh: {localPort: $port}"; } >"$WORK/a.yaml"
	fails_with "ssh port $port of 127.0.0.1 is in use by python3 (process " plan "$WORK/a.yaml"
	fails_with "ssh port $port of 127.0.0.1 is in use by python3 (process " apply "$WORK/a.yaml"
	{ cat "$WORK/f.yaml"; echo "portForwards: [{guestPort: 80, hostPort: $port, static: true}]"; } >"$WORK/b.yaml"
	fails_with "portForwards: tcp port $port of 127.0.0.1 is in use by python3 (process " plan "$WORK/b.yaml"
	fails_with "portForwards: tcp port $port of 127.0.0.1 is in use by python3 (process " apply "$WORK/b.yaml"
	# as many ports as there are: the kernel's tables are read once, and not for each; nobody else has this address
	{ cat "$WORK/f.yaml"; echo "portForwards: [{guestPortRange: [1024, 65535], hostPortRange: [1024, 65535], hostIP: "fd00::77", static: true, proto: tcp}]"; } >"$WORK/c.yaml"
	limactl plan "$WORK/c.yaml" >"$WORK/out" 2>&1 || grep 'portForwards: tcp port [0-9]* of fd00::77 is in use by' "$WORK/out"
	[ ! -e "$LIMA_HOME/a" ]
	[ ! -e "$LIMA_HOME/b" ]
	# of a machine that runs nothing is touched for it
	apply "$WORK/f.yaml"
	one=$(cat "$LIMA_HOME/f/fake.pid")
	fails_with "portForwards: tcp port $port" apply --set ".cpus=2 | .portForwards=[{\"guestPort\":80,\"hostPort\":$port,\"static\":true}]" f
	[ "$(cat "$LIMA_HOME/f/fake.pid")" = "$one" ]
	limactl plan f | grep -q 'Nothing to do'
	kill $listener
}

@test "what two instances of one plan want, or one that runs has, is told by plan" {
	limactl disk create d1 --size 1MiB
	more() { { cat "$WORK/f.yaml"; echo "$1"; } >"$WORK/x.yaml"; cp "$WORK/x.yaml" "$WORK/y.yaml"; }
	more 'portForwards: [{guestPort: 80, hostPort: 48231, static: true, proto: tcp}]'
	fails_with 'portForwards[0]: tcp port 48231 of 127.0.0.1 is claimed by `y` and by `x`' plan "$WORK/x.yaml" "$WORK/y.yaml"
	limactl plan --stopped "$WORK/x.yaml" "$WORK/y.yaml"
	apply "$WORK/x.yaml"
	fails_with 'tcp port 48231 of 127.0.0.1 is in use by the instance `x`' plan "$WORK/y.yaml"
	fails_with 'tcp port 48231 of 127.0.0.1 is in use by the instance `x`' apply "$WORK/y.yaml"
	[ ! -e "$LIMA_HOME/y" ]
	limactl delete -f x
	more 'ssh: {localPort: 48232}'
	fails_with 'ssh.localPort: tcp port 48232 of 127.0.0.1 is claimed by `y` and by `x`' apply "$WORK/x.yaml" "$WORK/y.yaml"
	more 'networks: [{lima: user-v2, macAddress: "52:55:55:11:22:33"}]'
	fails_with 'hardware address `52:55:55:11:22:33` is claimed by `y` and by `x`' plan "$WORK/x.yaml" "$WORK/y.yaml"
	more 'additionalDisks: [{name: d1}]'
	fails_with 'data disk `d1` is claimed by `y` and by `x`' plan "$WORK/x.yaml" "$WORK/y.yaml"
	apply "$WORK/x.yaml"
	fails_with 'y: additionalDisks: disk `d1` is in use by the running instance `x`; stop that first' plan "$WORK/y.yaml"
	more 'additionalDisks: [{name: nodisk}]'
	fails_with 'disk `nodisk` does not exist' plan "$WORK/y.yaml"
	more 'networks: [{lima: nonet}]'
	fails_with 'network `nonet` is not defined' plan "$WORK/y.yaml"
	[ ! -e "$LIMA_HOME/y" ]
}

@test "plan --json of what cannot be planned at all: one object, with the exit status, and each reason with its place" {
	sed -i 's/^cpus: 1/cpus: many/' "$WORK/f.yaml"
	echo 'memori: 1GiB' >>"$WORK/f.yaml"
	run -1 --separate-stderr limactl plan --json "$WORK/f.yaml"
	[ -n "$stderr" ]
	"$REPO/tests/plan/schema" <<<"$output"
	jq -e --arg f "$WORK/f.yaml" '.status == 1 and .errored and (.applyable or .complete | not) and .resource_changes == []
		and ([.diagnostics[] | select(.range.filename == $f and .severity == "error") | .summary | select(startswith("cpus") or startswith("memori"))] | length == 2)
		and ([.diagnostics[].range.start.line] | . == (sort) and .[0] > 1)' <<<"$output" || { jq . <<<"$output"; false; }
	run -1 --separate-stderr limactl plan --json nobody
	"$REPO/tests/plan/schema" <<<"$output"
	jq -e '.diagnostics[0].summary | test("nobody")' <<<"$output"
	# one of several is told as ever, once
	limactl create --tty=false --name good <(fake_yaml)
	mkdir "$LIMA_HOME/bad"
	echo 'cpus: many' >"$LIMA_HOME/bad/lima.yaml"
	run -1 --separate-stderr limactl plan --json good bad
	[ "$(jq -s length <<<"$output")" = 1 ]
	jq -e '.errors[0].instance == "bad" and (has("diagnostics") | not)' <<<"$output"
}

@test "apply --json of what cannot be planned at all: the object that plan has, and the result" {
	saved --set '.cpus=2' "$WORK/f.yaml"
	sed -i 's/^cpus: 1/cpus: many/' "$WORK/f.yaml"
	run -1 --separate-stderr limactl apply --json "$WORK/f.yaml"
	[ "$(jq -s length <<<"$output")" = 2 ]
	head -n 1 <<<"$output" | "$REPO/tests/plan/schema"
	[ "$(head -n 1 <<<"$output")" = "$(limactl plan --json "$WORK/f.yaml" 2>/dev/null)" ]
	jq -es '(.[0].diagnostics[0].range.start.line > 1) and .[0].status == 1 and .[1].result.exitStatus == 1 and .[1].result.status == "failed"' <<<"$output"
	# a plan that is stale has its status there, too; one that was made and fails has its own line, and no other
	run -3 --separate-stderr limactl apply --json "$WORK/p"
	jq -es '.[0].status == 3 and .[1].result.exitStatus == 3' <<<"$output"
	sed -i 's/^cpus: many/cpus: 1/' "$WORK/f.yaml"
	FAKE='--refuse no' run -1 --separate-stderr limactl apply --json "$WORK/f.yaml"
	jq -es 'length == 2 and (.[0].resource_changes | length > 0) and (.[0] | has("diagnostics") | not) and .[1].result.status == "failed"' <<<"$output"
}
