#!/bin/sh
# What 23-host-dns.sh needs of the kernel takes seconds to load where processors are emulated: it begins now, beside
# cloud-init, and nobody waits for it.
[ "${LIMA_CIDATA_UDP_DNS_LOCAL_PORT:-0}${LIMA_CIDATA_TCP_DNS_LOCAL_PORT:-0}" != 00 ] || exit 0
command -v modprobe >/dev/null || exit 0
modprobe -qa nft_chain_nat nft_compat xt_nat </dev/null >/dev/null 2>&1 &
