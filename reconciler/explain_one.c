#include "reconciler/explain_one.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "reconciler/address.h"
#include "reconciler/explain.h"
#include "reconciler/price.h"
#include "reconciler/told.h"

const char *
need_word(int need)
{
	static const char *const words[] = { [NEED_BUILD] = "build", [NEED_LIVE] = "live", [NEED_FRESH] = "fresh" };

	return words[need];
}

static void
one_add_attributes(cJSON *list, struct arena *a, const struct resource *r)
{
	for (const struct attr *at = r->type->attrs; at && at->name; at++) {
		const char *have = r->present ? facts_get(&r->have, at->name) : NULL, *want = facts_get(&r->want, at->name);
		cJSON *o;

		if (at->each || at->show == SHOW_NEVER || (!have && !want))
			continue;
		o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "name", at->name);
		cJSON_AddItemToObject(o, "have", have ? cJSON_CreateString(attr_text(a, at, have)) : cJSON_CreateNull());
		cJSON_AddItemToObject(o, "want", want ? cJSON_CreateString(attr_text(a, at, want)) : cJSON_CreateNull());
		if (r->present)
			cJSON_AddStringToObject(o, "class", change_class_word(attr_class(r, at)));
		cJSON_AddItemToArray(list, o);
	}
}

static void
one_add_edge(cJSON *list, struct arena *a, const struct resource *to, enum need need)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "address", address_of(a, to));
	cJSON_AddStringToObject(o, "need", need_word((int)need));
	cJSON_AddBoolToObject(o, "present", to->present);
	cJSON_AddItemToArray(list, o);
}

/* What it needs now, or stood on when it was made, if nobody declares it any more. */
static const struct edge *
one_edges(const struct resource *r, size_t *n)
{
	bool recorded = !r->nneeds && r->nstands_on;

	*n = recorded ? r->nstands_on : r->nneeds;
	return recorded ? r->stands_on : r->needs;
}

static void
one_add_users(cJSON *list, struct arena *a, const struct graph *g, const struct resource *r)
{
	for (size_t i = 0; i < g->n; i++) {
		size_t n;
		const struct edge *v = one_edges(g->v[i], &n);

		for (size_t k = 0; k < n; k++)
			if (v[k].to == r && (g->v[i]->wanted || g->v[i]->present))
				one_add_edge(list, a, g->v[i], v[k].need);
	}
}

static void
one_key(void *ctx, const struct detail *d)
{
	struct buf *b = ctx;

	if (!d->moot)
		buf_addf(b, "%s%s: %s -> %s", b->len ? ", " : "", d->what, or_unset(d->have), or_unset(d->want));
}

/* Behind a digest that has changed stand keys of lima.yaml, which its instance's own types tell. */
static void
one_add_keys(cJSON *list, struct arena *a, const struct graph *g, const struct resource *last)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct resource *r = g->v[i];
		AUTO(buf) b = BUF_INIT;
		cJSON *o;

		if (r == last || strcmp(r->owner, last->owner) != 0 || !told_has_details(r))
			continue;
		r->type->detail(r, one_key, &b);
		if (!b.len)
			continue;
		o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "address", address_of(a, r));
		cJSON_AddStringToObject(o, "action", sign_word(resource_sign(r)));
		cJSON_AddStringToObject(o, "why", b.s);
		cJSON_AddItemToArray(list, o);
	}
}

/* From the step on it to that for whose sake it is taken, and on to the end. */
static void
one_add_chain(cJSON *list, struct arena *a, const struct graph *g, const struct resource *r)
{
	for (size_t left = g->n + 1; left-- > 0;) {
		const struct step *s = r->down ? r->down : r->up;
		cJSON *o;

		o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "address", address_of(a, r));
		cJSON_AddStringToObject(o, "action", sign_word(resource_sign(r)));
		cJSON_AddStringToObject(o, "why", s ? reason_text(a, r, &s->why) : "it is gone");
		cJSON_AddItemToArray(list, o);
		if (s && s->why.kind == REASON_DIFFERS)
			one_add_keys(list, a, g, r);
		if (!s || s->why.kind != REASON_FOLLOWS)
			return;
		r = s->why.cause;
	}
}

cJSON *
explain_one(const struct graph *g, const struct resource *r)
{
	cJSON *o = cJSON_CreateObject(), *needs;
	const struct edge *edges;
	enum change_class cls;
	AUTO(arena) a = { 0 };
	size_t n;

	cJSON_AddStringToObject(o, "address", address_of(&a, r));
	cJSON_AddStringToObject(o, "type", r->type->name);
	cJSON_AddStringToObject(o, "name", r->name);
	if (*r->owner)
		cJSON_AddStringToObject(o, "instance", r->owner);
	if (r->type->about)
		cJSON_AddStringToObject(o, "about", r->type->about);
	cJSON_AddBoolToObject(o, "wanted", r->wanted);
	cJSON_AddBoolToObject(o, "present", r->present);
	one_add_attributes(cJSON_AddArrayToObject(o, "attributes"), &a, r);
	needs = cJSON_AddArrayToObject(o, "needs");
	edges = one_edges(r, &n);
	for (size_t i = 0; i < n; i++)
		one_add_edge(needs, &a, edges[i].to, edges[i].need);
	one_add_users(cJSON_AddArrayToObject(o, "needed_by"), &a, g, r);
	cJSON_AddStringToObject(o, "action", sign_word(resource_sign(r)));
	if (resource_class(r, &cls))
		cJSON_AddStringToObject(o, "class", change_class_word(cls));
	if (r->type->precious && r->down)
		cJSON_AddNumberToObject(o, "bytes_at_risk", (double)r->at_stake);
	if (r->down || r->up)
		one_add_chain(cJSON_AddArrayToObject(o, "chain"), &a, g, r);
	return o;
}
