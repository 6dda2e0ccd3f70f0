/* Which step goes behind which, and that they do not run in a circle. */
#include <stdlib.h>
#include <string.h>

#include "reconciler/plan.h"
#include "reconciler/planner.h"

static void
plan_before(struct step *a, struct step *b)
{
	if (!a || !b)
		return;
	GROW(a->then, a->nthen, a->then_cap);
	a->then[a->nthen++] = b;
	b->nwait++;
}

/* One that comes down for something else is changed while nobody stands on it. */
static void
plan_not_live(const struct resource *r)
{
	for (size_t i = 0; r->down && i < r->nneeds; i++)
		if (r->needs[i].need == NEED_FRESH && r->needs[i].to->up)
			r->needs[i].to->up->live = false;
}

static bool
plan_needs(const struct resource *r, const struct resource *to)
{
	for (size_t i = 0; i < r->nneeds; i++)
		if (r->needs[i].to == to)
			return true;
	return false;
}

void
plan_let_go(struct resource *r)
{
	for (size_t i = 0; r->up && !r->down && i < r->nstands_on; i++) {
		const struct resource *to = r->stands_on[i].to;

		if (!to->down || to->up || strcmp(to->owner, r->owner) != 0 || plan_needs(r, to))
			continue;
		plan_before(r->up, to->down);
		to->down->after = true;
	}
}

void
plan_order(struct resource *r)
{
	plan_not_live(r);
	plan_before(r->down, r->up);
	/* Of an instance whose records were lost, what it needs of the host is what is known of what it stands on. */
	for (size_t i = 0; *r->owner && i < r->nneeds; i++)
		if (!*r->needs[i].to->owner)
			plan_before(r->down, r->needs[i].to->down);
	for (size_t i = 0; i < r->nstands_on; i++) {
		plan_before(r->down, r->stands_on[i].to->down);
		if (!r->down || !r->down->after)
			plan_before(r->down, r->stands_on[i].to->up);
	}
	for (size_t i = 0; i < r->nneeds; i++) {
		plan_before(r->needs[i].to->down, r->up);
		plan_before(r->needs[i].to->up, r->up);
	}
}

static void
plan_sort_refuse(struct planner *m, struct resource *r)
{
	struct error circle = { 0 };

	error_set(&circle, ERR_INVALID, "%s %s needs itself by way of others", r->type->name, r->name);
	plan_refuse(m, r, &circle);
}

int
plan_sort(struct planner *m)
{
	struct plan *p = m->p;
	size_t *wait = xcalloc(p->n, sizeof *wait), n = 0;
	struct step **sorted = xcalloc(p->n, sizeof *sorted);

	for (size_t i = 0; i < p->n; i++) {
		wait[i] = p->v[i]->nwait;
		if (!p->v[i]->nwait)
			sorted[n++] = p->v[i];
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < sorted[i]->nthen; j++)
			if (!--sorted[i]->then[j]->nwait)
				sorted[n++] = sorted[i]->then[j];
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i]->nwait)
			plan_sort_refuse(m, p->v[i]->res);
		p->v[i]->nwait = wait[i];
	}
	free(wait);
	if (n == p->n) {
		free(p->v);
		p->v = sorted;
		p->cap = p->n;
		return 0;
	}
	free(sorted);
	return -1;
}
