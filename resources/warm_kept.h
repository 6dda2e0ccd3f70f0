/* resources/warm_kept.h - the saved machines that there are (warm.h), for whoever takes some of them away. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;

struct warm_kept {
	const char *key;
	uint64_t bytes;		/* that it takes on the disk */
	int64_t used;		/* Unix time when one was last begun from it, or it was saved */
	bool in_use;		/* a machine that runs has its memory there, or one is about to begin from it */
};

/* All of them, those first that were not used for the longest time; in `a`. */
int warm_kept_list(const char *home, struct arena *a, struct warm_kept **out, size_t *n, struct error *err);
/* What one of them takes. */
uint64_t warm_kept_bytes(const char *home, const char *key);
