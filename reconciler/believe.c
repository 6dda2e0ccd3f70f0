#include "reconciler/believe.h"

#include <string.h>

#include "base/auto.h"
#include "reconciler/engine.h"

static bool
is_recorded(const struct resource *r, const char *known_by)
{
	const char *now = facts_get(&r->have, known_by), *then;
	AUTO(arena) a = { 0 };
	struct facts was = { 0 };

	if (!r->was || !r->was_present || facts_unpack(&was, &a, r->was, r->was_len) < 0)
		return false;
	then = facts_get(&was, known_by);
	return then && now && !strcmp(then, now);
}

bool
runs_unknown(const struct resource *r)
{
	return r->type->known_by && r->present && !r->unfinished && !is_recorded(r, r->type->known_by);
}

static bool
goal_is_anothers(const struct engine *e, const struct request *a)
{
	return a && a->keep_goal && a->recalled && !a->half_deleted && a->goal != GOAL_RUNNING &&
	       e->as_it_is(e->env, a->name) == GOAL_RUNNING;
}

bool
goals_of_what_runs(struct engine *e)
{
	bool any = false;

	for (size_t i = 0; i < e->graph.n; i++) {
		const struct resource *r = e->graph.v[i];
		struct request *a = *r->owner && runs_unknown(r) ? engine_request(e, r->owner) : NULL;

		if (!goal_is_anothers(e, a))
			continue;
		a->goal = GOAL_RUNNING;
		any = a->declared = true;
	}
	return any;
}
