#!/bin/sh
# compare_version.sh A -eq|-ne|-lt|-le|-gt|-ge B: as test(1), for versions; by their numbers, then by what is between
set -eu
exec awk -v a="$1" -v op="$2" -v b="$3" 'function cut(v, out,   n) {
	n = 0
	while (v != "") {
		if (match(v, /^[0-9]+/)) out[++n] = substr(v, 1, RLENGTH) + 0
		else { match(v, /^[^0-9]+/); out[++n] = substr(v, 1, RLENGTH) }
		v = substr(v, RLENGTH + 1)
	}
	return n
}
BEGIN {
	na = cut(a, x); nb = cut(b, y)
	for (i = 1; r == 0 && (i <= na || i <= nb); i++)
		r = i > na ? -1 : i > nb ? 1 : x[i] < y[i] ? -1 : x[i] > y[i] ? 1 : 0
	if (op == "-eq") exit r != 0
	if (op == "-ne") exit r == 0
	if (op == "-lt") exit r >= 0
	if (op == "-le") exit r > 0
	if (op == "-gt") exit r <= 0
	if (op == "-ge") exit r < 0
	print "usage: compare_version.sh A -eq|-ne|-lt|-le|-gt|-ge B" > "/dev/stderr"
	exit 2
}'
