#include "reconciler/step_locks.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"
#include "reconciler/env.h"
#include "reconciler/plan.h"

/* Names are URLs and paths, too. Two of one number share a lock, which costs no more than a wait. */
static void
add_lock(struct step_locks *l, const struct env *env, const struct resource *r, bool alone)
{
	if (r->type->lifetime == OWNED)
		return;
	GROW(l->v, l->n, l->cap);
	l->v[l->n++] = (struct step_lock){
		.path = xasprintf("%s/_state/_%s.%016" PRIx64 ".lock", env->home, r->type->name, hash_text(HASH_START, r->name)),
		.r = r, .alone = alone, .fd = -1,
	};
}

/* Of one path, the exclusive lock comes first. */
static int
step_locks_by_path(const void *a, const void *b)
{
	const struct step_lock *x = a, *y = b;
	int c = strcmp(x->path, y->path);

	return c ? c : y->alone - x->alone;
}

struct wait_told {
	const struct env *env;
	const struct resource *r;
};

static void
step_locks_tell_wait(void *ctx, pid_t holder)
{
	const struct wait_told *t = ctx;

	t->env->say(t->env, SAY_INFO, "waiting for another limactl (process %d) that works with %s %s", (int)holder, t->r->type->name,
		    t->r->name);
}

static int
take_one(struct step_lock *k, const struct env *env, struct error *err)
{
	struct wait_told told = { env, k->r };
	struct lock_wait w = { .cancel = env->cancel, .shared = !k->alone, .told = step_locks_tell_wait, .ctx = &told };

	k->fd = lock_take(k->path, &w, NULL, err);
	return k->fd < 0 ? -1 : 0;
}

int
step_locks_take(struct step_locks *l, const struct env *env, const struct step *s, const struct resource *alone, struct error *err)
{
	const struct resource *r = s->res;

	add_lock(l, env, r, true);
	for (size_t i = 0; i < r->nneeds; i++)
		add_lock(l, env, r->needs[i].to, r->needs[i].to == alone);
	for (size_t i = 0; i < r->nstands_on; i++)
		add_lock(l, env, r->stands_on[i].to, false);
	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, step_locks_by_path);
	for (size_t i = 0; i < l->n; i++) {
		if (i && !strcmp(l->v[i].path, l->v[i - 1].path))
			continue;
		if (take_one(&l->v[i], env, err) < 0) {
			step_locks_release(l);
			return -1;
		}
	}
	return 0;
}

void
step_locks_release(struct step_locks *l)
{
	while (l->n) {
		struct step_lock *k = &l->v[--l->n];

		if (k->fd >= 0)
			lock_release(k->fd, k->path);
		free(k->path);
	}
	free(l->v);
	*l = (struct step_locks){ 0 };
}
