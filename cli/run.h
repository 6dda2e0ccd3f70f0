/*
 * cli/run.h - a goal handed to the engine: the one way by which commands change anything.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "cli/cli.h"
#include "cli/view/texts.h"
#include "reconciler/engine.h"

struct cJSON;
struct run;
struct template;

struct run {
	struct request *requests;
	size_t nrequests;
	const struct host_request *host_requests;	/* host-wide resources that are asked for by themselves */
	size_t nhost_requests;
	const struct aim *aims;	/* --target and --replace */
	size_t naims;
	const char *also_lock;	/* one more instance that nobody else may work on meanwhile; or NULL */
	const char *text_was;	/* what the lima.yaml of that one said when it was read for this run; or NULL */
	const char *made;	/* an instance that is new by this run, which nobody else may have made meanwhile; or NULL */
	const char *gone;	/* an instance that is no more: if another limactl has made one of that name meanwhile, that is not touched (EEXIST); or NULL */
	enum { MADE_STAYS, MADE_GOES_WITHOUT_DISK, MADE_GOES } if_failed;	/* what becomes of it if the run fails */
	bool at_rest;		/* all of these, and also_lock, must not run: delete, clone */
	bool dry;		/* plan: print, do not walk */
	bool only_downloads;	/* of all that is to be done only what needs the network: fetch */
	const char *explains;	/* print what is to be said of the resource of that address instead; or NULL */
	/* Shows the graph and its plan in a way of its own instead, and gives the exit status, or -1; or NULL. */
	int (*shows)(struct cli *c, const struct run *r, struct engine *e, struct error *err);
	void *shows_to;		/* for `shows` */
	const char *out;	/* and write it to this file; or NULL */
	const struct cJSON *saved;	/* the file of the plan that this is to be, or nothing is done (ERR_STALE); or NULL */
	bool asks_first;	/* on a terminal, before a running machine is taken down: apply */
	bool quiet;		/* do not print the plan before the walk: start, stop, ... */
	bool silent;		/* steps that went well are told at level debug only: what is done in a moment, protect, rename, ... */
	enum texts_of texts;	/* what is said behind the plan of the two texts of an instance */
	/* Is told of each thing that was asked to go and stays, since these instances need it (USED_STAYS); or NULL. */
	void (*stays)(struct cli *c, const struct host_request *t, const struct user *users, size_t n);
	/* Is told of each instance that has come to its end, as asked or not, while others go on; and of all, before they are forgotten. Or NULL. */
	void (*over)(struct cli *c, const struct run *r, const struct request *a);
	void (*ended)(struct cli *c, const struct run *r, const struct engine *e);
	void *told_to;		/* for these two */
	bool keep_up;		/* walk only what takes no machine down: start, of a running one */
	int64_t *ran;		/* becomes the number of the run in the journal, if a step was begun; or NULL */
	bool keep_going;	/* as --keep-going: what fails keeps back only what depends on it; a fleet */
};

/*
 * Locks, looks, plans, prints, walks. The exit status, or -1. Reads -j, --keep-going,
 * --no-wait, --json and --detailed-exitcode if the command has them.
 */
int run_engine(struct cli *c, const struct run *r, struct error *err);
/* --timeout of a command that has ready_flags: from now on it counts. */
int run_timeout(struct cli *c, struct error *err);
extern const struct flag run_flags[];	/* -j, --keep-going, --no-wait */
extern const struct flag offline_flags[];	/* --offline */
extern const struct flag ready_flags[];	/* the same, --timeout and --offline: of commands that may start a guest and wait for it */

/* The instances a command is about, and what it wants of them. */
struct goals {
	struct request *v;
	size_t n, cap;
	bool all;			/* nothing was named: every instance there is */
	bool shuffled;			/* not added in the order of their names */
	struct spec **spec;		/* those that were loaded from files */
	size_t nspec, spec_cap;
	struct fleet **fleet;		/* those that members were read from */
	size_t nfleet, fleet_cap;
	struct host_request *host_requests;		/* host-wide ones that go with a fleet; in the command's arena */
	size_t nhost_requests;
	struct aim *aims;		/* in the command's arena, too */
	size_t naims;
};

void goals_release(struct goals *g);
/* A run for all that they request; the rest of it is its own. */
struct run goals_run(const struct goals *g);
bool goals_has(const struct goals *g, const char *name);
void goals_own(struct goals *g, struct spec *spec);	/* to be freed with the goals */
/* The new request is zeroed but for name and goal; `name` is copied. EEXIST if it is there already. */
int goals_add(struct goals *g, const char *name, enum goal goal, struct request **out, struct error *err);
/* As spec and name say. */
int goals_add_spec(struct cli *c, struct goals *g, const struct template *t, const char *name, enum goal goal,
		   struct request **out, struct error *err);
/* The same of an instance that is to be a copy of the one in the folder `from` (NULL: of none). */
int goals_add_copy(struct cli *c, struct goals *g, const struct template *t, const char *name, enum goal goal, const char *from,
		   struct request **out, struct error *err);
/* The text of a template, and the name ("" : as it suggests itself) checked; `*chosen` to free. */
int goals_template(struct cli *c, const char *locator, const char *name, struct template *t, char **chosen, struct error *err);
/* The text of an existing instance's lima.yaml. */
int goals_instance_text(struct cli *c, const char *name, struct template *t, struct error *err);
/* The same of a template that has been read (template_read), and is embedded here. */
int goals_add_read(struct cli *c, struct goals *g, struct template *t, const char *locator, const char *name, enum goal goal,
		   struct request **out, struct error *err);
/* What others wrote may name things of this host when the user says so. */
int goals_may_use_host(struct cli *c, const struct template *t, struct error *err);
/* A file, URL, template or standard input, as `name`, with --set and its like (cli/args/edit_flags.h) applied. */
int goals_add_template(struct cli *c, struct goals *g, const char *locator, const char *name, enum goal goal,
		       struct request **out, struct error *err);
/* An existing instance; with --set and its like its lima.yaml is changed too. */
int goals_add_instance(struct cli *c, struct goals *g, const char *name, enum goal goal, struct request **out,
		       struct error *err);
bool instance_exists(const struct cli *c, const char *name);
