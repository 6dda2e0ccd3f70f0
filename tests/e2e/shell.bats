#!/usr/bin/env bats
# shell, copy and lima without a guest: what they hand to ssh, scp and rsync.
load helper

setup() {
	home_begin
	cd "$WORK" || return
	cold_yaml >a.yaml
	printf 'mounts:\n- location: %s/in\n- location: %s/other\n  mountPoint: /elsewhere\n' "$WORK" "$WORK" | sed "/^mounts/,\$ s/plain.*//" >>a.yaml
	sed -i '/^plain:/d' a.yaml
	printf 'containerd: {user: false, system: false}\n' >>a.yaml
	mkdir -p in/deep other/deep bin
	limactl create --tty=false a.yaml 2>/dev/null
	# something that is taken for its machine: a process with its pid file among its arguments
	cp /bin/sh bin/qemu-system-pretended
	bin/qemu-system-pretended -c 'sleep 60; :' sh -pidfile "$LIMA_HOME/a/qemu.pid" 3>&- &
	echo $! >"$LIMA_HOME/a/qemu.pid"
	MACHINE=$!
	timeout 10 bash -c 'until grep -q pidfile "/proc/$1/cmdline"; do sleep 0.02; done' _ $MACHINE
	for program in ssh scp rsync; do
		printf '#!/bin/sh\nfor a; do case $a in *command?-v?rsync*) [ -e '%s/has-rsync' ]; exit ;; esac; done\nprintf "%%s\\n" "%s" "$@"\nexit 9\n' "$WORK" $program >bin/$program
	done
	chmod +x bin/*
	export PATH=$WORK/bin:$PATH
	unset COLORTERM SSH
}

teardown() {
	kill "$MACHINE" 2>/dev/null || true
	cd /
	home_end
}

# what ssh and scp are told of the guest, in front of their own words
options() {
	printf '%s\n' -F /dev/null
	limactl show-ssh --format=options a 2>/dev/null | sed 's/^/-o\n/'
}

# the last word that ssh gets for this command line
script() {
	run -9 --separate-stderr limactl shell "$@"
	script=${lines[-1]}
}

@test "shell: the words that ssh gets, and its exit status" {
	run -9 --separate-stderr limactl shell a true
	port=$(sed -n 's/^  Port //p' "$LIMA_HOME/a/ssh.config")
	[[ $(options) == *"Port=$port"* ]]
	[ "$output" = "$(echo ssh; options; printf '%s\n' -o LogLevel=ERROR lima-a -- "false ; exec /bin/bash -l -c true")" ]
	COLORTERM=x run -9 --separate-stderr limactl shell a true
	[[ $output == *$'\n-o\nSendEnv=COLORTERM\n'* ]]
	SSH="$WORK/bin/scp -v 'a b'" run -9 --separate-stderr limactl shell a true
	[[ $output == $'scp\n-v\na b\n-F\n'* ]]
}

@test "shell: quoting, assignments, the shell itself" {
	script a echo 'a b' "it's"
	[ "$script" = "false ; exec /bin/bash -l -c 'echo '\"'\"'a b'\"'\"' '\"'\"'it'\"'\"'\"'\"'\"'\"'\"'\"'s'\"'\"''" ]
	script a A=1 'B=x y' env
	[ "$script" = "false ; exec /bin/bash -l -c 'A=1 B='\"'\"'x y'\"'\"' env'" ]
	script --shell /bin/zsh a
	[ "$script" = "false ; exec /bin/zsh -l" ]
	script a -- ls --foo
	[ "$script" = "false ; exec /bin/bash -l -c 'ls --foo'" ]
	script --instance a ls --foo
	[ "$script" = "false ; exec /bin/bash -l -c 'ls --foo'" ]
}

@test "shell: the folder" {
	script --workdir '/x y' a pwd
	[[ $script == "cd '/x y' || exit 1 ; exec "* ]]
	cd in/deep
	script a pwd
	[[ $script == "cd $WORK/in/deep || cd $WORK ; exec "* ]]
	cd "$WORK/other/deep"
	script a pwd
	[[ $script == "cd /elsewhere/deep || cd $WORK ; exec "* ]]
	ln -s "$WORK/in" "$WORK/link"
	cd "$WORK/link/deep"
	script a pwd
	[[ $script == "cd $WORK/"*"/deep || cd $WORK ; exec "* ]]
	cd /
	HOME=$WORK/in script a pwd
	[[ $script == "cd $WORK/in ; exec "* ]]
}

@test "shell: variables of the host" {
	clean() {
		env -i PATH="$PATH" HOME="$HOME" LIMA_HOME="$LIMA_HOME" "$@" "$BIN/limactl" shell --preserve-env a env
	}
	run -9 --separate-stderr clean FOO='x y' SSH_FOO=1
	[ "${lines[-1]}" = "false ; exec env LIMA_HOME=$LIMA_HOME 'FOO=x y' /bin/bash -l -c env" ]
	run -9 --separate-stderr clean FOO=1 SSH_FOO=1 LIMA_SHELLENV_BLOCK='FOO, HOME,PATH , LIMA*'
	[ "${lines[-1]}" = "false ; exec env SSH_FOO=1 /bin/bash -l -c env" ]
	run -9 --separate-stderr clean FOO=1 SSH_FOO=1 LIMA_SHELLENV_BLOCK=+LIMA* LIMA_SHELLENV_ALLOW='SSH_*'
	[ "${lines[-1]}" = "false ; exec env FOO=1 SSH_FOO=1 /bin/bash -l -c env" ]
	run -1 clean LIMA_SHELLENV_BLOCK=FOO-BAR
	[[ $output == *'Invalid LIMA_SHELLENV_BLOCK pattern'*'contains invalid character'* ]]
}

@test "lima: instance, shell and folder from the environment" {
	export PATH=$BIN:$PATH LIMA_INSTANCE=a
	LIMA_SHELL=/bin/sh LIMA_WORKDIR=/w run -9 --separate-stderr lima ls
	[[ ${lines[-1]} == "cd /w || exit 1 ; exec /bin/sh -l -c ls" ]]
	run -0 lima --version
	[[ $output == 'limactl version '* ]]
	run -0 lima --help
	[[ $output == *LIMA_INSTANCE* ]]
	run -1 --separate-stderr lima --tty=false --nonexistent-flag
	[[ $stderr == *'unknown flag'* ]]
	run -9 lima --preserve-env true
	run -9 nerdctl.lima ps
	[[ ${lines[-1]} == *"-c 'nerdctl ps'" ]]
}

@test "wrappers: an instance that is not there, or does not run" {
	export PATH=$BIN:$PATH
	for w in docker podman apptainer kubectl; do
		run -1 --separate-stderr $w.lima version
		[ -z "$output" ]
		[[ $stderr == *'template:'* ]]
		LIMA_INSTANCE=a run -1 --separate-stderr $w.lima version
		[[ $stderr == *'is not running'* ]]
	done
}

@test "guest-install: the agent goes in by ssh, and a failure is one" {
	printf '#!/bin/sh\nprintf "%%s\\n" "$@" >"%s/words"\ncat >"%s/sent"\n' "$WORK" "$WORK" >bin/ssh
	run -0 --separate-stderr limactl guest-install a
	[[ $(tail -n 1 words) == *'sudo install -m 755 "$t" /usr/local/bin/lima-guestagent'* ]]
	cmp sent "$(dirname "$BIN")/share/lima/lima-guestagent.Linux-x86_64" || gzip -dc <sent >/dev/null
	# with containerd, what it is made of too
	cp "$LIMA_HOME/a/lima.yaml" kept.yaml
	tar -cz -f archive.tgz kept.yaml
	sed -i "s|^containerd:.*|containerd: {system: true, archives: [{location: $WORK/archive.tgz, arch: x86_64}]}|" "$LIMA_HOME/a/lima.yaml"
	run -0 --separate-stderr limactl guest-install a
	[ "$(tail -n 1 words)" = 'sudo tar -xz -f - -C /usr/local' ]
	cmp sent archive.tgz
	rm archive.tgz
	run -1 --separate-stderr limactl guest-install a
	[[ $stderr == *"archive.tgz is not in the cache; "* ]]
	cp kept.yaml "$LIMA_HOME/a/lima.yaml"
	printf '#!/bin/sh\ncat >/dev/null\nexit 3\n' >bin/ssh
	run -1 --separate-stderr limactl guest-install a
	[[ $stderr == *'the guest could not install its agent: ssh: exit status 3'* ]]
}

@test "copy: by scp" {
	run -9 --separate-stderr limactl copy -r x a:/tmp
	[ "$output" = "$(echo scp; options; printf '%s\n' -q -r -3 -- x lima-a:/tmp)" ]
	run -9 --separate-stderr limactl copy --backend=scp -v a:x a:/y/
	[ "$output" = "$(echo scp; options; printf '%s\n' -v -3 -- lima-a:x lima-a:/y/)" ]
	run -9 --separate-stderr limactl cp x y
	[ "$output" = "$(printf '%s\n' rsync -a -q -- x y)" ]
}

@test "copy: by rsync, whose slashes mean what scp's mean" {
	touch "$WORK/has-rsync"
	run -9 --separate-stderr limactl copy x a:y
	[ "$output" = "$(printf '%s\n' rsync -a -q -e "ssh $(options | sed "s/.*[\"^].*/'&'/" | tr '\n' ' ' | sed 's/ $//')" -- x lima-a:y)" ]
	run -9 --separate-stderr limactl copy -r x/ a:y
	[ "${lines[-2]} ${lines[-1]}" = 'x lima-a:y/' ]
	run -9 --separate-stderr limactl copy -r a:y/ x/
	[ "${lines[-2]} ${lines[-1]}" = 'lima-a:y/ x/' ]
	run -9 --separate-stderr limactl copy a:x a:y
	[ "${lines[0]}" = scp ]
	# what a guest made may be no more than bytes here
	run -9 --separate-stderr limactl copy a:x y
	[[ $output == *--no-D$'\n'--no-o$'\n'--no-g$'\n'--chmod=ug-s$'\n'--safe-links$'\n'* ]]
}

@test "copy: what cannot be" {
	run -1 --separate-stderr limactl copy --backend=x a b
	[[ $stderr == *'invalid backend `x`, must be one of: scp, rsync, sftp, auto'* ]]
	run -1 --separate-stderr limactl copy --backend=rsync x a:y
	[[ $stderr == *'has no rsync'* ]]
}

@test "start of a stopped instance is not asked for without a terminal" {
	kill "$MACHINE"
	wait "$MACHINE" 2>/dev/null || true
	run -1 --separate-stderr limactl shell --tty=true a true < <(yes)
	[[ $stderr == *'instance `a` is stopped'* ]]
}

# a host and a "guest" that is a folder: rsync's far side is another path of this host
sync_begin() {
	mkdir -p "$WORK/p/q/dir" "$WORK/guest"
	sed -i '/^mounts:/,/^containerd/{/^containerd/!d}' "$LIMA_HOME/a/lima.yaml"
	rm "$WORK/bin/rsync"
	# what ssh gets of our environment has no WORK
	{ printf '#!/bin/bash\nWORK=%q\n' "$WORK"; cat; } >"$WORK/bin/ssh" <<-'EOF'
		# the words behind the host's name are for the guest's shell, whose root is $WORK/guest
		while [ "$1" != lima-a ]; do shift; done
		shift
		[ "$1" != -- ] || shift
		line="$*"
		case $line in
		rsync*) eval "set -- $line"; a=("$@"); a[-1]=$WORK/guest${a[-1]}; exec "${a[@]}" ;;
		esac
		exec bash -c "${line//\/home\//$WORK/guest/home/}"
	EOF
	GUEST=$WORK/guest$(limactl list --json a 2>/dev/null | jq -r .config.user.home)$WORK/p/q/dir
}

@test "shell --sync: into the guest, and back if the command succeeds" {
	sync_begin
	cd p/q/dir
	echo old >keep
	echo old >"it's \"odd\""
	run -0 --separate-stderr limactl shell --yes --sync . a sh -c 'echo new >made; echo x >keep; rm it*; pwd'
	[ "$output" = "$GUEST" ]
	[ "$(cat keep) $(cat made) $(ls)" = $'x new keep\nmade' ]
	[[ $stderr == *'Syncing host current directory('*'Successfully synced back the changes to host.'* ]]
	[ ! -e "$GUEST" ]
	[ -d "${GUEST%/*}" ]
	run -3 --separate-stderr limactl shell --yes --sync . a sh -c 'echo bad >keep; exit 3'
	[ "$(cat keep) $(cat "$GUEST/keep")" = 'x bad' ]
}

@test "shell --sync: what comes back is bytes, and no more" {
	sync_begin
	cd p/q/dir
	ln -s ../../elsewhere mine
	# shellcheck disable=SC2016
	limactl shell --yes --sync . a sh -c 'cp /bin/true tool; chmod 6755 tool; mkdir d; chmod g+s d
		ln -s tool in; ln -s /etc/passwd absolute; ln -s ../../../x up; [ "$(id -u)" != 0 ] || mknod null c 1 3; [ -L mine ]'
	[ "$(stat -c %a tool)" = 755 ]
	[ ! -g d ]
	[ "$(readlink in)" = tool ]
	[ "$(readlink mine)" = ../../elsewhere ]
	[ ! -e null ]
	[ ! -L absolute ]
	[ ! -L up ]
}

@test "shell --sync: with a terminal the user decides" {
	sync_begin
	cd p/q/dir
	echo old >keep
	run -0 --separate-stderr limactl shell --tty=true --sync . a true </dev/null
	[[ $stderr == *'No changes detected'* ]]
	run -0 --separate-stderr limactl shell --tty=true --sync . a sh -c 'echo x >keep; echo y >new' < <(echo 2)
	[[ $output == *'(added: 1, deleted: 0, modified: 1, metadata: '* ]]
	[ "$(cat keep) $(ls)" = 'old keep' ]
	[ ! -e "$GUEST" ]
	PAGER=cat run -0 --separate-stderr limactl shell --tty=true --sync . a sh -c 'echo x >keep' < <(printf '3\n1\n')
	[[ $output == *-old*+x* ]]
	[ "$(cat keep)" = x ]
	run -1 --separate-stderr limactl shell --tty=true --sync . a sh -c 'echo zz >keep' </dev/null
	[[ $stderr == *"no answer"* ]]
	[ "$(cat keep) $(cat "$GUEST/keep")" = 'x zz' ]
}

@test "shell --sync: what cannot be" {
	run -1 --separate-stderr limactl shell --sync . a true
	[[ $stderr == *'cannot use `--sync` when the instance has host mounts configured'* ]]
	sync_begin
	run -1 --separate-stderr limactl shell --sync /tmp a true
	[[ $stderr == *'to be at least 4, only got 2'* ]]
	run -1 --separate-stderr limactl shell --workdir /x --sync p/q/dir a true
	[[ $stderr == *'cannot use `--workdir` and `--sync` at the same time'* ]]
	run -1 --separate-stderr limactl shell --sync nowhere a true
	[[ $stderr == *'--sync nowhere: no such file'* ]]
}

# --- over the guest agent ---

# A host agent, and a guest behind it, that does as $1 says to whoever comes first.
agent_plays() {
	rm -f "$LIMA_HOME/a/ha.sock"
	"$REPO/tests/e2e/play_agent" "$LIMA_HOME/a/ha.sock" "$1" >"$WORK/played" 3>&- &
	PLAYED=$!
	timeout 60 bash -c 'until [ -S "$1" ]; do sleep 0.02; done' _ "$LIMA_HOME/a/ha.sock"
}
agent_ends() {
	kill $PLAYED 2>/dev/null || true
	wait $PLAYED || true
}

@test "shell --over: a command goes by the guest agent, with its input, outputs and status" {
	agent_plays good
	status=0
	printf 'words' | limactl shell a A=1 tr a-z A-Z >"$WORK/out" 2>"$WORK/err" || status=$?
	[ "$status" -eq 5 ]
	[ "$(cat "$WORK/out")" = "said: words" ]
	[ "$(tail -n 1 "$WORK/err")" = errors ]
	agent_ends
	grep -F "C ['" "$WORK/played"
	grep -F "', \"false ; exec /bin/bash -l -c 'A=1 tr a-z A-Z'\"]" "$WORK/played"
	# who has said which way gets that, or an error
	agent_plays good
	run -9 --separate-stderr limactl shell --over ssh a true
	[[ ${lines[0]} == ssh ]]
	agent_ends
	run -1 limactl shell --over telnet a true
	[[ $output == *'--over: must be auto, agent or ssh, got `telnet`'* ]]
}

@test "shell --over: where the agent is not the way, ssh is, and says why when asked" {
	for way in old:"no such path" busy:"the guest agent is not there, or not just now" not:"the guest: only a ?[31mlogin?[0m will do?"; do
		agent_plays "${way%%:*}"
		run -9 --separate-stderr limactl --debug shell a true
		[[ ${lines[0]} == ssh ]]
		[[ $stderr == *"by ssh, and not by the guest agent: ${way#*:}"* ]] || { echo "$stderr"; false; }
		agent_ends
		agent_plays "${way%%:*}"
		run -1 --separate-stderr limactl shell --over agent a true
		[[ $stderr == *"a: the guest agent does not run it: ${way#*:}; use \`--over ssh\`"* ]] || { echo "$stderr"; false; }
		agent_ends
	done
	agent_plays good
	for words in "a" "--reconnect a true"; do
		# shellcheck disable=SC2086 # words
		run -9 --separate-stderr limactl shell $words
		[[ ${lines[0]} == ssh ]]
	done
	SSH=ssh run -9 limactl shell a true
	: >"$LIMA_HOME/a/ssh.sock"
	run -9 --separate-stderr limactl --debug shell a true
	[[ $stderr == *"by ssh, and not by the guest agent: ssh has a connection already"* ]]
	agent_ends
}

# It has begun then: whatever becomes of it, it is not begun a second time.
@test "shell --over: a guest that says what makes no sense, or hangs up, is an error" {
	for way in garbage long gone; do
		agent_plays $way
		run -1 --separate-stderr limactl shell a true </dev/null
		[[ $stderr == *"a: the guest agent is gone, and with it word of how the command ended"* ]]
		[[ $output != *ssh* ]]
		agent_ends
	done
}

@test "shell --over: what a guest floods us with is not kept, and who stops reading ends it" {
	agent_plays flood
	limactl shell a true </dev/null 2>/dev/null | head -c 50000000 | wc -c >"$WORK/n"
	[ "$(cat "$WORK/n")" -eq 50000000 ]
	agent_ends
	# one who reads nothing at all: what we hold is bounded
	agent_plays flood
	mkfifo "$WORK/slow"
	"$BIN/limactl" shell a true </dev/null >"$WORK/slow" 2>/dev/null 3>&- &
	p=$!
	exec 7<"$WORK/slow"
	sleep 1
	[ "$(awk '/VmHWM/ { print $2 }' /proc/$p/status)" -lt 40000 ]
	kill $p
	exec 7<&-
	wait $p || true
	agent_ends
}

@test "shell --over: Ctrl-C goes to the command, and ends us when that goes on" {
	agent_plays never
	"$BIN/limactl" shell a sleep 1000 </dev/null 3>&- &
	p=$!
	timeout 60 bash -c 'until grep -q "^E" "$1"; do sleep 0.05; done' _ "$WORK/played"
	kill -TERM $p
	status=0
	wait $p || status=$?
	[ "$status" -eq 143 ]
	wait $PLAYED
	grep -F 'S [15]' "$WORK/played"
}
