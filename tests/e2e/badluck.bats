#!/usr/bin/env bats
# Bad input and bad luck: a clear line, a non-zero exit, nothing lost. No machine is booted here.
load helper

setup() {
	home_begin
	cold_yaml >"$WORK/a.yaml"
}

teardown() {
	[ -z "${RO:-}" ] || umount "$RO" 2>/dev/null || true
	[ -z "${SERVER:-}" ] || kill "$SERVER" 2>/dev/null || true
	home_end
}

@test "YAML that is none names file and line" {
	printf 'cpus: 2\n  memory: [\n' >"$WORK/a.yaml"
	fails_with "$WORK/a.yaml:2" plan "$WORK/a.yaml"
	[ ! -e "$LIMA_HOME/a" ]
}

@test "a wrong type names file, line and key" {
	echo 'cpus: lots' >>"$WORK/a.yaml"
	fails_with "a.yaml:6:" apply "$WORK/a.yaml"
	[[ $stderr == *cpus* ]]
	[ ! -e "$LIMA_HOME/a" ]
}

@test "a wrong size names the units" {
	sed -i 's/^disk:.*/disk: 4 apples/' "$WORK/a.yaml"
	fails_with "disk" apply "$WORK/a.yaml"
	[ ! -e "$LIMA_HOME/a" ]
}

@test "an unknown key gets a hint" {
	echo 'memroy: 1GiB' >>"$WORK/a.yaml"
	for command in plan apply validate create; do
		fails_with ':6:1: memroy: unknown key (did you mean `memory`?)' $command "$WORK/a.yaml"
	done
	[ ! -e "$LIMA_HOME/a" ]
	run -0 --separate-stderr limactl validate --lenient "$WORK/a.yaml"
	[[ $stderr == *"unknown key, ignored (did you mean"*": OK, 1 warning"* ]]
	sed -i '/memroy/d' "$WORK/a.yaml"
	limactl create --tty=false "$WORK/a.yaml"
	fails_with 'cpu: unknown key (did you mean `cpus`?)' edit --tty=false --set '.cpu = 3' a
	# what others wrote into an instance is only told, and start is what other programs call
	echo 'ofTheFuture: 1' >>"$LIMA_HOME/a/lima.yaml"
	run -0 --separate-stderr limactl plan a
	[[ $stderr == *"ofTheFuture: unknown key, ignored"* ]]
}

@test "what --set gets wrong is told by every command; what an instance has already is no mistake of this run" {
	local words
	limactl create --tty=false --name=a "$WORK/a.yaml"
	for words in "edit --tty=false --set .memroy=1 a" "clone --tty=false --set .memroy=1 a b" "rename --tty=false --set .memroy=1 a b" \
		"restart --tty=false --set .memroy=1 a" "apply --stopped --set .memroy=1 a" "plan --stopped --set .memroy=1 a" \
		"clone --tty=false --set .memory=4 a b"; do
		run --separate-stderr limactl $words
		[ "$status" -eq 1 ] && [[ $stderr == *'memroy: unknown key'* || $stderr == *'`4` without a unit'* ]] || { echo "$words: $stderr"; return 1; }
		[ ! -e "$LIMA_HOME/b" ]
		! grep -q memroy "$LIMA_HOME/a/lima.yaml" || false
	done
	limactl edit --tty=false --lenient --set .memroy=1 a
	for words in "edit --tty=false --cpus 1 a" "apply --stopped --set .cpus=2 a" "clone --tty=false --cpus 1 a b" "clone --tty=false a c" \
		"rename --tty=false --cpus 1 a d"; do
		run -0 --separate-stderr limactl $words
		[[ $stderr == *'memroy: unknown key, ignored'* ]] || [[ $words == *'a c' ]] || { echo "$words: $stderr"; return 1; }
	done
}

@test "a machine that nobody means, or that this host cannot have, is told at plan" {
	for case in 'memory=4|`4` without a unit' 'memory="8MiB"|at least 16MiB' 'memory="900TiB"|that this host has' 'disk="20"|without a unit'; do
		fails_with "${case#*|}" plan --set ".${case%%|*}" "$WORK/a.yaml"
	done
	run -0 limactl plan --lenient --set '.memory="900TiB"' "$WORK/a.yaml"
	fails_with 'text stands in quotes' plan --set .cpus=two "$WORK/a.yaml"
}

@test "a file that is not there" {
	fails_with "nowhere.yaml" plan "$WORK/nowhere.yaml"
}

@test "a missing image names the image, and the disk is not made" {
	rm "$WORK/raw.img"
	fails_with "a.yaml:2:" plan "$WORK/a.yaml"
	fails_with "raw.img" apply "$WORK/a.yaml"
	[ ! -e "$LIMA_HOME/a" ]
	truncate -s 1M "$WORK/raw.img"
	apply --stopped "$WORK/a.yaml"
}

@test "create and start leave no instance behind when there was nothing to keep, so they can be given again" {
	sed "s#location: .*#location: $WORK/not-there.img#" "$WORK/a.yaml" >"$WORK/b.yaml"
	for command in create start; do
		fails_with "not-there.img" $command --tty=false "$WORK/b.yaml"
		[ ! -e "$LIMA_HOME/b" ]
	done
	run -0 limactl create --tty=false --name=b "$WORK/a.yaml"
	fails_with "already exists" create --tty=false --name=b "$WORK/a.yaml"
	[ -s "$LIMA_HOME/b/disk" ]
}

@test "one of a fleet fails: the plan has each instance's lines together, and in the end it says how far it came" {
	cp "$WORK/a.yaml" "$WORK/c.yaml"
	local none=http://127.0.0.1:1/none.img
	sed "s|location: .*|location: $none|" "$WORK/a.yaml" >"$WORK/b.yaml"
	fails_with "none.img: " apply --stopped --keep-going "$WORK/a.yaml" "$WORK/b.yaml" "$WORK/c.yaml"
	[ "$(awk '/^  [+]/ { sub(/:[a-z].*/, "", $3); print $3 }' <<<"$output" | uniq | tr '\n' ' ')" = "user $none a b c " ]
	grep -qE 'Stopped after [0-9.]+ s: 18 of 20 steps done, 1 failed, 1 not begun' <<<"$stderr"
	[ -e "$LIMA_HOME/a/disk" ]
	[ -e "$LIMA_HOME/c/disk" ]
	[ ! -e "$LIMA_HOME/b/disk" ]
	cp "$WORK/a.yaml" "$WORK/b.yaml"
	apply --stopped "$WORK/a.yaml" "$WORK/b.yaml" "$WORK/c.yaml"
}

@test "a truncated qcow2 is refused, not booted" {
	qemu-img create -q -f qcow2 "$WORK/whole.img" 4M
	head -c 60 "$WORK/whole.img" >"$WORK/raw.img"
	fails_with "raw.img" apply --stopped "$WORK/a.yaml"
	[ ! -e "$LIMA_HOME/a/disk" ]
}

@test "an image with a backing file is refused" {
	qemu-img create -q -f qcow2 -b /etc/hostname -F raw "$WORK/evil.img"
	mv "$WORK/evil.img" "$WORK/raw.img"
	fails_with "back" apply --stopped "$WORK/a.yaml"
	[ ! -e "$LIMA_HOME/a/disk" ]
}

@test "a wrong digest of a local file names both" {
	sed -i "s|^  arch:|  digest: sha256:$(printf 0%.0s {1..64})\n  arch:|" "$WORK/a.yaml"
	fails_with "sha256:0000" apply --stopped "$WORK/a.yaml"
	[ ! -e "$LIMA_HOME/a/disk" ]
	sed -i "s|sha256:0*|sha256:$(sha256sum "$WORK/raw.img" | cut -d' ' -f1)|" "$WORK/a.yaml"
	apply --stopped "$WORK/a.yaml"
}

@test "a server that says 404 is named with its answer" {
	mkdir "$WORK/www"
	(cd "$WORK/www" && exec python3 -u -m http.server 0 --bind 127.0.0.1) >"$WORK/server.log" 2>&1 3>&- &
	SERVER=$!
	port=$(timeout 10 sh -c 'until sed -n "s/.*port \([0-9]*\).*/\1/p" "$1" | grep .; do sleep 0.1; done' _ "$WORK/server.log")
	sed -i "s|$WORK/raw.img|http://127.0.0.1:$port/x.img|" "$WORK/a.yaml"
	fails_with "404" apply --stopped "$WORK/a.yaml"
	truncate -s 1M "$WORK/www/x.img"
	apply --stopped "$WORK/a.yaml"
}

@test "a full disk: the error says so, and the next apply converges" {
	[ "$(id -u)" -eq 0 ] || skip "mounting a small file system needs root"
	RO=$WORK/full && mkdir "$RO" && mount -t tmpfs -o size=3m tmpfs "$RO"
	head -c 2M /dev/urandom >"$WORK/raw.img"
	export LIMA_HOME=$RO/h
	head -c 1500000 /dev/urandom >"$RO/filler"
	run limactl apply --stopped "$WORK/a.yaml"
	[ "$status" -eq 1 ]
	[[ ${lines[-1]} == *"a: disk: there is no room for the 2MiB of data of the image $WORK/raw.img; "*"iB are free on the disk of $RO/h: free space and run the same command again"* ]]
	[ ! -e "$RO/h/a" ]
	# of what is fetched nobody knows before
	(cd "$WORK" && exec python3 -u -m http.server 0 --bind 127.0.0.1) >"$WORK/server.log" 2>&1 3>&- &
	SERVER=$!
	port=$(timeout 10 sh -c 'until sed -n "s/.*port \([0-9]*\).*/\1/p" "$1" | grep .; do sleep 0.1; done' _ "$WORK/server.log")
	sed "s|$WORK/raw.img|http://127.0.0.1:$port/raw.img|" "$WORK/a.yaml" >"$WORK/far.yaml"
	run limactl apply --stopped --name a "$WORK/far.yaml"
	[ "$status" -eq 1 ]
	[[ ${lines[-1]} == *"to $RO/h/a/disk.tmp: no space left on device; "*"iB are free on the disk of $RO/h: free space and run the same command again"* ]]
	[ -z "$(find "$RO" -name 'disk*')" ]
	rm "$RO/filler"
	apply --stopped "$WORK/a.yaml"
	cmp -n 2097152 "$WORK/raw.img" "$LIMA_HOME/a/disk"
}

@test "a full disk: what is asked for is not half made, and what takes away still works" {
	local n=0
	RO=$WORK/full && mkdir "$RO" && mount -t tmpfs -o size=5m tmpfs "$RO"
	head -c 1M /dev/urandom >"$WORK/raw.img"
	export LIMA_HOME=$RO/h
	apply --stopped "$WORK/a.yaml"
	while head -c 4096 /dev/zero >"$RO/fill$n"; do n=$((n + 1)); done 2>/dev/null
	fails_with "write the journal $RO/h/_state/state.db: no space left on device; " disk create d --size 10MiB
	# enough for notes, and for no disk
	for n in {0..23}; do rm "$RO/fill$n"; done
	run limactl disk create d --size 10MiB
	[[ ${lines[-1]} == *"qemu-img"*"No space left on device; "*"B are free on the disk of "*": free space and run the same command again"* ]]
	[ -z "$(find "$LIMA_HOME/_disks" -mindepth 1)" ]
	while head -c 4096 /dev/zero >"$RO/fill$n"; do n=$((n + 1)); done 2>/dev/null
	limactl delete a
	[ ! -e "$LIMA_HOME/a" ]
	limactl disk create d --size 10MiB
}

@test "a full disk: a file of the user's that cannot be written anew is what it was, and each writer says what to do" {
	local n=0
	apply --stopped "$WORK/a.yaml"
	RO=$WORK/full && mkdir "$RO" && mount -t tmpfs -o size=64k tmpfs "$RO"
	cold_yaml >"$RO/f.yaml"
	while head -c 4096 /dev/zero >"$RO/fill$n"; do n=$((n + 1)); done 2>/dev/null
	cp "$RO/f.yaml" "$WORK/before"
	long=$(head -c 9000 /dev/zero | tr '\0' x)
	for words in "edit --set .message=\"$long\" $RO/f.yaml" "apply --stopped --junit $RO/j.xml $WORK/a.yaml" \
		"diagnose -o $RO/d.tar.zst" "generate-doc $RO" "generate-jsonschema --schemafile $RO/s.json $WORK/a.yaml" "yq -i .message=\"$long\" $RO/f.yaml"; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr limactl $words
		[ "$status" -eq 1 ]
		[[ ${stderr_lines[-1]} == *"no space left on device; 0B are free on the disk of $RO/"*": free space and run the same command again"* ]] ||
			{ echo "$words: $stderr"; return 1; }
		[ -z "$(find "$RO" -name '*.tmp')" ]
	done
	cmp "$RO/f.yaml" "$WORK/before"
	# the same of many small files
	rm "$RO"/fill*
	umount "$RO" && mount -t tmpfs -o nr_inodes=3 tmpfs "$RO"
	cp "$WORK/before" "$RO/f.yaml"
	: >"$RO/last"
	fails_with "no further file can be made on the disk of $RO/f.yaml: remove some" edit --set .cpus=2 "$RO/f.yaml"
	cmp "$RO/f.yaml" "$WORK/before"
}

@test "what cannot be written is named as the user names it" {
	local words
	apply --stopped "$WORK/a.yaml"
	for words in "plan --out $WORK/no/file a" "apply --stopped --junit $WORK/no/file a" "diagnose -o $WORK/no/file" \
		"generate-jsonschema --schemafile $WORK/no/file $WORK/a.yaml"; do
		# shellcheck disable=SC2086 # words
		fails_with "create $WORK/no/file: no such file or directory" $words
	done
}

@test "a read-only home" {
	[ "$(id -u)" -eq 0 ] || skip "mounting needs root"
	RO=$WORK/ro && mkdir "$RO" && mount -t tmpfs -o ro tmpfs "$RO"
	LIMA_HOME=$RO/h fails_with "read-only file system" apply --stopped "$WORK/a.yaml"
}

@test "a socket path that would be too long" {
	long=$WORK/$(printf 'x%.0s' {1..80})
	LIMA_HOME=$long fails_with "UNIX_PATH_MAX" apply "$WORK/a.yaml"
	[ ! -e "$long/a" ]
}

@test "a guest without an agent for its architecture is told before there is anything of it, unless it is plain" {
	cold_yaml | sed 's/x86_64/riscv64/; s/^plain:.*/arch: riscv64/' >"$WORK/risc.yaml"
	# an installation without the agents of other architectures, whatever was built here
	mkdir -p "$WORK/few/bin" "$WORK/few/share/lima"
	cp "$BIN/limactl" "$WORK/few/bin/"
	ln -s "$REPO/build/libexec" "$WORK/few/libexec"
	find "$REPO/build/share/lima" -mindepth 1 -maxdepth 1 ! -name 'lima-guestagent.*' -exec ln -s -t "$WORK/few/share/lima" {} +
	local BIN=$WORK/few/bin
	fails_with 'or put lima-guestagent.Linux-riscv64 there (package lima-guestagents' plan "$WORK/risc.yaml"
	fails_with 'no guest agent for riscv64' plan "$WORK/risc.yaml"
	fails_with 'no guest agent for riscv64' apply --stopped "$WORK/risc.yaml"
	fails_with 'no guest agent for riscv64' create --tty=false "$WORK/risc.yaml"
	[ ! -e "$LIMA_HOME/risc" ]
	limactl create --tty=false --set '.plain=true' "$WORK/risc.yaml"
	fails_with 'no guest agent for riscv64' edit --start=false --set '.plain=false' risc
	limactl delete risc
}

@test "no QEMU: told with its package before a step is taken, of a new instance and of one that is there" {
	local command before why="a: /nonexistent/qemu: no such program (Debian package qemu-system-x86)"
	for command in plan apply "start --tty=false"; do
		QEMU_SYSTEM_X86_64=/nonexistent/qemu fails_with "$why" $command "$WORK/a.yaml"
		[ ! -e "$LIMA_HOME/a" ]
	done
	apply --stopped "$WORK/a.yaml"
	before=$(sha256sum "$LIMA_HOME"/a/*)
	sed -i 's/^disk: .*/disk: 8MiB/' "$WORK/a.yaml"
	for command in "plan $WORK/a.yaml" "apply $WORK/a.yaml" "start --tty=false a"; do
		QEMU_SYSTEM_X86_64=/nonexistent/qemu fails_with "$why" $command
		[ "$(sha256sum "$LIMA_HOME"/a/*)" = "$before" ]
	done
	run -0 limactl list a --format '{{.Status}}'
	[ "$output" = Stopped ]
	# what needs no machine needs no QEMU
	QEMU_SYSTEM_X86_64=/nonexistent/qemu apply --stopped "$WORK/a.yaml"
}

@test "a processor that this QEMU has not is told by plan, with the one that was meant, and nothing is made" {
	local command
	for command in plan apply "start --tty=false"; do
		fails_with 'vmOpts.qemu.cpuType: /usr/bin/qemu-system-x86_64 has no processor `Skylake-Sever` (did you mean `Skylake-Server`?)' \
			$command --set '.vmOpts.qemu.cpuType.x86_64="Skylake-Sever,+avx"' "$WORK/a.yaml"
		[ ! -e "$LIMA_HOME/a" ]
	done
	limactl plan --set '.vmOpts.qemu.cpuType.x86_64="Skylake-Server-v1,-avx512f"' "$WORK/a.yaml"
	limactl plan --set '.vmOpts.qemu.cpuType.x86_64="qemu64"' "$WORK/a.yaml"
	# one that does not tell what it has is not asked twice
	printf '#!/bin/sh\ncase "$*" in *--version*) echo "QEMU emulator version 7.2.0"; exit;; esac\nexit 3\n' >"$WORK/qemu"
	chmod +x "$WORK/qemu"
	QEMU_SYSTEM_X86_64=$WORK/qemu limactl plan --set '.vmOpts.qemu.cpuType.x86_64="Skylake-Sever"' "$WORK/a.yaml"
}

@test "a QEMU that dies at once: its own words are shown" {
	printf '#!/bin/sh\ncase "$*" in *--version*) echo "QEMU emulator version 7.2.0"; exit;; *help*) echo tcg; exit;; esac\necho "the sky is falling" >&2; exit 3\n' >"$WORK/qemu"
	chmod +x "$WORK/qemu"
	QEMU_SYSTEM_X86_64=$WORK/qemu fails_with "the sky is falling" apply "$WORK/a.yaml"
	[ ! -e "$LIMA_HOME/a/ha.pid" ]
	[ ! -e "$LIMA_HOME/a/qemu.pid" ]
}

@test "a guest that will not come up: said with the words of its console, the machine stays to be looked at" {
	LIMIT=60 fails_with "its firmware finds nothing to boot" apply --timeout 50s "$WORK/a.yaml"
	[[ $stderr == *'msg="console: '* ]]
	run -0 limactl list a --format '{{.Status}}'
	[ "$output" = Running ]
	run -0 limactl plan
	[[ $output == *"ready     a"* ]]
}

# a shell starts background commands with SIGINT ignored; SIGTERM means the same to us
@test "interrupted: no new steps, a clear word, and the next apply goes on" {
	"$REPO/${B:-build}/bin/limactl" apply "$WORK/a.yaml" >"$WORK/log" 2>&1 3>&- &
	SERVER=$!
	timeout 20 sh -c 'until grep -q "vm a: done" "$1"; do sleep 0.1; done' _ "$WORK/log"
	kill -TERM $SERVER
	status=0
	wait $SERVER || status=$?
	[ "$status" -eq 143 ]
	grep -q interrupted "$WORK/log"
	grep -qE 'steps done, 0 failed, 1 cancelled' "$WORK/log"
	run -0 limactl plan
	[[ $output != *"+ vm "* && $output == *"ready     a"* ]]
	run -0 limactl stop --force a
}

@test "an ssh port in use: another one is chosen, unless lima.yaml insists" {
	apply --stopped "$WORK/a.yaml"
	port=$(sed -n 's/ *Port //p' "$LIMA_HOME/a/ssh.config")
	python3 -c 'import socket,sys,time; s=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1); s.bind(("127.0.0.1",int(sys.argv[1]))); s.listen(); print("up",flush=True); time.sleep(60)' "$port" >"$WORK/up" 3>&- &
	SERVER=$!
	timeout 10 sh -c 'until grep -q up "$1"; do sleep 0.1; done' _ "$WORK/up"
	LIMIT=60 run limactl apply --timeout 20s "$WORK/a.yaml"
	[ -e "$LIMA_HOME/a/qemu.pid" ]
	[ "$(sed -n 's/ *Port //p' "$LIMA_HOME/a/ssh.config")" != "$port" ]
	run -0 limactl stop --force a
	printf 'ssh:\n  localPort: %s\n' "$port" >>"$WORK/a.yaml"
	fails_with "ssh.localPort" apply --timeout 20s "$WORK/a.yaml"
	[ ! -e "$LIMA_HOME/a/qemu.pid" ]
}

@test "a shrinking disk is refused" {
	apply --stopped "$WORK/a.yaml"
	sed -i 's/^disk:.*/disk: 2MiB/' "$WORK/a.yaml"
	fails_with "4MiB -> 2MiB" apply --stopped "$WORK/a.yaml"
	[ "$(stat -c %s "$LIMA_HOME/a/disk")" = 4194304 ]
}

@test "names that are no names" {
	for name in . .. a/b -x _x a..b "$(printf 'a%.0s' {1..80})" x.yaml $'a\nb'; do
		run limactl apply --stopped "--name=$name" "$WORK/a.yaml"
		[ "$status" -ne 0 ]
	done
	[ -z "$(ls -A "$LIMA_HOME" 2>/dev/null | grep -v '^_')" ]
}

@test "two applies of one instance at once: the second waits, or fails with --no-wait" {
	apply --stopped "$WORK/a.yaml"
	exec 8>"$LIMA_HOME/_state/a.lock"
	flock 8
	sed -i 's/^disk:.*/disk: 8MiB/' "$WORK/a.yaml"
	LIMIT=20 fails_with "another limactl" apply --no-wait --stopped "$WORK/a.yaml"
	limactl apply --stopped "$WORK/a.yaml" 2>"$WORK/second.log" 8>&- &
	second=$!
	timeout 10 sh -c 'until grep -q waiting "$1"; do sleep 0.1; done' _ "$WORK/second.log"
	exec 8>&-
	wait $second
	[ "$(stat -c %s "$LIMA_HOME/a/disk")" = 8388608 ]
}

@test "a stale pid file whose number belongs to somebody else is not trusted, nor is that process touched" {
	apply --stopped "$WORK/a.yaml"
	sleep 60 3>&- &
	other=$!
	echo $other >"$LIMA_HOME/a/qemu.pid"
	echo $other >"$LIMA_HOME/a/ha.pid"
	run -0 limactl list a --format '{{.Status}}'
	[ "$output" = Stopped ]
	run -0 limactl plan
	[[ $output == *"Nothing to do"* ]]
	run -0 limactl delete --force a
	kill -0 $other
	kill $other
}

@test "list is right at any moment while instances come and go" {
	local pid n=0
	apply --stopped "$WORK/a.yaml"
	(for _ in 1 2 3 4 5; do
		limactl clone --start=false a b && limactl rename --start=false b c && limactl delete c || exit 1
	done) >"$WORK/log" 2>&1 3>&- &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		limactl list --json >"$WORK/list" 2>"$WORK/said" || { cat "$WORK/said"; return 1; }
		jq -es 'length >= 1 and all(.status == "Stopped" and .disk > 0)' "$WORK/list" >/dev/null || { cat "$WORK/list" "$WORK/said"; return 1; }
		n=$((n + 1))
	done
	wait "$pid" || { cat "$WORK/log"; return 1; }
	[ "$n" -gt 5 ]
}

@test "a broken lima.yaml: list shows it, plan names file and line, delete works" {
	apply --stopped "$WORK/a.yaml"
	echo 'cpus: [' >>"$LIMA_HOME/a/lima.yaml"
	run -0 limactl list
	[[ $output == *a* ]]
	fails_with "lima.yaml:" plan a
	run -0 limactl delete --force a
	[ ! -e "$LIMA_HOME/a" ]
}

@test "a lima.yaml changed behind our back is an observation like any other" {
	apply --stopped "$WORK/a.yaml"
	sed -i 's/^disk:.*/disk: 8MiB/' "$LIMA_HOME/a/lima.yaml"
	run -0 limactl plan
	[[ $output == *"4MiB -> 8MiB"* ]]
	run -0 limactl apply
	[ "$(stat -c %s "$LIMA_HOME/a/disk")" = 8388608 ]
}

@test "an instance made by cp appears, and is adopted" {
	apply --stopped "$WORK/a.yaml"
	cp -r "$LIMA_HOME/a" "$LIMA_HOME/b"
	run -0 limactl list --quiet
	[ "$output" = "$(printf 'a\nb')" ]
	run -0 limactl apply
	run -0 limactl plan
	[[ $output == *"Nothing to do: 2 instances"* ]]
}

@test "deleting the home is a complete reset" {
	apply --stopped "$WORK/a.yaml"
	rm -rf "$LIMA_HOME"
	run -0 limactl plan
	apply --stopped "$WORK/a.yaml"
}

@test "a corrupt database is set aside and nothing is lost" {
	apply --stopped "$WORK/a.yaml"
	head -c 4096 /dev/urandom >"$LIMA_HOME/_state/state.db"
	run -0 limactl plan
	[[ $output == *"Nothing to do"* ]]
	sed -i 's/^disk:.*/disk: 8MiB/' "$WORK/a.yaml"
	apply --stopped "$WORK/a.yaml"
	ls "$LIMA_HOME"/_state/state.db.corrupt-*
}

@test "a database of a newer program is refused, and left alone" {
	apply --stopped "$WORK/a.yaml"
	python3 -c 'import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute("PRAGMA user_version=999"); c.commit()' "$LIMA_HOME/_state/state.db"
	before=$(sha256sum <"$LIMA_HOME/_state/state.db")
	fails_with "newer" plan
	fails_with "newer" apply --stopped "$WORK/a.yaml"
	[ "$(sha256sum <"$LIMA_HOME/_state/state.db")" = "$before" ]
}

@test "another build of the same version: what it declares counts, and not what the one before has declared" {
	apply --stopped "$WORK/a.yaml"
	# as one that knows no host keys would have left it
	python3 - "$LIMA_HOME/_state/state.db" <<-'END'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		gone = db.execute("SELECT rowid FROM resource WHERE type = 'hostkey'").fetchall()
		assert gone
		for row in gone:
		    db.execute("DELETE FROM edge WHERE source = ?1 OR target = ?1", row)
		    db.execute("DELETE FROM resource WHERE rowid = ?", row)
		db.commit()
	END
	rm "$LIMA_HOME/a/ssh_host_ed25519_key"
	run -0 limactl plan
	[[ $output == *"Nothing to do"* ]]
	mkdir -p "$WORK/other/bin"
	cp "$BIN/limactl" "$WORK/other/bin"
	ln -s "$BIN/../libexec" "$BIN/../share" "$WORK/other"
	run -0 timeout 60 "$WORK/other/bin/limactl" plan
	[[ $output == *"+ hostkey   a"* ]]
	timeout 60 "$WORK/other/bin/limactl" apply
	[ -s "$LIMA_HOME/a/ssh_host_ed25519_key" ]
}

@test "one instance that is broken is told, and does not keep the others from being planned" {
	for i in a b c; do limactl apply --stopped --name $i "$WORK/a.yaml"; done
	echo 'cpus: lots' >>"$LIMA_HOME/b/lima.yaml"
	rm "$LIMA_HOME/a/cidata.iso" "$LIMA_HOME/c/cidata.iso"
	fails_with '1 of 3 instances could not be planned' plan
	[[ $output == *'cidata    a'*'cidata    c'*'2 to create'* && $stderr == *'instance `b`'*lima.yaml:6:7* ]]
	fails_with '`b`' plan --json
	[ "$(jq -c '[.errors[].instance, (.resource_changes | length)]' <<<"$output")" = '["b",2]' ]
	fails_with 'lima.yaml:6:7' apply
	[ ! -e "$LIMA_HOME/a/cidata.iso" ]
	fails_with '1 of 3 instances could not be planned' apply --keep-going
	[ -e "$LIMA_HOME/a/cidata.iso" ]
	[ -e "$LIMA_HOME/c/cidata.iso" ]
	sed -i '$d' "$LIMA_HOME/b/lima.yaml"
	apply
}

@test "an additional disk that is not there is known before anything is touched, and other instances do not care" {
	apply --stopped --name a "$WORK/a.yaml"
	apply --stopped --name b "$WORK/a.yaml"
	limactl disk create d --size 1MiB
	limactl edit --set '.additionalDisks=["d"]' --start=false a
	limactl disk delete --force d
	fails_with 'limactl disk create d' start a
	[ ! -e "$LIMA_HOME/a/launch.json" ]
	fails_with 'limactl disk create e' plan --name e --set '.additionalDisks=["e"]' "$WORK/a.yaml"
	limactl plan
}

@test "a clone that is refused leaves nothing behind" {
	apply --stopped "$WORK/a.yaml"
	fails_with 'nowhere.img' clone a b --set ".images[0].location=\"$WORK/nowhere.img\""
	[ ! -e "$LIMA_HOME/b" ]
	limactl clone --start=false a b
	apply b
}

@test "a delete that was killed is finished by delete, or by an apply that shows it; all else stops and says so" {
	apply --stopped "$WORK/a.yaml"
	run env LIMACTL_TEST_KILL_AT=1 "$BIN/limactl" delete a
	[ "$status" -eq 137 ]
	for words in 'protect a' 'apply --set .cpus=3 a' 'plan --set .cpus=3 a' 'rename --start=false a b' 'clone --start=false a b' \
		'start a' 'restart a' 'stop --force a' 'factory-reset a' 'edit --set .cpus=3 a'; do
		# shellcheck disable=SC2086
		fails_with 'limactl delete a` finishes that, `limactl apply --stopped a` keeps' $words
		[ -s "$LIMA_HOME/a/disk" ]
	done
	[ ! -e "$LIMA_HOME/b" ]
	run -0 limactl plan
	[[ $output == *' to remove'* ]]
	apply --stopped a
	[ -s "$LIMA_HOME/a/disk" ]
	limactl protect a
	limactl unprotect a
	run env LIMACTL_TEST_KILL_AT=3 "$BIN/limactl" delete a
	[ "$status" -eq 137 ]
	limactl apply
	[ ! -e "$LIMA_HOME/a" ]
	apply --stopped "$WORK/a.yaml"
}

@test "a snapshot of a half deleted instance is refused, too" {
	qemu-img create -q -f qcow2 "$WORK/raw.img" 1M
	apply --stopped "$WORK/a.yaml"
	run env LIMACTL_TEST_KILL_AT=1 "$BIN/limactl" delete a
	fails_with 'half deleted' snapshot create a --tag s
}

@test "a factory reset that was killed before it took anything away does it all when it is given again" {
	apply --stopped "$WORK/a.yaml"
	for at in 1 2 3 4 5 6; do
		printf old | dd of="$LIMA_HOME/a/disk" conv=notrunc status=none
		run env LIMACTL_TEST_KILL_AT=$at "$BIN/limactl" factory-reset a
		[ "$status" -eq 137 ]
		limactl factory-reset a
		cmp -n 1048576 "$WORK/raw.img" "$LIMA_HOME/a/disk"
	done
}

@test "history tells of runs and their steps: what went well, what failed, what was killed" {
	run -0 limactl history
	[ -z "$output" ]
	apply --stopped "$WORK/a.yaml"
	sed "s|location: .*|location: http://127.0.0.1:1/none.img|" "$WORK/a.yaml" >"$WORK/b.yaml"
	fails_with 'none.img' apply --stopped "$WORK/b.yaml"
	run env LIMACTL_TEST_KILL_AT=1 "$BIN/limactl" delete a
	[ "$status" -eq 137 ]
	run -0 limactl history
	[[ ${lines[0]} == RUN*WHEN*TOOK*STEPS*COMMAND*OUTCOME ]]
	[[ ${lines[1]} == 1*'apply --stopped'*done && ${lines[2]} == 2*b.yaml* && ${lines[3]} == 3*'delete a'*'did not end' ]]
	[ "$(limactl history --json | jq -c '[.run, .failed, has("ended")]' | tr '\n' ' ')" = '[1,0,true] [2,1,true] [3,0,false] ' ]
	[ "$(limactl history --json 2 | jq -r 'select(.error) | [.verb, .type, .why] | join(" ")')" = 'ensure image missing' ]
	[ "$(limactl history -n 1 | wc -l)" -eq 2 ]
	fails_with 'there is no run 4' history 4
	fails_with 'a run is a number' history x
}

@test "a reason is data for programs, and words for people" {
	apply --stopped "$WORK/a.yaml"
	rm "$LIMA_HOME/a/cidata.iso"
	[ "$(limactl plan --json --set '.disk="8MiB"' a | jq -c '.resource_changes[] | select(.type == "disk" or .type == "cidata") | [.type, .why, .reason]' | sort)" = \
		'["cidata","missing",{"kind":"missing"}]
["disk","size: 4MiB -> 8MiB",{"kind":"differs","attribute":"size"}]' ]
}
