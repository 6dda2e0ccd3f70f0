/*
 * reconciler/env.h - where things are, and what every step may ask of its run.
 *
 * One per run, made by cli/, read-only for everybody else (but for `cancel`).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct buf;
struct resource;

enum level { SAY_DEBUG, SAY_INFO, SAY_WARN, SAY_ERROR };

struct env {
	const char *home;	/* $LIMA_HOME, its symbolic links resolved */
	const char *cache;	/* download cache: ~/.cache/lima */
	const char *libexec;	/* PREFIX/libexec/lima: host agent and other helpers */
	const char *share;	/* PREFIX/share/lima: guest agents, templates */
	const char *program;	/* our own executable, as in /proc/self/exe */
	const char *version;	/* of us */
	bool debug;

	/* Set by the first Ctrl-C: waits end with ERR_CANCELLED, short steps finish. */
	volatile int *cancel;

	/* Tells how far a step is; from any thread; total 0: unknown. */
	void (*progress)(const struct env *env, const struct resource *r, uint64_t done_bytes, uint64_t total_bytes);
	/* One line of talk for the user, from any thread. */
	void (*say)(const struct env *env, enum level level,
		    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
	void *ctx;		/* of the two above */
	/* A text without what a configuration calls secret, for what is kept; from any thread. NULL: nothing is secret. */
	void (*conceal)(const void *secrets, const char *text, struct buf *out);
	const void *secrets;

	long long deadline_ms;	/* of the whole run, in CLOCK_MONOTONIC; 0: none. `cancel` is set soon after it */
	int ready_timeout_s;	/* how long a guest may take to answer; 0: the default, 600 */
	int stop_timeout_s;	/* how long one may take to shut down; 0: the default, 180 */
	bool offline;		/* nothing may be downloaded */
	bool fetches_ahead;	/* for a later run that may not: what is downloaded is kept in the cache, templates too */
	int64_t run;		/* the number of the run in the journal, for a step; 0: none is known */
	bool force;		/* `stop --force`, `delete --force`: no graceful shutdown */
};
