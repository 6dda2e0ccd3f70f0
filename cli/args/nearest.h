/* cli/args/nearest.h - which of the known names was meant: "did you mean --force?" */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct nearest {
	const char *name;
	size_t len;
	size_t distance;	/* of best */
	const char *best;	/* NULL: none is near */
};

/* A name is near when it takes at most 2 edits (1 for names below 4 letters), or `name` is how it begins. */
struct nearest nearest_begin(const char *name, size_t len);
void nearest_offer(struct nearest *n, const char *candidate);
