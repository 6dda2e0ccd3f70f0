#include "reconciler/told.h"

#include <stdlib.h>
#include <string.h>

#include "reconciler/plan.h"

/* A resource with two steps is told of at its first one. */
bool
step_is_first(const struct step *s)
{
	return s->verb == REMOVE || !s->res->down;
}

void
told_release(struct told *t)
{
	free(t->v);
	arena_release(&t->a);
}

bool
told_has_details(const struct resource *r)
{
	return r->type->detail && r->present && r->up && r->spec;
}

static void
told_add(void *ctx, const struct detail *d)
{
	struct told *t = ctx;

	GROW(t->v, t->n, t->cap);
	t->v[t->n++] = (struct told_key){ t->owner, arena_strdup(&t->a, d->what) };
}

static int
told_by_owner(const void *a, const void *b)
{
	return strcmp(((const struct told_key *)a)->owner, ((const struct told_key *)b)->owner);
}

void
told_gather(struct told *t, const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct resource *r = p->v[i]->res;

		t->owner = r->owner;
		if (step_is_first(p->v[i]) && told_has_details(r))
			r->type->detail(r, told_add, t);
	}
	if (t->n)
		qsort(t->v, t->n, sizeof *t->v, told_by_owner);
}

/* The first one that is told of that owner, or whatever comes behind. */
static size_t
told_first(const struct told *t, const char *owner)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(t->v[mid].owner, owner) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* "probes[0]", and "probes[0].script" */
static bool
told_is_within(const char *key, const char *group)
{
	size_t len = strlen(group);

	return strncmp(key, group, len) == 0 && (!key[len] || key[len] == '.' || key[len] == '[');
}

/* Is that key told, or something within it, or what it is in? */
bool
told_is(const struct told *t, const struct resource *r, const char *key)
{
	for (size_t i = key ? told_first(t, r->owner) : t->n; i < t->n && !strcmp(t->v[i].owner, r->owner); i++)
		if (told_is_within(key, t->v[i].key) || told_is_within(t->v[i].key, key))
			return true;
	return false;
}

/* Passes on what is not told yet. */
struct untold {
	const struct told *told;
	const struct resource *r;
	detail_say *say;
	void *ctx;
};

static void
untold_say(void *ctx, const struct detail *d)
{
	const struct untold *u = ctx;

	if (!told_is(u->told, u->r, d->what))
		u->say(u->ctx, d);
}

void
told_each_other(const struct told *t, const struct resource *r, const struct attr *at, detail_say *say, void *ctx)
{
	const char *have = facts_get(&r->have, at->name);

	at->each(have ? have : "", facts_get(&r->want, at->name), untold_say, &(struct untold){ t, r, say, ctx });
}
