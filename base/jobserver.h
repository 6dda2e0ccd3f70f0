/*
 * base/jobserver.h - GNU make's jobserver: how many things may go on at a time under one make.
 *
 * Who was started by `make -jN` may do one thing, and one more for each byte that it takes out of make's pipe and puts back
 * when it is done. Both forms are known: a fifo by its name, and a pipe by its two inherited descriptors (which make hands on to
 * recipes with a `+` or $(MAKE) in them only). GNU make's manual, "Job Slots". Nothing here waits.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { JOBSERVER_MAX = 256 };		/* bytes that are held at a time */

struct jobserver {
	bool joined;
	int in, out;
	char held[JOBSERVER_MAX];	/* what was taken is what is put back */
	size_t nheld;
};

/* By $MAKEFLAGS. False: there is none. */
bool jobserver_join(struct jobserver *j);
bool jobserver_take(struct jobserver *j);	/* false: not now */
void jobserver_give(struct jobserver *j);
void jobserver_release(struct jobserver *j);	/* gives back all */
