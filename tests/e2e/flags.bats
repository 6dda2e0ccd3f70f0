#!/usr/bin/env bats
# Every flag once: the rows of flags.table, which explains itself.
load helper

setup() {
	home_begin
	cd "$WORK" || return
	mkdir -p m1 m2 bin
	qemu-img create -q -f qcow2 image 1M
	cat >a.yaml <<-EOF
		images:
		- {location: $WORK/image, arch: x86_64}
		- {location: $WORK/image, arch: x86_64, variant: small}
		- {location: $WORK/image, arch: x86_64, archVariant: v3}
		disk: 4MiB
		containerd: {user: false, system: false}
		param: {P: ""}
		provision: [{mode: system, script: "echo \$PARAM_P"}]
	EOF
	echo 'base: a.yaml' >base.yaml
	export QEMU_SYSTEM_X86_64=/bin/false
}

teardown() {
	cd /
	home_end
}

# rows SECTION: fields of each, one to a line: command, flag, words, expectation
rows() {
	awk -v want="$1" 'BEGIN { FS = " :: " } !/^#/ && NF == 4 && $1 == want { print $1; print $2; print $3; print $4 }' \
		"$BATS_TEST_DIRNAME/flags.table"
}

# the words of all rows of a section, as the shell reads them
words() {
	local all='' words
	while read -r _ && read -r _ && read -r words && read -r _; do all+=" $words"; done < <(rows "$1")
	eval "WORDS=($all)"
}

# what the rows of a section say of an instance's lima.yaml
holds() {
	local flag expression n=0
	while read -r _ && read -r flag && read -r _ && read -r expression; do
		[ "$(limactl yq "$expression" "$LIMA_HOME/$2/lima.yaml")" = true ] ||
			{ echo "$3: $flag: $expression does not hold of"; cat "$LIMA_HOME/$2/lima.yaml"; return 1; }
		n=$((n + 1))
	done < <(rows "$1")
	[ "$n" -gt 0 ]
}

# A machine that ends at once: what counts is that the lima.yaml is written before it is tried.
starts() {
	local status=0
	limactl "$@" >out 2>&1 || status=$?
	[ $status -eq 1 ] && grep -qE 'vm .*: false|: networks\[\]\.' out || { cat out; return 1; }
}

one_section() {
	local s=$1
	words "$s"
	limactl create --tty=false --name=c "${WORDS[@]}" a.yaml
	holds "$s" c create
	starts start --tty=false --name=s "${WORDS[@]}" a.yaml
	holds "$s" s start
	limactl apply --stopped --name=p "${WORDS[@]}" a.yaml
	holds "$s" p apply
	run -0 limactl plan --stopped --name=q "${WORDS[@]}" a.yaml
	[[ $output == *'+ disk '* && ! -e $LIMA_HOME/q ]]
}

existing() {
	local s=$1
	limactl create --tty=false --name=a a.yaml
	limactl clone --tty=false a r
	run -0 limactl plan --stopped "${WORDS[@]}" a
	[[ $output == *'~ dir '* ]]
	limactl edit --tty=false "${WORDS[@]}" a
	holds "$s" a edit
	starts restart --tty=false "${WORDS[@]}" r
	holds "$s" r restart
	limactl delete -f r a
	limactl create --tty=false --name=a a.yaml
	limactl clone --tty=false "${WORDS[@]}" a b
	holds "$s" b clone
	limactl rename --tty=false "${WORDS[@]}" a d
	holds "$s" d rename
}

@test "flags that change a lima.yaml, in every command that has them" {
	one_section @edit
	existing @edit
}

@test "those that exclude others of them" {
	one_section @edit2
	existing @edit2
}

@test "no mounts" {
	one_section @edit3
	existing @edit3
}

@test "what no machine here can have" {
	local before
	words @edit4
	for command in create start apply plan; do
		fails_with 'networks[].vzNAT' $command --name=c "${WORDS[@]}" a.yaml
	done
	[ ! -e "$LIMA_HOME/c" ]
	limactl create --tty=false --name=a a.yaml
	before=$(cat "$LIMA_HOME/a/lima.yaml")
	for command in 'apply --stopped' 'plan --stopped' 'edit --tty=false' 'restart --tty=false'; do
		fails_with 'networks[].vzNAT' $command "${WORDS[@]}" a
	done
	for command in clone rename; do
		fails_with 'networks[].vzNAT' $command --tty=false "${WORDS[@]}" a b
	done
	[ "$(cat "$LIMA_HOME/a/lima.yaml")" = "$before" ]
	[ ! -e "$LIMA_HOME/b" ]
}

@test "flags for new instances" {
	one_section @new
	limactl delete -f c s p
	one_section @new2
}

@test "flags of the walk, in every command that walks" {
	local ready
	words @ready
	ready=("${WORDS[@]}")
	words @run
	done_with() {
		run -0 --separate-stderr limactl "$@"
		[[ $stderr == *'Done in'* || $output == *'Done in'* ]] || { echo "$*: $stderr"; return 1; }
	}
	done_with create --tty=false --name=a "${WORDS[@]}" a.yaml
	done_with apply --stopped --set '.message="x"' "${WORDS[@]}" "${ready[@]}" a
	run -0 limactl edit --cpus 2 "${WORDS[@]}" "${ready[@]}" a
	run -0 limactl plan --stopped "${WORDS[@]}" "${ready[@]}" a
	starts start "${WORDS[@]}" "${ready[@]}" a
	starts restart "${WORDS[@]}" "${ready[@]}" a
	run -0 limactl stop -f "${WORDS[@]}" a
	run -0 limactl factory-reset "${WORDS[@]}" a
	run -0 limactl clone "${WORDS[@]}" "${ready[@]}" a b
	run -0 limactl rename "${WORDS[@]}" "${ready[@]}" b c
	done_with delete "${WORDS[@]}" a c
	run -0 limactl disk create d --size 1M "${WORDS[@]}"
	run -0 limactl disk resize d --size 2M "${WORDS[@]}"
	run -0 limactl disk unlock d "${WORDS[@]}"
	run -0 limactl disk delete d "${WORDS[@]}"
	truncate -s 1M x
	run -0 limactl disk import d x "${WORDS[@]}"
}

# what a watching limactl prints until TEXT comes, on stdout or stderr
watch_for() {
	local text=$1
	shift
	echo '{"time":"2026-01-01T00:00:00Z","status":{"sshLocalPort":1}}' >"$LIMA_HOME/a/ha.stdout.log"
	echo '{"level":"info","msg":"agent talk","time":"2026-01-01T00:00:00Z"}' >"$LIMA_HOME/a/ha.stderr.log"
	timeout 20 "$BIN/limactl" watch "$@" >seen 2>&1 &
	local pid=$!
	timeout 10 bash -c 'until grep -qF -- "$1" seen; do sleep 0.02; done' _ "$text" || { cat seen; kill $pid; return 1; }
	kill $pid
	cat seen
}

# something that is taken for the instance's machine, and programs that print their words
pretend_running() {
	cp "$(command -v sh)" bin/qemu-system-pretended
	bin/qemu-system-pretended -c 'sleep 60; :' sh -pidfile "$LIMA_HOME/a/qemu.pid" 3>&- &
	echo $! >"$LIMA_HOME/a/qemu.pid"
	MACHINE=$!
	timeout 10 bash -c 'until grep -q pidfile "/proc/$1/cmdline"; do sleep 0.02; done' _ $MACHINE
	for program in ssh scp rsync; do
		printf '#!/bin/sh\nfor a; do [ "$a" != exit ] || exit 0; done\nprintf "%%s\\n" "%s" "$@"\n' $program >bin/$program
		chmod +x bin/$program
	done
	PATH=$WORK/bin:$PATH
}

no_longer_running() {
	[ -z "$MACHINE" ] || { kill "$MACHINE"; wait "$MACHINE" || true; } 2>/dev/null
	MACHINE='' PATH=${PATH#"$WORK/bin:"}
}

one_row() {
	local words=$3 how=${4%% *} want=${4#* } line status=0
	[ "$how" != T ] || { grep -q "@test \"${want#*: }" "$BATS_TEST_DIRNAME/${want%%: *}" && return; echo "no such test: $want"; return 1; }
	[ "$how" != '$' ] || pretend_running
	line=$words
	# a line that begins with the command's own name is limactl's
	case " ${words%%[ ;|]*} " in *=*|' printf '|' echo '|' limactl '|' watch_for ') ;; *) line="limactl $words" ;; esac
	out=$(eval "$line" 2>err) || status=$?
	[ "$how" != '$' ] || no_longer_running
	case $how in
	=) [ "$status" -eq 0 ] && [ "$(tr '\n' ' ' <<<"$out" | tr -s ' ' | sed 's/ $//')" = "$want" ] ;;
	'~') [ "$status" -eq 0 ] && grep -qE -- "$want" <<<"$out" ;;
	2) [ "$status" -eq 0 ] && grep -qF -- "$want" err ;;
	!) [ "$status" -ne 0 ] && grep -qF -- "$want" err ;;
	'$') grep -qF -- "$want" <<<"$out" ;;
	\?) [ "$status" -eq 0 ] && eval "$want" >/dev/null ;;
	*) false ;;
	esac || { echo "$1 $2: $line"; echo "wanted: $4"; echo "status $status, stdout: $out"; cat err; return 1; }
}

fresh() {
	rm -rf "$LIMA_HOME" x out
	{
		limactl create --tty=false --name=a a.yaml
		limactl disk create d --size 1MiB
		limactl network create n --gateway 10.1.2.1/24
	} 2>/dev/null
}

# fields COMMAND...: the rows of these commands, each in a home as it was in the beginning if it changes something
section() {
	local c command flag words expectation n=0
	MACHINE=''
	fresh
	for c; do
		while read -r command && read -r flag && read -r words && read -r expectation; do
			one_row "$command" "$flag" "$words" "$expectation" || return
			case "$c" in create|apply|rename|clone|edit|start|delete|disk*|network*|limactl) fresh ;; esac
			n=$((n + 1))
		done < <(rows "$c")
	done
	[ $n -gt 0 ]
}

@test "flags of limactl itself" {
	MACHINE=''
	while read -r command && read -r flag && read -r words && read -r expectation; do
		rm -rf "$LIMA_HOME"
		one_row "$command" "$flag" "$words" "$expectation"
	done < <(rows limactl)
}

@test "flags of commands that make, change and end instances" {
	section apply plan create start restart edit clone rename stop delete
}

@test "flags of shell and copy" {
	section shell copy
}

@test "flags of commands that look" {
	section list info watch screenshot show-ssh prune sudoers tunnel validate "template validate" "template copy"
}

@test "flags of disks, networks, snapshots, autostart" {
	section "disk create" "disk resize" "disk delete" "disk list" "network create" "network delete" "network list" \
		"snapshot create" "snapshot apply" "snapshot delete" "snapshot list" "autostart enable" start-at-login
}

@test "flags of completion, the manual, yq" {
	section "completion bash" "completion zsh" "completion fish" "completion powershell" generate-doc generate-jsonschema yq
}
