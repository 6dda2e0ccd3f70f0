#include "reconciler/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "reconciler/records.h"
#include "state/observed/state.h"

const struct resource_type *
engine_type(const struct engine *e, const char *name)
{
	for (size_t i = 0; e->types[i]; i++)
		if (!strcmp(e->types[i]->name, name))
			return e->types[i];
	return NULL;
}

static int
is_before(const void *name, const void *ask)
{
	return strcmp(name, ((const struct ask *)ask)->name);
}

struct ask *
engine_ask(const struct engine *e, const char *name)
{
	return e->nasks ? bsearch(name, e->asks, e->nasks, sizeof *e->asks, is_before) : NULL;
}

struct recall {
	struct engine *e;
	size_t next;		/* both lists are sorted by name */
};

/* what the database says of an instance: its goal, and whether its lima.yaml has to be read */
static int
recall_instance(void *ctx, const struct state_instance *i)
{
	struct recall *rc = ctx;
	struct engine *e = rc->e;
	struct ask *a = rc->next < e->nasks && !strcmp(e->asks[rc->next].name, i->name) ?
			&e->asks[rc->next] : engine_ask(e, i->name);

	if (!a)
		return 0;
	rc->next = (size_t)(a - e->asks) + 1;
	if (a->keep_goal) {
		a->goal = (enum goal)i->goal;
		a->may_lose |= a->goal == GOAL_ABSENT;	/* a delete that was begun */
	}
	a->recalled = true;
	if (a->spec || a->only || a->nwants || i->goal != (int)a->goal || !*i->stamp)
		return 0;
	a->stamp = spec_stamp(a->name, e->spec_opts, &e->common_stamp);
	a->declared = !(a->stamp && !strcmp(a->stamp, i->stamp));
	return 0;
}

static int
declare(struct engine *e, const struct ask *a, struct spec *spec, struct error *err)
{
	size_t first = e->graph.n;

	spec->goal = a->goal;
	for (size_t i = 0; e->types[i]; i++) {
		if (!e->types[i]->declare || (a->only && strcmp(a->only, e->types[i]->name)))
			continue;
		if (e->types[i]->declare(spec, e->env, &e->graph, err) < 0)
			return error_wrap(err, "%s", spec->name);
	}
	for (size_t i = first; i < e->graph.n; i++)
		e->graph.v[i]->spec = *e->graph.v[i]->owner ? spec : NULL;
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
	r = graph_declare(&e->graph, type, "", t->name, t->wanted);
	r->may_lose |= t->may_lose;
	for (size_t i = 0; i < t->nwants; i++)
		resource_want(&e->graph, r, t->wants[i].attr, t->wants[i].value);
	return 0;
}

static void
say_nothing(void *ctx, const char *text)
{
	(void)ctx, (void)text;
}

/* what is wrong with the file of an instance that goes is nobody's business any more */
static int
load(struct engine *e, struct ask *a, struct error *err)
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
	if (load(e, a, &why) == 0)
		return declare(e, a, a->loaded, err);
	if (a->goal != GOAL_ABSENT) {
		if (err)
			*err = why;
		return -1;
	}
	/* a broken lima.yaml must not keep an instance from being deleted */
	a->loaded = spec_bare(a->name, e->spec_opts);
	return declare(e, a, a->loaded, err);
}

static int
look(struct engine *e, struct resource *r, struct error *err)
{
	struct facts have = r->have;
	int there;

	/* needs first; a circle ends at the one that is being looked at */
	r->looked = true;
	for (size_t i = 0; i < r->nneeds; i++)
		if (!r->needs[i].to->looked && look(e, r->needs[i].to, err) < 0)
			return -1;
	if (r->type->shared && !r->wanted && !r->may_lose)
		return 0;
	there = r->type->observe(e->env, r, &have, &e->graph.arena, err);
	if (there < 0)
		return error_wrap(err, "%s %s", r->type->name, r->name);
	r->present = there > 0;
	r->have = r->present ? have : (struct facts){ 0 };
	return 0;
}

static int
look_at_all(struct engine *e, struct error *err)
{
	for (size_t i = 0; i < e->graph.n; i++)
		if (!e->graph.v[i]->looked && look(e, e->graph.v[i], err) < 0)
			return -1;
	return 0;
}

static void
mark(struct engine *e)
{
	for (size_t i = 0; i < e->graph.n; i++) {
		struct resource *r = e->graph.v[i];
		const struct ask *a = *r->owner ? engine_ask(e, r->owner) : NULL;

		if (!a)
			continue;
		r->may_lose |= a->may_lose;
		r->remake |= a->remake_vm && !strcmp(r->type->name, "vm");
		r->remake |= a->reset && strcmp(r->type->name, "dir") != 0;
	}
}

static bool
any_marked(const struct engine *e)
{
	for (size_t i = 0; i < e->nasks; i++)
		if (e->asks[i].remake_vm || e->asks[i].reset || e->asks[i].may_lose)
			return true;
	return false;
}

/* asks whose lima.yaml was taken as read, and that have something to do after all */
static bool
reopen(struct engine *e)
{
	bool any = false;

	for (size_t i = 0; i < e->plan.n; i++) {
		const struct resource *r = e->plan.v[i]->res;
		struct ask *a = *r->owner ? engine_ask(e, r->owner) : NULL;

		if (a && !a->declared)
			any = a->declared = true;
	}
	return any;
}

static int
prepare(struct engine *e, struct error *err)
{
	for (size_t i = 0; i < e->nasks; i++)
		if (e->asks[i].declared && declare_ask(e, &e->asks[i], err) < 0)
			return -1;
	for (size_t i = 0; i < e->nthings; i++)
		if (declare_thing(e, &e->things[i], err) < 0)
			return -1;
	if (records_load(e, err) < 0 || graph_resolve(&e->graph, err) < 0 || look_at_all(e, err) < 0)
		return -1;
	if (any_marked(e))
		mark(e);
	return plan_make(&e->graph, &e->plan, err);
}

int
engine_prepare(struct engine *e, struct ask *asks, size_t n, struct error *err)
{
	struct recall rc = { .e = e };

	e->asks = asks;
	e->nasks = n;
	for (size_t i = 0; i < n; i++)
		asks[i].declared = true;
	if (state_instances(e->state, n == 1 ? asks[0].name : NULL, recall_instance, &rc, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (asks[i].keep_goal && !asks[i].recalled)
			asks[i].goal = e->as_it_is(e->env, asks[i].name);
	if (prepare(e, err) < 0)
		return -1;
	if (!reopen(e))
		return 0;
	plan_release(&e->plan);
	graph_release(&e->graph);
	return prepare(e, err);
}

void
engine_release(struct engine *e)
{
	for (size_t i = 0; i < e->nasks; i++) {
		spec_free(e->asks[i].loaded);
		free(e->asks[i].stamp);
		e->asks[i].loaded = NULL;
		e->asks[i].stamp = NULL;
	}
	plan_release(&e->plan);
	graph_release(&e->graph);
	free(e->common_stamp);
	e->common_stamp = NULL;
}
