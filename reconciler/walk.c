#include "reconciler/walk.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/os/thread.h"
#include "reconciler/walker.h"

void
walk_push(struct step **list, struct step *s)
{
	s->next = *list;
	*list = s;
}

struct step *
walk_pop(struct step **list)
{
	struct step *s = *list;

	if (s)
		*list = s->next;
	return s;
}

static void *
walk_worker(void *arg)
{
	struct workers *c = arg;
	struct step *s;
	long long began;
	int r;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		while (!c->quit && !c->ready)
			pthread_cond_wait(&c->work, &c->lock);
		if (!c->ready)
			break;
		s = walk_pop(&c->ready);
		if (s->task) {
			task_run(c, s);
			continue;
		}
		pthread_mutex_unlock(&c->lock);
		began = clock_ms();
		r = c->walk->run(c->walk->ctx, s, &s->err);
		s->took_ms = clock_ms() - began;
		pthread_mutex_lock(&c->lock);
		s->status = r < 0 ? FAILED : DONE;
		walk_push(&c->done, s);
		pthread_cond_signal(&c->ended);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void
walk_fail(struct workers *c, const struct error *err)
{
	if (c->result == 0 && c->err)
		*c->err = *err;
	c->result = -1;
}

void
walk_settle(struct workers *c, struct step *first)
{
	struct step *chain = first;

	first->next = NULL;
	while (chain) {
		struct step *s = walk_pop(&chain);

		if (s->status == FAILED && !s->unwanted) {
			walk_fail(c, &s->err);
			c->stop |= !c->walk->keep_going;
		}
		walk_boot_ended(c, s->boot);
		if (c->walk->settled)
			c->walk->settled(c->walk->ctx, s);
		for (size_t i = 0; i < s->nthen; i++) {
			struct step *t = s->then[i];

			/* of the same task: whoever does that one sees to it */
			if (t->task || t->status != WAITING)
				continue;
			if (s->status != DONE) {
				t->status = SKIPPED;
				t->because = s->status == FAILED ? s : s->because;
				walk_push(&chain, t);
			} else if (--t->nwait == 0) {
				walk_await(c, t);
			}
		}
	}
}

/* Has the whole walk been cancelled? */
static void
walk_look_up(struct workers *c)
{
	if (c->cancelled || !c->walk->cancel || !__atomic_load_n(c->walk->cancel, __ATOMIC_RELAXED))
		return;
	c->stop = c->cancelled = true;
	for (size_t i = 0; i < c->plan->n; i++)
		__atomic_store_n(&c->plan->v[i]->cancel, 1, __ATOMIC_RELAXED);
}

/* A step is noted, and the note made durable, before a worker gets it. */
static void
walk_start(struct workers *c)
{
	struct step *batch = NULL, *s;
	struct error err;

	walk_look_up(c);
	walk_call_off(c);
	if (!c->stop)
		batch = walk_pick(c);
	if (c->walk->commit && c->walk->commit(c->walk->ctx, &err) < 0) {
		walk_fail(c, &err);
		c->stop = true;
		while ((s = walk_pop(&batch))) {
			walk_count(c, s, false);
			for (; s; s = s->mate)
				s->status = SKIPPED;
		}
	}
	pthread_mutex_lock(&c->lock);
	while ((s = walk_pop(&batch)))
		walk_push(&c->ready, s);
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
}

/* Collects the steps that ended; waits for at least one, or for a tick or a signal. */
static struct step *
walk_ended(struct workers *c)
{
	struct step *list;
	struct timespec until;
	int ms = c->walk->tick_ms ? c->walk->tick_ms : 200;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&c->lock);
	while (!c->done && os_cond_wait_until(&c->ended, &c->lock, &until) != ETIMEDOUT)
		;
	list = c->done;
	c->done = NULL;
	pthread_mutex_unlock(&c->lock);
	return list;
}

static void
walk(struct workers *c)
{
	struct step *list, *s;

	for (size_t i = 0; i < c->plan->n; i++)
		if (c->plan->v[i]->nwait == 0)
			walk_await(c, c->plan->v[i]);
	walk_start(c);
	while (c->running) {
		list = walk_ended(c);
		if (!list && c->walk->tick && c->walk->tick_ms)
			c->walk->tick(c->walk->ctx);
		while ((s = walk_pop(&list))) {
			walk_count_settled(c, s);
			walk_settle(c, s);
		}
		walk_start(c);
	}
	for (size_t i = 0; i < c->plan->n; i++) {
		if (c->plan->v[i]->status != WAITING)
			continue;
		c->plan->v[i]->status = SKIPPED;
		if (c->result == 0)
			c->result = error_set(c->err, ERR_CANCELLED, "interrupted; run the same command again to go on");
	}
}

int
plan_walk(struct plan *p, const struct walk *w, struct error *err)
{
	struct workers c = { .walk = w, .plan = p, .err = err, .jobs.end = &c.jobs.first, .boots.end = &c.boots.first };
	size_t jobs = w->jobs ? w->jobs : 1, n = 0;
	pthread_t *threads;

	walk_find_boots(&c);
	jobs += w->boots < c.nboot ? w->boots : c.nboot;
	if (jobs > p->n)
		jobs = p->n;
	threads = xcalloc(jobs, sizeof *threads);
	pthread_mutex_init(&c.lock, NULL);
	pthread_cond_init(&c.work, NULL);
	os_cond_init(&c.ended);
	while (n < jobs && !pthread_create(&threads[n], NULL, walk_worker, &c))
		n++;
	if (p->n && !n)
		c.result = error_errno(err, "cannot start a thread");
	else
		walk(&c);
	pthread_mutex_lock(&c.lock);
	c.quit = true;
	pthread_cond_broadcast(&c.work);
	pthread_mutex_unlock(&c.lock);
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	pthread_cond_destroy(&c.work);
	pthread_cond_destroy(&c.ended);
	pthread_mutex_destroy(&c.lock);
	free(threads);
	free(c.pools);
	free(c.boot);
	tasks_free(&c);
	return c.result;
}
