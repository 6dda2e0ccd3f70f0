#!/bin/sh
# unescape_fstab.sh <TEXT: the octal escapes of fstab(5) and /proc/mounts, back to what they stand for
exec sed 's/\\040/ /g; s/\\011/\t/g; s/\\012/\n/g; s/\\043/#/g; s/\\134/\\/g'
