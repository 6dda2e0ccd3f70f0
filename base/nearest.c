#include "base/nearest.h"

#include <strings.h>

#include "base/distance.h"
#include "base/mem.h"

enum { LEAST_BEGINNING = 3, LEAST_END = 4 };

struct nearest
nearest_begin(const char *name, size_t len)
{
	return (struct nearest){ .name = name, .len = len, .distance = len / 3 + 1 };
}

static int
nearest_is_part(const struct nearest *n, const char *candidate, size_t len)
{
	return (n->len >= LEAST_BEGINNING && len > n->len && strncasecmp(candidate, n->name, n->len) == 0) ||
	       (n->len >= LEAST_END && len > n->len && strncasecmp(candidate + len - n->len, n->name, n->len) == 0);
}

void
nearest_offer(struct nearest *n, const char *candidate, size_t len)
{
	size_t d = word_distance(n->name, n->len, candidate, len);

	if (d < n->distance || (d == n->distance && !n->best && d < len)) {
		n->distance = d;
		n->best = candidate;
		n->best_len = len;
	} else if (!n->part && nearest_is_part(n, candidate, len)) {
		n->part = candidate;
		n->part_len = len;
	}
}

const char *
nearest_found(const struct nearest *n, struct arena *a)
{
	if (n->best)
		return arena_memdup(a, n->best, n->best_len);
	return n->part ? arena_memdup(a, n->part, n->part_len) : NULL;
}

const char *
nearest_hint(struct arena *a, const char *near)
{
	return near ? arena_printf(a, " (did you mean `%s`?)", near) : "";
}
