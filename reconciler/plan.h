/*
 * reconciler/plan.h - from a graph to ordered steps.
 *
 * plan_make() is a pure function of the graph: no clock, no files, no database,
 * so a plan is tested from text (tests/plan). It is linear in nodes and edges.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "reconciler/graph.h"
#include "reconciler/reason.h"

struct resource;

enum verb { REMOVE, ENSURE };

struct step {
	struct resource *res;
	enum verb verb;
	struct reason why;
	bool after;		/* it goes behind what is changed in place and let go of it, so that does not wait for it */
	bool live;		/* who needs it fresh stays up, and what changes is changed under it */

	/* the walk's (walk.h) */
	struct step **then;	/* the steps that wait for this one */
	size_t nthen, then_cap, nwait;
	enum step_status { WAITING, RUNNING, DONE, FAILED, SKIPPED } status;
	long long took_ms;	/* when DONE or FAILED */
	struct error err;	/* when FAILED */
	const struct step *because;	/* when SKIPPED: the failed one that it stands behind; NULL: it was just not begun */
	struct facts have;	/* what ensure() found, when DONE */
	struct arena arena;	/* of `have`: the worker's, no other thread's */
	struct step *next;
	struct task *task;	/* it is begun with others; NULL: by itself, or not yet */
	struct step *mate;	/* the next one of its task */
	size_t within;		/* of what it waits for, as much is in the task that is just put together */
	struct boot *boot;	/* of its instance; NULL: it is no part of one */
	size_t place;		/* in plan->v */
	volatile int cancel;	/* non-zero: what it waits for is not waited for any more */
	bool unwanted;		/* its instance was called off, or all that needs it */
};

struct plan {
	struct step **v;
	size_t n, cap;
};

/*
 * The whole ordering rule: what stands on a thing comes down before the thing
 * is touched, what needs it goes up after, and down comes before up. Downs
 * follow the recorded edges and ups the declared ones, so this has no cycle
 * unless the declared needs have.
 *
 * Fails with ERR_REFUSED when an attribute cannot be changed or a precious thing
 * would go unasked, with ERR_INVALID for a cycle: `wrong` of each resource that it is
 * about says why, and `err` has the first. Steps live in the graph's arena.
 */
int plan_make(struct graph *g, struct plan *p, struct error *err);
void plan_release(struct plan *p);

/* How a resource's verdict is shown; derived from its two steps. */
enum sign { SIGN_NONE, SIGN_CREATE, SIGN_CHANGE, SIGN_REMAKE, SIGN_REMOVE };
enum sign resource_sign(const struct resource *r);
/* Does `want` differ from `have` in this attribute, and what would that cost? COST_NONE: no difference that counts. */
enum cost attr_differs(const struct resource *r, const struct attr *a);
