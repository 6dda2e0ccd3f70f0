#!/bin/sh
# Queries to the name server of the virtual network go to the host's own resolver, on the ports that it listens on:
# one chain, made by one iptables-restore; or one table of nft's, in guests that have no iptables.
set -eu
udp=${LIMA_CIDATA_UDP_DNS_LOCAL_PORT:-0} tcp=${LIMA_CIDATA_TCP_DNS_LOCAL_PORT:-0}
[ "$udp" != 0 ] || [ "$tcp" != 0 ] || exit 0

# by_... PROTOCOL PORT: the rule, if there is such a port
by_iptables() {
	[ "$2" = 0 ] || echo "-A LIMADNS -d $LIMA_CIDATA_SLIRP_DNS -p $1 --dport 53 -j DNAT --to-destination $LIMA_CIDATA_SLIRP_GATEWAY:$2"
}
by_nft() {
	[ "$2" = 0 ] || echo "add rule ip limadns $3 ip daddr $LIMA_CIDATA_SLIRP_DNS $1 dport 53 dnat to $LIMA_CIDATA_SLIRP_GATEWAY:$2"
}

if command -v iptables-restore >/dev/null; then
	{
		echo '*nat'
		# declared: made if it is not there, emptied if it is
		echo ':LIMADNS - [0:0]'
		[ -e /run/lima-dns-chain ] || printf '%s\n' '-I PREROUTING 1 -j LIMADNS' '-I OUTPUT 1 -j LIMADNS'
		by_iptables udp "$udp"
		by_iptables tcp "$tcp"
		echo COMMIT
	} | iptables-restore -w --noflush
elif command -v nft >/dev/null; then
	{
		# the table that may be there goes, with its rules, in the same transaction; -101: before the chains of others
		printf '%s\n' 'add table ip limadns' 'delete table ip limadns' 'add table ip limadns'
		for hook in prerouting output; do
			echo "add chain ip limadns $hook { type nat hook $hook priority -101; }"
			by_nft udp "$udp" $hook
			by_nft tcp "$tcp" $hook
		done
	} | nft -f -
else
	exit 0
fi
: >/run/lima-dns-chain
