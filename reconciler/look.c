#include "reconciler/look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "reconciler/declare.h"
#include "reconciler/engine.h"
#include "reconciler/look_groups.h"
#include "reconciler/lookers.h"

enum {
	SLOW_MS = 100,
	HUNG_MS = 2000,			/* what a look may take after another one did not answer in its time */
	AT_FOLDER = 1,			/* places in a group: the lima.yaml, then resources by their place in the graph */
	AT_RESOURCE = 2,
};

struct look {
	struct engine *e;
	struct resource **v;		/* of the graph, by group */
	size_t *first;			/* group i is v[first[i]] to v[first[i + 1]]; behind it the next ones of host-wide things */
	size_t ngroups;
	char *visited;			/* by place in the graph. Apart: a child that writes to a resource copies its page */
	bool given_up;			/* something in this group did not answer: nothing else of it is asked */
	bool instances;			/* group i is that of e->requests[i]; else of what is host-wide */
	looker_place *at;
	struct buf *out;
};

/* What a child tells of a resource; behind it the packed facts, or the error. */
struct look_told {
	uint32_t mark;
	int there;
	size_t len;
};

/* --- in the child --- */

static void
look_tell(struct look *k, uint32_t mark, int there, const void *p, size_t len)
{
	struct look_told t = { mark, there, len };

	buf_add(k->out, &t, sizeof t);
	buf_add(k->out, p, len);
}

static bool
is_as_recorded(const struct resource *r, int there, const struct facts *have)
{
	if (!there)
		return !r->was_present;
	return r->was && r->was_present && facts_are_packed(have, r->was, r->was_len);
}

/* Nothing is known of what is kept, not wanted and not asked to go: nobody asks. */
static bool
is_looked_at(const struct resource *r)
{
	return !(r->type->lifetime == SHARED_KEPT && !r->wanted && !r->may_lose);
}

/* May it go, if it is there? What cannot be looked at stays then, and is nobody's trouble. */
static bool
is_by_the_way(const struct resource *r)
{
	return r->type->lifetime == SHARED_WHILE_USED && !r->wanted && !r->may_lose;
}

/* Of what no lima.yaml speaks of: it stays as it was found, unless it is asked for or goes with its instance. */
static bool
look_as_found(const struct engine *e, const struct resource *r)
{
	const struct request *a = engine_request(e, r->owner);

	if (a && a->only && a->only_is != AS_FOUND)
		return a->only_is == TO_BE_THERE;
	return r->present && !(a && a->goal == GOAL_ABSENT);
}

static void
look_take(struct engine *e, struct resource *r, int there, const struct facts *have)
{
	r->present = there > 0;
	r->have = r->present ? *have : (struct facts){ 0 };
	if (r->type->as_found)
		r->wanted = look_as_found(e, r);
}

/* Nothing is written where nothing is new. */
static void
look_take_recorded(struct engine *e, struct resource *r)
{
	if (r->present != r->was_present || (!r->present && r->have.n) || r->type->as_found)
		look_take(e, r, r->was_present, &r->have);
}

static void
look_observe(struct look *k, struct resource *r)
{
	struct facts have = r->have;
	struct error why = { 0 };
	AUTO(buf) packed = BUF_INIT;
	int there;

	*k->at = AT_RESOURCE + r->mark;
	there = r->type->observe(k->e->env, r, &have, &k->e->graph.arena, &why);
	if (there < 0 && is_by_the_way(r)) {
		look_tell(k, r->mark, 0, "", 0);
		look_take(k->e, r, 0, &have);
		return;
	}
	if (there < 0) {
		error_wrap(&why, "%s %s", r->type->name, r->name);
		look_tell(k, r->mark, -1, &why, sizeof why);
		k->given_up = why.code == ETIMEDOUT;
		graph_wrong(&k->e->graph, r, &why);
		return;
	}
	if (is_as_recorded(r, there, &have)) {
		look_take_recorded(k->e, r);
		return;
	}
	facts_pack(&have, &packed);
	look_tell(k, r->mark, there > 0, packed.s, there ? packed.len : 0);
	look_take(k->e, r, there, &have);
}

/* Needs first; a circle ends at the one that is being looked at. */
static void
look_deep(struct look *k, struct resource *r)
{
	k->visited[r->mark] = 1;
	for (size_t i = 0; i < r->nneeds; i++) {
		struct resource *to = r->needs[i].to;

		if (!k->visited[to->mark])
			look_deep(k, to);
		if (to->wrong)
			graph_wrong(&k->e->graph, r, to->wrong);
	}
	if (!r->wrong && !k->given_up && is_looked_at(r))
		look_observe(k, r);
}

/* Is the lima.yaml of an instance that was declared from records the one that they are of? */
static bool
is_same_folder(struct engine *e, const struct request *a)
{
	auto_free char *stamp = a->declared || !a->stamp ? NULL : spec_stamp(a->name, e->spec_opts, &e->common_stamp);

	return a->declared || !a->stamp || (stamp && !strcmp(stamp, a->stamp));
}

static void
look_group(void *ctx, size_t group, looker_place *at, struct buf *out)
{
	struct look *k = ctx;

	k->at = at;
	k->out = out;
	k->given_up = false;
	*at = AT_FOLDER;
	if (k->instances && !is_same_folder(k->e, &k->e->requests[group])) {
		look_tell(k, UINT32_MAX, 0, "", 0);
		return;
	}
	for (size_t i = k->first[group]; i < k->first[group + 1]; i++)
		if (!k->visited[k->v[i]->mark])
			look_deep(k, k->v[i]);
}

/* --- of what it told --- */

static int
take_told(struct look *k, size_t group, const struct look_told *t, const char *p)
{
	struct graph *g = &k->e->graph;
	struct resource *r = t->mark < g->n ? g->v[t->mark] : NULL;
	struct facts have = { 0 };
	struct error why;

	if (!r) {
		if (!k->instances || t->mark != UINT32_MAX)
			return -1;
		k->e->requests[group].reread = true;
		return 0;
	}
	if (t->there < 0) {
		if (t->len != sizeof why)
			return -1;
		memcpy(&why, p, sizeof why);
		graph_wrong(g, r, &why);
		return 0;
	}
	if (facts_unpack(&have, &g->arena, arena_memdup(&g->arena, p, t->len), t->len) < 0)
		return -1;
	r->told = true;
	look_take(k->e, r, t->there, &have);
	return 0;
}

/* What was not told of is as it was recorded; and what needs something that is wrong is wrong. */
static void
settle_deep(struct look *k, struct resource *r)
{
	k->visited[r->mark] = 1;
	for (size_t i = 0; i < r->nneeds; i++) {
		struct resource *to = r->needs[i].to;

		if (!k->visited[to->mark])
			settle_deep(k, to);
		if (to->wrong)
			graph_wrong(&k->e->graph, r, to->wrong);
	}
	if (!r->wrong && !r->told && is_looked_at(r))
		look_take_recorded(k->e, r);
}

static int
look_told(void *ctx, size_t group, const char *p, size_t len)
{
	struct look *k = ctx;
	struct look_told t;
	size_t at = 0;

	for (; len - at >= sizeof t; at += sizeof t + t.len) {
		memcpy(&t, p + at, sizeof t);
		if (len - at - sizeof t < t.len || take_told(k, group, &t, p + at + sizeof t) < 0)
			return -1;
	}
	for (size_t i = k->first[group]; i < k->first[group + 1]; i++)
		settle_deep(k, k->v[i]);
	return at == len ? 0 : -1;
}

static void
say_lost(const struct look *k, size_t group, uint32_t at, int after_ms, struct error *why)
{
	const struct graph *g = &k->e->graph;
	const struct resource *r = at >= AT_RESOURCE && at - AT_RESOURCE < g->n ? g->v[at - AT_RESOURCE] : NULL;
	const char *type = r ? r->type->name : "folder of", *name = r ? r->name : k->instances ? k->e->requests[group].name : "it";

	if (after_ms)
		error_set(why, ETIMEDOUT, "%s %s: unknown, since looking at it got no answer for %d s; nothing of it is changed: is a "
			  "drive or a server that it is on away?", type, name, (after_ms + 500) / 1000);
	else
		error_set(why, ERR_CHILD, "%s %s: unknown, since the process that looked at it died", type, name);
}

static void
look_lost(void *ctx, size_t group, uint32_t at, int after_ms)
{
	struct look *k = ctx;
	struct error why = { 0 };

	say_lost(k, group, at, after_ms, &why);
	k->e->hung |= after_ms > 0;
	if (k->instances && !k->e->requests[group].wrong) {
		k->e->requests[group].wrong = xcalloc(1, sizeof why);
		*k->e->requests[group].wrong = why;
	}
	for (size_t i = k->first[group]; i < k->first[group + 1]; i++) {
		k->visited[k->v[i]->mark] = 1;
		if (is_by_the_way(k->v[i]))
			k->v[i]->present = k->v[i]->unfinished = false;
		else
			graph_wrong(&k->e->graph, k->v[i], &why);
	}
}

static int
look_run(struct look *k, size_t n, struct error *err)
{
	struct engine *e = k->e;
	struct looking l = {
		.ngroups = k->ngroups, .workers = look_groups_workers((const struct resource *const *)k->v, n), .slow_ms = SLOW_MS,
		.deadline_ms = e->hung && e->look_ms > HUNG_MS ? HUNG_MS : e->look_ms, .cancel = e->env->cancel, .ctx = k,
		.look = look_group, .told = look_told, .lost = look_lost,
	};

	return lookers_run(&l, err);
}

/* Each host-wide thing is a group of its own: one that hangs is no reason not to know the others. */
static int
look_at_things(struct look *k, size_t n, struct error *err)
{
	auto_free size_t *first = xcalloc(n + 1, sizeof *first);
	struct look host_requests = { .e = k->e, .v = k->v, .first = first, .ngroups = n, .visited = k->visited };

	for (size_t i = 0; i <= n; i++)
		first[i] = i;
	return look_run(&host_requests, n, err);
}

static int
look_failed(const struct engine *e, struct error *err)
{
	const struct error *first = NULL;

	for (size_t i = 0; i < e->graph.n && !first; i++)
		first = e->graph.v[i]->wrong;
	for (size_t i = 0; i < e->nrequests && !first; i++)
		first = e->requests[i].wrong;
	if (first && err)
		*err = *first;
	for (size_t i = 0; i < e->nrequests; i++)
		if (e->requests[i].reread && !e->requests[i].declared)
			return -1;
	return first ? -1 : 0;
}

int
look_at_all(struct engine *e, struct error *err)
{
	auto_free struct resource **v = xcalloc(e->graph.n, sizeof(struct resource *));
	auto_free size_t *first = xcalloc(e->nrequests + 3, sizeof *first);
	auto_free char *visited = xcalloc(e->graph.n, 1);
	struct look k = { .e = e, .v = v, .first = first + 1, .ngroups = e->nrequests, .visited = visited, .instances = true };

	look_groups_fill(e, v, first);
	if (!e->common_stamp)	/* here, and not in each child */
		e->common_stamp = spec_common_stamp(e->spec_opts);
	if (look_at_things(&k, first[1], err) < 0 || look_run(&k, e->graph.n, err) < 0)
		return -1;
	return look_failed(e, err);
}

/* --- folders --- */

static bool
is_to_be_peeked(const struct request *a)
{
	return a->declared && !a->peeked && !a->wrong;
}

/* All that the declaration looks at is looked at, for nothing but to see it end: what is wrong with it is found again. */
static void
peek_group(void *ctx, size_t group, looker_place *at, struct buf *out)
{
	const struct look *k = ctx;
	struct request *a = &k->e->requests[group];

	(void)out;
	*at = AT_FOLDER;
	if (!is_to_be_peeked(a))
		return;
	if (a->keep_goal && !a->recalled)
		a->goal = k->e->as_it_is(k->e->env, a->name);
	declare_request(k->e, a, NULL);
}

static int
peek_told(void *ctx, size_t group, const char *p, size_t len)
{
	const struct look *k = ctx;

	(void)p, (void)len;
	k->e->requests[group].peeked |= is_to_be_peeked(&k->e->requests[group]);
	return 0;
}

int
look_at_folders(struct engine *e, struct error *err)
{
	auto_free size_t *first = xcalloc(e->nrequests + 1, sizeof *first);
	struct look k = { .e = e, .first = first, .ngroups = e->nrequests, .instances = true };	/* first[]: no resources yet */
	struct looking l = {
		.ngroups = e->nrequests, .workers = 2, .slow_ms = SLOW_MS, .deadline_ms = e->hung && e->look_ms > HUNG_MS ? HUNG_MS : e->look_ms,
		.cancel = e->env->cancel, .ctx = &k, .look = peek_group, .told = peek_told, .lost = look_lost,
	};
	size_t n = 0;

	for (size_t i = 0; i < e->nrequests; i++)
		n += is_to_be_peeked(&e->requests[i]);
	if (n && e->look_ms > 0 && lookers_run(&l, err) < 0)
		return -1;
	return look_failed(e, err);
}
