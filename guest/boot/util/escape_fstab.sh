#!/bin/sh
# escape_fstab.sh <FSTAB: mount points with blanks, which cloud-init writes as they are, in the octal escapes of fstab(5).
# cloud-init puts a tab between fields; any other line is left alone.
exec awk 'BEGIN { FS = OFS = "\t" }
/^#/ || !/comment=cloudconfig/ || NF < 4 { print; next }
{
	# fields beyond six are pieces of a mount point with tabs in it
	while (NF > 6) {
		$2 = $2 "\t" $3
		for (i = 3; i < NF; i++) $i = $(i + 1)
		NF--
	}
	if ($2 !~ /\\[0-7][0-7][0-7]/) gsub(/\\/, "\\134", $2)
	gsub(/ /, "\\040", $2)
	gsub(/\t/, "\\011", $2)
	gsub(/#/, "\\043", $2)
	print
}'
