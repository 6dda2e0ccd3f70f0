#include "reconciler/aim.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "reconciler/address.h"
#include "reconciler/engine.h"

static int
aim_replace(const struct aim *aim, struct resource *r, struct error *err)
{
	if (!r->wanted)
		return error_set(err, ERR_REFUSED, "--replace %s: it is not wanted, so there is nothing to make anew", aim->address);
	r->remake = true;
	r->may_lose |= aim->may_lose;
	return 0;
}

int
aims_take(struct engine *e, struct error *err)
{
	for (size_t i = 0; i < e->naims; i++) {
		const struct aim *aim = &e->aims[i];
		struct resource *r = address_find(&e->graph, aim->address, err);

		if (!r || (aim->how == AIM_REPLACE && aim_replace(aim, r, err) < 0))
			return -1;
		if (aim->how != AIM_TARGET)
			continue;
		r->target = TARGET_NAMED;
		graph_target(&e->graph, r);
	}
	return 0;
}

/* What the plan fetches: host-wide things as they are, and for what is an instance's its files. */
struct ahead {
	struct engine *e;
	const struct resource_type *type;
	struct resource **v;
	size_t n, cap;
};

static void
ahead_add(struct ahead *h, struct resource *r)
{
	GROW(h->v, h->n, h->cap);
	h->v[h->n++] = r;
}

static void
ahead_add_file(void *ctx, const char *location, const char *digest, int64_t bytes)
{
	struct ahead *h = ctx;
	struct resource *r = graph_declare(&h->e->graph, h->type, "", location, true);

	(void)bytes;
	resource_want(&h->e->graph, r, "digest", *digest ? digest : NULL);
	ahead_add(h, r);
}

static int
ahead_gather(struct ahead *h, struct error *err)
{
	for (size_t i = 0; i < h->e->plan.n; i++) {
		const struct step *s = h->e->plan.v[i];
		const struct resource_type *type = s->res->type;

		if (s->verb != ENSURE || !type->fetches)
			continue;
		h->type = type->ahead;
		if (!h->type)
			ahead_add(h, s->res);
		else if (type->lacks(h->e->env, s->res, ahead_add_file, h, err) < 0)
			return -1;
	}
	return 0;
}

int
aims_narrow_to_downloads(struct engine *e, struct error *err)
{
	struct ahead h = { .e = e };
	struct graph *g = &e->graph;
	int r = ahead_gather(&h, err);

	plan_release(&e->plan);
	for (size_t i = 0; i < g->n; i++) {
		g->v[i]->down = g->v[i]->up = NULL;
		g->v[i]->decided = false;
	}
	g->narrowed = true;
	for (size_t i = 0; r == 0 && i < h.n; i++) {
		h.v[i]->target = TARGET_NAMED;
		graph_target(g, h.v[i]);
	}
	free(h.v);
	return r < 0 ? -1 : plan_make(g, &e->plan, err);
}
