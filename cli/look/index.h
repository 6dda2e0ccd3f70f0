/* cli/look/index.h - from a name, of two parts, to a place in an array: for thousands of them. */
#pragma once
#include <stddef.h>
#include "base/mem.h"

struct index {
	struct index_slot {
		const char *a, *b;	/* borrowed; a NULL: free */
		size_t place;
	} *slot;
	size_t nslots, n;
};

void index_release(struct index *x);
/* The place that is kept for it; INDEX_NEW the first time, to be written. It lasts until the next call. */
size_t *index_at(struct index *x, const char *a, const char *b);
size_t index_find(const struct index *x, const char *a, const char *b);	/* INDEX_NEW: not there */
#define INDEX_NEW ((size_t)-1)
