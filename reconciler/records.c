#include "reconciler/records.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "state/observed/state.h"

struct loading {
	struct engine *e;
	const char *owner;		/* A cache of the last lookup: rows are grouped by owner. */
	const struct ask *ask;
	struct known {
		struct resource *r;
		bool declare;		/* its needs are those that were recorded */
	} *by_id;
	size_t nby_id;
	struct error *err;
};

static const struct ask *
find_ask(struct loading *l, const char *owner)
{
	if (l->ask && !strcmp(l->ask->name, owner))
		return l->ask;
	if (l->ask && l->ask + 1 < l->e->asks + l->e->nasks && !strcmp(l->ask[1].name, owner))
		return ++l->ask;
	return l->ask = engine_ask(l->e, owner);
}

static const char *
records_keep(struct engine *e, struct blob b)
{
	return arena_memdup(&e->graph.arena, b.len ? b.p : "", b.len);
}

/* what was seen, and for an instance whose lima.yaml was not read, what was wanted */
static int
defaults_fill(struct engine *e, struct resource *r, const struct record *rec, bool declare)
{
	struct arena *a = &e->graph.arena;

	r->unfinished = rec->unfinished;
	r->was_present = rec->present;
	r->was = records_keep(e, rec->have);
	r->was_len = rec->have.len;
	if (facts_unpack(&r->have, a, r->was, r->was_len) < 0)
		return -1;
	return declare ? facts_unpack(&r->want, a, records_keep(e, rec->want), rec->want.len) : 0;
}

/* ids are dense: a deleted one is given again when it was the highest */
static void
remember_id(struct loading *l, int64_t id, struct resource *r, bool declare)
{
	size_t i = (size_t)id, n = l->nby_id ? l->nby_id : 256;

	if (i >= l->nby_id) {
		while (n <= i)
			n *= 2;
		l->by_id = xrealloc(l->by_id, n, sizeof *l->by_id);
		memset(l->by_id + l->nby_id, 0, (n - l->nby_id) * sizeof *l->by_id);
		l->nby_id = n;
	}
	l->by_id[i] = (struct known){ r, declare };
}

static const struct known *
known_id(const struct loading *l, int64_t id)
{
	static const struct known nobody;

	return id > 0 && (size_t)id < l->nby_id ? &l->by_id[id] : &nobody;
}

/* To something of an instance that is not asked about nothing leads. */
static int
load_edge(void *ctx, const struct state_edge *e)
{
	struct loading *l = ctx;
	const struct known *from = known_id(l, e->source), *to = known_id(l, e->target);

	if (from->r && to->r && e->need >= NEED_BUILD && e->need <= NEED_FRESH && (e->made || from->declare))
		graph_link(from->r, to->r, (enum need)e->need, e->made);
	return 0;
}

static int
load_one(void *ctx, const struct record *rec)
{
	struct loading *l = ctx;
	struct engine *e = l->e;
	const struct resource_type *type = engine_type(e, rec->type);
	const struct ask *a = *rec->owner ? find_ask(l, rec->owner) : NULL;
	struct arena *arena = &e->graph.arena;
	bool declare = a ? !a->declared : true;	/* by this record, for want of a better one */
	struct resource *r;

	if (!type || (*rec->owner && !a) || (a && a->only && strcmp(a->only, rec->type)))
		return 0;
	r = graph_find(&e->graph, rec->type, rec->name);
	if (r) {
		declare = false;
	} else {
		r = graph_add_new(&e->graph, type, arena_strdup(arena, rec->owner), arena_strdup(arena, rec->name),
			      a && declare && rec->wanted);
		r->stale = !declare;
	}
	if (defaults_fill(e, r, rec, declare) == 0) {
		remember_id(l, rec->id, r, declare);
		return 0;
	}
	state_distrust(e->state);
	return error_set(l->err, ERR_INVALID, "the state database has a damaged record of %s %s; "
			 "delete _state/state.db: it is rebuilt by looking", rec->type, rec->name);
}

static int
load_of(struct loading *l, const char *owner)
{
	return state_records(l->e->state, owner, load_one, l, l->err);
}

/* all at once when most are asked for, else one by one; edges when all that they could lead to is known */
static int
load_all(struct loading *l)
{
	struct engine *e = l->e;
	bool whole = e->nasks > 8;

	if (load_of(l, whole ? NULL : "") < 0)
		return -1;
	for (size_t i = 0; !whole && i < e->nasks; i++)
		if (load_of(l, e->asks[i].name) < 0)
			return -1;
	if (state_edges(e->state, whole ? NULL : "", load_edge, l, l->err) < 0)
		return -1;
	for (size_t i = 0; !whole && i < e->nasks; i++)
		if (state_edges(e->state, e->asks[i].name, load_edge, l, l->err) < 0)
			return -1;
	return 0;
}

int
records_load(struct engine *e, struct error *err)
{
	struct loading l = { .e = e, .err = err };
	int r = load_all(&l);

	free(l.by_id);
	return r;
}

static void
add_edges(struct state_edge *out, const struct edge *v, size_t n, bool made)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (struct state_edge){
			.owner = v[i].to->owner, .type = v[i].to->type->name, .name = v[i].to->name, .made = made, .need = (int)v[i].need,
		};
}

/* What is recorded as wanted: all but what only this run wants. */
static void
pack_want(const struct resource *r, struct buf *out)
{
	AUTO(arena) a = { 0 };
	struct facts kept = r->want;

	for (const struct attr *at = r->type->attrs; at && at->name; at++) {
		if (!at->once || !facts_get(&kept, at->name))
			continue;
		if (kept.v == r->want.v)
			kept = (struct facts){ 0 }, facts_copy(&kept, &a, &r->want);
		facts_set(&kept, &a, at->name, NULL);
	}
	facts_pack(&kept, out);
}

int
records_store(struct state *s, const struct resource *r, struct error *err)
{
	AUTO(buf) want = BUF_INIT, have = BUF_INIT;
	auto_free struct state_edge *edges = xcalloc(r->nneeds + r->nstands_on + 1, sizeof *edges);
	struct record rec = {
		.owner = r->owner, .type = r->type->name, .name = r->name, .wanted = r->wanted, .present = r->present,
		.edges = edges, .nedges = r->nneeds + r->nstands_on,
	};

	pack_want(r, &want);
	facts_pack(&r->have, &have);
	add_edges(edges, r->needs, r->nneeds, false);
	add_edges(edges + r->nneeds, r->stands_on, r->nstands_on, true);
	rec.want = (struct blob){ want.s, want.len };
	rec.have = (struct blob){ have.s, have.len };
	return state_put(s, &rec, err);
}

bool
records_dirty(const struct resource *r)
{
	AUTO(buf) have = BUF_INIT;

	if (!r->was)
		return true;
	if (r->present != r->was_present)
		return true;
	facts_pack(&r->have, &have);
	return r->present && (have.len != r->was_len || memcmp(have.s, r->was, have.len));
}
