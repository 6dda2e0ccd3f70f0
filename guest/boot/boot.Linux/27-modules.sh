#!/bin/sh
# What containers and sshfs may need. Now, because an upgrade of the kernel package removes the running kernel's modules
# in some distributions (Arch); in one call, which skips what is loaded or built in.
set -eu
command -v modprobe >/dev/null || exit 0
[ -e /etc/arch-release ] || [ "${LIMA_CIDATA_CONTAINERD_SYSTEM:-}${LIMA_CIDATA_CONTAINERD_USER:-}" != "" ] || exit 0
modprobe -qab fuse tun tap bridge veth overlay nf_tables ip_tables ip6_tables iptable_nat ip6table_nat \
	iptable_filter ip6table_filter x_tables xt_MASQUERADE xt_addrtype xt_comment xt_conntrack xt_mark \
	xt_multiport xt_nat xt_tcpudp || :
