#include "reconciler/declare.h"

#include <string.h>

#include "base/auto.h"
#include "base/error.h"
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
			if (!strcmp(e->asks[e->nasks + k].name, spec->depends[i].name))
				return error_set(err, ERR_REFUSED, "it depends on `%s`, which cannot be planned", spec->depends[i].name);
	return 0;
}

static int
declare(struct engine *e, const struct ask *a, struct spec *spec, struct error *err)
{
	size_t first = e->graph.n, pending = e->graph.npending;

	spec->goal = a->goal;
	if (declare_depends(e, spec, err) < 0)
		return -1;
	for (size_t i = 0; e->types[i]; i++) {
		if (!e->types[i]->declare || (a->only && strcmp(a->only, e->types[i]->name)))
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
declare_thing(struct engine *e, const struct thing *t, struct error *err)
{
	const struct resource_type *type = engine_type(e, t->type);
	struct resource *r;

	if (!type)
		return error_set(err, ERR_UNSUPPORTED, "there is no resource type %s", t->type);
	if (t->wanted && !type->ensure)
		return error_set(err, ERR_UNSUPPORTED, "%s %s: such a thing is only taken away", t->type, t->name);
	r = graph_declare(&e->graph, type, "", t->name, t->wanted);
	r->may_lose |= t->may_lose;
	r->again |= t->again;
	declare_how(e, r, &t->how);
	if (t->on)
		resource_need(&e->graph, r, t->on->type, t->on->name, NEED_BUILD);
	for (size_t i = 0; i < t->nwants; i++)
		resource_want(&e->graph, r, t->wants[i].attr, t->wants[i].value);
	return 0;
}

static void
say_nothing(void *ctx, const char *text)
{
	(void)ctx, (void)text;
}

/* The mistakes in the lima.yaml of an instance that is being deleted are not reported. */
static int
declare_load(struct engine *e, struct ask *a, struct error *err)
{
	struct spec_opts quiet = *e->spec_opts;

	quiet.warn = quiet.complain = say_nothing;
	return spec_load_instance(&a->loaded, a->name, a->goal == GOAL_ABSENT ? &quiet : e->spec_opts, err);
}

static int
declare_ask(struct engine *e, struct ask *a, struct error *err)
{
	struct error why = { 0 };

	if (a->spec || a->loaded)
		return declare(e, a, a->spec ? a->spec : a->loaded, err);
	if (declare_load(e, a, &why) == 0)
		return declare(e, a, a->loaded, err);
	if (a->goal != GOAL_ABSENT) {
		if (err)
			*err = why;
		return -1;
	}
	/* A broken lima.yaml must not keep an instance from being deleted. */
	a->loaded = spec_bare(a->name, e->spec_opts);
	return declare(e, a, a->loaded, err);
}

/* Whatever is wrong with one of them, all are tried. */
static int
declare_asks(struct engine *e, struct error *err)
{
	auto_free struct ask **order = engine_in_order(e);
	int result = 0;

	for (size_t i = 0; order[i]; i++) {
		struct ask *a = order[i];
		struct error why = { 0 };

		if (!a->declared || declare_ask(e, a, &why) == 0)
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
	if (declare_asks(e, err) < 0)
		return -1;
	for (size_t i = 0; i < e->nthings; i++)
		if (declare_thing(e, &e->things[i], err) < 0)
			return -1;
	return 0;
}

/* Of what no lima.yaml speaks of: it stays as it was found, unless it is asked for or goes with its instance. */
static bool
declare_as_found(const struct engine *e, const struct resource *r)
{
	const struct ask *a = engine_ask(e, r->owner);

	if (a && a->only && a->only_is != AS_FOUND)
		return a->only_is == TO_BE_THERE;
	return r->present && !(a && a->goal == GOAL_ABSENT);
}

static void
declare_look_at(struct engine *e, struct resource *r)
{
	struct facts have = r->have;
	struct error why = { 0 };
	int there;

	/* Needs are observed first; a circle ends at the resource that is being observed. */
	r->looked = true;
	for (size_t i = 0; i < r->nneeds; i++) {
		struct resource *to = r->needs[i].to;

		if (!to->looked)
			declare_look_at(e, to);
		if (to->wrong)
			graph_wrong(&e->graph, r, to->wrong);
	}
	if (r->wrong || (r->type->shared && !r->wanted && !r->may_lose))
		return;
	there = r->type->observe(e->env, r, &have, &e->graph.arena, &why);
	if (there < 0) {
		error_wrap(&why, "%s %s", r->type->name, r->name);
		graph_wrong(&e->graph, r, &why);
		return;
	}
	r->present = there > 0;
	r->have = r->present ? have : (struct facts){ 0 };
	if (r->type->as_found)
		r->wanted = declare_as_found(e, r);
}

int
look_at_all(struct engine *e, struct error *err)
{
	const struct error *first = NULL;

	for (size_t i = 0; i < e->graph.n; i++) {
		struct resource *r = e->graph.v[i];

		if (!r->looked)
			declare_look_at(e, r);
		if (r->wrong && !first)
			first = r->wrong;
	}
	if (first && err)
		*err = *first;
	return first ? -1 : 0;
}

