/* cli/view/medians.h - how long steps take here: each kind of them is asked about once, for plans of thousands. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "base/mem.h"

struct state;
struct step;

struct medians {
	struct state *state;
	struct median *v;
	size_t n, cap;
	struct arena a;
};

void medians_release(struct medians *m);
/* A step_typical (reconciler/price.h), whose ctx is the medians. */
int64_t medians_typical(void *medians, const struct step *s, size_t *runs);
