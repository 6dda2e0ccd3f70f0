#!/bin/sh
# Container engines need them; OpenRC does not mount them by itself.
set -eu
[ -f /etc/alpine-release ] && [ -e /etc/init.d/cgroups ] || exit 0
rc-service -q --ifstopped cgroups start
