/*
 * resources/ran.h - what is run as a thing of its own, and how that went: what `provision`, `probe` and `playbook` have in common.
 *
 * Each is an entry of a list of lima.yaml, NAME:N, has run in one run of the machine, and leaves a record (provision_record.h).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/facts.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"

struct arena;
struct buf;
struct error;

#define RAN_BY_BOOT "by the boot"
#define RAN_BY_STEP "by an apply"

/* The attributes that all of them have: of what it was made, how it ended, and when. */
#define RAN_COMPARED \
	{ .name = "inputs", .cost = COST_UPDATE, .judge = judge_known_update, .show = SHOW_DIGEST }, \
	{ .name = "status", .cost = COST_UPDATE, .judge = judge_known_update }
#define RAN_TOLD \
	{ .name = "written in", .cost = COST_NONE }, \
	{ .name = "ran", .cost = COST_NONE }, \
	{ .name = "at", .cost = COST_NONE }, \
	{ .name = "took", .cost = COST_NONE }

/* Which entry of its list it is: N of NAME:N. */
size_t ran_index(const struct resource *r);
/* The run of the machine that there is now; NULL: it does not run. */
int ran_machine(const struct env *env, const struct resource *r, struct arena *a, const char **run, struct error *err);
/* Do these facts tell of that run? */
bool ran_in(const struct facts *f, const char *run);
/*
 * What is known of one whose inputs are `id` (NULL: it is not wanted): in the machine that there is now it has run as it is, and `record` and
 * `have` tell how; or as it was before it changed, as `have` tells already; or not at all, and `have` is emptied. -1: nobody knows.
 */
enum ran_is { RAN_ON_NO_MACHINE, RAN_NOT, RAN_BEFORE, RAN_NOW };
int ran_observe(const struct env *env, const struct resource *r, const char *id, struct facts *record, struct facts *have, struct arena *a,
		struct error *err);
/* Is the machine that it ran on to come down in this plan? Then what is known of it goes by itself. */
bool ran_falls(const struct resource *r);

/* The facts of one of which there is a record. */
void ran_tell(const struct facts *record, const struct resource *r, const char *id, struct facts *have, struct arena *a);
/* That it is being run, so that one that does not come to its end is known. */
int ran_begin(const struct env *env, const struct resource *r, const char *id, const char *run, const char *by, struct facts *record,
	      struct arena *a, struct error *err);
/* How it ended. `log` NULL: nobody knows what it said. */
int ran_keep(const struct env *env, const struct resource *r, const char *id, struct facts *record, int status, long long took_ms,
	     const struct buf *log, struct arena *a, struct error *err);
/* A record of the boot's, which has no beginning of its own. */
void ran_by_boot(struct facts *record, const char *run, struct arena *a);

/* What it is to the user: `what` is its entry, "provision[0]", `kind` a word or several about it. */
struct ran_entry {
	const char *what, *kind, *place;
	bool degraded;		/* its failure leaves a machine that is not as it should be */
};
/* What it was, where it stands, how it ended and its last word in one line; if it said more, the end of that in lines behind it. -1. */
int ran_tell_failure(const struct resource *r, const struct ran_entry *e, const struct facts *record, const struct buf *log, struct error *err);
