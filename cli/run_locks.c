#include "cli/run_locks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/lock.h"
#include "base/mem.h"
#include "cli/call_off.h"
#include "cli/run.h"
#include "resources/instance_lock.h"

enum { TURNS = 16, TURN_NS = 1000 * 1000 };

void
locks_release(struct locks *l)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].fd >= 0)
			lock_release(l->v[i].fd, l->v[i].path);
		free(l->v[i].path);
	}
	free(l->v);
	*l = (struct locks){ 0 };
}

struct lock_told {
	struct cli *c;
	const struct lock_held *k;
};

static void
lock_say_wait(void *ctx, pid_t holder)
{
	const struct lock_told *t = ctx;

	t->c->env.say(&t->c->env, SAY_INFO, "waiting for another limactl (process %d) that works on %s", (int)holder, t->k->what);
}

/* 1: it is had; 0: somebody has it, and it is not to be waited for. */
static int
lock_try(struct lock_held *k, const struct lock_wait *w, pid_t *holder, struct error *err)
{
	struct error why = { 0 };

	k->fd = lock_take(k->path, w, holder, &why);
	if (k->fd >= 0)
		return 1;
	return !w && why.code == EWOULDBLOCK ? 0 : error_set(err, why.code, "%s", why.msg);
}

static void
locks_let_go(struct locks *l)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].fd >= 0)
			lock_release(l->v[i].fd, l->v[i].path);
		l->v[i].fd = -1;
	}
}

/* The first one that somebody else has, in `*busy`: 0. 1: all are had. */
static int
locks_try_all(struct locks *l, struct lock_held **busy, pid_t *holder, struct error *err)
{
	int had = 1;

	for (size_t i = 0; i < l->n && had == 1; i++) {
		*busy = &l->v[i];
		had = l->v[i].fd >= 0 ? 1 : lock_try(&l->v[i], NULL, holder, err);
	}
	return had;
}

/*
 * While one is waited for none is held: who works on the others is kept waiting by nobody. Two runs that take turns at each other's
 * do not do so in step.
 */
static int
locks_take_all(struct cli *c, struct locks *l, struct error *err)
{
	struct lock_held *k = NULL;
	pid_t holder = 0;
	int had;

	while ((had = locks_try_all(l, &k, &holder, err)) == 0) {
		struct lock_told told = { c, k };
		struct lock_wait w = { .cancel = c->env.cancel, .told = k->told ? NULL : lock_say_wait, .ctx = &told };

		if (cli_bool(c, "no-wait"))
			return error_set(err, EWOULDBLOCK, "another limactl (process %d) is working on %s; wait for it, "
					 "or leave out --no-wait", (int)holder, k->what);
		locks_let_go(l);
		nanosleep(&(struct timespec){ .tv_nsec = (getpid() % TURNS + 1) * TURN_NS }, NULL);
		if (lock_try(k, &w, NULL, err) < 0)
			return -1;
		k->told = true;
	}
	return had < 0 ? -1 : 0;
}

static void
lock_add(struct cli *c, const char *name, const char *what, struct locks *l)
{
	l->v[l->n++] = (struct lock_held){ .fd = -1, .path = instance_lock_path(&c->env, name), .name = name, .what = what };
}

static const char *
lock_thing_name(struct cli *c, const struct host_request *t)
{
	return !strchr(t->name, '/') ? arena_printf(&c->arena, "_%s.%s", t->type, t->name) :
	       arena_printf(&c->arena, "_%s.%016" PRIx64 ".thing", t->type, hash_text(HASH_START, t->name));
}

struct thing_lock {
	const char *name;
	const struct host_request *t;
};

static int
thing_lock_by_name(const void *a, const void *b)
{
	return strcmp(((const struct thing_lock *)a)->name, ((const struct thing_lock *)b)->name);
}

/* In whatever order they were asked for; what is named twice is one. */
static void
lock_things(struct cli *c, const struct run *r, struct locks *l)
{
	auto_free struct thing_lock *v = xcalloc(r->nhost_requests, sizeof *v);

	for (size_t i = 0; i < r->nhost_requests; i++)
		v[i] = (struct thing_lock){ lock_thing_name(c, &r->host_requests[i]), &r->host_requests[i] };
	if (r->nhost_requests)
		qsort(v, r->nhost_requests, sizeof *v, thing_lock_by_name);
	for (size_t i = 0; i < r->nhost_requests; i++)
		if (!i || strcmp(v[i].name, v[i - 1].name) != 0)
			lock_add(c, v[i].name, arena_printf(&c->arena, "%s %s", v[i].t->type, cli_tick(c, v[i].t->name)), l);
	l->nhost_requests = l->n;
}

static void
lock_instance(struct cli *c, const char *name, struct locks *l)
{
	lock_add(c, name, arena_printf(&c->arena, "instance %s", cli_tick(c, name)), l);
}

static void
lock_also(struct cli *c, const struct run *r, struct locks *l)
{
	if (r->also_lock && !l->also)
		lock_instance(c, r->also_lock, l);
	l->also |= r->also_lock != NULL;
}

static int
lock_by_name(const void *name, const void *lock)
{
	return strcmp(name, ((const struct lock_held *)lock)->name);
}

static struct lock_held *
locks_of(const struct locks *l, const char *name)
{
	return bsearch(name, l->v + l->nhost_requests, l->n - l->nhost_requests, sizeof *l->v, lock_by_name);
}

/* What may be ended by whoever wants the instance down: a start of it. */
static void
note_start(const struct run *r, struct request *a, const struct locks *l)
{
	const struct lock_held *k = locks_of(l, a->name);
	int number = l->first + (int)(k - l->v);

	if (a->goal != GOAL_RUNNING || a->caller)
		return;
	a->caller = call_off_caller(number);
	call_off_note(k->fd, number, r->nrequests == 1 && !r->nhost_requests && !r->also_lock);
}

void
locks_note_starts(const struct run *r, const struct locks *l)
{
	for (size_t i = 0; i < r->nrequests; i++)
		note_start(r, &r->requests[i], l);
}

void
locks_over(void *locks, const struct request *a)
{
	struct locks *l = locks;
	struct lock_held *k = locks_of(l, a->name);

	/* A new instance that failed still has to be taken back. */
	if (!k || k->fd < 0 || (l->fresh && !a->over))
		return;
	lock_release(k->fd, k->path);
	k->fd = -1;
}

int
locks_take(struct cli *c, const struct run *r, struct locks *l, struct error *err)
{
	auto_free char *dir = xasprintf("%s/_state", c->env.home);

	if (fs_mkdirs(dir, 0700, err) < 0)
		return -1;
	lock_sweep(dir);
	l->v = xcalloc(r->nrequests + r->nhost_requests + 1, sizeof *l->v);
	call_off_offer(r->nrequests + r->nhost_requests + 1, &l->first);
	lock_things(c, r, l);
	for (size_t i = 0; i < r->nrequests; i++) {
		if (r->also_lock && strcmp(r->also_lock, r->requests[i].name) < 0)
			lock_also(c, r, l);
		lock_instance(c, r->requests[i].name, l);
		r->requests[i].caller = NULL;
	}
	lock_also(c, r, l);
	if (locks_take_all(c, l, err) < 0)
		return -1;
	locks_note_starts(r, l);
	return 0;
}
