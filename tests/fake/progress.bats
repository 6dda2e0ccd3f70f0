# What a walk looks like while it runs: on a terminal (tmux), in a log, in JSON. By machines that only play ones.
load helper

setup() {
	home_begin
	cd "$WORK" || return
	fake_yaml >base.yaml
	unset CI NO_COLOR
	export TMUX_TMPDIR=$WORK PS1='$ ' PATH="$BIN:$PATH"
}

teardown() {
	tm kill-server 2>/dev/null || true
	cd / && home_end
}

tm() { tmux -L t "$@"; }

# a shell in a terminal of so many columns and rows
terminal() { tm -f /dev/null new-session -d -s t -x "$1" -y "$2" bash --norc --noprofile 3>&-; }
type_line() { tm send-keys -t t -l "$1" && tm send-keys -t t Enter; }
screen() { tm capture-pane -p -t t; }

# what an extended pattern tells appears within a minute
shows() {
	for _ in $(seq 600); do
		screen | grep -qE -- "$1" && return
		sleep 0.1
	done
	echo "not on the screen: $1"
	screen
	return 1
}

# the same of a line and the one below it, which stay in the file `frame`: a screen may be looked at while it is drawn
shows_below() {
	for _ in $(seq 600); do
		screen >frame
		grep -A 1 -E -- "$1" frame | tail -n 1 | grep -qE -- "$2" && return
		sleep 0.1
	done
	echo "not on the screen: $2 below $1"
	screen
	return 1
}

@test "a line tells what a boot is at, by its console, and the last one how far the whole is" {
	terminal 100 30
	type_line "LIMA_FAKE_MACHINE='--ready-ms 600000' limactl apply --tty=false --name a base.yaml"
	shows '^  ready a +[0-9.]+s  boots'
	shows '^[0-9]+ of 9 steps'
	tell a 'say [    0.000000] Linux version 6.1.0-57-cloud-amd64'
	shows '^  ready a +[0-9.]+s  kernel'
	tell a "say cloud-init[401]: Cloud-init v. 22.4.2 running 'modules:config' at Mon"
	shows '^  ready a +[0-9.]+s  cloud-init 3/4: configuration'
	tell a 'get-ready'
	shows 'Done in'
	# how long it took is a figure now
	limactl stop a
	type_line "clear; LIMA_FAKE_MACHINE='--ready-ms 600000' limactl apply --tty=false --running a"
	shows '^[0-9]+ of [0-9]+ steps, (about [0-9]+ s left|longer than usual)'
	tell a 'get-ready'
	shows 'Done in'
	run ! grep -q ' of [0-9]* steps' <<<"$(screen)"
	limactl trace | jq -e '[.traceEvents[] | select(.cat == "boot") | .name] | index("guest")'
}

@test "however much goes on, no more lines than there is room for" {
	local i
	for i in $(seq 12); do echo "  m$i: {}"; done >members
	{ printf 'name: f\ndefaults: {base: ./base.yaml}\ninstances:\n'; cat members; } >fleet.yaml
	terminal 60 10
	type_line "LIMA_FAKE_MACHINE='--ready-ms 5000' limactl apply -j 16 --tty=false fleet.yaml; echo over"
	shows_below '^  and [0-9]+ more' 'steps'
	[ "$(grep -c '^  ready' frame)" -le 8 ]
	shows '^over'
	run ! grep -q '^  ready m' <<<"$(screen)"
}

@test "in JSON each change is an event; elsewhere a line tells what came of a step, and no more" {
	FAKE='--ready-ms 3000' limactl --log-format json apply --name a base.yaml 2>events >/dev/null
	jq -s -e '[.[] | select(.type == "ready" and .name == "a") | .action] == ["begun", "doing", "done"]' events
	jq -s -e '.[] | select(.action == "doing") | .doing == "boots" and .instance == "a" and (.seconds | type) == "number"' events
	jq -s -e '([.[] | select(.action == "begun")] | length) == 9 and ([.[] | select(.action == "done")] | length) == 9' events
	limactl stop a 2>/dev/null
	run -0 limactl apply --running a
	[[ "$output" != *' of '*' steps'* && "$output" != *boots* && "$output" != *begun* ]]
}
