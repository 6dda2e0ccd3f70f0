#!/usr/bin/env bats
# Names in the debian guest: systemd-resolved asks the host, through the boot script's rules.
load helper

# raw DNS from the guest by TCP or UDP: ask_raw PROTO NAME: rcode, answers and the last four bytes
ask_raw() {
	guest python3 -c '
import socket, struct, sys
proto, name = sys.argv[1:]
q = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0\0\1\0\1"
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM)
s.settimeout(10)
s.connect(("192.168.5.3", 53))
s.send((struct.pack(">H", len(q)) if proto == "tcp" else b"") + q)
a = s.recv(4096)
while proto == "tcp" and (len(a) < 2 or len(a) < 2 + struct.unpack(">H", a[:2])[0]): a += s.recv(4096)
if proto == "tcp": a = a[2:]
print(a[3] & 15, a[7], ".".join(map(str, a[-4:])))' "$@"
}

@test "the host is the name server" {
	[[ "$(guest resolvectl dns eth0)" == *': 192.168.5.3' ]]
	run -0 guest sudo iptables -t nat -S LIMADNS
	port=$(curl -sS --unix-socket "$LIMA_HOME/$GUEST/ha.sock" http://lima-hostagent/v1/info | jq .dnsLocalPort)
	[[ $output == *"-d 192.168.5.3/32 -p udp -m udp --dport 53 -j DNAT --to-destination 192.168.5.2:$port"* ]]
	[[ $output == *"-d 192.168.5.3/32 -p tcp -m tcp --dport 53 -j DNAT --to-destination 192.168.5.2:$port"* ]]
}

@test "names of lima.yaml and of the machine, for every program" {
	[ "$(guest getent ahostsv4 db.test | awk 'NR == 1 { print $1 }')" = 10.2.3.4 ]
	[ "$(guest getent ahostsv4 ALIAS.test | awk 'NR == 1 { print $1 }')" = 192.168.5.2 ]
	[ "$(guest getent hosts host.lima.internal | awk '{ print $1 }')" = 192.168.5.2 ]
	[ "$(guest getent ahostsv4 "lima-$GUEST.internal" | awk 'NR == 1 { print $1 }')" = 192.168.5.15 ]
	guest resolvectl query db.test | grep -q 'db.test: 10.2.3.4'
	guest resolvectl query 10.2.3.4 | grep -q 'db.test'
}

@test "by UDP and by TCP" {
	[ "$(ask_raw udp db.test)" = '0 1 10.2.3.4' ]
	[ "$(ask_raw tcp db.test)" = '0 1 10.2.3.4' ]
}

@test "a name that is none says so, and soon" {
	begin=$SECONDS
	run ! guest getent hosts no-such-name.invalid
	[ $((SECONDS - begin)) -le 15 ]
}
