#!/bin/sh
# Queries to the name server of the virtual network go to the host's own resolver, on the ports that it listens on:
# one chain, made by one iptables-restore.
set -eu
udp=${LIMA_CIDATA_UDP_DNS_LOCAL_PORT:-0} tcp=${LIMA_CIDATA_TCP_DNS_LOCAL_PORT:-0}
[ "$udp" != 0 ] || [ "$tcp" != 0 ] || exit 0
command -v iptables-restore >/dev/null || exit 0
rule() {
	[ "$2" = 0 ] || echo "-A LIMADNS -d $LIMA_CIDATA_SLIRP_DNS -p $1 --dport 53 -j DNAT --to-destination $LIMA_CIDATA_SLIRP_GATEWAY:$2"
}
{
	echo '*nat'
	# declared: made if it is not there, emptied if it is
	echo ':LIMADNS - [0:0]'
	[ -e /run/lima-dns-chain ] || printf '%s\n' '-I PREROUTING 1 -j LIMADNS' '-I OUTPUT 1 -j LIMADNS'
	rule udp "$udp"
	rule tcp "$tcp"
	echo COMMIT
} | iptables-restore -w --noflush
: >/run/lima-dns-chain
