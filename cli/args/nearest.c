#include "cli/args/nearest.h"

#include <string.h>
#include <strings.h>

#include "base/distance.h"

struct nearest
nearest_begin(const char *name, size_t len)
{
	return (struct nearest){ .name = name, .len = len, .distance = len < 4 ? 2 : 3 };
}

void
nearest_offer(struct nearest *n, const char *candidate)
{
	size_t d = word_distance(n->name, n->len, candidate, strlen(candidate));

	if (n->len >= 3 && d >= n->distance && !n->best && strncasecmp(candidate, n->name, n->len) == 0)
		d = n->distance - 1;
	if (d < n->distance) {
		n->distance = d;
		n->best = candidate;
	}
}
