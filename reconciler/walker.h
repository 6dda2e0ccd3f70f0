/*
 * reconciler/walker.h - the walk at work, shared by the parts of it; who wants a plan walked includes walk.h.
 *
 *	walk.c           workers, and what follows from a step that is over
 *	walk_pick.c      which of the steps that could start does: limits of types, of boots, of a jobserver
 *	walk_task.c      steps that one worker does together
 *	walk_call_off.c  an instance that is called off while others go on
 */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "reconciler/walk.h"

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

/* Steps that one worker does together. */
struct task {
	struct workers *workers;
	size_t left;		/* that are not settled yet */
	long long began;
	struct task *next;
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
	struct task *tasks;		/* all there were */
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

/* --- walk.c */
void walk_push(struct step **list, struct step *s);
struct step *walk_pop(struct step **list);
/* A step that is over releases, or skips, those behind it; skipping is a chain without recursion. */
void walk_settle(struct workers *c, struct step *first);

/* --- walk_pick.c */
void walk_await(struct workers *c, struct step *s);
void walk_boot_ended(struct workers *c, struct boot *b);
/* The steps of each instance's boot, together. */
void walk_find_boots(struct workers *c);
void walk_count(struct workers *c, const struct step *s, bool started);
struct step *walk_pick(struct workers *c);
/* The place of a step, or of all its task, is free. */
void walk_count_settled(struct workers *c, struct step *s);

/* --- walk_task.c */
/* `first` was taken out of the queue, and is running: all that go with it, along `mate`. */
void task_make(struct workers *c, struct queue *q, struct step *first);
/* In a worker, with the lock held, which it lets go while it runs. */
void task_run(struct workers *c, struct step *first);
void tasks_free(struct workers *c);

/* --- walk_call_off.c */
/* Has somebody called off a part of the walk since? */
void walk_call_off(struct workers *c);
