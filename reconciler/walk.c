#include "reconciler/walk.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/os/thread.h"

/*
 * The caller owns the queues (steps that could start) and decides what starts;
 * workers take from `ready` and give back through `done`.
 */
struct pool {
	const struct resource_type *type;
	size_t running;
};

/* What is left of an instance's way up. */
struct boot {
	const char *owner;
	size_t left;		/* steps */
	bool held;		/* it has one of the places */
};

struct queue {
	struct step *first, **end;
};

struct workers {
	const struct walk *walk;
	struct plan *plan;
	struct queue jobs, boots;	/* steps that could start */
	size_t running, njobs, nbooting, tokens;
	struct boot *boot;
	size_t nboot;
	struct pool *pools;
	size_t npools, pools_cap;
	bool stop;			/* start nothing more */
	bool cancelled;
	int calls;			/* as many were called off when that was looked at last */
	struct error *err;
	int result;

	pthread_mutex_t lock;
	pthread_cond_t work, ended;		/* there is something to do; something was done */
	struct step *ready, *done;
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

static void
walk_await(struct workers *c, struct step *s)
{
	struct queue *q = s->boot ? &c->boots : &c->jobs;

	s->next = NULL;
	*q->end = s;
	q->end = &s->next;
}

static void
boot_ended(struct workers *c, struct boot *b)
{
	if (!b || --b->left || !b->held)
		return;
	b->held = false;
	c->nbooting--;
}

static int
boot_by_owner(const void *a, const void *b)
{
	return strcmp((*(struct step *const *)a)->res->owner, (*(struct step *const *)b)->res->owner);
}

/* The steps of each instance's boot, together. */
static void
boots_find(struct workers *c)
{
	struct plan *p = c->plan;
	struct step **v = xcalloc(p->n + 1, sizeof *v);
	size_t n = 0;

	for (size_t i = 0; c->walk->boots && i < p->n; i++)
		if (p->v[i]->verb == ENSURE && p->v[i]->res->type->boots && *p->v[i]->res->owner)
			v[n++] = p->v[i];
	if (n)
		qsort(v, n, sizeof *v, boot_by_owner);
	c->boot = xcalloc(n + 1, sizeof *c->boot);
	for (size_t i = 0; i < n; i++) {
		if (!i || boot_by_owner(&v[i - 1], &v[i]) != 0)
			c->boot[c->nboot++].owner = v[i]->res->owner;
		v[i]->boot = &c->boot[c->nboot - 1];
		v[i]->boot->left++;
	}
	free(v);
}

/* A step that is over releases, or skips, those behind it; skipping is a chain without recursion. */
static void
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
		boot_ended(c, s->boot);
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
may_start(struct workers *c, const struct step *s)
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

static void
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

/* Moves as many steps from a queue to `batch` as there is room for. */
static void
walk_pick_from(struct workers *c, struct queue *q, struct step **batch)
{
	struct step **at = &q->first;
	size_t jobs = c->walk->jobs ? c->walk->jobs : 1;

	while (*at && (q == &c->boots || c->njobs < jobs)) {
		struct step *s = *at;

		if (!may_start(c, s)) {
			at = &s->next;
			continue;
		}
		if (!(*at = s->next))
			q->end = at;
		s->status = RUNNING;
		walk_count(c, s, true);
		if (c->walk->starting)
			c->walk->starting(c->walk->ctx, s);
		walk_push(batch, s);
	}
}

static struct step *
walk_pick(struct workers *c)
{
	struct step *batch = NULL;

	walk_pick_from(c, &c->boots, &batch);
	walk_pick_from(c, &c->jobs, &batch);
	return batch;
}

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

/* Has somebody called off a part of the walk since? */
static void
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
	struct workers c = { .walk = w, .plan = p, .err = err, .jobs.end = &c.jobs.first, .boots.end = &c.boots.first };
	size_t jobs = w->jobs ? w->jobs : 1, n = 0;
	pthread_t *threads;

	boots_find(&c);
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
	return c.result;
}
