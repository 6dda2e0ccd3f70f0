/* Which of the steps that could start does, and how many boots are on their way. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "reconciler/walk.h"
#include "reconciler/walker.h"

void
walk_await(struct workers *c, struct step *s)
{
	struct queue *q = s->boot ? &c->boots : &c->jobs;

	s->next = NULL;
	*q->end = s;
	q->end = &s->next;
}

void
walk_boot_ended(struct workers *c, struct boot *b)
{
	if (!b || --b->left || !b->held)
		return;
	b->held = false;
	c->nbooting--;
}

static int
walk_boot_by_owner(const void *a, const void *b)
{
	return strcmp((*(struct step *const *)a)->res->owner, (*(struct step *const *)b)->res->owner);
}

void
walk_find_boots(struct workers *c)
{
	struct plan *p = c->plan;
	struct step **v = xcalloc(p->n + 1, sizeof *v);
	size_t n = 0;

	for (size_t i = 0; c->walk->boots && i < p->n; i++)
		if (p->v[i]->verb == ENSURE && p->v[i]->res->type->boots && *p->v[i]->res->owner)
			v[n++] = p->v[i];
	if (n)
		qsort(v, n, sizeof *v, walk_boot_by_owner);
	c->boot = xcalloc(n + 1, sizeof *c->boot);
	for (size_t i = 0; i < n; i++) {
		if (!i || walk_boot_by_owner(&v[i - 1], &v[i]) != 0)
			c->boot[c->nboot++].owner = v[i]->res->owner;
		v[i]->boot = &c->boot[c->nboot - 1];
		v[i]->boot->left++;
	}
	free(v);
}

/* Running steps are counted for each type that has a limit; such types are few. */
static size_t *
walk_pool(struct workers *c, const struct resource_type *type)
{
	size_t i;

	for (i = 0; i < c->npools; i++)
		if (c->pools[i].type == type)
			return &c->pools[i].running;
	GROW(c->pools, c->npools, c->pools_cap);
	c->pools[c->npools++] = (struct pool){ type, 0 };
	return &c->pools[i].running;
}

static bool
walk_may_start(struct workers *c, const struct step *s)
{
	if (s->boot && !s->boot->held && c->nbooting >= c->walk->boots)
		return false;
	if (s->res->type->at_once && *walk_pool(c, s->res->type) >= s->res->type->at_once)
		return false;
	/* the first needs nobody's leave */
	if (!c->running || !c->walk->take)
		return true;
	if (!c->walk->take(c->walk->ctx))
		return false;
	c->tokens++;
	return true;
}

void
walk_count(struct workers *c, const struct step *s, bool started)
{
	c->running += started ? 1 : -1;
	if (!s->boot)
		c->njobs += started ? 1 : -1;
	else if (started && !s->boot->held) {
		s->boot->held = true;
		c->nbooting++;
	}
	if (s->res->type->at_once)
		*walk_pool(c, s->res->type) += started ? 1 : -1;
	while (c->tokens && c->tokens >= c->running) {
		c->walk->give(c->walk->ctx);
		c->tokens--;
	}
}

void
walk_count_settled(struct workers *c, struct step *s)
{
	if (!s->task || --s->task->left == 0)
		walk_count(c, s, false);
}

/* Moves as many steps from a queue to `batch` as there is room for. */
static void
walk_pick_from(struct workers *c, struct queue *q, struct step **batch)
{
	struct step **at = &q->first;
	size_t jobs = c->walk->jobs ? c->walk->jobs : 1;

	while (*at && (q == &c->boots || c->njobs < jobs)) {
		struct step *s = *at;

		if (!walk_may_start(c, s)) {
			at = &s->next;
			continue;
		}
		if (!(*at = s->next))
			q->end = at;
		s->status = RUNNING;
		walk_count(c, s, true);
		task_make(c, q, s);
		for (struct step *m = s; m && c->walk->starting; m = m->mate)
			c->walk->starting(c->walk->ctx, m);
		walk_push(batch, s);
		/* those that went with it may have stood anywhere */
		if (s->task)
			at = &q->first;
	}
}

struct step *
walk_pick(struct workers *c)
{
	struct step *batch = NULL;

	walk_pick_from(c, &c->boots, &batch);
	walk_pick_from(c, &c->jobs, &batch);
	return batch;
}
