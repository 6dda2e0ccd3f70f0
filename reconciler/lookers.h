/*
 * reconciler/lookers.h - looking in processes of their own, so that what does not answer delays only itself.
 *
 * A stat on a hung mount cannot be called off: the process that makes it stays until the mount answers, and nobody can
 * end it. So looks are made by children, in groups that they take from one counter. One that has not got on for
 * `slow_ms` is left to its group, and another child goes on with the rest; after `deadline_ms` it is killed, as far
 * as that goes, and its group is lost. Such a child keeps nothing of ours: no lock, no terminal, no pipe that somebody
 * waits for. Where nothing hangs that is one fork, or two for a large plan, which are done in half the time.
 *
 * Knows nothing of resources. Not for a process with threads.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;

/* Where a child is, in memory that it shares: it gets on while this changes. Nobody reads more than that out of it. */
typedef _Atomic uint32_t looker_place;

struct looking {
	size_t ngroups;
	size_t workers;			/* children at the beginning; more when some are slow */
	int slow_ms, deadline_ms;	/* of a single place; deadline_ms 0: all in this process, and without one */
	const volatile int *cancel;
	void *ctx;
	/* In a child: looks at a group, says where it is, and appends what is to be told; nothing: all is as it was known. */
	void (*look)(void *ctx, size_t group, looker_place *at, struct buf *out);
	/* In the caller's process, in the order of the groups: what was told. -1: it makes no sense. */
	int (*told)(void *ctx, size_t group, const char *p, size_t len);
	/* The same of one that is lost: where it was, and for how long; 0 ms: the child died there. */
	void (*lost)(void *ctx, size_t group, uint32_t at, int after_ms);
};

/* Each group is told or lost, once. -1: nothing could be started, or ERR_CANCELLED. */
int lookers_run(const struct looking *l, struct error *err);
