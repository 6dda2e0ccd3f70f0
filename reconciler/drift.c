#include "reconciler/drift.h"

#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "reconciler/plan.h"
#include "reconciler/resource.h"

static bool
drift_is_known(const struct resource *r)
{
	return r->was && !r->wrong && !r->unfinished;
}

static bool
drift_is_other(const char *was, const char *is)
{
	return was && is ? strcmp(was, is) != 0 : was != is;
}

void
drift_each(const struct resource *r, drift_say *say, void *ctx)
{
	struct facts was = { 0 };
	AUTO(arena) a = { 0 };

	/* The text of an instance is the user's, and so is whatever he wrote there by hand. */
	if (!drift_is_known(r) || r->type->is_instance || facts_unpack(&was, &a, r->was, r->was_len) < 0)
		return;
	for (const struct attr *at = r->type->attrs; at && at->name; at++) {
		struct drift d = { at, facts_get(&was, at->name), facts_get(&r->have, at->name) };

		if (!at->once && drift_is_other(d.was, d.is) && attr_differs(r, at) != COST_NONE)
			say(ctx, &d);
	}
}

static void
drift_count(void *ctx, const struct drift *d)
{
	(void)d;
	++*(size_t *)ctx;
}

enum drift_kind
drift_of(const struct resource *r)
{
	size_t n = 0;

	if (!drift_is_known(r))
		return DRIFT_NONE;
	/* What is as it is wanted now is nobody's business, however it came to that. */
	if (r->present != r->was_present)
		return r->present == r->wanted ? DRIFT_NONE : r->present ? DRIFT_THERE : DRIFT_GONE;
	if (!r->present || !r->wanted)
		return DRIFT_NONE;
	drift_each(r, drift_count, &n);
	return n ? DRIFT_CHANGED : DRIFT_NONE;
}

bool
drift_follows(const struct resource *r)
{
	if (drift_of(r) != DRIFT_GONE)
		return false;
	for (size_t i = 0; i < r->nstands_on; i++)
		if (r->stands_on[i].need == NEED_LIVE && drift_of(r->stands_on[i].to) == DRIFT_GONE)
			return true;
	return false;
}
