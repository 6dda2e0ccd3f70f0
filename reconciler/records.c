#include "reconciler/records.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "state/observed/state.h"

enum { TYPE_SLOTS = 128 };

struct loading {
	struct engine *e;
	const char *owner;		/* A cache of the last lookup: rows are grouped by owner. */
	const struct request *request;
	struct known {
		struct resource *r;
		bool declare;		/* its needs are those that were recorded */
	} *by_id;
	size_t nby_id;
	struct error *err;
	const struct resource_type *type[TYPE_SLOTS];	/* by the hash of their names: each record has one to be found */
};

static const struct request *
find_request(struct loading *l, const char *owner)
{
	if (l->request && !strcmp(l->request->name, owner))
		return l->request;
	if (l->request && l->request + 1 < l->e->requests + l->e->nrequests && !strcmp(l->request[1].name, owner))
		return ++l->request;
	return l->request = engine_request(l->e, owner);
}

static const char *
records_keep(struct engine *e, struct blob b)
{
	return arena_memdup(&e->graph.arena, b.len ? b.p : "", b.len);
}

/* A record fills in what was seen, and for an instance whose lima.yaml was not read, what was wanted. */
static int
defaults_fill(struct engine *e, struct resource *r, const struct record *rec, bool declare)
{
	struct arena *a = &e->graph.arena;

	r->unfinished = rec->unfinished;
	r->present = r->was_present = rec->present;
	r->was = records_keep(e, rec->have);
	r->was_len = rec->have.len;
	if (facts_unpack(&r->have, a, r->was, r->was_len) < 0)
		return -1;
	if (declare)
		return facts_unpack(&r->want, a, records_keep(e, rec->want), rec->want.len);
	r->was_wanted = rec->wanted;
	r->was_want = records_keep(e, rec->want);
	r->was_want_len = rec->want.len;
	return 0;
}

/* Ids are dense, because SQLite gives a deleted one again when it was the highest. */
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

static bool
is_need(int kept)
{
	return kept - 1 >= NEED_BUILD && kept - 1 <= NEED_FRESH;
}

/* To something of an instance that is not asked about nothing leads. */
static int
load_edge(void *ctx, const struct state_edge *e)
{
	struct loading *l = ctx;
	struct graph *g = &l->e->graph;
	const struct known *from = known_id(l, e->source), *to = known_id(l, e->target);

	if (!from->r || !to->r)
		return 0;
	if (from->declare && is_need(e->declared))
		graph_link(g, from->r, to->r, (enum need)(e->declared - 1));
	else if (is_need(e->declared))
		graph_link_was(g, from->r, to->r, (enum need)(e->declared - 1));
	if (is_need(e->made))
		graph_link_made(g, from->r, to->r, (enum need)(e->made - 1));
	return 0;
}

/* Where the type of that name is in the table, or would be. */
static size_t
type_slot(const struct loading *l, const char *name)
{
	size_t i = (size_t)hash_text(HASH_START, name) % TYPE_SLOTS;

	while (l->type[i] && strcmp(l->type[i]->name, name) != 0)
		i = (i + 1) % TYPE_SLOTS;
	return i;
}

static const struct resource_type *
records_type(const struct loading *l, const char *name)
{
	return l->type[type_slot(l, name)];
}

static int
load_one(void *ctx, const struct record *rec)
{
	struct loading *l = ctx;
	struct engine *e = l->e;
	const struct resource_type *type = records_type(l, rec->type);
	const struct request *a = *rec->owner ? find_request(l, rec->owner) : NULL;
	bool is_new, declare = a ? !a->declared : true;	/* by this record, for want of a better one */
	struct resource *r;

	if (!type || (*rec->owner && !a) || (a && a->only && strcmp(a->only, rec->type)))
		return 0;
	r = graph_intern(&e->graph, type, rec->owner, rec->name, &is_new);
	if (is_new) {
		r->wanted = a && declare && rec->wanted;
		r->stale = !declare;
	} else {
		declare = false;
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

/* Instances are loaded at once when most of them are asked for, else one by one; edges come when all that they can lead to is known. */
static int
load_all(struct loading *l)
{
	struct engine *e = l->e;
	bool whole = e->nrequests > 8;

	if (load_of(l, whole ? NULL : "") < 0)
		return -1;
	for (size_t i = 0; !whole && i < e->nrequests; i++)
		if (load_of(l, e->requests[i].name) < 0)
			return -1;
	if (state_edges(e->state, whole ? NULL : "", load_edge, l, l->err) < 0)
		return -1;
	for (size_t i = 0; !whole && i < e->nrequests; i++)
		if (state_edges(e->state, e->requests[i].name, load_edge, l, l->err) < 0)
			return -1;
	return 0;
}

int
records_load(struct engine *e, struct error *err)
{
	struct loading l = { .e = e, .err = err };
	int r;

	for (size_t i = 0; i < TYPE_SLOTS - 1 && e->types[i]; i++)
		l.type[type_slot(&l, e->types[i]->name)] = e->types[i];
	r = load_all(&l);
	free(l.by_id);
	return r;
}

static struct state_edge *
add_edge(struct state_edge *out, const struct resource *to)
{
	*out = (struct state_edge){ .owner = to->owner, .type = to->type->name, .name = to->name };
	return out;
}

/* Both lists, the equal ones of them as one; how many. */
static size_t
add_edges(struct state_edge *out, const struct resource *r)
{
	size_t same = 0, n = 0;

	while (same < r->nneeds && same < r->nstands_on && r->needs[same].to == r->stands_on[same].to)
		same++;
	for (size_t i = 0; i < r->nneeds; i++, n++) {
		add_edge(&out[n], r->needs[i].to)->declared = 1 + (int)r->needs[i].need;
		out[n].made = i < same ? 1 + (int)r->stands_on[i].need : 0;
	}
	for (size_t i = same; i < r->nstands_on; i++, n++)
		add_edge(&out[n], r->stands_on[i].to)->made = 1 + (int)r->stands_on[i].need;
	return n;
}

void
records_pack_want(const struct resource *r, struct buf *out)
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
		.edges = edges, .nedges = add_edges(edges, r),
	};

	records_pack_want(r, &want);
	facts_pack(&r->have, &have);
	rec.want = (struct blob){ want.s, want.len };
	rec.have = (struct blob){ have.s, have.len };
	return state_put(s, &rec, err);
}

bool
records_dirty(const struct resource *r)
{
	if (!r->was || r->present != r->was_present)
		return true;
	return r->present && !facts_are_packed(&r->have, r->was, r->was_len);
}
