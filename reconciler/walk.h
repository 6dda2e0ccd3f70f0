/*
 * reconciler/walk.h - through the steps of a plan, several at a time.
 *
 * The only code that knows of threads. apply, plan and drawing the graph are
 * walks with another run(). Workers touch their step and its resource only;
 * everything else is called in the caller's thread.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "reconciler/plan.h"

struct error;

struct walk {
	size_t jobs;			/* steps at the same time; 0 is 1 */
	/*
	 * Instances that boot at the same time: from the first step up of a type that boots to the end of the last one. Those
	 * steps do not count as jobs: a guest that is waited for keeps nothing else from going on. 0: no bound, and they are jobs.
	 */
	size_t boots;
	bool keep_going;		/* after a failure start what does not depend on it */
	const volatile int *cancel;	/* non-zero: start nothing more; or NULL */
	int tick_ms;			/* how often tick() is called while steps run; 0: never */
	void *ctx;

	/*
	 * Does nobody want that step any more? Asked anew whenever *calls has changed. Such steps are skipped, and
	 * s->cancel is set of one that runs; what only they wait for goes with them, and the others go on.
	 */
	bool (*is_unwanted)(void *ctx, const struct step *s);
	const volatile int *calls;	/* or NULL */

	/* Do one step, in a worker thread. It is to end soon once s->cancel is set, as it is of all when the walk is cancelled. */
	int (*run)(void *ctx, struct step *s, struct error *err);
	/*
	 * Are both begun together, as one task? Steps that could start at the same time are, and with them those that wait for nothing but
	 * these. Each is mates with itself, or has none; it is an equivalence. NULL: nothing has mates.
	 */
	bool (*are_mates)(void *ctx, const struct step *a, const struct step *b);
	/* Do them all, in a worker thread: `first`, and along `mate`. What of each came of it is said by walk_step_over(), or is that of the whole. */
	int (*run_together)(void *ctx, struct step *first, struct error *err);
	/* Before and after a step (after: also a skipped one), in the caller's thread; may be NULL. */
	void (*starting)(void *ctx, struct step *s);
	void (*settled)(void *ctx, struct step *s);
	/*
	 * Make durable what the last calls of the two above noted, before workers go on:
	 * one transaction for several steps. A failure stops the walk.
	 */
	int (*commit)(void *ctx, struct error *err);
	void (*tick)(void *ctx);	/* for a live display */
	/*
	 * For one more step beside the first: may it start now, and it is over. In the caller's thread; NULL: it may. Asked again
	 * when a step is over, and every 200 ms.
	 */
	bool (*take)(void *ctx);
	void (*give)(void *ctx);
};

/*
 * One step of a task is over, while others may go on: DONE; FAILED, with s->err; or SKIPPED, since one of the same task failed. In the
 * thread that runs them; a second time it does nothing.
 */
void walk_step_over(struct step *s, enum step_status status);

/*
 * Runs each step once all it waits for are DONE. What stands behind a failed step
 * is SKIPPED. Fails with the first error; ERR_CANCELLED if cancelled. What nobody wanted any more
 * is no failure of the walk: who called it off knows.
 */
int plan_walk(struct plan *p, const struct walk *w, struct error *err);
