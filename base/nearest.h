/* base/nearest.h - which of the known names was meant: "did you mean --force?" */
#pragma once
#include <stddef.h>

struct arena;

struct nearest {
	const char *name;
	size_t len;
	size_t distance;	/* of best: less than this, or this and less than all of the candidate */
	const char *best;	/* misspelt; NULL: none is near */
	const char *part;	/* that begins with the name, or ends in it: `port` for `localPort` */
	size_t best_len, part_len;
};

/* A name is near when it takes at most one edit for each three of its letters, and one more. */
struct nearest nearest_begin(const char *name, size_t len);
void nearest_offer(struct nearest *n, const char *candidate, size_t len);
/* The one that is misspelt, else the one of which it is a part; in `a`; NULL: none was near. */
const char *nearest_found(const struct nearest *n, struct arena *a);
/* " (did you mean `NEAR`?)", in `a`; "" for NULL. */
const char *nearest_hint(struct arena *a, const char *near);
