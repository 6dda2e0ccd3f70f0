# `limactl menu` in a real terminal (tmux): what it shows, what its keys do, at sizes that are odd. By machines that only play ones.
load helper

setup_file() {
	home_begin
	cd "$WORK" || return
	fake_yaml >t.yaml
	for n in api db web; do limactl create --tty=false --name $n t.yaml; done
}

teardown_file() {
	cd / && home_end
}

setup() {
	cd "$WORK" || return
	unset CI NO_COLOR
	export TMUX_TMPDIR=$WORK PS1='$ ' PATH="$BIN:$PATH"
}

teardown() {
	tm kill-server 2>/dev/null || true
}

tm() { tmux -L m "$@"; }
screen() { tm capture-pane -p -t t; }
keys() { tm send-keys -t t "$@"; }

# the menu, in a terminal of so many columns and rows
menu() {
	tm -f /dev/null new-session -d -s t -x "$1" -y "$2" bash --norc --noprofile 3>&-
	keys -l "${3:-}limactl menu; echo ended \$?"
	keys Enter
}

shows() {
	for _ in $(seq 600); do
		screen | grep -qE -- "$1" && return
		sleep 0.1
	done
	echo "not on the screen: $1"
	screen
	return 1
}

hides() {
	for _ in $(seq 600); do
		screen | grep -qE -- "$1" || return 0
		sleep 0.1
	done
	echo "still on the screen: $1"
	screen
	return 1
}

@test "what there is, at 80 columns and 24 rows; keys choose, start and stop; what others do is seen" {
	menu 80 24
	shows '^limactl menu +3 instances$'
	shows '^> api +Stopped'
	shows '^  web +Stopped .* 1 +64MiB +4MiB'
	shows 'Enter shell  s start '
	shows ' q quit'
	[ "$(screen | wc -L)" -le 80 ]
	keys j j
	shows '^> web'
	keys Down
	shows '^> web'
	keys s
	shows '^> web +Running +127.0.0.1:[0-9]+'
	shows '^start web: done'
	[ "$(status_of web)" = Running ]
	# by another terminal, as it happens
	limactl start --tty=false api
	shows '^  api +Running'
	limactl stop api
	shows '^  api +Stopped'
	keys t
	shows '^> web +Stopped'
	[ "$(status_of web)" = Stopped ]
	keys q
	shows '^ended 0$'
	screen | grep -q 'limactl menu; echo ended'
}

@test "what a command says stays to be read, and one that fails says how" {
	menu 80 24
	shows '^> api'
	keys p
	shows '^\$ limactl plan api$'
	shows 'Plan: |Nothing to do'
	shows 'Enter goes back to the menu'
	keys Enter
	shows '^> api'
	keys Enter
	shows 'start the instance now'
	keys n Enter
	shows '^\(status 1\)$'
	keys Enter
	shows '^shell api: status 1'
	keys q
	shows '^ended 0$'
}

@test "it finds by name and by state, and what was chosen stays chosen" {
	menu 80 24
	keys j
	shows '^> db'
	keys /
	keys -l b
	shows '^> db'
	hides 'api'
	shows '2 of them shown'
	keys -l zz
	shows 'None has these words'
	keys Enter s D
	sleep 0.5
	screen | grep -q 'None has these words'
	keys Escape
	shows '^> api'
	shows '3 instances'
	keys q
	shows '^ended 0$'
}

@test "deleted is after a yes, and nothing else" {
	limactl create --tty=false --name old t.yaml
	menu 80 24
	keys /
	keys -l old
	keys Enter
	shows '^> old'
	keys D
	shows '^Delete old, with its disk\? \(y/n\)'
	keys n
	shows '^/old'
	[ -d "$LIMA_HOME/old" ]
	keys Escape
	keys D
	shows '^Delete old, with its disk\?'
	keys y
	shows '^delete old: done'
	hides '^[> ] old'
	[ ! -d "$LIMA_HOME/old" ]
	keys q
	shows '^ended 0$'
}

@test "logs: what the guest has written does nothing to the terminal" {
	printf 'first\n\033]0;taken over\007\033[2Jlast line\n' >"$LIMA_HOME/db/serial.log"
	menu 80 24
	keys j
	shows '^> db'
	keys l
	shows 'last line'
	screen | grep -q 'ESC'
	[ "$(tm display-message -p -t t '#{pane_title}')" != "taken over" ]
	# nor does the pager run anything
	keys -l '!touch ran'
	keys Enter
	sleep 0.5
	[ ! -e "$WORK/ran" ] && [ ! -e ran ]
	keys q q
	shows '^> db'
	keys q
	shows '^ended 0$'
}

@test "narrow, flat, resized: it draws what there is room for, and never ends for it" {
	menu 40 10
	shows '^> api'
	hides 'ARCH'
	tm resize-window -t t -x 12 -y 4
	sleep 0.5
	tm resize-window -t t -x 2 -y 1
	sleep 0.5
	tm resize-window -t t -x 120 -y 30
	shows '^> api .*x86_64|^> api .*aarch64'
	keys q
	shows '^ended 0$'
}

@test "without colours, and on a terminal that knows little, it is the same" {
	menu 80 24 'NO_COLOR=1 TERM=vt100 '
	shows '^> api +Stopped'
	keys j
	shows '^> db +Stopped'
	[ -z "$(tm capture-pane -e -p -t t | grep -P '\x1b\[3[1-7]m' || true)" ]
	keys q
	shows '^ended 0'
}

@test "Ctrl-C ends it, and the terminal is as it was" {
	menu 80 24
	shows '^> api'
	keys C-c
	shows '^ended 130$'
	keys -l 'stty -a | grep -o " echo "'
	keys Enter
	shows '^ *echo *$'
}

@test "elsewhere than on a terminal it says what to take instead" {
	run limactl menu </dev/null
	[ "$status" -eq 1 ]
	[[ "$output" == *"a menu needs a terminal; "* ]]
}
