/*
 * reconciler/told.h - each difference is told once in a plan: by whom, is decided here, for its text and for its JSON.
 */
#pragma once
#include <stdbool.h>
#include "base/mem.h"
#include "reconciler/resource.h"

struct plan;
struct step;

/* What type->detail tells somewhere in the plan, by owner: nobody else tells it again. */
struct told {
	struct arena a;
	struct told_key {
		const char *owner, *key;
	} *v;
	size_t n, cap;
	const char *owner;		/* of whom keys are being gathered */
};

void told_release(struct told *t);
/* All that the types' detail() says in this plan. */
void told_gather(struct told *t, const struct plan *p);
/* Is that key told, or something within it, or what it is in? */
bool told_is(const struct told *t, const struct resource *r, const char *key);
bool told_has_details(const struct resource *r);
/* The parts of an attribute (attr.each) that are not told yet. */
void told_each_other(const struct told *t, const struct resource *r, const struct attr *at, detail_say *say, void *ctx);
/* A resource with two steps is told of at its first one. */
bool step_is_first(const struct step *s);
