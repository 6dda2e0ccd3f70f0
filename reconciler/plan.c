#include "reconciler/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"

/*
 * Who needs whom, the other way round: for resource i (its mark), users[first[i]] to
 * users[first[i + 1]] are the edges that end in it.
 */
struct dependant {
	struct resource *from;
	enum need need;
	bool declared;
};

struct planner {
	struct graph *g;
	struct plan *p;
	size_t *first;
	struct dependant *users;
	struct resource **queue;	/* touched, and those who need them not yet told */
	size_t nqueue, queue_cap;
	struct error *err;
	bool refused;
};

/* Planning goes on, so that all that is wrong is found at once. */
static int
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

static int
set_step(struct planner *m, struct step **slot, struct resource *r, enum verb verb, struct reason why)
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

static int
plan_remake(struct planner *m, struct resource *r, struct reason why)
{
	if (set_step(m, &r->down, r, REMOVE, why) < 0)
		return -1;
	return set_step(m, &r->up, r, ENSURE, why);
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
		return set_step(m, &r->down, r, REMOVE, (struct reason){ .kind = REASON_UNWANTED });
	if (!r->may_lose && (r->type->lifetime == SHARED_KEPT || is_stood_on(r)))
		return 0;
	if (!r->may_lose)
		return set_step(m, &r->down, r, REMOVE, (struct reason){ .kind = REASON_UNUSED });
	if (r->nusers && r->if_used == USED_STAYS)
		return 0;
	if ((r->if_used == USED_REFUSED && r->nusers) || (r->if_used == USED_REFUSED_STOOD_ON && is_stood_on(r)))
		return refuse_used(m, r);
	return set_step(m, &r->down, r, REMOVE, (struct reason){ .kind = REASON_UNWANTED });
}

/* Decides what must happen to `r` for its own sake. */
static int
plan_decide(struct planner *m, struct resource *r)
{
	const struct reason unfinished = { .kind = REASON_UNFINISHED };
	struct reason why = { 0 };
	struct error fixed = { 0 };

	r->decided = true;
	if (!r->wanted)
		return plan_unwanted(m, r);
	if (!r->present)
		return set_step(m, &r->up, r, ENSURE, r->unfinished ? unfinished : (struct reason){ .kind = REASON_MISSING });
	if (r->remake)
		return plan_remake(m, r, (struct reason){ .kind = REASON_ASKED });
	switch (plan_compare(r, &why)) {
	case COST_NONE:
		if (!r->unfinished && !r->again)
			return 0;
		return set_step(m, &r->up, r, ENSURE, r->unfinished ? unfinished : (struct reason){ .kind = REASON_ASKED });
	case COST_REFUSE:
		error_set(&fixed, ERR_REFUSED, "%s %s: cannot change %s%s%s", r->type->name, r->name,
			  reason_text(&m->g->arena, r, &why), why.attr->refusal ? ": " : "", why.attr->refusal ? why.attr->refusal : "");
		return plan_refuse(m, r, &fixed);
	case COST_REPLACE:
		return plan_remake(m, r, why);
	case COST_UPDATE:
		return set_step(m, &r->up, r, ENSURE, r->unfinished ? unfinished : why);
	}
	return 0;
}

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

/* Users are indexed by the resource they need: counted, then placed, so that no resource has a list of its own. */
static void
index_users(struct planner *m)
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
		    set_step(m, &r->up, r, ENSURE, (struct reason){ .kind = REASON_FOLLOWS, .cause = d, .how = CAUSE_REMADE }) < 0)
			return -1;
	}
	return 0;
}

/* A resource is queued once for its way down and once for its way up. */
static int
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

static void
drop_idle(struct planner *m)
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

/* What is changed in place lets go of a thing of its instance before that goes: a machine of the lease of a disk. */
static void
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

static void
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
sort_refuse(struct planner *m, struct resource *r)
{
	struct error circle = { 0 };

	error_set(&circle, ERR_INVALID, "%s %s needs itself by way of others", r->type->name, r->name);
	plan_refuse(m, r, &circle);
}

/* Kahn's algorithm; leaves the steps sorted so that each stands behind what it waits for */
static int
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
			sort_refuse(m, p->v[i]->res);
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
	index_users(&m);
	if (plan_spread(&m) < 0 || m.refused)
		goto out;
	drop_idle(&m);
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
