#include "reconciler/walk.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

/*
 * The caller owns `waiting` (steps that could start) and decides what starts;
 * workers take from `ready` and give back through `over`.
 */
struct pool {
	const struct resource_type *type;
	size_t running;
};

struct crew {
	const struct walk *walk;
	struct plan *plan;
	struct step *waiting, **waiting_end;
	size_t running;
	struct pool *pools;
	size_t npools, pools_cap;
	bool stop;			/* start nothing more */
	bool cancelled;
	int calls;			/* as many were called off when that was looked at last */
	struct error *err;
	int result;

	pthread_mutex_t lock;
	pthread_cond_t work, news;
	struct step *ready, *over;
	bool quit;
};

static void
walk_push(struct step **list, struct step *s)
{
	s->next = *list;
	*list = s;
}

static struct step *
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
	struct crew *c = arg;
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
		pthread_mutex_unlock(&c->lock);
		began = clock_ms();
		r = c->walk->run(c->walk->ctx, s, &s->err);
		s->took_ms = clock_ms() - began;
		pthread_mutex_lock(&c->lock);
		s->status = r < 0 ? FAILED : DONE;
		walk_push(&c->over, s);
		pthread_cond_signal(&c->news);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void
walk_fail(struct crew *c, const struct error *err)
{
	if (c->result == 0 && c->err)
		*c->err = *err;
	c->result = -1;
}

static void
walk_await(struct crew *c, struct step *s)
{
	s->next = NULL;
	*c->waiting_end = s;
	c->waiting_end = &s->next;
}

/* A step that is over releases, or skips, those behind it; skipping is a chain without recursion. */
static void
walk_settle(struct crew *c, struct step *first)
{
	struct step *chain = first;

	first->next = NULL;
	while (chain) {
		struct step *s = walk_pop(&chain);

		if (s->status == FAILED && !s->unwanted) {
			walk_fail(c, &s->err);
			c->stop |= !c->walk->keep_going;
		}
		if (c->walk->settled)
			c->walk->settled(c->walk->ctx, s);
		for (size_t i = 0; i < s->nthen; i++) {
			struct step *t = s->then[i];

			if (t->status != WAITING)
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

/* Running steps are counted for each type that has a limit; such types are few. */
static size_t *
walk_pool(struct crew *c, const struct resource_type *type)
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
may_start(struct crew *c, const struct step *s)
{
	return !s->res->type->at_once || *walk_pool(c, s->res->type) < s->res->type->at_once;
}

static void
walk_count(struct crew *c, const struct step *s, bool started)
{
	c->running += started ? 1 : -1;
	if (s->res->type->at_once)
		*walk_pool(c, s->res->type) += started ? 1 : -1;
}

/* Moves as many steps from `waiting` to `batch` as there is room for. */
static struct step *
walk_pick(struct crew *c)
{
	struct step **at = &c->waiting, *batch = NULL;
	size_t jobs = c->walk->jobs ? c->walk->jobs : 1;

	while (*at && c->running < jobs) {
		struct step *s = *at;

		if (!may_start(c, s)) {
			at = &s->next;
			continue;
		}
		if (!(*at = s->next))
			c->waiting_end = at;
		s->status = RUNNING;
		walk_count(c, s, true);
		if (c->walk->starting)
			c->walk->starting(c->walk->ctx, s);
		walk_push(&batch, s);
	}
	return batch;
}

/* A shared thing that something waits for, and nothing that is wanted. */
static bool
walk_is_needless(const struct step *s)
{
	for (size_t i = 0; i < s->nthen; i++)
		if (!s->then[i]->unwanted)
			return false;
	return s->nthen > 0 && s->verb == ENSURE && s->res->type->shared;
}

/* With the lock held. What is behind a step comes first, mostly; else another round finds it. */
static void
walk_mark_unwanted(struct crew *c)
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
walk_give_up(struct crew *c)
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

/* Has somebody called off a part of the walk since? */
static void
walk_call_off(struct crew *c)
{
	int calls = c->walk->calls ? __atomic_load_n(c->walk->calls, __ATOMIC_ACQUIRE) : 0;
	struct step **at = &c->waiting, *skipped, *s;

	if (calls == c->calls)
		return;
	c->calls = calls;
	pthread_mutex_lock(&c->lock);
	walk_mark_unwanted(c);
	while (*at)
		if ((*at)->unwanted)
			*at = (*at)->next;
		else
			at = &(*at)->next;
	c->waiting_end = at;
	skipped = walk_give_up(c);
	pthread_mutex_unlock(&c->lock);
	while ((s = walk_pop(&skipped)))
		walk_settle(c, s);
}

/* Has the whole walk been cancelled? */
static void
walk_look_up(struct crew *c)
{
	if (c->cancelled || !c->walk->cancel || !__atomic_load_n(c->walk->cancel, __ATOMIC_RELAXED))
		return;
	c->stop = c->cancelled = true;
	for (size_t i = 0; i < c->plan->n; i++)
		__atomic_store_n(&c->plan->v[i]->cancel, 1, __ATOMIC_RELAXED);
}

/* A step is noted, and the note made durable, before a worker gets it. */
static void
walk_start(struct crew *c)
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
			s->status = SKIPPED;
			walk_count(c, s, false);
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
walk_ended(struct crew *c)
{
	struct step *list;
	struct timespec until;
	int ms = c->walk->tick_ms ? c->walk->tick_ms : 200;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&c->lock);
	while (!c->over && pthread_cond_timedwait(&c->news, &c->lock, &until) != ETIMEDOUT)
		;
	list = c->over;
	c->over = NULL;
	pthread_mutex_unlock(&c->lock);
	return list;
}

static void
walk(struct crew *c)
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
			walk_count(c, s, false);
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
	struct crew c = { .walk = w, .plan = p, .err = err, .waiting_end = &c.waiting };
	size_t jobs = w->jobs ? w->jobs : 1, n = 0;
	pthread_t *crew;
	pthread_condattr_t attr;

	if (jobs > p->n)
		jobs = p->n;
	crew = xcalloc(jobs, sizeof *crew);
	pthread_mutex_init(&c.lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c.work, NULL);
	pthread_cond_init(&c.news, &attr);
	while (n < jobs && !pthread_create(&crew[n], NULL, walk_worker, &c))
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
		pthread_join(crew[i], NULL);
	pthread_cond_destroy(&c.work);
	pthread_cond_destroy(&c.news);
	pthread_condattr_destroy(&attr);
	pthread_mutex_destroy(&c.lock);
	free(crew);
	free(c.pools);
	return c.result;
}
