#include "reconciler/graph.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/error.h"

void
graph_release(struct graph *g)
{
	free(g->v);
	free(g->bucket);
	free(g->pending);
	free(g->targets);
	arena_release(&g->arena);
	*g = (struct graph){ 0 };
}

struct arena *
graph_arena(struct graph *g)
{
	return &g->arena;
}

/* The hash is over "type\0name". */
static size_t
graph_hash(const char *type, const char *name)
{
	uint64_t h = hash_text(hash_bytes(hash_text(HASH_START, type), "", 1), name);

	return (size_t)(h ^ h >> 32);
}

static void
graph_rehash(struct graph *g)
{
	size_t n = g->nbucket ? g->nbucket * 2 : 64;

	free(g->bucket);
	g->bucket = xcalloc(n, sizeof *g->bucket);
	g->nbucket = n;
	for (size_t i = 0; i < g->n; i++) {
		struct resource **slot = &g->bucket[graph_hash(g->v[i]->type->name, g->v[i]->name) & (n - 1)];

		g->v[i]->next = *slot;
		*slot = g->v[i];
	}
}

static struct resource *
find_hashed(const struct graph *g, size_t hash, const char *type, const char *name)
{
	struct resource *r = g->nbucket ? g->bucket[hash & (g->nbucket - 1)] : NULL;

	while (r && (strcmp(r->name, name) != 0 || (r->type->name != type && strcmp(r->type->name, type) != 0)))
		r = r->next;
	return r;
}

struct resource *
graph_find(const struct graph *g, const char *type, const char *name)
{
	return g->nbucket ? find_hashed(g, graph_hash(type, name), type, name) : NULL;
}

static struct resource *
add_hashed(struct graph *g, size_t hash, const struct resource_type *type, const char *owner, const char *name, bool wanted)
{
	struct resource *r, **slot;

	if (g->n >= g->nbucket)
		graph_rehash(g);
	r = arena_alloc(&g->arena, sizeof *r);
	r->type = type;
	r->owner = owner;
	r->name = name;
	r->wanted = wanted;
	GROW(g->v, g->n, g->cap);
	g->v[g->n++] = r;
	slot = &g->bucket[hash & (g->nbucket - 1)];
	r->next = *slot;
	*slot = r;
	return r;
}

struct resource *
graph_add(struct graph *g, const struct resource_type *type, const char *owner, const char *name, bool wanted)
{
	size_t hash = graph_hash(type->name, name);
	struct resource *r = find_hashed(g, hash, type->name, name);

	if (!r)
		return add_hashed(g, hash, type, owner, name, wanted);
	r->wanted |= wanted;
	return r;
}

struct resource *
graph_intern(struct graph *g, const struct resource_type *type, const char *owner, const char *name, bool *is_new)
{
	size_t hash = graph_hash(type->name, name);
	struct resource *r = find_hashed(g, hash, type->name, name);
	const char *kept;

	*is_new = !r;
	if (r)
		return r;
	kept = arena_strdup(&g->arena, name);
	return add_hashed(g, hash, type, !strcmp(owner, name) ? kept : arena_strdup(&g->arena, owner), kept, false);
}

struct resource *
graph_declare(struct graph *g, const struct resource_type *type, const char *owner, const char *name, bool wanted)
{
	return graph_add(g, type, arena_strdup(&g->arena, owner), arena_strdup(&g->arena, name), wanted);
}

void
resource_want(struct graph *g, struct resource *r, const char *attr, const char *value)
{
	if (value)
		facts_set(&r->want, &g->arena, attr, value);
}

void
resource_how(struct graph *g, struct resource *r, const char *name, const char *value)
{
	facts_set(&r->how, &g->arena, name, value);
}

void
resource_wantf(struct graph *g, struct resource *r, const char *attr, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	facts_set(&r->want, &g->arena, attr, arena_vprintf(&g->arena, fmt, ap));
	va_end(ap);
}

void
resource_need(struct graph *g, struct resource *r, const char *type, const char *name, enum need need)
{
	GROW(g->pending, g->npending, g->pending_cap);
	g->pending[g->npending++] = (struct graph_need){ .from = r, .type = type, .name = arena_strdup(&g->arena, name), .need = need };
}

void
resource_need_if(struct graph *g, struct resource *r, const char *type, const char *name, enum need need)
{
	resource_need(g, r, type, name, need);
	g->pending[g->npending - 1].optional = true;
}

void
resource_need_each_if(struct graph *g, struct resource *r, const char *type, const char *owner, enum need need)
{
	resource_need_if(g, r, type, owner, need);
	g->pending[g->npending - 1].each = true;
}

/* Most have two or three; room for eight would be most of the memory of a large graph. What is outgrown stays in the arena. */
static void
edge_append(struct arena *a, struct edge **v, size_t *n, size_t *cap, struct edge e)
{
	struct edge *grown;

	if (*n >= *cap) {
		*cap = *n ? *n * 2 : 3;
		grown = arena_alloc(a, *cap * sizeof *grown);
		if (*n)
			memcpy(grown, *v, *n * sizeof *grown);
		*v = grown;
	}
	(*v)[(*n)++] = e;
}

/* What is shared is wanted while a wanted one needs it, and then so is what it needs, in whichever order they were linked. */
static void
graph_want_shared(struct resource *r)
{
	if (r->wanted || r->type->lifetime == OWNED || !r->type->ensure)
		return;
	r->wanted = true;
	for (size_t i = 0; i < r->nneeds; i++)
		graph_want_shared(r->needs[i].to);
}

void
graph_link(struct graph *g, struct resource *from, struct resource *to, enum need need)
{
	edge_append(&g->arena, &from->needs, &from->nneeds, &from->needs_cap, (struct edge){ to, need });
	if (from->wanted)
		graph_want_shared(to);
}

/* Without room of its own it is part of the other list, and is copied before it is another one. */
void
graph_link_made(struct graph *g, struct resource *from, struct resource *to, enum need need)
{
	const struct edge *same = from->nstands_on < from->nneeds ? &from->needs[from->nstands_on] : NULL;

	if (!from->stands_on_cap && same && same->to == to && same->need == need) {
		from->stands_on = from->needs;
		from->nstands_on++;
		return;
	}
	edge_append(&g->arena, &from->stands_on, &from->nstands_on, &from->stands_on_cap, (struct edge){ to, need });
}

void
graph_link_was(struct graph *g, struct resource *from, struct resource *to, enum need need)
{
	edge_append(&g->arena, &from->was_needs, &from->nwas_needs, &from->was_needs_cap, (struct edge){ to, need });
}

void
graph_stand_on_needs(struct resource *r)
{
	r->stands_on = r->needs;
	r->nstands_on = r->nneeds;
	r->stands_on_cap = 0;
}

void
graph_wrong(struct graph *g, struct resource *r, const struct error *why)
{
	struct error *copy;

	if (r->wrong)
		return;
	copy = arena_alloc(&g->arena, sizeof *copy);
	*copy = *why;
	r->wrong = copy;
}

static int
graph_dangles(struct graph *g, const struct graph_need *p, struct error *err)
{
	struct error why = { 0 };

	error_set(&why, ERR_INVALID, "%s %s needs %s %s, which nothing declares", p->from->type->name, p->from->name, p->type,
		  p->name);
	graph_wrong(g, p->from, &why);
	if (err)
		*err = why;
	return -1;
}

/* What is host-wide is declared by each of its users, with the same few needs. */
static bool
graph_is_linked(const struct resource *from, const struct resource *to, enum need need)
{
	for (size_t i = 0; i < from->nneeds; i++)
		if (from->needs[i].to == to && from->needs[i].need == need)
			return true;
	return false;
}

static void
graph_link_each(struct graph *g, const struct graph_need *p)
{
	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(g->v[i]->type->name, p->type) && !strcmp(g->v[i]->owner, p->name) && !graph_is_linked(p->from, g->v[i], p->need))
			graph_link(g, p->from, g->v[i], p->need);
}

int
graph_resolve(struct graph *g, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < g->npending; i++) {
		struct graph_need *p = &g->pending[i];
		struct resource *to = p->each ? NULL : graph_find(g, p->type, p->name);

		if (p->each)
			graph_link_each(g, p);
		if (to && graph_is_linked(p->from, to, p->need))
			continue;
		if (to)
			graph_link(g, p->from, to, p->need);
		else if (!p->optional)
			result = graph_dangles(g, p, result == 0 ? err : NULL);
	}
	g->npending = 0;
	return result;
}

const struct resource *
resource_needed(const struct resource *r, const char *type)
{
	for (size_t i = 0; i < r->nneeds; i++)
		if (!strcmp(r->needs[i].to->type->name, type))
			return r->needs[i].to;
	return NULL;
}

bool
facts_same_stamp(const struct facts *have, const char *stamp)
{
	const char *old = facts_get(have, "stamp");

	return old && stamp && !strcmp(old, stamp);
}

static void
graph_add_target(struct graph *g, struct resource *r)
{
	r->target = r->target ? r->target : TARGET_NEEDED;
	GROW(g->targets, g->ntargets, g->targets_cap);
	g->targets[g->ntargets++] = r;
}

void
graph_target(struct graph *g, struct resource *r)
{
	size_t next = g->ntargets;

	g->narrowed = true;
	for (graph_add_target(g, r); next < g->ntargets; next++) {
		const struct resource *at = g->targets[next];

		for (size_t i = 0; i < at->nneeds; i++)
			if (!at->needs[i].to->target)
				graph_add_target(g, at->needs[i].to);
	}
}
