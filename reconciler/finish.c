#include "reconciler/finish.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "reconciler/engine.h"
#include "reconciler/records.h"
#include "state/observed/state.h"

#define NONE ((size_t)-1)

struct part {
	size_t left;			/* of its steps */
	size_t first;			/* of its resources; NONE: it has none */
	bool broken;			/* one of its steps was not done */
};

static int
store_instance(struct engine *e, struct request *a, struct error *err)
{
	const struct spec *spec = a->spec ? a->spec : a->loaded;
	struct state_instance si = { .name = a->name, .goal = (int)a->goal };

	if (a->goal == GOAL_ABSENT)
		return state_drop_instance(e->state, a->name, err);
	if (!a->declared || a->only || e->graph.narrowed)	/* without a stamp lima.yaml is read again next time */
		return 0;
	free(a->stamp);
	a->stamp = spec_stamp(a->name, e->spec_opts, &e->common_stamp);
	si.stamp = a->stamp ? a->stamp : "";
	si.json = spec->json ? spec->json : "";
	return state_put_instance(e->state, &si, err);
}

static int
store_resource(struct engine *e, const struct request *a, struct resource *r, struct error *err)
{
	if (e->graph.narrowed && !r->down && !r->up)
		return 0;	/* nobody has brought it to what is wanted now */
	if (!r->present && r->type->as_found && !r->was && !r->down)
		return 0;	/* there is nothing to remember */
	if (!r->present && (r->stale || r->type->as_found || (a ? a->goal == GOAL_ABSENT : r->may_lose && !r->wanted)))
		return state_drop(e->state, r->type->name, r->name, err);
	if ((a && a->declared) || (!a && r->wanted && !r->was) || ((a || r->wanted) && records_dirty(r)))
		return records_store(e->state, r, err);
	return 0;
}

static struct request *
finish_owner(const struct engine *e, const struct resource *r)
{
	return *r->owner ? engine_request(e, r->owner) : NULL;
}

static void
finish_add_due(struct finish *f, size_t i)
{
	f->due[f->ndue++] = i;
}

void
finish_begin(struct finish *f, struct engine *e)
{
	*f = (struct finish){ .e = e };
	f->parts = xcalloc(e->nrequests + 1, sizeof *f->parts);
	f->due = xcalloc(e->nrequests + 1, sizeof *f->due);
	f->next = xcalloc(e->graph.n + 1, sizeof *f->next);
	for (size_t i = 0; i < e->nrequests; i++)
		f->parts[i].first = NONE;
	for (size_t i = e->graph.n; i-- > 0;) {
		const struct resource *r = e->graph.v[i];
		const struct request *a = finish_owner(e, r);
		struct part *p = a ? &f->parts[a - e->requests] : NULL;

		if (!p)
			continue;
		p->left += (r->down != NULL) + (r->up != NULL);
		f->next[i] = p->first;
		p->first = i;
	}
	/* An instance that is as it should be already has no step to wait for. */
	for (size_t i = 0; e->plan.n && i < e->nrequests; i++)
		if (!f->parts[i].left)
			finish_add_due(f, i);
}

void
finish_release(struct finish *f)
{
	free(f->parts);
	free(f->due);
	free(f->next);
	*f = (struct finish){ 0 };
}

void
finish_step(struct finish *f, const struct step *s)
{
	const struct request *a = finish_owner(f->e, s->res);
	struct part *p = a ? &f->parts[a - f->e->requests] : NULL;

	if (!p)
		return;
	p->broken |= s->status != DONE;
	if (--p->left == 0)
		finish_add_due(f, (size_t)(a - f->e->requests));
}

bool
finish_due(const struct finish *f)
{
	return f->ntold < f->ndue;
}

static int
finish_one(struct finish *f, size_t i, struct error *err)
{
	struct request *a = &f->e->requests[i];

	if (f->parts[i].broken)
		return 0;
	if (store_instance(f->e, a, err) < 0)
		return -1;
	for (size_t k = f->parts[i].first; k != NONE; k = f->next[k])
		if (store_resource(f->e, a, f->e->graph.v[k], err) < 0)
			return -1;
	return 0;
}

int
finish_write(struct finish *f, struct error *err)
{
	for (size_t k = f->ntold; k < f->ndue; k++)
		if (finish_one(f, f->due[k], err) < 0)
			return -1;
	return 0;
}

const struct request *
finish_next(struct finish *f)
{
	size_t i = f->ntold < f->ndue ? f->due[f->ntold++] : NONE;

	if (i == NONE)
		return NULL;
	f->e->requests[i].over = !f->parts[i].broken;
	return &f->e->requests[i];
}

int
finish_rest(struct engine *e, struct error *err)
{
	const struct request *a = NULL;

	for (size_t i = 0; i < e->nrequests; i++)
		if (!e->requests[i].over && store_instance(e, &e->requests[i], err) < 0)
			return -1;
	for (size_t i = 0; i < e->graph.n; i++) {
		if (!a || strcmp(a->name, e->graph.v[i]->owner))
			a = finish_owner(e, e->graph.v[i]);
		if ((!a || !a->over) && store_resource(e, a, e->graph.v[i], err) < 0)
			return -1;
	}
	return 0;
}
