#include "cli/nearest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 63, FAR = 1000 };

size_t
nearest_distance(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t row[LONGEST + 1];

	if (alen > LONGEST || blen > LONGEST)
		return FAR;
	for (size_t j = 0; j <= blen; j++)
		row[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
			size_t d = corner + !same;

			corner = row[j];
			if (row[j] + 1 < d)
				d = row[j] + 1;
			if (row[j - 1] + 1 < d)
				d = row[j - 1] + 1;
			row[j] = d;
		}
	}
	return row[blen];
}

struct nearest
nearest_begin(const char *name, size_t len)
{
	return (struct nearest){ .name = name, .len = len, .distance = len < 4 ? 2 : 3 };
}

void
nearest_offer(struct nearest *n, const char *candidate)
{
	size_t d = nearest_distance(n->name, n->len, candidate, strlen(candidate));

	if (n->len >= 3 && d >= n->distance && !n->best && strncasecmp(candidate, n->name, n->len) == 0)
		d = n->distance - 1;
	if (d < n->distance) {
		n->distance = d;
		n->best = candidate;
	}
}
