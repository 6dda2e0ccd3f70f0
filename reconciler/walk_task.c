#include "reconciler/walker.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"

/* --- putting one together --- */

static bool
walk_are_mates(struct workers *c, const struct step *a, const struct step *b)
{
	return a->verb == b->verb && a->res->type == b->res->type && c->walk->are_mates(c->walk->ctx, a, b);
}

static struct step **
task_add(struct step *first, struct step **end, struct step *s)
{
	s->task = first->task;
	s->task->left++;
	s->mate = NULL;
	s->status = RUNNING;
	*end = s;
	return &s->mate;
}

/* Those of the queue, which could start as well. */
static struct step **
task_gather_ready(struct workers *c, struct queue *q, struct step *first, struct step **end)
{
	struct step **at = &q->first;

	while (*at) {
		struct step *s = *at;

		if (!walk_are_mates(c, first, s)) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		end = task_add(first, end, s);
	}
	q->end = at;
	return end;
}

/* Those behind them that wait for nothing else: whoever does the task keeps them in order. */
static void
task_gather_behind(struct workers *c, struct step *first, struct step **end)
{
	for (struct step *s = first; s; s = s->mate) {
		for (size_t i = 0; i < s->nthen; i++) {
			struct step *t = s->then[i];

			if (!t->task && t->status == WAITING && walk_are_mates(c, first, t) && ++t->within == t->nwait)
				end = task_add(first, end, t);
		}
	}
	for (struct step *s = first; s; s = s->mate)
		for (size_t i = 0; i < s->nthen; i++)
			s->then[i]->within = 0;
}

void
task_make(struct workers *c, struct queue *q, struct step *first)
{
	struct task *k;
	struct step **end = &first->mate;

	if (!c->walk->are_mates || !walk_are_mates(c, first, first))
		return;
	k = xcalloc(1, sizeof *k);
	*k = (struct task){ .workers = c, .left = 1, .next = c->tasks };
	c->tasks = first->task = k;
	first->mate = NULL;
	end = task_gather_ready(c, q, first, end);
	task_gather_behind(c, first, end);
}

void
tasks_free(struct workers *c)
{
	struct task *k;

	while ((k = c->tasks)) {
		c->tasks = k->next;
		free(k);
	}
}

/* --- doing it --- */

/* With the lock held. What it failed by is why those are left that stand behind it in the same task. */
static void
task_step_over(struct step *s, enum step_status status)
{
	struct task *k = s->task;

	if (s->status != RUNNING)
		return;
	s->took_ms = clock_ms() - k->began;
	s->status = status;
	for (size_t i = 0; status != DONE && i < s->nthen; i++)
		if (s->then[i]->task == k && !s->then[i]->because)
			s->then[i]->because = status == FAILED ? s : s->because;
	walk_push(&k->workers->done, s);
	pthread_cond_signal(&k->workers->ended);
}

void
walk_step_over(struct step *s, enum step_status status)
{
	pthread_mutex_lock(&s->task->workers->lock);
	task_step_over(s, status);
	pthread_mutex_unlock(&s->task->workers->lock);
}

/* What it was not told of has ended like all of it. */
void
task_run(struct workers *c, struct step *first)
{
	struct error err = { 0 };
	int r;

	pthread_mutex_unlock(&c->lock);
	first->task->began = clock_ms();
	r = c->walk->run_together(c->walk->ctx, first, &err);
	pthread_mutex_lock(&c->lock);
	for (struct step *s = first; s; s = s->mate) {
		if (r < 0 && s->status == RUNNING)
			s->err = err;
		task_step_over(s, r < 0 ? FAILED : DONE);
	}
}
