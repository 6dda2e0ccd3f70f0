#include "reconciler/plan.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/buf.h"
#include "reconciler/planner.h"

int
plan_refuse(struct planner *m, struct resource *r, const struct error *why)
{
	graph_wrong(m->g, r, why);
	if (!m->refused && m->err)
		*m->err = *why;
	m->refused = true;
	return 0;
}

/* What is precious is kept with what it stands on. */
static const char *
guard_of(const struct resource *r)
{
	const char *why = r->type->guard ? r->type->guard(r) : NULL;

	for (size_t i = 0; r->type->precious && !why && i < r->nneeds; i++)
		if (r->needs[i].to->type->guard)
			why = r->needs[i].to->type->guard(r->needs[i].to);
	for (size_t i = 0; r->type->precious && !why && i < r->nstands_on; i++)
		if (r->stands_on[i].to->type->guard)
			why = r->stands_on[i].to->type->guard(r->stands_on[i].to);
	return why;
}

/* May it be removed? What holds data goes when the goal gave it up, and nothing that is guarded goes. */
static bool
removal_refused(struct planner *m, const struct resource *r, const struct reason *why, struct error *err)
{
	const char *guard = guard_of(r), *holds = r->type->precious;

	if (!holds && r->type->rests)
		holds = r->type->rests(r, &m->g->arena);
	if (holds && !r->may_lose)
		error_set(err, ERR_REFUSED, "%s %s: would be lost (%s); %s", r->type->name, r->name, reason_text(&m->g->arena, r, why), holds);
	else if (guard)
		error_set(err, ERR_REFUSED, "%s", guard);
	else
		return false;
	return true;
}

/* Is all that changes changed under those who need it fresh? What was left unfinished under them, too. */
static bool
plan_is_live(const struct resource *r)
{
	bool can = false;

	for (const struct attr *at = r->type->attrs; at && at->name; at++) {
		bool live = at->live && facts_get(&r->have, at->live);

		if (!live && attr_differs(r, at) != COST_NONE)
			return false;
		can |= live;
	}
	return can;
}

int
plan_set_step(struct planner *m, struct step **slot, struct resource *r, enum verb verb, struct reason why)
{
	struct error lost = { 0 };
	struct step *s;

	if (*slot)
		return 0;
	if (verb == REMOVE && removal_refused(m, r, &why, &lost))
		return plan_refuse(m, r, &lost);
	s = arena_alloc(&m->g->arena, sizeof *s);
	s->res = r;
	s->verb = verb;
	s->why = why;
	s->live = verb == ENSURE && r->present && !r->down && plan_is_live(r);
	GROW(m->p->v, m->p->n, m->p->cap);
	m->p->v[m->p->n++] = s;
	*slot = s;
	GROW(m->queue, m->nqueue, m->queue_cap);
	m->queue[m->nqueue++] = r;
	return 0;
}

int
plan_remake(struct planner *m, struct resource *r, struct reason why)
{
	if (plan_set_step(m, &r->down, r, REMOVE, why) < 0)
		return -1;
	return plan_set_step(m, &r->up, r, ENSURE, why);
}

/* The dearest difference between want and have decides. */
static enum cost
plan_compare(const struct resource *r, struct reason *why)
{
	enum cost worst = COST_NONE;

	for (const struct attr *at = r->type->attrs; at && at->name; at++) {
		enum cost cost = attr_differs(r, at);

		if (cost <= worst)
			continue;
		worst = cost;
		*why = (struct reason){ .kind = REASON_DIFFERS, .attr = at };
	}
	return worst;
}

static bool
is_stood_on(const struct resource *r)
{
	return r->nusers && r->users[0].stands;
}

/* Nothing that is used goes, unless it was asked for in so many words. */
static int
refuse_used(struct planner *m, struct resource *r)
{
	bool stood_on = is_stood_on(r);
	AUTO(buf) who = BUF_INIT;
	struct error used = { 0 };
	size_t n = 0;

	while (n < r->nusers && r->users[n].stands == stood_on) {
		buf_addf(&who, "%s%s", n ? ", " : "", r->users[n].owner);
		n++;
	}
	if (stood_on)
		error_set(&used, ERR_REFUSED, "%s `%s` is used by the running instance%s %s; stop %s first", r->type->name, r->name,
			  n == 1 ? "" : "s", who.s, n == 1 ? "it" : "them");
	else
		error_set(&used, ERR_REFUSED, "%s `%s` is named by the instance%s %s%s%s", r->type->name, r->name, n == 1 ? "" : "s", who.s,
			  r->type->forced_by ? "; " : "", r->type->forced_by ? r->type->forced_by : "");
	return plan_refuse(m, r, &used);
}

/* Decides about what nobody of this run wants. */
static int
plan_unwanted(struct planner *m, struct resource *r)
{
	if (!(r->present || r->unfinished))
		return 0;
	if (r->type->lifetime == OWNED)
		return plan_set_step(m, &r->down, r, REMOVE, (struct reason){ .kind = REASON_UNWANTED });
	if (!r->may_lose && (r->type->lifetime == SHARED_KEPT || is_stood_on(r)))
		return 0;
	if (!r->may_lose)
		return plan_set_step(m, &r->down, r, REMOVE, (struct reason){ .kind = REASON_UNUSED });
	if (r->nusers && r->if_used == USED_STAYS)
		return 0;
	if ((r->if_used == USED_REFUSED && r->nusers) || (r->if_used == USED_REFUSED_STOOD_ON && is_stood_on(r)))
		return refuse_used(m, r);
	return plan_set_step(m, &r->down, r, REMOVE, (struct reason){ .kind = REASON_UNWANTED });
}

int
plan_decide(struct planner *m, struct resource *r)
{
	const struct reason unfinished = { .kind = REASON_UNFINISHED };
	struct reason why = { 0 };
	struct error fixed = { 0 };

	r->decided = true;
	if (!r->wanted)
		return plan_unwanted(m, r);
	if (!r->present)
		return plan_set_step(m, &r->up, r, ENSURE, r->unfinished ? unfinished : (struct reason){ .kind = REASON_MISSING });
	if (r->remake)
		return plan_remake(m, r, (struct reason){ .kind = REASON_ASKED });
	switch (plan_compare(r, &why)) {
	case COST_NONE:
		if (!r->unfinished && !r->again)
			return 0;
		return plan_set_step(m, &r->up, r, ENSURE, r->unfinished ? unfinished : (struct reason){ .kind = REASON_ASKED });
	case COST_REFUSE:
		error_set(&fixed, ERR_REFUSED, "%s %s: cannot change %s%s%s", r->type->name, r->name,
			  reason_text(&m->g->arena, r, &why), why.attr->refusal ? ": " : "", why.attr->refusal ? why.attr->refusal : "");
		return plan_refuse(m, r, &fixed);
	case COST_REPLACE:
		return plan_remake(m, r, why);
	case COST_UPDATE:
		return plan_set_step(m, &r->up, r, ENSURE, r->unfinished ? unfinished : why);
	}
	return 0;
}

int
plan_make(struct graph *g, struct plan *p, struct error *err)
{
	struct planner m = { .g = g, .p = p, .err = err };
	int r = -1;

	for (size_t i = 0; i < g->n; i++)
		if ((!g->narrowed || g->v[i]->target) && plan_decide(&m, g->v[i]) < 0)
			goto out;
	/* Without a step nothing has consequences, so users need not be indexed. */
	if (p->n == 0 && !m.refused)
		return 0;
	plan_index_users(&m);
	if (plan_spread(&m) < 0 || m.refused)
		goto out;
	plan_drop_idle(&m);
	for (size_t i = 0; i < g->n; i++)
		plan_let_go(g->v[i]);
	for (size_t i = 0; i < g->n; i++)
		plan_order(g->v[i]);
	r = plan_sort(&m);
out:
	free(m.first);
	free(m.users);
	free(m.queue);
	return r;
}

void
plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i]->then);
		arena_release(&p->v[i]->arena);
	}
	free(p->v);
	*p = (struct plan){ 0 };
}
