#!/bin/sh
# Anybody may read the public half of a host key, as after any installation. cloud-init keeps the one that it is given for root.
for public in /etc/ssh/ssh_host_*_key.pub; do
	[ ! -f "$public" ] || chmod 644 "$public"
done
