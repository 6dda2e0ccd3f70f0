#!/usr/bin/env bats
# boot.Linux/23-host-dns.sh with the kernel's own tables, in a network of its own that plays both the guest and the host.
load helper

# ask UDP TCP TOOL: what a program that asks the name server gets by UDP and by TCP, with the rules of TOOL made twice,
# the second time for those ports
ask() {
	local hidden=$BATS_TEST_TMPDIR/bin
	rm -rf "$hidden"
	mkdir "$hidden"
	for p in sh ip "$3"; do ln -s "$(PATH=$PATH:/usr/sbin:/sbin command -v $p)" "$hidden/$p"; done
	timeout 30 unshare -mn sh -euc '
		mount -t tmpfs tmpfs /run
		ip link set lo up
		ip addr add 192.168.5.2/32 dev lo
		ip addr add 192.168.5.3/32 dev lo
		export LIMA_CIDATA_SLIRP_DNS=192.168.5.3 LIMA_CIDATA_SLIRP_GATEWAY=192.168.5.2
		LIMA_CIDATA_UDP_DNS_LOCAL_PORT=1 LIMA_CIDATA_TCP_DNS_LOCAL_PORT=1 PATH=$1 sh "$2"
		LIMA_CIDATA_UDP_DNS_LOCAL_PORT=$3 LIMA_CIDATA_TCP_DNS_LOCAL_PORT=$4 PATH=$1 sh "$2"
		test -e /run/lima-dns-chain
		exec python3 "$5"' _ "$hidden" "$REPO/guest/boot/boot.Linux/23-host-dns.sh" "$1" "$2" "$BATS_TEST_TMPDIR/ask.py"
}

setup() {
	cat >"$BATS_TEST_TMPDIR/ask.py" <<-'END'
		import socket, threading
		u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("192.168.5.2", 5301))
		t = socket.create_server(("192.168.5.2", 5302))
		def udp():
		    d, a = u.recvfrom(100); u.sendto(b"udp " + d, a)
		def tcp():
		    c, _ = t.accept(); c.sendall(b"tcp " + c.recv(100))
		for f in udp, tcp: threading.Thread(target=f, daemon=True).start()
		for kind in socket.SOCK_DGRAM, socket.SOCK_STREAM:
		    with socket.socket(socket.AF_INET, kind) as s:
		        s.settimeout(2)
		        try:
		            s.connect(("192.168.5.3", 53)); s.sendall(b"?"); print(s.recv(100).decode())
		        except OSError:
		            print("none")
	END
}

@test "by iptables" {
	[ "$(ask 5301 5302 iptables-restore)" = $'udp ?\ntcp ?' ]
}

@test "by nft" {
	[ "$(ask 5301 5302 nft)" = $'udp ?\ntcp ?' ]
}

@test "only what the host listens on" {
	[ "$(ask 5301 0 iptables-restore)" = $'udp ?\nnone' ]
	[ "$(ask 5301 0 nft)" = $'udp ?\nnone' ]
}
