#!/bin/sh
# Where the host puts its sockets, the one of ssh-agent for instance: the user's, so that no sudo is needed for it.
set -eu
d=/run/host-services
[ -d $d ] || mkdir -m 700 $d
chown "$LIMA_CIDATA_UID" $d
