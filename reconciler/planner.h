/*
 * reconciler/planner.h - the planner at work, shared by the parts of it; who wants a plan includes plan.h.
 *
 *	plan.c         what is to become of each resource by itself
 *	plan_spread.c  what follows from that for those who need it
 *	plan_order.c   which step goes behind which, and that there is no circle
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "reconciler/plan.h"

/*
 * Who needs whom, the other way round: for resource i (its mark), users[first[i]] to
 * users[first[i + 1]] are the edges that end in it.
 */
struct dependant {
	struct resource *from;
	enum need need;
	bool declared;
};

struct planner {
	struct graph *g;
	struct plan *p;
	size_t *first;
	struct dependant *users;
	struct resource **queue;	/* touched, and those who need them not yet told */
	size_t nqueue, queue_cap;
	struct error *err;
	bool refused;
};

/* --- plan.c */
/* Planning goes on, so that all that is wrong is found at once. */
int plan_refuse(struct planner *m, struct resource *r, const struct error *why);
int plan_set_step(struct planner *m, struct step **slot, struct resource *r, enum verb verb, struct reason why);
int plan_remake(struct planner *m, struct resource *r, struct reason why);
/* Decides what must happen to `r` for its own sake. */
int plan_decide(struct planner *m, struct resource *r);

/* --- plan_spread.c */
/* Users are indexed by the resource they need: counted, then placed, so that no resource has a list of its own. */
void plan_index_users(struct planner *m);
/* A resource is queued once for its way down and once for its way up. */
int plan_spread(struct planner *m);
void plan_drop_idle(struct planner *m);

/* --- plan_order.c */
/* What is changed in place lets go of a thing of its instance before that goes: a machine of the lease of a disk. */
void plan_let_go(struct resource *r);
void plan_order(struct resource *r);
/* Kahn's algorithm; leaves the steps sorted so that each stands behind what it waits for */
int plan_sort(struct planner *m);
