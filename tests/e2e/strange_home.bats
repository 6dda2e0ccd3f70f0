#!/usr/bin/env bats
# A home in a folder whose name is full of what other languages take for their own; a real guest. What other programs
# are told of it is held against each of them in tests/unit/base/test_languages.c.
load helper

setup_file() {
	home_begin
	export LIMA_HOME="$WORK"/'j/-f%2Fx "q" ${HOME} #a\b,c=é'
	export CONFIG=$LIMA_HOME/tiny/ssh.config
	mkdir -p "$WORK/j"
	limactl apply --set $'.message="\e]52;c;ZXZpbA==\aHello \e[31m{{.Name}}"' "$REPO/examples/tiny.yaml" || return
}

teardown_file() { home_end; }

@test "the guest is reached by every command, and the second plan is empty" {
	run -0 limactl plan
	[[ $output == *"Nothing to do"* ]]
	run -0 limactl shell --workdir / tiny echo 'a  b"c'
	[ "$output" = 'a  b"c' ]
	echo precious >"$WORK/one"
	for backend in scp sftp auto; do
		run -0 limactl copy --backend=$backend "$WORK/one" tiny:/tmp/$backend
		run -0 limactl copy --backend=$backend tiny:/tmp/$backend "$WORK/back-$backend"
		cmp "$WORK/one" "$WORK/back-$backend"
	done
	run -0 limactl stop tiny
	run -0 --separate-stderr limactl start tiny
	# what the template says is for people, not for the terminal
	[[ $stderr == *"Hello tiny"* ]]
	[[ $stderr != *$'\e'* ]]
}

@test "ssh reads its configuration, there and on the command line" {
	run -0 timeout 60 ssh -F "$CONFIG" lima-tiny echo by-file
	[[ $output == *by-file* ]]
	run -0 timeout 60 bash -c "$(limactl show-ssh tiny 2>/dev/null) echo by-words"
	[[ $output == *by-words* ]]
	limactl show-ssh --format=config tiny >"$WORK/own.config" 2>/dev/null
	run -0 timeout 60 ssh -F "$WORK/own.config" lima-tiny echo by-own
	[[ $output == *by-own* ]]
	[ -S "$LIMA_HOME/tiny/ssh.sock" ]
}

@test "an edited ssh.config is seen, no command depends on it, and it is made anew" {
	cp "$CONFIG" "$WORK/good"
	for junk in 'Nonsense yes' 'Port 1' 'ProxyCommand false'; do
		{
			echo "$junk"
			cat "$WORK/good"
		} >"$CONFIG"
		run -0 limactl shell --workdir / tiny echo reached
		[ "$output" = reached ]
		run -0 limactl copy --backend=scp tiny:/etc/hostname "$WORK/hostname"
		[ "$(limactl ls -f '{{.SSHLocalPort}}' tiny)" = "$(sed -n 's/^  Port //p' "$WORK/good")" ]
		run -0 limactl plan
		[[ $output == *"~ sshconfig tiny"* ]]
		apply tiny
		cmp "$CONFIG" "$WORK/good"
	done
	rm "$CONFIG"
	run -0 limactl shell --workdir / tiny echo reached
	apply tiny
	cmp "$CONFIG" "$WORK/good"
}

@test "a home with a line break in it is refused before anything is made" {
	LIMA_HOME="$WORK"/$'a\nb' run -1 --separate-stderr limactl create --tty=false --name=x "$REPO/examples/tiny.yaml"
	[[ $stderr == *"line break"* ]]
	[ ! -e "$WORK"/$'a\nb' ]
}
