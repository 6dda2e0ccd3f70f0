#!/usr/bin/env bats
# What a person sees: colours, questions, live lines, columns that fit; and a terminal that goes away. In tmux.
load helper

setup() {
	home_begin
	cd "$WORK" || return
	cold_yaml >"$WORK/a.yaml"
	unset CI NO_COLOR EDITOR VISUAL
	TMUX_TMPDIR=$WORK TTY=t
	export TMUX_TMPDIR PS1='$ ' PATH="$BIN:$PATH"
}

teardown() {
	tm kill-server 2>/dev/null || true
	cd /
	home_end
}

# each width has a server of its own: one that is being killed takes new ones down with it
tm() { tmux -L "$TTY" "$@"; }

# a shell in a terminal so many columns wide
terminal() {
	TTY=t${1:-110}
	tm -f /dev/null new-session -d -s t -x "${1:-110}" -y 40 bash --norc --noprofile 3>&-
}

type_line() { tm send-keys -t t -l "$1" && tm send-keys -t t Enter; }

screen() { tm capture-pane -p "$@" -t t; }

# TEXT appears within ten seconds; with -e among the control sequences
shows() {
	local flags=()
	[ "$1" != -e ] || { flags=(-e); shift; }
	for _ in $(seq 100); do
		[[ $(screen "${flags[@]}") == *"$1"* ]] && return
		sleep 0.1
	done
	echo "not on the screen: $1"
	screen "${flags[@]}"
	return 1
}

@test "create asks first, in colours; the answer may be to leave" {
	terminal
	type_line 'limactl create --name=t a.yaml; echo "status $?"'
	shows '? Creating an instance `t`'
	shows '4) Exit'
	type_line 4
	shows 'Choosing to exit'
	shows 'status 1'
	[ ! -e "$LIMA_HOME/t" ]
	type_line 'clear; limactl create --name=t a.yaml; echo "status $?"'
	shows 'Choose [1]:'
	type_line ''
	shows 'Run `limactl start t` to start the instance.'
	shows -e $'\e[36mINFO'
	shows 'status 0'
	type_line 'clear; limactl edit --cpus 1 t; echo "status $?"'
	shows 'Do you want to start the instance now? (Y/n)'
	type_line n
	shows 'status 0'
	[ "$(limactl list -f '{{.Status}} {{.CPUs}}' t)" = 'Stopped 1' ]
	type_line 'clear; limactl clone t u; echo "status $?"'
	shows 'Do you want to start the instance now? (Y/n)'
	tm send-keys -t t C-c
	shows '] interrupt'
	shows 'status 1'
	[ "$(limactl list -f '{{.Status}}' u)" = Stopped ]
}

@test "create: what is typed into the editor counts; nonsense is kept, nothing means no; Ctrl-C ends it" {
	printf '#!/bin/sh\ncp "$1" "%s/shown"\n. "%s/edit"\n' "$WORK" "$WORK" >ed
	chmod +x ed
	export EDITOR=$WORK/ed TMPDIR=$WORK
	echo 'echo "cpus: 3" >>"$1"' >edit
	terminal
	type_line 'limactl create --name=t --memory 1 a.yaml; echo "status $?"'
	shows '2) Open the editor'
	type_line 2
	shows 'status 0'
	[[ $(head -n 1 shown) == '# '*'"t"'* ]]
	grep -q '^memory: 1GiB' shown
	[ "$(limactl list -f '{{.CPUs}} {{.Memory}}' t)" = '3 1073741824' ]
	! grep -q 'An empty file' "$LIMA_HOME/t/lima.yaml" || false

	echo 'echo "cpus: many" >>"$1"' >edit
	type_line 'clear; limactl create --name=u a.yaml; echo "status $?"'
	shows 'Choose [1]:'
	type_line 2
	shows 'That cannot be taken. What now?'
	type_line 2
	shows "the edit is kept in $LIMA_HOME/_state/rejected/u.yaml"
	shows 'status 1'
	grep -q '^cpus: many' "$LIMA_HOME/_state/rejected/u.yaml"
	[ ! -e lima.REJECTED.yaml ]

	type_line 'clear; limactl create --name=v a.yaml; echo "status $?"'
	shows 'Choose [1]:'
	type_line 2
	shows 'What now?'
	echo 'sed -i "s/^cpus: many/cpus: 2/" "$1"' >edit
	type_line 1
	shows 'status 0'
	grep -q '^# It was rejected: .*cpus: must be an integer' shown
	[ "$(limactl list -f '{{.CPUs}}' v)" = 2 ]
	! grep -q rejected "$LIMA_HOME/v/lima.yaml" || false

	echo ': >"$1"' >edit
	type_line 'clear; limactl create --name=u a.yaml; echo "status $?"'
	shows 'Choose [1]:'
	type_line 2
	shows 'Aborting, as requested by saving the file with empty content'
	shows 'status 1'

	type_line 'clear; limactl create --name=u a.yaml; echo "status $?"'
	shows 'Choose [1]:'
	tm send-keys -t t C-c
	shows 'Interrupted by user'
	[ ! -e "$LIMA_HOME/u" ]
}

@test "edit: what cannot be taken is opened again, kept, or thrown away; the old one stays" {
	local kept=$LIMA_HOME/_state/rejected/t.yaml answer
	limactl create --tty=false --name=t a.yaml 2>/dev/null
	cp "$LIMA_HOME/t/lima.yaml" before
	printf '#!/bin/sh\ncp "$1" "%s/shown"\n. "%s/edit"\n' "$WORK" "$WORK" >ed
	chmod +x ed
	export EDITOR=$WORK/ed TMPDIR=$WORK/tmp
	mkdir tmp
	terminal 200
	rejects() {
		echo 'echo "memroy: 1GiB" >>"$1"' >edit
		type_line "clear; limactl edit ${1:-t}; echo \"status \$?\""
		shows 'memroy: unknown key (did you mean `memory`?)'
		shows "2) Keep it in ${2:-$kept}"
	}
	rejects
	type_line 3
	shows 'the edit is thrown away; all is as it was'
	shows 'status 1'
	[ ! -e "$kept" ]
	rejects
	tm send-keys -t t C-c
	shows 'status 1'
	grep -q '^memroy' "$kept"
	cmp before "$LIMA_HOME/t/lima.yaml"
	rm "$kept"
	rejects
	type_line 2
	shows 'the edit is kept in'
	shows 'status 1'
	grep -q '^memroy' "$kept"
	cmp before "$LIMA_HOME/t/lima.yaml"
	# as it is, it is no better the second time; and then it is mended
	rejects
	echo true >edit
	type_line 'clear'
	type_line 1
	shows 'That cannot be taken'
	echo 'sed -i "s/^memroy/memory/" "$1"' >edit
	type_line 1
	shows 'Do you want to start the instance now?'
	type_line n
	shows 'status 0'
	[ "$(limactl list -f '{{.Memory}}' t)" = 1073741824 ]
	[ ! -e "$kept" ]
	! grep -q rejected "$LIMA_HOME/t/lima.yaml" || false

	# a file of the user's, the same
	cp a.yaml mine.yaml
	rejects mine.yaml "$LIMA_HOME/_state/rejected/mine.yaml"
	type_line 2
	shows 'status 1'
	grep -q '^memroy' "$LIMA_HOME/_state/rejected/mine.yaml"
	cmp a.yaml mine.yaml
	[ -z "$(ls tmp)" ]
	! ls lima.* 2>/dev/null || false
}

@test "create: another template may be chosen; name and flags stay" {
	mkdir -p templates/sub
	cp a.yaml templates/first.yaml
	{ cat a.yaml; echo 'cpus: 1'; } >templates/sub/second.yaml
	cp a.yaml templates/_hidden.yaml
	export LIMA_TEMPLATES_PATH=$WORK/templates
	terminal
	type_line 'limactl create --name=t --memory 2 template:first; echo "status $?"'
	shows '3) Choose another template'
	type_line 3
	shows '2) sub/second'
	[[ $(screen) != *_hidden* ]]
	type_line 2
	shows $'? Creating an instance `t`\n  1) Proceed'
	type_line 1
	shows 'status 0'
	[ "$(limactl list -f '{{.CPUs}} {{.Memory}}' t)" = '1 2147483648' ]
}

@test "NO_COLOR, --yes and a pipe: no colours, no questions" {
	terminal
	type_line 'NO_COLOR=1 limactl list nix; clear; NO_COLOR=1 limactl list nix'
	shows 'FATA[0000] unmatched instances'
	[[ $(screen -e) != *$'\e['* ]]
	type_line 'clear; limactl create --yes --name=t a.yaml; echo "status $?"'
	shows 'status 0'
	[[ $(screen) != *'? Creating'* ]]
	type_line 'clear; limactl list --json t | head -c 30; limactl list nix 2>&1 | cat'
	shows '{"name":"t"'
	shows 'level=fatal msg="unmatched instances"'
	type_line 'clear; limactl list --json t'
	shows -e $'\e[36m"name"'
}

@test "a step that takes its time has a line that moves" {
	printf '#!/bin/sh\nsleep 3\nexit 1\n' >slow
	chmod +x slow
	export QEMU_SYSTEM_X86_64=$WORK/slow
	terminal
	type_line 'limactl start --yes --name=t a.yaml; echo "status $?"'
	shows '  vm t  '
	before=$(screen | grep '^  vm t  ' || true)
	sleep 0.5
	[ "$(screen | grep '^  vm t  ' || true)" != "$before" ]
	shows 'status 1'
	[[ $(screen) != *$'\n  vm t  '* ]]
}

@test "list leaves out what does not fit" {
	limactl create --tty=false --name=t a.yaml 2>/dev/null
	header() {
		terminal "$1"
		type_line "clear; limactl list ${2:-}"
		shows NAME
		shows 'Stopped'
		screen | grep -o 'NAME.*' | tr -s ' ' | sed 's/ $//'
		tm kill-server
	}
	[ "$(header 120)" = 'NAME STATUS SSH VMTYPE ARCH CPUS MEMORY DISK DIR' ]
	[ "$(header 96)" = 'NAME STATUS SSH VMTYPE ARCH CPUS MEMORY DISK DIR' ]
	[ "$(header 95)" = 'NAME STATUS SSH ARCH CPUS MEMORY DISK DIR' ]
	[ "$(header 87)" = 'NAME STATUS SSH CPUS MEMORY DISK DIR' ]
	[ "$(header 79)" = 'NAME STATUS SSH CPUS MEMORY DISK' ]
}

@test "list fits the terminal with names of any length, and a pipe has all of it" {
	local long=a-name-of-a-machine-as-a-pipeline-makes-them width
	for name in t $long; do limactl create --tty=false --name=$name a.yaml 2>/dev/null; done
	# the lines of the table, as the screen has them: one an instance
	lines_at() {
		terminal "$1"
		type_line "clear; limactl list"
		shows 'Stopped'
		shows "$long"
		screen | grep -A2 '^NAME' | sed 's/ *$//'
		tm kill-server
	}
	for width in 60 80 100 120; do
		run -0 lines_at $width
		[ "${#lines[@]}" -eq 3 ] && [[ ${lines[1]} == "$long"*Stopped* && ${lines[2]} == t\ *Stopped* ]] || { echo "$width: $output"; return 1; }
		[ $width -lt 80 ] || [[ ${lines[0]} == *SSH*CPUS* ]] || { echo "$width: $output"; return 1; }
	done
	run -0 limactl list
	[[ ${lines[0]} == "NAME "*" STATUS "*" SSH "*" VMTYPE    ARCH      CPUS    MEMORY    DISK    DIR" ]] || { echo "$output"; return 1; }
	limactl disk create a-disk-of-a-machine-as-a-pipeline-makes-them --size 1MiB 2>/dev/null
	terminal 80
	type_line "clear; limactl disk list"
	shows IN-USE-BY
	[[ $(screen) != *DIR* ]]
}

@test "the terminal goes away while the editor is open: the old lima.yaml stays, and so does what was typed" {
	limactl create --tty=false --name=t a.yaml 2>/dev/null
	cp "$LIMA_HOME/t/lima.yaml" before
	printf '#!/bin/sh\necho "cpus: 4" >>"$1"\necho "$1" >"%s/edited"\nsleep 30\n' "$WORK" >ed
	chmod +x ed
	export EDITOR=$WORK/ed TMPDIR=$WORK
	terminal
	type_line 'limactl edit t'
	timeout 10 bash -c 'until [ -s "$1/edited" ]; do sleep 0.1; done' _ "$WORK"
	pid=$(pgrep -P "$(tm display-message -p -t t '#{pane_pid}')" limactl)
	tm kill-server
	timeout 10 bash -c 'while [ -e "/proc/$1" ]; do sleep 0.1; done' _ "$pid"
	cmp before "$LIMA_HOME/t/lima.yaml"
	grep -q '^cpus: 4' "$(cat edited)"
	[ "$(limactl edit --cpus 2 t 2>&1 | grep -c edited)" = 1 ]
}

@test "the terminal goes away in the middle of a walk: the next run goes on" {
	printf '#!/bin/sh\nsleep 20\n' >slow
	chmod +x slow
	export QEMU_SYSTEM_X86_64=$WORK/slow
	terminal
	type_line 'limactl start --yes --name=t a.yaml'
	shows '  vm t  '
	pid=$(pgrep -P "$(tm display-message -p -t t '#{pane_pid}')" limactl)
	tm kill-server
	timeout 30 bash -c 'while [ -e "/proc/$1" ]; do sleep 0.1; done' _ "$pid"
	run -0 limactl apply --stopped t
	[[ $(limactl plan --stopped t) == *'Nothing to do'* ]]
}

@test "what a template says is in colours, and no more than that" {
	cold_yaml >e.yaml
	printf 'message: "a\\e]52;c;aGk=\\a\\u009b31mb\\u202e\\x7f"\n' >>e.yaml
	limactl create --tty=false e.yaml
	for words in "list --json e" "list --format yaml e" "list --yq . e" "list --format {{.Message}} e" "yq . h/e/lima.yaml" \
		"yq .message h/e/lima.yaml" "yq -o json . h/e/lima.yaml"; do
		script -qec "limactl $words" /dev/null </dev/null >shown
		run ! grep -qaP '\x1b(?!\[[0-9;]*m)|\x07|\x7f|\xc2[\x80-\x9f]|\xe2\x80\xae' shown
		[ -s shown ]
		! grep -qa fatal shown || false
	done
	# to a program it is what it is
	[ "$(limactl list --format '{{.Message}}' e | od -An -tx1 | tr -d ' \n')" = "611b5d35323b633b61476b3d07c29b33316d62e280ae7f0a" ]
}

@test "names, arguments and errors of strangers reach a terminal without orders" {
	export NAME=$'x\e]0;t\a\302\233y\302\220z'
	limactl create --tty=false --name=e a.yaml
	mkdir "h/$NAME"
	cp a.yaml "h/$NAME/lima.yaml"
	cp a.yaml "$NAME.yaml"
	printf 'images: [{location: /x}]\n"k\\e]0;x\\a\\u009b": 1\ncpus: "\\e]0;x\\a\\u009bq"\n' >bad.yaml
	for words in list 'list -q' 'list --json' 'plan --all' history 'history --json' info 'show-ssh e' 'show-ssh "$NAME"' 'start "$NAME"' \
		'shell "$NAME"' 'delete "$NAME"' 'disk create "$NAME" --size 1MiB' 'network create "$NAME"' 'snapshot create e --tag "$NAME"' \
		'validate "$NAME.yaml"' 'plan "$NAME.yaml"' 'validate bad.yaml' 'plan bad.yaml' 'yq "$NAME" a.yaml' 'list --yq "$NAME"' \
		'plan --set "$NAME" e' 'start "template:$NAME"' 'template url "github:$NAME"' 'copy "$NAME:/a" b' '"$NAME"' '--"$NAME" list' \
		'history "$NAME"' 'clone e "$NAME"' 'template copy "$NAME.yaml" "/none/$NAME"' 'edit --set .cpus=2 "$NAME.yaml"' \
		'help "$NAME"' 'apply --log-format json "$NAME"'; do
		script -qec "limactl $words" /dev/null </dev/null >shown || true
		run grep -qaP '\x1b(?!\[[0-9;]*m)|\x07|\x7f|\xc2[\x80-\x9f]|\xe2\x80\xae' shown
		[ "$status" -ne 0 ] || { echo "limactl $words"; cat -v shown; false; }
	done
}
