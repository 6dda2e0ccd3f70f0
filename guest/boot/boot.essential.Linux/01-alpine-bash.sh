#!/bin/sh
# Alpine has no bash, and the host runs its scripts with it: ash does what they need.
set -eu
[ -f /etc/alpine-release ] && [ ! -e /bin/bash ] || exit 0
printf '#!/bin/sh\nexec /bin/ash "$@"\n' >/bin/bash
chmod 755 /bin/bash
