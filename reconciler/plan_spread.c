/* What a step on one resource means for those who need it, or stand on it. */
#include <stdlib.h>
#include <string.h>

#include "reconciler/plan.h"
#include "reconciler/planner.h"

/* Where only some is to be done, what that takes with it needs what it needs: those become targets, and are decided. */
static int
plan_widen(struct planner *m, struct resource *r)
{
	struct graph *g = m->g;
	size_t next = g->ntargets;

	if (!g->narrowed || r->target)
		return 0;
	for (graph_target(g, r); next < g->ntargets; next++)
		if (!g->targets[next]->decided && plan_decide(m, g->targets[next]) < 0)
			return -1;
	return 0;
}

/* Decides what must happen to `r` for the sake of `d`, which it needs. */
static int
plan_follow(struct planner *m, struct resource *r, enum need need, const struct resource *d)
{
	bool fell = d->down || (d->wanted && !d->present);

	if (!r->wanted && r->present && d->down && plan_widen(m, r) < 0)
		return -1;
	if (need == NEED_LIVE && r->type->rests && r->type->rests(r, &m->g->arena))
		return 0;
	if (!r->wanted || !r->present || r->down)
		return 0;
	if (need == NEED_BUILD || !(fell || (need == NEED_FRESH && d->up && !d->up->live)))
		return 0;
	if (plan_widen(m, r) < 0)
		return -1;
	return plan_remake(m, r, (struct reason){
		.kind = REASON_FOLLOWS, .cause = d,
		.how = !fell ? CAUSE_CHANGES : !d->present ? CAUSE_GONE : d->up ? CAUSE_REMADE : CAUSE_GOES,
	});
}

void
plan_index_users(struct planner *m)
{
	struct graph *g = m->g;
	size_t nedges = 0, *at;

	m->first = xcalloc(g->n + 2, sizeof *m->first);
	for (size_t i = 0; i < g->n; i++)
		g->v[i]->mark = (unsigned)i;
	for (size_t i = 0; i < g->n; i++) {
		for (size_t j = 0; j < g->v[i]->nneeds; j++)
			m->first[g->v[i]->needs[j].to->mark + 1]++;
		for (size_t j = 0; j < g->v[i]->nstands_on; j++)
			m->first[g->v[i]->stands_on[j].to->mark + 1]++;
		nedges += g->v[i]->nneeds + g->v[i]->nstands_on;
	}
	for (size_t i = 0; i < g->n; i++)
		m->first[i + 1] += m->first[i];
	m->users = xcalloc(nedges, sizeof *m->users);
	at = xcalloc(g->n, sizeof *at);
	memcpy(at, m->first, g->n * sizeof *at);
	for (size_t i = 0; i < g->n; i++) {
		struct resource *r = g->v[i];

		for (size_t j = 0; j < r->nneeds; j++)
			m->users[at[r->needs[j].to->mark]++] = (struct dependant){ r, r->needs[j].need, true };
		for (size_t j = 0; j < r->nstands_on; j++)
			m->users[at[r->stands_on[j].to->mark]++] = (struct dependant){ r, r->stands_on[j].need, false };
	}
	free(at);
}

/* What `d` was made of and kept to is made anew, now that `d` comes down and goes up again. */
static int
plan_late(struct planner *m, struct resource *d)
{
	for (size_t i = 0; d->down && d->up && i < d->nneeds; i++) {
		struct resource *r = d->needs[i].to;

		if (d->needs[i].need == NEED_FRESH && r->type->late && r->present && r->wanted && !r->up &&
		    facts_get(&r->have, r->type->late) && (!m->g->narrowed || r->target) &&
		    plan_set_step(m, &r->up, r, ENSURE, (struct reason){ .kind = REASON_FOLLOWS, .cause = d, .how = CAUSE_REMADE }) < 0)
			return -1;
	}
	return 0;
}

int
plan_spread(struct planner *m)
{
	while (m->nqueue) {
		struct resource *d = m->queue[--m->nqueue];

		if (plan_late(m, d) < 0)
			return -1;
		for (size_t i = m->first[d->mark]; i < m->first[d->mark + 1]; i++)
			if (plan_follow(m, m->users[i].from, m->users[i].need, d) < 0)
				return -1;
	}
	return 0;
}

/*
 * Does anything that is or will be there want `r` for more than the making of things that are not being made? What
 * belongs to an instance is wanted for itself: ssh.config under a machine that runs.
 */
static bool
plan_idle(const struct planner *m, const struct resource *r)
{
	bool needed = false;

	if (*r->owner)
		return false;
	for (size_t i = m->first[r->mark]; i < m->first[r->mark + 1]; i++) {
		const struct dependant *u = &m->users[i];

		if (!u->declared || !u->from->wanted)
			continue;
		needed = true;
		if (u->need != NEED_BUILD || u->from->up)
			return false;
	}
	return needed;
}

void
plan_drop_idle(struct planner *m)
{
	struct graph *g = m->g;
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		GROW(m->queue, m->nqueue, m->queue_cap);
		m->queue[m->nqueue++] = g->v[i];
	}
	while (m->nqueue) {
		struct resource *r = m->queue[--m->nqueue];

		if (!r->up || r->present || r->unfinished || r->target == TARGET_NAMED || !plan_idle(m, r))
			continue;
		r->up = NULL;
		for (size_t j = 0; j < r->nneeds; j++) {
			GROW(m->queue, m->nqueue, m->queue_cap);
			m->queue[m->nqueue++] = r->needs[j].to;
		}
	}
	for (size_t i = 0; i < m->p->n; i++) {
		struct step *s = m->p->v[i];

		if (s == s->res->down || s == s->res->up)
			m->p->v[n++] = s;
	}
	m->p->n = n;
}
