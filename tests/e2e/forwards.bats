#!/usr/bin/env bats
# Forwards of a running guest, one boot for all of it: rules, ports that come and go, sockets, datagrams, bad luck.
# The guest is a tiny one; or, with FORWARDS_ON=large, that of tests/large, which has the rules only for this long.
load "${FORWARDS_ON:+../$FORWARDS_ON/}helper"
VM=${GUEST:-t}

setup_file() {
	if [ "$VM" = t ]; then home_begin; else guest_begin; fi
	ADDRESS=$(hostname -I | tr ' ' '\n' | grep -m1 -E '^[0-9.]+$' || echo 127.0.0.9)
	export ADDRESS
	gcc -O1 -static -o "$WORK/peer" "$REPO/tests/e2e/peer.c"
	sed "s|IMAGES|$REPO/build/share/lima/guests/tiny-x86_64|; s|ADDRESS|$ADDRESS|" "$REPO/tests/e2e/forwards.yaml" >"$WORK/t.yaml"
	"$REPO/tests/e2e/forwards.py" echo "$WORK/echo.sock" 3>&- &
	echo $! >"$WORK/echo.pid"
	if [ "$VM" = t ]; then
		apply "$WORK/t.yaml"
	else
		apply --set ".portForwards = $(python3 -c 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))["portForwards"]))' "$WORK/t.yaml")" "$VM"
	fi
	limactl copy "$WORK/peer" "$VM:/tmp/peer"
}

teardown_file() {
	kill "$(cat "$WORK/echo.pid")"
	if [ "$VM" = t ]; then home_end; else apply --set 'del(.portForwards)' "$VM"; fi
}

setup() {
	DIR=$LIMA_HOME/$VM
}

forwards() { timeout 60 "$REPO/tests/e2e/forwards.py" "$@"; }
last_event() { jq -c "select(.status.portForward.guestAddr == \"$1\") | .status.portForward" "$DIR/ha.stdout.log" | tail -n 1; }
inside() { limactl shell --workdir / "$VM" "$@"; }

# listen NAME PLACE...: in the guest, until `deaf NAME`; as root
listen() {
	local name=$1
	shift
	inside sudo sh -c "ln -sf peer /tmp/$name; /tmp/$name $* </dev/null >/tmp/$name.log 2>&1 & echo \$! >/tmp/$name.pid; until grep -q ready /tmp/$name.log; do sleep 0.05; done"
}
deaf() { inside sudo sh -c "kill \$(cat /tmp/$1.pid) && rm /tmp/$1.pid"; }

@test "every case of the table: what is said, and what is so" {
	mapfile -t places < <(awk -F '\t' '!/^#/ && NF { split($1, a, " "); print "tcp:" a[1] ":" a[2] }' "$REPO/tests/e2e/forwards.tsv")
	listen table "${places[@]}"
	forwards cases "$DIR" "$REPO/tests/e2e/forwards.tsv" "$ADDRESS"
	[[ $(timeout 2 "$REPO/build/bin/limactl" watch --history "$VM") == *"forwarding tcp 127.0.0.3:3001 to 127.0.0.1:12001"* ]]
	deaf table
	run ! forwards wait 0.3 tcp:127.0.0.1:12001 x
	timeout 10 bash -c 'until grep -q "\"stopping\".*127.0.0.3:3001" "$1"; do sleep 0.1; done' _ "$DIR/ha.stdout.log"
}

@test "static ports, datagrams, sockets both ways" {
	listen kinds tcp:127.0.0.1:7000 udp:127.0.0.1:7001 udp:0.0.0.0:7003 unix:/tmp/guest.sock
	[ "$(forwards ask tcp:127.0.0.1:17000 a)" = $'tcp:127.0.0.1:7000: a\ntcp:127.0.0.1:7000: end' ]
	[ "$(forwards ask udp:127.0.0.1:17001 b)" = 'udp:127.0.0.1:7001: b' ]
	forwards wait 5 udp:127.0.0.1:7003 c
	[ "$(forwards ask "unix:$DIR/sock/host.sock" d)" = $'unix:/tmp/guest.sock: d\nunix:/tmp/guest.sock: end' ]
	[ "$(inside /tmp/peer -c /tmp/reverse.sock hello)" = 'host: hello' ]
	deaf kinds
}

# From before the command is sent to the guest until the host says that it forwards; the best of some, for busy machines.
@test "a port is noticed within 300 ms" {
	coproc SH { exec "$REPO/build/bin/limactl" shell --workdir / "$VM" sudo sh 2>&1; }
	best=9999
	for ((port = 7100; port < 7110 && best > 300; port++)); do
		from=$(date +%s%3N)
		echo "/tmp/peer tcp:127.0.0.1:$port </dev/null >/dev/null 2>&1 & echo \$! >>/tmp/peer.pid" >&"${SH[1]}"
		forwards wait 10 "tcp:127.0.0.1:$port" x
		at=$(jq -r "select(.status.portForward.guestAddr == \"127.0.0.1:$port\") | .time" "$DIR/ha.stdout.log" | tail -n 1)
		took=$(($(date -d "$at" +%s%3N) - from))
		[ "$took" -ge "$best" ] || best=$took
	done
	echo exit >&"${SH[1]}"
	wait "$SH_PID"
	deaf peer
	echo "$best ms"
	[ "$best" -le 300 ]
}

@test "a rule that is added or taken away touches nothing else" {
	listen steady tcp:127.0.0.1:7002 tcp:127.0.0.1:7020
	forwards wait 5 tcp:127.0.0.1:17002 x
	exec 9<>/dev/tcp/127.0.0.1/17002
	run -0 limactl apply --set '.portForwards = [{"guestPort":7020,"hostPort":17020}] + .portForwards' "$VM"
	[[ $output == *"1 created, 1 changed"* || $output == *"1 changed, 1 created"* ]]
	forwards wait 5 tcp:127.0.0.1:17020 x
	[ "$(last_event 127.0.0.1:7020 | jq -r .hostAddr)" = 127.0.0.1:17020 ]
	run -0 limactl apply --set 'del(.portForwards[0])' "$VM"
	[[ $output == *"1 removed"* ]]
	forwards wait 5 tcp:127.0.0.1:7020 x
	# a connection that was there all the time still is
	echo hello >&9
	read -r -t 10 line <&9
	[ "$line" = 'tcp:127.0.0.1:7002: hello' ]
	exec 9>&-
	deaf steady
}

@test "a host port that is taken: said once, the host's also when its program restarts, and had when the user says so" {
	coproc HOLD { exec "$REPO/tests/e2e/forwards.py" hold 7030; }
	read -r _ <&"${HOLD[0]}"
	listen taken tcp:127.0.0.1:7030
	timeout 10 bash -c 'until grep -q "\"failed\".*127.0.0.1:7030" "$1"; do sleep 0.1; done' _ "$DIR/ha.stdout.log"
	sleep 2.5
	[ "$(grep -c 'listen on 127.0.0.1:7030' "$DIR/ha.stderr.log")" = 2 ]
	kill "$HOLD_PID"
	sleep 2.5
	coproc HOLD { exec "$REPO/tests/e2e/forwards.py" hold 7030; }
	read -r _ <&"${HOLD[0]}"
	kill "$HOLD_PID"
	# nor by coming anew
	deaf taken
	listen taken tcp:127.0.0.1:7030
	timeout 10 bash -c 'until grep -q "a program of this host has used it" "$1"; do sleep 0.1; done' _ "$DIR/ha.stdout.log"
	run ! forwards ask tcp:127.0.0.1:7030 x
	limactl apply --set '.portForwards += [{"guestPort": 7031, "hostPort": 17031}]' "$VM"
	forwards wait 5 tcp:127.0.0.1:7030 x
	[ "$(last_event 127.0.0.1:7030 | jq -r .type)" = forwarding ]
	deaf taken
	limactl apply --set 'del(.portForwards[-1])' "$VM"
	apply "$VM"
}

@test "no number of ports that the host has used makes the first of them forgotten" {
	coproc HOLD { exec python3 -c 'import socket, sys
held = [socket.create_server(("127.0.0.1", port)) for port in range(7400, 7700)]
print("held", flush=True)
sys.stdin.read()'; }
	read -r _ <&"${HOLD[0]}"
	listen flood tcp:127.0.0.1:7400-7699
	timeout 60 bash -c 'until grep -q "\"failed\".*127.0.0.1:7699" "$1"; do sleep 0.1; done' _ "$DIR/ha.stdout.log"
	deaf flood
	timeout 60 bash -c 'until grep -q "\"stopping\".*127.0.0.1:7699" "$1"; do sleep 0.1; done' _ "$DIR/ha.stdout.log"
	kill "$HOLD_PID"
	wait "$HOLD_PID" || true
	listen flood tcp:127.0.0.1:7400-7699 tcp:127.0.0.1:7701
	forwards wait 60 tcp:127.0.0.1:7701 x
	run ! forwards ask tcp:127.0.0.1:7400 x
	run ! forwards ask tcp:127.0.0.1:7699 x
	deaf flood
}

@test "2,000 ports do not hurt" {
	listen many tcp:127.0.0.1:20000-21999
	forwards wait 20 tcp:127.0.0.1:21999 x
	[ "$(forwards ask tcp:127.0.0.1:20000 x | head -n 1)" = 'tcp:127.0.0.1:20000: x' ]
	kib=$(awk '/^VmRSS/ {print $2}' "/proc/$(cat "$DIR/ha.pid")/status")
	echo "$kib KiB"
	[ "$kib" -le 12288 ]
	deaf many
	timeout 20 bash -c 'while [ "$(ls "/proc/$1/fd" | wc -l)" -gt 500 ]; do sleep 0.2; done' _ "$(cat "$DIR/ha.pid")"
}

@test "the guest agent dies: forwards go on, and what comes is seen" {
	listen before tcp:127.0.0.1:7040
	forwards wait 5 tcp:127.0.0.1:7040 x
	inside sudo sh -c 'kill -9 $(pidof lima-guestagent)'
	listen after tcp:127.0.0.1:7041
	forwards wait 15 tcp:127.0.0.1:7041 x
	[ "$(forwards ask tcp:127.0.0.1:7040 x | head -n 1)" = 'tcp:127.0.0.1:7040: x' ]
	[ "$(inside /tmp/peer -c /tmp/reverse.sock again)" = 'host: again' ]
	deaf before
	deaf after
}

said() { grep -c -- "$1" "$DIR/ha.stderr.log"; }

@test "the guest agent hangs: it is found out, said once, and done without; and has its place when it goes on" {
	listen before tcp:127.0.0.1:7060
	listen full tcp:127.0.0.1:7062
	forwards wait 5 tcp:127.0.0.1:7062 x
	forwards wait 5 tcp:127.0.0.1:7060 x
	inside sudo sh -c 'kill -STOP $(pidof lima-guestagent)'
	# in the middle of a frame, for what it can hold of this it has not read
	head -c 4000000 /dev/zero | timeout 5 "$REPO/tests/e2e/forwards.py" pour tcp:127.0.0.1:7062 || true
	timeout 50 bash -c 'until grep -q "it does not answer: forwards go by SSH" "$1"; do sleep 0.2; done' _ "$DIR/ha.stderr.log"
	[ "$(forwards ask tcp:127.0.0.1:7060 x)" = $'tcp:127.0.0.1:7060: x\ntcp:127.0.0.1:7060: end' ]
	[ "$(limactl list "$VM" --format '{{.Status}}')" = Running ]
	listen after tcp:127.0.0.1:7061
	inside sudo sh -c 'kill -CONT $(pidof lima-guestagent)'
	forwards wait 60 tcp:127.0.0.1:7061 x
	[ "$(forwards ask tcp:127.0.0.1:7060 y | head -n 1)" = 'tcp:127.0.0.1:7060: y' ]
	[ "$(said 'forwards go by SSH')" = 1 ]
	deaf before
	deaf after
}

@test "something else writes to the agent's port, as much as it can: forwards stay, the host agent too" {
	listen before tcp:127.0.0.1:7070
	forwards wait 5 tcp:127.0.0.1:7070 x
	local agent
	agent=$(cat "$DIR/ha.pid")
	# the agent is kept from coming back by a folder in its place
	inside sudo sh -c "a=\$(readlink /proc/\$(pidof lima-guestagent)/exe); echo \$a >/tmp/agent; mv \$a \$a.away; mkdir \$a; kill -9 \$(pidof lima-guestagent)
		port=\$(grep -lx io.lima-vm.guest_agent.0 /sys/class/virtio-ports/*/name | cut -d/ -f5)
		(for i in 1 2 3 4 5 6 7 8; do timeout 1 cat /dev/urandom; timeout 1 cat /dev/zero; done >/dev/\$port) </dev/null >/dev/null 2>&1 &"
	# what it has sent is no agent's: done without from then on
	forwards wait 30 tcp:127.0.0.1:7070 x
	for i in 1 2 3 4 5; do
		[ "$(forwards ask tcp:127.0.0.1:7070 $i | head -n 1)" = "tcp:127.0.0.1:7070: $i" ]
		sleep 1
	done
	[ "$(cat "$DIR/ha.pid")" = "$agent" ]
	[ "$(awk '/^VmHWM/ {print $2}' "/proc/$agent/status")" -le 20480 ]
	inside sudo sh -c 'a=$(cat /tmp/agent); rmdir $a; mv $a.away $a; systemctl reset-failed lima-guestagent 2>/dev/null; systemctl start lima-guestagent 2>/dev/null || :'
	listen after tcp:127.0.0.1:7071
	forwards wait 30 tcp:127.0.0.1:7071 x
	deaf before
	deaf after
}

@test "after kill -9 of the host agent a new one has all of them" {
	listen kept tcp:127.0.0.1:7050 unix:/tmp/guest.sock
	forwards wait 5 tcp:127.0.0.1:7050 x
	kill -9 "$(cat "$DIR/ha.pid")"
	apply "$VM"
	forwards wait 5 tcp:127.0.0.1:7050 x
	[ "$(forwards ask "unix:$DIR/sock/host.sock" d | head -n 1)" = 'unix:/tmp/guest.sock: d' ]
	timeout 10 bash -c 'until grep -q "reverse.sock in the guest leads" "$1"; do sleep 0.1; done' _ "$DIR/ha.stderr.log"
	[ "$(inside /tmp/peer -c /tmp/reverse.sock hello)" = 'host: hello' ]
	deaf kept
}

@test "what is copied to the host, and goes with the machine" {
	dir=$DIR/copied
	[ "$(cat "$dir/os-release")" = "$(inside cat /etc/os-release)" ]
	grep -q '^root:' "$dir/secret"
	[ "$(stat -c %a "$dir" "$dir/secret" | xargs)" = '700 600' ]
	[ ! -e "$dir/none" ]
	# the large one stays up for others: restart.bats has the rest
	[ "$VM" = t ] || return 0
	limactl stop t
	[ ! -e "$dir/os-release" ]
	[ -e "$dir/secret" ]
}
