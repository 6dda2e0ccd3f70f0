#!/usr/bin/env bats
# Sockets that systemd opens and a service answers on when somebody comes: a Docker-like one of root's, and a port.
load helper

setup_file() {
	guest_begin
}

forwards() { timeout 60 "$REPO/tests/e2e/forwards.py" "$@"; }

# activated UNIT PLACE: a socket of systemd's there; the first who comes starts what answers with the unit's name and what was said
activated() {
	guest sudo systemd-run -q -u "$1" --socket-property=ListenStream="$2" --socket-property=SocketMode=0660 python3 -c '
import socket, sys
s = socket.socket(fileno=3)
while True:
    c, _ = s.accept()
    c.sendall(sys.argv[1].encode() + b": " + c.recv(100))
    c.close()' "$1"
}

@test "a port that only systemd listens on" {
	activated port 127.0.0.1:7310
	forwards wait 20 tcp:127.0.0.1:7310 x
	[ "$(forwards ask tcp:127.0.0.1:7310 hello)" = 'port: hello' ]
	guest sudo systemctl stop port.socket port.service
	timeout 20 bash -c 'until ! : </dev/tcp/127.0.0.1/7310; do sleep 0.1; done' 2>/dev/null
}

@test "/var/run/docker.sock, which is there later than its forward, and again after it was away" {
	apply --set '.portForwards = [{"guestSocket":"/var/run/docker.sock","hostSocket":"{{.Dir}}/sock/docker.sock"}]' "$GUEST"
	local here=$LIMA_HOME/$GUEST/sock/docker.sock
	[ -S "$here" ]
	[[ $(stat -c %a "$here") = ?00 ]]
	# nobody there: no answer, and no hanging
	[ -z "$(forwards ask "unix:$here" nobody 2>/dev/null)" ]
	for round in one two; do
		activated "docker$round" /run/docker.sock
		[ "$(forwards ask "unix:$here" "$round")" = "docker$round: $round" ]
		guest sudo systemctl stop "docker$round.socket" "docker$round.service"
	done
	apply --set 'del(.portForwards)' "$GUEST"
	[ ! -e "$here" ]
}
