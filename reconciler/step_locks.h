/*
 * reconciler/step_locks.h - shared things are locked for as long as a step touches them.
 *
 * A step on a shared resource has its lock alone; a step of what needs one, or stands on one, has it together with
 * others. All locks of a step are taken in one order, by the name of their file, so that no two steps, of whatever
 * process, wait for each other; and nothing but a step holds one.
 */
#pragma once
#include <stddef.h>
#include "base/lock.h"

struct env;
struct error;
struct step;

struct step_locks {
	struct step_lock {
		char *path;
		const struct resource *r;
		bool alone;
		int fd;
	} *v;
	size_t n, cap;
};

struct resource;

/* For a worker thread. `alone`: one of what the step needs, which is locked as if the step were on it; or NULL. A wait is told, and ends with env->cancel. */
int step_locks_take(struct step_locks *l, const struct env *env, const struct step *s, const struct resource *alone, struct error *err);
void step_locks_release(struct step_locks *l);
