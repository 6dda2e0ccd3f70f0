/*
 * reconciler/engine.h - from what is asked of instances to a plan, and through it.
 *
 * engine_prepare() declares, remembers, looks and plans; engine_apply() walks and
 * keeps the database. It knows no type: they come as a table.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "reconciler/env.h"
#include "reconciler/plan.h"
#include "reconciler/resource.h"
#include "state/desired/spec/spec.h"

struct error;
struct state;

/* What a command wants besides, in an attribute that is wanted once (resource.h). */
struct want {
	const char *type;	/* of which resource of the instance; of a thing: unused */
	const char *attr, *value;
};

/* What is to become of one instance. */
struct request {
	const char *name;
	size_t place;		/* among the others, as they were asked for: so they are declared, planned and shown */
	enum goal goal;
	bool keep_goal;		/* as it was last asked to be; as it is, if nobody ever asked */
	struct spec *spec;	/* given (apply FILE), or NULL: that of its folder; owned by the caller */
	const char *text_was;	/* `spec` is a change of what its lima.yaml said, which was this; or NULL. Whoever takes the locks looks whether it does */
	bool restart;		/* what runs of it anew */
	bool reset;		/* factory-reset: all of it anew but its configuration */
	bool may_lose;		/* delete, factory-reset: its precious things may go */
	/*
	 * A delete of it that was begun and did not end may be met: with keep_goal it is gone on with, and the plan
	 * shows that; with another goal what is left is kept. Without this it is an error.
	 */
	bool meets_delete;
	bool may_be_gone;	/* nobody named it, it was only there: if it is deleted meanwhile it is left out */
	/*
	 * Touch its resource of this type alone: `protect`, or an edit of a running
	 * instance. The next plan sees what the rest lacks.
	 */
	const char *only;
	bool again;		/* ... and take a step on that, though it is as wanted */
	enum { AS_FOUND, TO_BE_THERE, TO_BE_AWAY } only_is;	/* ... and this is to become of it, if its type is as found */
	const struct want *wants;
	size_t nwants;
	struct facts how;	/* parameters of this run, for each of its resources; borrowed */
	const volatile int *caller;	/* becomes the process that calls this off while it is done, alone of all; or NULL */

	/* the engine's */
	struct spec *loaded;
	char *stamp;		/* recorded: what is declared from records is of that lima.yaml, which is looked at with the rest */
	bool recalled;		/* there is a record of it */
	bool half_deleted;	/* and that says that it was to be deleted */
	struct error *wrong;	/* why it was left out of the plan */
	bool declared;		/* from a spec, not from records */
	bool reread;		/* what was recorded of it did not do */
	bool over;		/* it is as asked, and recorded so */
	bool peeked;		/* its folder answers */
	bool gone;		/* it may be, and is */
};

/* 0: nobody has called it off */
static inline int
request_caller(const struct request *a)
{
	return a->caller ? __atomic_load_n(a->caller, __ATOMIC_RELAXED) : 0;
}

/* What is to become of a host-wide resource that is asked for by itself: `disk create`. */
struct host_request {
	const char *type, *name;
	bool wanted;
	bool may_lose;
	enum if_used if_used;
	bool again;		/* a step on it though it is as wanted */
	const struct want *wants;
	size_t nwants;
	struct facts how;	/* parameters of this run; borrowed */
	const struct host_request *on;	/* another one that it is part of, which goes behind it; or NULL */
};

/* What is to become of one resource of the plan, by its address (address.h). */
struct aim {
	const char *address;
	enum { AIM_TARGET, AIM_REPLACE } how;	/* it, and what it needs, and nothing else; or made anew */
	bool may_lose;				/* AIM_REPLACE: though it is precious */
};

struct engine {
	const struct env *env;
	const struct resource_type *const *types;	/* NULL-terminated */
	struct state *state;
	const struct spec_opts *spec_opts;
	enum goal (*as_it_is)(const struct env *env, const char *instance);	/* running or not, by looking */
	/* All instances of this home, sorted by name; NULL: what no row knows needs nothing. */
	int (*each_instance)(const struct env *env, int (*tell)(void *ctx, const char *name), void *ctx, struct error *err);

	const char *beside;	/* one more instance that is used, and must not be half deleted; or NULL */
	bool partial;		/* plan the rest when something is wrong with some of the instances */
	/*
	 * How long a look may take, in ms. What has not answered by then is unknown (wrong->code is ETIMEDOUT): its
	 * instance is left as it is, and the rest is planned, `partial` or not. 0: for ever, and all is looked at in this process.
	 */
	int look_ms;
	bool hung;		/* something did not answer: nothing else is waited for as long again */

	struct request *requests;
	size_t nrequests;
	size_t nwrong;		/* those that were left out stand behind the others */
	size_t ngone;		/* and behind these those that are no more */
	bool met_delete;	/* it failed since somebody's delete did not end, or is being done just now */
	const struct host_request *host_requests;	/* set before engine_prepare() */
	size_t nhost_requests;
	const struct aim *aims;		/* likewise */
	size_t naims;
	bool only_downloads;		/* of all that is to be done, only what it needs of the network: what is asked of instances is not begun, nor noted */
	struct graph graph;
	struct plan plan;
	char *common_stamp;
	int64_t run;
};

/*
 * Fills engine->graph and engine->plan for `requests` (sorted by name here, borrowed until engine_release). A
 * lima.yaml that did not change since the last apply is not read again. Nothing is
 * written. Call with the instances' locks held if the plan is to be walked.
 *
 * One that cannot be read, looked at or planned spoils its own plan: with `partial` it moves behind the others, to
 * requests[nrequests] and on, with `wrong` set, and the others are planned. It fails when it is the only one, or without
 * `partial`.
 */
int engine_prepare(struct engine *e, struct request *requests, size_t n, struct error *err);
void engine_release(struct engine *e);
/* What is asked of that instance, or NULL. */
struct request *engine_request(const struct engine *e, const char *name);
/* The requests by their place, ending at NULL; to free. Those that were left out of the plan are not among them. */
struct request **engine_in_order(const struct engine *e);
/* Neither a step to take nor a record to write? */
bool engine_is_settled(struct engine *e);

struct engine_walk {
	size_t jobs, boots;	/* as in walk.h */
	bool keep_going;
	int tick_ms;
	void *ctx;
	void (*starting)(void *ctx, struct step *s);
	void (*settled)(void *ctx, struct step *s);
	void (*tick)(void *ctx);
	/* An instance has come to its end, while others go on: as asked, or not. From now on it is anybody's. Or NULL. */
	void (*over)(void *over_ctx, const struct request *a);
	void *over_ctx;
	const volatile int *calls;	/* how many requests were called off so far; or NULL */
	bool (*take)(void *ctx);	/* as in walk.h; with `ctx` */
	void (*give)(void *ctx);
	const char *command;	/* for the journal */
	int kill_at;		/* for the crash test: SIGKILL at the n-th boundary of a step; 0: never */
};

/*
 * Walks the plan, journals every step (begin before, end after) and stores what is
 * there now. With nothing to do it only refreshes what was seen. ERR_CALLED_OFF: all but what was called off is done.
 */
int engine_apply(struct engine *e, const struct engine_walk *w, struct error *err);
/* Did it not answer, so that nothing is known of it? */
bool request_is_unknown(const struct request *a);
const struct resource_type *engine_type(const struct engine *e, const char *name);	/* NULL: none of that name */
