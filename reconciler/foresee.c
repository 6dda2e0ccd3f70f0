#include "reconciler/foresee.h"

#include "base/error.h"
#include "reconciler/engine.h"

/* What is to be made can be made here. Of one whose lima.yaml was not read that is asked once it is (engine_reopen). */
static int
foresee_making(struct engine *e, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < e->plan.n; i++) {
		const struct step *s = e->plan.v[i];
		struct resource *r = s->res;
		struct error why = { 0 };

		if (s->verb != ENSURE || !r->type->check || !r->spec || r->type->check(e->env, r, &why) == 0)
			continue;
		error_wrap(&why, "%s", r->owner);
		graph_wrong(&e->graph, r, &why);
		if (result == 0 && err)
			*err = why;
		result = -1;
	}
	return result;
}

/* Whoever reads the plan is to know what is lost, and how much that is. */
static void
foresee_loss(struct engine *e)
{
	for (size_t i = 0; i < e->plan.n; i++) {
		struct resource *r = e->plan.v[i]->res;

		if (e->plan.v[i]->verb == REMOVE && r->type->at_stake)
			r->at_stake = r->type->at_stake(e->env, r);
	}
}

int
foresee(struct engine *e, struct error *err)
{
	foresee_loss(e);
	return foresee_making(e, err);
}
