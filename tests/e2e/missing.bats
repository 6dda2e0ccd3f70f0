#!/usr/bin/env bats
# A program that this host has not: told with its package, wherever it is run, and before a step is taken where that can be.
# No machine is booted here; the one that "runs" only plays a machine.
load ../fake/helper

setup_file() {
	home_begin
	fake_yaml >"$WORK/f.yaml"
	cold_yaml >"$WORK/a.yaml"
	limactl start --tty=false "$WORK/f.yaml"
	# every program there is, and then not that one
	mkdir "$WORK/programs"
	find -L /usr/bin /usr/sbin /bin /sbin -maxdepth 1 -type f -perm /111 -print0 | xargs -0 -I{} ln -sf {} "$WORK/programs" 2>/dev/null
}

teardown_file() {
	home_end
}

# without PROGRAM[,PROGRAM...] ARGS...: limactl ARGS fails, and says what to install
without() {
	local programs=$1 package=$2 p
	shift 2
	for p in ${programs//,/ }; do mv "$WORK/programs/$p" "$WORK/$p.away" 2>/dev/null || true; done
	PATH=$WORK/programs run ! limactl "$@"
	for p in ${programs//,/ }; do mv "$WORK/$p.away" "$WORK/programs/$p" 2>/dev/null || true; done
	[[ $output == *"(Debian package $package)"* ]] || { echo "limactl $*: $output"; return 1; }
}

@test "what makes and runs a machine is looked for before a step is taken" {
	local command
	for command in plan create apply "start --tty=false"; do
		without ssh openssh-client $command "$WORK/a.yaml"
		without qemu-img qemu-utils $command "$WORK/a.yaml"
	done
	for command in plan apply; do
		without qemu-system-x86_64 qemu-system-x86 $command "$WORK/a.yaml"
		without swtpm swtpm $command --set '.tpm=true' "$WORK/a.yaml"
	done
	[ ! -e "$LIMA_HOME/a" ]
}

@test "a machine that runs is not stopped for what cannot be started again" {
	local before
	before=$(cat "$LIMA_HOME/f/fake.pid")
	without qemu-img qemu-utils apply --set '.memory="128MiB"' f
	[ "$(status_of f)" = Running ]
	[ "$(cat "$LIMA_HOME/f/fake.pid")" = "$before" ]
}

@test "ssh, scp, rsync: where a command is one of theirs" {
	echo x >"$WORK/x"
	without ssh openssh-client shell f true
	without ssh openssh-client tunnel f
	without scp openssh-client copy --backend scp "$WORK/x" f:/tmp/x
	without rsync rsync copy --backend rsync "$WORK/x" f:/tmp/x
	without ssh openssh-client copy --backend rsync "$WORK/x" f:/tmp/x
	mkdir -p "$WORK/s/y/n/c" && cd "$WORK/s/y/n/c"
	without rsync rsync shell --sync . f true
	SSH=/opt/ssh without ssh openssh-client shell f true
	[[ $output == *"/opt/ssh: no such program"* ]]
}

@test "ssh-keygen, where half of a key is lost" {
	rm "$LIMA_HOME/_config/user.pub"
	without ssh-keygen openssh-client apply --stopped "$WORK/a.yaml"
	limactl apply --stopped "$WORK/a.yaml"
}

@test "an editor" {
	limactl create --tty=false --name e "$WORK/a.yaml"
	unset EDITOR VISUAL
	without editor,vim,vi,emacs,nano nano edit --tty e
	EDITOR=vi without vi vim-tiny edit --tty e
	EDITOR='vi -c x' without vi vim-tiny edit --tty e
	EDITOR=nosuch run ! limactl edit --tty e
	[[ $output == *"nosuch: no such program"* ]]
}
