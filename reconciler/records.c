#include "reconciler/records.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "state/observed/state.h"

struct loading {
	struct engine *e;
	const char *owner;		/* of the row before, and its ask: rows come in runs */
	const struct ask *ask;
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

/* KIND type NUL name NUL ... ; `p` lives in the arena */
static int
unpack_needs(struct engine *e, struct resource *r, const char *p, size_t len, bool recorded)
{
	const char *end = p + len;

	while (p < end) {
		enum need need = (enum need)(*p - '0');
		const char *type = p + 1;
		const char *name = memchr(type, '\0', (size_t)(end - type));
		const char *next = name ? memchr(name + 1, '\0', (size_t)(end - name - 1)) : NULL;

		if (!next || need > NEED_FRESH)
			return -1;
		if (recorded)
			graph_stood_on(&e->graph, r, type, name + 1, need);
		else
			graph_need(&e->graph, r, type, name + 1, need);
		p = next + 1;
	}
	return 0;
}

static const char *
keep(struct engine *e, struct blob b)
{
	return arena_memdup(&e->graph.arena, b.len ? b.p : "", b.len);
}

/* what was seen, and for an instance whose lima.yaml was not read, what was wanted */
static int
fill(struct engine *e, struct resource *r, const struct record *rec, bool declare)
{
	struct arena *a = &e->graph.arena;

	r->unfinished = rec->unfinished;
	r->was_present = rec->present;
	r->was = keep(e, rec->have);
	r->was_len = rec->have.len;
	if (facts_unpack(&r->have, a, r->was, r->was_len) < 0 ||
	    unpack_needs(e, r, keep(e, rec->stands_on), rec->stands_on.len, true) < 0)
		return -1;
	if (!declare)
		return 0;
	if (facts_unpack(&r->want, a, keep(e, rec->want), rec->want.len) < 0)
		return -1;
	return unpack_needs(e, r, keep(e, rec->needs), rec->needs.len, false);
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
		r = graph_add(&e->graph, type, arena_strdup(arena, rec->owner), arena_strdup(arena, rec->name),
			      a && declare && rec->wanted);
		r->stale = !declare;
	}
	if (fill(e, r, rec, declare) == 0)
		return 0;
	state_distrust(e->state);
	return error_set(l->err, ERR_INVALID, "the state database has a damaged record of %s %s; "
			 "delete _state/state.db: it is rebuilt by looking", rec->type, rec->name);
}

/* all at once when most are asked for, else one by one */
int
records_load(struct engine *e, struct error *err)
{
	struct loading l = { .e = e, .err = err };

	if (e->nasks > 8)
		return state_records(e->state, NULL, load_one, &l, err);
	if (state_records(e->state, "", load_one, &l, err) < 0)
		return -1;
	for (size_t i = 0; i < e->nasks; i++)
		if (state_records(e->state, e->asks[i].name, load_one, &l, err) < 0)
			return -1;
	return 0;
}

static void
pack_edges(struct buf *out, const struct edge *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_addc(out, (char)('0' + v[i].need));
		buf_add(out, v[i].to->type->name, strlen(v[i].to->type->name) + 1);
		buf_add(out, v[i].to->name, strlen(v[i].to->name) + 1);
	}
}

int
records_store(struct state *s, const struct resource *r, struct error *err)
{
	AUTO(buf) want = BUF_INIT, have = BUF_INIT, needs = BUF_INIT, stands = BUF_INIT;
	struct record rec = {
		.owner = r->owner, .type = r->type->name, .name = r->name,
		.wanted = r->wanted, .present = r->present,
	};

	facts_pack(&r->want, &want);
	facts_pack(&r->have, &have);
	pack_edges(&needs, r->needs, r->nneeds);
	pack_edges(&stands, r->stands_on, r->nstands_on);
	rec.want = (struct blob){ want.s, want.len };
	rec.have = (struct blob){ have.s, have.len };
	rec.needs = (struct blob){ needs.s, needs.len };
	rec.stands_on = (struct blob){ stands.s, stands.len };
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
