#!/usr/bin/env bats
# Forwards of a running guest, one boot for all of it: rules, ports that come and go, sockets, datagrams, bad luck.
load helper

setup_file() {
	home_begin
	ADDRESS=$(hostname -I | tr ' ' '\n' | grep -m1 -E '^[0-9.]+$' || echo 127.0.0.9)
	export ADDRESS
	gcc -O1 -static -o "$WORK/peer" "$REPO/tests/e2e/peer.c"
	sed "s|IMAGES|$REPO/build/share/lima/guests/tiny-x86_64|; s|ADDRESS|$ADDRESS|" "$REPO/tests/e2e/forwards.yaml" >"$WORK/t.yaml"
	"$REPO/tests/e2e/forwards.py" echo "$WORK/echo.sock" 3>&- &
	echo $! >"$WORK/echo.pid"
	apply "$WORK/t.yaml"
	limactl copy "$WORK/peer" t:/tmp/peer
}

teardown_file() {
	kill "$(cat "$WORK/echo.pid")"
	home_end
}

forwards() { timeout 60 "$REPO/tests/e2e/forwards.py" "$@"; }
last_event() { jq -c "select(.status.portForward.guestAddr == \"$1\") | .status.portForward" "$LIMA_HOME/t/ha.stdout.log" | tail -n 1; }

# listen NAME PLACE...: in the guest, until `deaf NAME`; as root
listen() {
	local name=$1
	shift
	limactl shell t sudo sh -c "ln -sf peer /tmp/$name; /tmp/$name $* </dev/null >/tmp/$name.log 2>&1 & until grep -q ready /tmp/$name.log; do sleep 0.05; done"
}
deaf() { limactl shell t sudo killall "$1"; }

@test "every case of the table: what is said, and what is so" {
	mapfile -t places < <(awk -F '\t' '!/^#/ && NF { split($1, a, " "); print "tcp:" a[1] ":" a[2] }' "$REPO/tests/e2e/forwards.tsv")
	listen table "${places[@]}"
	forwards cases "$LIMA_HOME/t" "$REPO/tests/e2e/forwards.tsv" "$ADDRESS"
	[[ $(timeout 2 "$REPO/build/bin/limactl" watch --history t) == *"forwarding tcp 127.0.0.3:3001 to 127.0.0.1:12001"* ]]
	deaf table
	run ! forwards wait 0.3 tcp:127.0.0.1:12001 x
	timeout 10 bash -c 'until grep -q "\"stopping\".*127.0.0.3:3001" "$1"; do sleep 0.1; done' _ "$LIMA_HOME/t/ha.stdout.log"
}

@test "static ports, datagrams, sockets both ways" {
	listen kinds tcp:127.0.0.1:7000 udp:127.0.0.1:7001 udp:0.0.0.0:7003 unix:/tmp/guest.sock
	[ "$(forwards ask tcp:127.0.0.1:17000 a)" = $'tcp:127.0.0.1:7000: a\ntcp:127.0.0.1:7000: end' ]
	[ "$(forwards ask udp:127.0.0.1:17001 b)" = 'udp:127.0.0.1:7001: b' ]
	forwards wait 5 udp:127.0.0.1:7003 c
	[ "$(forwards ask "unix:$LIMA_HOME/t/sock/host.sock" d)" = $'unix:/tmp/guest.sock: d\nunix:/tmp/guest.sock: end' ]
	[ "$(limactl shell t /tmp/peer -c /tmp/reverse.sock hello)" = 'host: hello' ]
	deaf kinds
}

# From before the command is sent to the guest until the host says that it forwards; the best of some, for busy machines.
@test "a port is noticed within 300 ms" {
	coproc SH { exec "$REPO/build/bin/limactl" shell t sudo sh 2>&1; }
	best=9999
	for ((port = 7100; port < 7110 && best > 300; port++)); do
		from=$(date +%s%3N)
		echo "/tmp/peer tcp:127.0.0.1:$port </dev/null >/dev/null 2>&1 &" >&"${SH[1]}"
		forwards wait 10 "tcp:127.0.0.1:$port" x
		at=$(jq -r "select(.status.portForward.guestAddr == \"127.0.0.1:$port\") | .time" "$LIMA_HOME/t/ha.stdout.log" | tail -n 1)
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
	run -0 limactl apply --set '.portForwards = [{"guestPort":7020,"hostPort":17020}] + .portForwards' t
	[[ $output == *"1 created, 1 changed"* || $output == *"1 changed, 1 created"* ]]
	forwards wait 5 tcp:127.0.0.1:17020 x
	[ "$(last_event 127.0.0.1:7020 | jq -r .hostAddr)" = 127.0.0.1:17020 ]
	run -0 limactl apply --set 'del(.portForwards[0])' t
	[[ $output == *"1 removed"* ]]
	forwards wait 5 tcp:127.0.0.1:7020 x
	# a connection that was there all the time still is
	echo hello >&9
	read -r -t 10 line <&9
	[ "$line" = 'tcp:127.0.0.1:7002: hello' ]
	exec 9>&-
	deaf steady
}

@test "a host port that is taken: said once, and had when it is free" {
	coproc HOLD { exec "$REPO/tests/e2e/forwards.py" hold 7030; }
	read -r _ <&"${HOLD[0]}"
	listen taken tcp:127.0.0.1:7030
	timeout 10 bash -c 'until grep -q "\"failed\".*127.0.0.1:7030" "$1"; do sleep 0.1; done' _ "$LIMA_HOME/t/ha.stdout.log"
	sleep 2.5
	[ "$(grep -c 'listen on 127.0.0.1:7030' "$LIMA_HOME/t/ha.stderr.log")" = 2 ]
	kill "$HOLD_PID"
	forwards wait 5 tcp:127.0.0.1:7030 x
	[ "$(last_event 127.0.0.1:7030 | jq -r .type)" = forwarding ]
	deaf taken
}

@test "2,000 ports do not hurt" {
	listen many tcp:127.0.0.1:20000-21999
	forwards wait 20 tcp:127.0.0.1:21999 x
	[ "$(forwards ask tcp:127.0.0.1:20000 x | head -n 1)" = 'tcp:127.0.0.1:20000: x' ]
	kib=$(awk '/^VmRSS/ {print $2}' "/proc/$(cat "$LIMA_HOME/t/ha.pid")/status")
	echo "$kib KiB"
	[ "$kib" -le 12288 ]
	deaf many
	timeout 20 bash -c 'while [ "$(ls "/proc/$1/fd" | wc -l)" -gt 500 ]; do sleep 0.2; done' _ "$(cat "$LIMA_HOME/t/ha.pid")"
}

@test "the guest agent dies: forwards go on, and what comes is seen" {
	listen before tcp:127.0.0.1:7040
	forwards wait 5 tcp:127.0.0.1:7040 x
	limactl shell t sudo killall -9 lima-guestagent
	listen after tcp:127.0.0.1:7041
	forwards wait 15 tcp:127.0.0.1:7041 x
	[ "$(forwards ask tcp:127.0.0.1:7040 x | head -n 1)" = 'tcp:127.0.0.1:7040: x' ]
	[ "$(limactl shell t /tmp/peer -c /tmp/reverse.sock again)" = 'host: again' ]
	deaf before
	deaf after
}

@test "after kill -9 of the host agent a new one has all of them" {
	listen kept tcp:127.0.0.1:7050 unix:/tmp/guest.sock
	forwards wait 5 tcp:127.0.0.1:7050 x
	kill -9 "$(cat "$LIMA_HOME/t/ha.pid")"
	apply t
	forwards wait 5 tcp:127.0.0.1:7050 x
	[ "$(forwards ask "unix:$LIMA_HOME/t/sock/host.sock" d | head -n 1)" = 'unix:/tmp/guest.sock: d' ]
	timeout 10 bash -c 'until grep -q "reverse.sock in the guest leads" "$1"; do sleep 0.1; done' _ "$LIMA_HOME/t/ha.stderr.log"
	[ "$(limactl shell t /tmp/peer -c /tmp/reverse.sock hello)" = 'host: hello' ]
	deaf kept
}

@test "what is copied to the host, and goes with the machine" {
	dir=$LIMA_HOME/t/copied
	[ "$(cat "$dir/os-release")" = "$(limactl shell t cat /etc/os-release)" ]
	grep -q '^root:' "$dir/secret"
	[ "$(stat -c %a "$dir" "$dir/secret" | xargs)" = '700 600' ]
	[ ! -e "$dir/none" ]
	limactl stop t
	[ ! -e "$dir/os-release" ]
	[ -e "$dir/secret" ]
}
