/* Is all as it is recorded? What would be written is held against what was read, so that who has nothing to do takes no lock and writes nothing. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "reconciler/engine.h"
#include "reconciler/records.h"
#include "state/observed/state.h"

/* Of two needs of the same thing the stronger one is recorded. */
static bool
edge_is_among(const struct edge *v, size_t n, struct edge e, bool may_be_stronger)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].to == e.to && (v[i].need == e.need || (may_be_stronger && v[i].need > e.need)))
			return true;
	return false;
}

static bool
needs_are_recorded(const struct resource *r)
{
	for (size_t i = 0; i < r->nneeds; i++)
		if (!edge_is_among(r->was_needs, r->nwas_needs, r->needs[i], true))
			return false;
	for (size_t i = 0; i < r->nwas_needs; i++)
		if (!edge_is_among(r->needs, r->nneeds, r->was_needs[i], false))
			return false;
	return true;
}

/* What is not there, and has no row that would have to go, has none to be written. */
static bool
nothing_is_recorded(const struct resource *r)
{
	return !r->present && !r->was && r->type->as_found;
}

static bool
declaration_is_recorded(const struct resource *r)
{
	AUTO(buf) want = BUF_INIT;

	if (!r->was || r->stale || r->wanted != r->was_wanted || (!r->present && r->type->as_found))
		return false;
	records_pack_want(r, &want);
	return want.len == r->was_want_len && !memcmp(want.s, r->was_want, want.len) && needs_are_recorded(r);
}

/* `a`: of which instance it is, if that is declared anew. */
static bool
resource_is_recorded(const struct request *a, const struct resource *r)
{
	if (a && nothing_is_recorded(r))
		return true;
	if ((*r->owner || r->wanted) && records_dirty(r))
		return false;
	return !a || declaration_is_recorded(r);
}

static bool
resources_are_recorded(const struct engine *e, bool any_declared)
{
	const struct request *a = NULL;

	for (size_t i = 0; i < e->graph.n; i++) {
		const struct resource *r = e->graph.v[i];

		if (any_declared && *r->owner && (!a || strcmp(a->name, r->owner) != 0))
			a = engine_request(e, r->owner);
		if (!resource_is_recorded(a && *r->owner && a->declared ? a : NULL, r))
			return false;
	}
	return true;
}

struct recorded {
	struct engine *e;
	size_t n;		/* requests that are recorded as they are asked for now */
};

static int
count_recorded(void *ctx, const struct state_instance *i)
{
	struct recorded *rec = ctx;
	struct engine *e = rec->e;
	const struct request *a = engine_request(e, i->name);
	const struct spec *spec = a && a->declared ? (a->spec ? a->spec : a->loaded) : NULL;
	auto_free char *stamp = NULL;

	if (!spec || i->goal != (int)a->goal || strcmp(i->json, spec->json ? spec->json : "") != 0)
		return 0;
	stamp = spec_stamp(a->name, e->spec_opts, &e->common_stamp);
	rec->n += stamp && !strcmp(stamp, i->stamp);
	return 0;
}

/* A stamp that is looked at here is of a folder that has answered before. */
static bool
requests_are_recorded(struct engine *e, size_t ndeclared)
{
	struct recorded rec = { .e = e };
	const char *name = e->nrequests == 1 ? e->requests[0].name : NULL;

	return !ndeclared || (state_instances(e->state, name, count_recorded, &rec, NULL) == 0 && rec.n == ndeclared);
}

/* Where only some of it is to be done, what is not done is not recorded: that is for the walk to sort out. */
static bool
is_all_of_it(const struct engine *e)
{
	for (size_t i = 0; i < e->nrequests; i++)
		if (e->requests[i].declared && (e->requests[i].only || e->requests[i].goal == GOAL_ABSENT))
			return false;
	return true;
}

bool
engine_is_settled(struct engine *e)
{
	size_t ndeclared = 0;

	for (size_t i = 0; i < e->nrequests; i++)
		ndeclared += e->requests[i].declared;
	if (e->plan.n || !is_all_of_it(e) || (ndeclared && e->graph.narrowed))
		return false;
	return resources_are_recorded(e, ndeclared > 0) && requests_are_recorded(e, ndeclared);
}
