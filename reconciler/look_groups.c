#include "reconciler/look_groups.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"
#include "reconciler/engine.h"

enum { MAX_WORKERS = 8, WORTH_A_WORKER = 1000, ASKING = 20 };

/* The request that a resource is of, + 1; 0: it is host-wide. `last` is one to try first: they come in runs. */
static size_t
look_group_of(const struct engine *e, const struct resource *r, size_t last)
{
	const struct request *a;

	if (!*r->owner)
		return 0;
	if (last && !strcmp(e->requests[last - 1].name, r->owner))
		return last;
	if (last && last < e->nrequests && !strcmp(e->requests[last].name, r->owner))
		return last + 1;
	a = engine_request(e, r->owner);
	return a ? (size_t)(a - e->requests) + 1 : 0;
}

/* Counts, then places. */
void
look_groups_fill(struct engine *e, struct resource **v, size_t *first)
{
	const struct graph *g = &e->graph;
	auto_free size_t *group = xcalloc(g->n, sizeof *group);
	size_t last = 0, at = 0;

	for (size_t i = 0; i < g->n; i++) {
		group[i] = last = look_group_of(e, g->v[i], last);
		g->v[i]->mark = (unsigned)i;
		g->v[i]->looked = true;
		first[last]++;
	}
	for (size_t i = 0; i <= e->nrequests; i++) {
		size_t n = first[i];

		first[i] = at;
		at += n;
	}
	for (size_t i = 0; i < g->n; i++)
		v[first[group[i]]++] = g->v[i];
	/* each one begins where the one before it ends now */
	memmove(first + 1, first, (e->nrequests + 1) * sizeof *first);
	first[0] = 0;
}

size_t
look_groups_workers(const struct resource *const *v, size_t n)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t asking = 0, worth;

	for (size_t i = 0; i < n; i++)
		asking += v[i]->type->asks && v[i]->wanted;
	worth = 1 + (n + asking * ASKING) / WORTH_A_WORKER;
	if (!asking && processors > 0 && worth > (size_t)processors)
		worth = (size_t)processors;
	return worth < MAX_WORKERS ? worth : MAX_WORKERS;
}
