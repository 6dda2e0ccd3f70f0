/* An instance is called off: what it waits for is not waited for any more, and what only it needs is not begun. */
#include <errno.h>
#include <pthread.h>

#include "reconciler/walk.h"
#include "reconciler/walker.h"

/* A shared thing that something waits for, and nothing that is wanted. */
static bool
walk_is_needless(const struct step *s)
{
	for (size_t i = 0; i < s->nthen; i++)
		if (!s->then[i]->unwanted)
			return false;
	return s->nthen > 0 && s->verb == ENSURE && s->res->type->lifetime != OWNED;
}

/* With the lock held. What is behind a step comes first, mostly; else another round finds it. */
static void
walk_mark_unwanted(struct workers *c)
{
	for (bool more = true; more;) {
		more = false;
		for (size_t i = c->plan->n; i-- > 0;) {
			struct step *s = c->plan->v[i];

			if (s->unwanted || (s->status != WAITING && s->status != RUNNING))
				continue;
			s->unwanted = c->walk->is_unwanted(c->walk->ctx, s) || walk_is_needless(s);
			more |= s->unwanted;
		}
	}
}

/* The unwanted ones that have not begun are skipped, and those that run are told. */
static struct step *
walk_give_up(struct workers *c)
{
	struct step *skipped = NULL;

	for (size_t i = 0; i < c->plan->n; i++) {
		struct step *s = c->plan->v[i];

		if (s->unwanted && s->status == RUNNING)
			__atomic_store_n(&s->cancel, 1, __ATOMIC_RELAXED);
		if (!s->unwanted || s->status != WAITING)
			continue;
		s->status = SKIPPED;
		walk_push(&skipped, s);
	}
	return skipped;
}

static void
walk_drop_unwanted(struct queue *q)
{
	struct step **at = &q->first;

	while (*at)
		if ((*at)->unwanted)
			*at = (*at)->next;
		else
			at = &(*at)->next;
	q->end = at;
}

void
walk_call_off(struct workers *c)
{
	int calls = c->walk->calls ? __atomic_load_n(c->walk->calls, __ATOMIC_ACQUIRE) : 0;
	struct step *skipped, *s;

	if (calls == c->calls)
		return;
	c->calls = calls;
	pthread_mutex_lock(&c->lock);
	walk_mark_unwanted(c);
	walk_drop_unwanted(&c->jobs);
	walk_drop_unwanted(&c->boots);
	skipped = walk_give_up(c);
	pthread_mutex_unlock(&c->lock);
	while ((s = walk_pop(&skipped)))
		walk_settle(c, s);
}
