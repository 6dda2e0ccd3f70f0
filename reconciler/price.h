/*
 * reconciler/price.h - what a plan costs whoever uses the instances: the class of each change, and how long a machine is down.
 *
 * Durations are medians of what such steps took on this host; where one is not known, neither is what it is a part of.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/change_class.h"

struct arena;
struct attr;
struct buf;
struct plan;
struct resource;
struct step;

/* Of a difference between want and have. */
enum change_class attr_class(const struct resource *r, const struct attr *at);
/* Of a resource that is changed or remade: the dearest of it; false: it is made, or goes. */
bool resource_class(const struct resource *r, enum change_class *out);

/* What makes steps take as long as each other: image and size of an instance, the name of a shared thing. In the arena. */
const char *step_sort(struct arena *a, const struct resource *r);
/* How long such a step takes here, in ms, -1: not known; from how many runs. */
typedef int64_t step_typical(void *ctx, const struct step *s, size_t *runs);

struct downtime {
	const char *instance;
	int64_t ms;		/* from the begin of its end to READY; -1: no figure yet */
	size_t runs;		/* that the figure rests on: of the step that is known least */
};

/* Calls `each` for each machine that goes down and comes up again, in the order of the plan. */
void plan_downtimes(const struct plan *p, step_typical *typical, void *ctx, void (*each)(void *each_ctx, const struct downtime *d), void *each_ctx);
/* How long the walk will take: the longest chain of steps, of those that are known. -1: of none. `unknown` gets the types of those that are not, "a, b". */
int64_t plan_estimate_ms(const struct plan *p, step_typical *typical, void *ctx, struct buf *unknown);
