#!/usr/bin/env bats
# What is not an ordinary file where one is expected: never waited for. No machine is booted here.
load helper

setup() {
	home_begin
	LIMIT=20
	cold_yaml >"$WORK/a.yaml"
	mkfifo "$WORK/fifo"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$WORK/sock"
	mkdir "$WORK/folder"
}

teardown() {
	home_end
}

# for each kind of what is not a file: it is at PATH, and the command fails and says so; $folder is what it says of a folder
each_kind() {
	local path=$1 kind words
	shift
	for kind in fifo sock folder; do
		rm -rf "$path"
		ln -s "$WORK/$kind" "$path"
		words="not an ordinary file"
		[ "$kind" != folder ] || words=${folder:-$words}
		fails_with "$words" "$@"
		[ "$status" -ne 124 ]
	done
	rm -rf "$path"
	ln -s /dev/zero "$path"
	fails_with "not an ordinary file" "$@"
	rm -f "$path"
}

@test "the file of a command line, and what it builds on" {
	# to plan, a folder stands for the files in it
	folder="there is no fleet.yaml or lima.yaml in that folder" each_kind "$WORK/x.yaml" plan "$WORK/x.yaml"
	each_kind "$WORK/x.yaml" validate "$WORK/x.yaml"
	each_kind "$WORK/x.yaml" create --tty=false "$WORK/x.yaml"
	each_kind "$WORK/x.yaml" edit "$WORK/x.yaml" --cpus=2
	each_kind "$WORK/x.yaml" yq . "$WORK/x.yaml"
	{
		cat "$WORK/a.yaml"
		echo "base: $WORK/x.yaml"
	} >"$WORK/b.yaml"
	each_kind "$WORK/x.yaml" plan "$WORK/b.yaml"
	{
		cat "$WORK/a.yaml"
		echo "provision: [{mode: system, file: $WORK/x.yaml}]"
	} >"$WORK/b.yaml"
	each_kind "$WORK/x.yaml" plan "$WORK/b.yaml"
}

@test "files of the home" {
	mkdir -p "$LIMA_HOME/_config" "$LIMA_HOME/_templates" "$LIMA_HOME/i"
	each_kind "$LIMA_HOME/_config/default.yaml" plan "$WORK/a.yaml"
	each_kind "$LIMA_HOME/_config/override.yaml" plan "$WORK/a.yaml"
	each_kind "$LIMA_HOME/_config/networks.yaml" network ls
	each_kind "$LIMA_HOME/_templates/x.yaml" plan template:x
	each_kind "$LIMA_HOME/i/lima.yaml" plan i
	each_kind "$LIMA_HOME/i/lima.yaml" edit i --cpus=2
}

@test "images, kernels, certificates, playbooks" {
	each_kind "$WORK/raw.img" apply --stopped "$WORK/a.yaml"
	truncate -s 1M "$WORK/raw.img"
	sed "s#  arch: x86_64#&\n  kernel: {location: $WORK/x}\n  initrd: {location: $WORK/raw.img}#" "$WORK/a.yaml" >"$WORK/b.yaml"
	each_kind "$WORK/x" apply --stopped "$WORK/b.yaml"
	sed "s#  arch: x86_64#&\n  digest: sha256:30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58#" "$WORK/a.yaml" >"$WORK/c.yaml"
	each_kind "$WORK/raw.img" apply --stopped "$WORK/c.yaml"
	truncate -s 1M "$WORK/raw.img"
	{
		cat "$WORK/a.yaml"
		echo "caCerts: {files: [$WORK/x]}"
	} >"$WORK/b.yaml"
	each_kind "$WORK/x" apply --stopped "$WORK/b.yaml"
	{
		cat "$WORK/a.yaml"
		echo "provision: [{mode: ansible, playbook: $WORK/x}]"
	} >"$WORK/b.yaml"
	each_kind "$WORK/x" plan "$WORK/b.yaml"
}

@test "public keys of ~/.ssh are passed over" {
	mkdir -p "$HOME/.ssh"
	for kind in fifo sock folder; do
		ln -s "$WORK/$kind" "$HOME/.ssh/$kind.pub"
	done
	ln -s /dev/zero "$HOME/.ssh/zero.pub"
	echo 'ssh: {loadDotSSHPubKeys: true}' >>"$WORK/a.yaml"
	run --separate-stderr -0 limactl apply --stopped "$WORK/a.yaml"
	[[ $output$stderr == *"done"* ]]
	run -0 limactl plan
	[[ $output == *"Nothing to do"* ]]
}

@test "keys that are none are refused, and no private key is waited for" {
	mkdir -p "$LIMA_HOME/_config" "$HOME/.ssh"
	ssh-keygen -q -t ed25519 -N '' -f "$LIMA_HOME/_config/user"
	rm "$LIMA_HOME/_config/user"
	mkfifo "$LIMA_HOME/_config/user"
	fails_with "not an ordinary file: move it away, and a new key is made" apply --stopped "$WORK/a.yaml"
	rm "$LIMA_HOME/_config/user" "$LIMA_HOME/_config/user.pub"
	ssh-keygen -q -t ed25519 -N '' -f "$HOME/.ssh/odd"
	rm "$HOME/.ssh/odd"
	mkfifo "$HOME/.ssh/odd"
	echo 'ssh: {loadDotSSHPubKeys: true}' >>"$WORK/a.yaml"
	run -0 limactl apply --stopped "$WORK/a.yaml"
	! grep odd "$LIMA_HOME/a/ssh.config" || false
}

@test "descriptors that the user names are read to their end" {
	run -0 limactl validate <(sleep 0.3; cat "$WORK/a.yaml")
	run -0 bash -c '(sleep 0.3; cat "$1") | "$2" validate /dev/stdin' _ "$WORK/a.yaml" "$BIN/limactl"
	run -0 bash -c '"$2" yq .disk - <"$1"' _ "$WORK/a.yaml" "$BIN/limactl"
	[ "$output" = 4MiB ]
	run -0 limactl yq .disk <(sleep 0.3; cat "$WORK/a.yaml")
	[ "$output" = 4MiB ]
	run -0 bash -c 'cat "$1" | "$2" create --name b --tty=false -' _ "$WORK/a.yaml" "$BIN/limactl"
	# and a configuration that somebody has linked to nowhere is empty
	mkdir -p "$LIMA_HOME/_config"
	ln -s /dev/null "$LIMA_HOME/_config/override.yaml"
	run -0 limactl validate "$WORK/a.yaml"
}

@test "a uid without a name is the reason, and no instance stays" {
	[ "$(id -u)" = 0 ] || skip "needs root to become somebody without a name"
	chmod 0777 "$WORK"
	run --separate-stderr setpriv --reuid 54321 --regid 54321 --clear-groups "$BIN/limactl" create --tty=false "$WORK/a.yaml"
	[ "$status" -ne 0 ]
	[[ $stderr == *"uid 54321 has no entry in the user database"* ]]
	[ ! -e "$LIMA_HOME/a" ]
}

@test "an empty range of ports is none; a value of several lines is refused, not cut" {
	{
		cat "$WORK/a.yaml"
		echo 'portForwards: [{guestPort: 80, hostPort: 8080, guestPortRange: [], hostPortRange: [0, 0]}]'
	} >"$WORK/b.yaml"
	run -0 limactl validate "$WORK/b.yaml"
	printf 'env:\n  ONE: 1\n  TWO: "a\\nb"\n' >>"$WORK/a.yaml"
	fails_with "a.yaml:8:8: env.TWO: must be one line" create --tty=false "$WORK/a.yaml"
	local name
	for name in '"X=Y"' '"A B"' '""' "\"it's\"" '"$X"' '"#X"'; do
		sed '$d' "$WORK/a.yaml" >"$WORK/named.yaml"
		printf '  %s: v\n' "$name" >>"$WORK/named.yaml"
		fails_with "named.yaml:8:" create --tty=false "$WORK/named.yaml"
		fails_with "a variable's name in /etc/environment has no blank" create --tty=false "$WORK/named.yaml"
	done
	[ ! -e "$LIMA_HOME/a" ]
	mkdir -p "$LIMA_HOME/i"
	cp "$WORK/a.yaml" "$LIMA_HOME/i/lima.yaml"
	fails_with "env: a value has several lines" start i
}

@test "an edited ssh.config is seen also by who knows nothing of it" {
	limactl apply --stopped "$WORK/a.yaml"
	cp "$LIMA_HOME/a/ssh.config" "$WORK/good"
	for junk in 'Nonsense yes' '  ProxyCommand false' 'Host other' 'Include /tmp/x'; do
		rm -rf "$LIMA_HOME/_state"
		run -0 limactl plan a
		[[ $output == *"Nothing to do"* ]]
		rm -rf "$LIMA_HOME/_state"
		echo "$junk" >>"$LIMA_HOME/a/ssh.config"
		run -0 limactl plan a
		[[ $output == *"~ sshconfig a"* ]]
		apply --stopped a
		cmp "$LIMA_HOME/a/ssh.config" "$WORK/good"
	done
}

@test "a QEMU that is too old is said, by what lima.yaml wants" {
	echo 'vmOpts: {qemu: {minimumVersion: "99.0.0"}}' >>"$WORK/a.yaml"
	local command why="a: vmOpts.qemu.minimumVersion: QEMU 99.0.0 or newer is wanted"
	for command in plan "create --tty=false" "start --tty=false" "apply --stopped"; do
		fails_with "$why" $command "$WORK/a.yaml"
		[ ! -e "$LIMA_HOME/a" ]
	done
	# of one that is there already, the start is refused
	mkdir -p "$LIMA_HOME/a" && cp "$WORK/a.yaml" "$LIMA_HOME/a/lima.yaml"
	fails_with "$why" start --tty=false a
	[ ! -e "$LIMA_HOME/a/qemu.pid" ]
}

@test "yq says where a file cannot be read, in the words that plan has, comments before it counted" {
	printf '# one\n# two\na: 1\nb: [2\n' >"$WORK/bad.yaml"
	run -1 limactl yq . "$WORK/bad.yaml"
	[ "$output" = "Error: $WORK/bad.yaml:5:1: expected \`,\` or \`]\`" ]
	printf 'a:\n\tb: 1\n' >"$WORK/bad.yaml"
	run -1 limactl yq . "$WORK/bad.yaml"
	[ "$output" = "Error: $WORK/bad.yaml:2:1: a tab cannot indent; use blanks" ]
	run -1 limactl yq .a - <<<'a: *x'
	[ "$output" = 'Error: -:1:4: alias `*x` without an anchor `&x` before it' ]
}
