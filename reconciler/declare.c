#include "reconciler/declare.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "reconciler/engine.h"

static void
declare_how(struct engine *e, struct resource *r, const struct facts *how)
{
	for (size_t i = 0; i < how->n; i++)
		resource_how(&e->graph, r, how->v[i].name, how->v[i].value);
}

/* What is to be there first is left out of the plan: then so is what comes behind it. */
static int
declare_depends(const struct engine *e, const struct spec *spec, struct error *err)
{
	for (size_t i = 0; spec->goal == GOAL_RUNNING && i < spec->ndepends; i++)
		for (size_t k = 0; k < e->nwrong; k++)
			if (!strcmp(e->requests[e->nrequests + k].name, spec->depends[i].name))
				return error_set(err, ERR_REFUSED, "it depends on `%s`, which cannot be planned", spec->depends[i].name);
	return 0;
}

static int
declare(struct engine *e, const struct request *a, struct spec *spec, struct error *err)
{
	size_t first = e->graph.n, pending = e->graph.npending;

	spec->goal = a->goal;
	if (declare_depends(e, spec, err) < 0)
		return -1;
	for (size_t i = 0; e->types[i]; i++) {
		if (!e->types[i]->declare || e->types[i]->away != (spec->away != NULL) || (a->only && strcmp(a->only, e->types[i]->name)))
			continue;
		if (e->types[i]->declare(spec, e->env, &e->graph, err) < 0)
			return error_wrap(err, "%s", spec->name);
	}
	for (size_t i = first; i < e->graph.n; i++) {
		struct resource *r = e->graph.v[i];

		r->spec = *r->owner ? spec : NULL;
		r->again |= a->again && a->only;
		if (*r->owner)
			declare_how(e, r, &a->how);
	}
	if (a->only)	/* what it needs is not looked at */
		e->graph.npending = pending;
	for (size_t i = 0; i < a->nwants; i++) {
		struct resource *r = graph_find(&e->graph, a->wants[i].type, a->name);

		if (r)
			resource_want(&e->graph, r, a->wants[i].attr, a->wants[i].value);
	}
	return 0;
}

static int
declare_host_request(struct engine *e, const struct host_request *t, struct error *err)
{
	const struct resource_type *type = engine_type(e, t->type);
	struct resource *r;

	if (!type)
		return error_set(err, ERR_UNSUPPORTED, "there is no resource type %s", t->type);
	if (t->wanted && !type->ensure)
		return error_set(err, ERR_UNSUPPORTED, "%s %s: such a thing is only taken away", t->type, t->name);
	r = graph_declare(&e->graph, type, "", t->name, t->wanted);
	r->may_lose |= t->may_lose;
	r->if_used = t->if_used;
	r->again |= t->again;
	declare_how(e, r, &t->how);
	if (t->on)
		resource_need(&e->graph, r, t->on->type, t->on->name, NEED_BUILD);
	for (size_t i = 0; i < t->nwants; i++)
		resource_want(&e->graph, r, t->wants[i].attr, t->wants[i].value);
	return 0;
}

/* The mistakes in the lima.yaml of an instance that is being deleted are not reported. */
static int
declare_load(struct engine *e, struct request *a, struct error *err)
{
	struct spec_opts quiet = *e->spec_opts;

	spec_hush(&quiet);
	return spec_load_instance(&a->loaded, a->name, a->goal == GOAL_ABSENT ? &quiet : e->spec_opts, err);
}

/* Its name was looked for before: one that has no folder now has been deleted by somebody else. */
static int
declare_unread(const struct engine *e, struct request *a, const struct error *why, struct error *err)
{
	auto_free char *dir = xasprintf("%s/%s", e->env->home, a->name);

	a->gone = why->code == ENOENT && !fs_exists(dir);
	if (a->gone)
		return error_set(err, ENOENT, "instance `%s` was deleted by another limactl meanwhile", a->name);
	if (err)
		*err = *why;
	return -1;
}

int
declare_request(struct engine *e, struct request *a, struct error *err)
{
	struct error why = { 0 };

	if (a->spec || a->loaded)
		return declare(e, a, a->spec ? a->spec : a->loaded, err);
	if (declare_load(e, a, &why) == 0)
		return declare(e, a, a->loaded, err);
	if (a->goal != GOAL_ABSENT)
		return declare_unread(e, a, &why, err);
	/* A broken lima.yaml must not keep an instance from being deleted. */
	a->loaded = spec_bare(a->name, e->spec_opts);
	return declare(e, a, a->loaded, err);
}

/* Whatever is wrong with one of them, all are tried. */
static int
declare_requests(struct engine *e, struct error *err)
{
	auto_free struct request **order = engine_in_order(e);
	int result = 0;

	for (size_t i = 0; order[i]; i++) {
		struct request *a = order[i];
		struct error why = { 0 };

		if (!a->declared || declare_request(e, a, &why) == 0)
			continue;
		a->wrong = xcalloc(1, sizeof why);
		*a->wrong = why;
		if (result == 0 && err)
			*err = why;
		result = -1;
	}
	return result;
}

int
declare_all(struct engine *e, struct error *err)
{
	if (declare_requests(e, err) < 0)
		return -1;
	for (size_t i = 0; i < e->nhost_requests; i++)
		if (declare_host_request(e, &e->host_requests[i], err) < 0)
			return -1;
	return 0;
}

int
declare_needs(struct engine *e, const char *name, struct graph *g, struct error *err)
{
	struct spec_opts quiet = *e->spec_opts;
	struct spec *spec;
	int result = 0;

	spec_hush(&quiet);
	if (spec_load_instance(&spec, name, &quiet, err) < 0)
		return -1;
	spec->goal = GOAL_RUNNING;
	for (size_t i = 0; result == 0 && e->types[i]; i++)
		if (e->types[i]->declare && !e->types[i]->away)
			result = e->types[i]->declare(spec, e->env, g, err);
	spec_free(spec);
	/* What of that is nowhere to be found is no matter here. */
	(void)graph_resolve(g, NULL);
	return result;
}
