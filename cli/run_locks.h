/* cli/run_locks.h - what a run has to itself: its instances, each until it is through, and things that are asked for by themselves. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct request;
struct cli;
struct error;
struct run;

struct locks {
	struct lock_held {
		int fd;			/* -1: not had yet, or let go of, since its instance is through */
		char *path;
		const char *name;	/* of the instance; those of things come before */
		const char *what;	/* "instance `a`" */
		bool told;		/* that it is waited for */
	} *v;
	size_t n, nhost_requests;
	int first;			/* the number by which the first of them is called off */
	bool also;			/* run.also_lock is among them */
	bool fresh;			/* run.made was not there when they were had, and is taken back if it fails */
};

/* None is held while another is waited for, so nobody waits because of it. Each start is one that can be called off. */
int locks_take(struct cli *c, const struct run *r, struct locks *l, struct error *err);
/* Of an instance that is to be as it was last asked to be, it is known late that it is being started. */
void locks_note_starts(const struct run *r, const struct locks *l);
/* An instance is through (engine_walk.over): nobody waits for the others because of it. */
void locks_over(void *locks, const struct request *a);
void locks_release(struct locks *l);
