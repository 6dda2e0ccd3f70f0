/*
 * state/observed/state.h - what was seen and done: the SQLite database of a Lima home.
 *
 * $LIMA_HOME/_state/state.db is a cache of observations and a journal; losing it
 * never loses a VM. It knows resources by address (type, name) only. All SQL of
 * the program is in state/observed/. One connection, one thread.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct state;

enum state_flags {
	STATE_READ = 1,		/* nothing will be written; an absent database is an empty one */
};

struct state_opts {
	enum state_flags flags;
	const volatile int *cancel;	/* non-zero: a wait for another process ends with ERR_CANCELLED; or NULL */
	void (*warn)(void *ctx, const char *text);	/* what was set aside, and for whom one waits; or NULL */
	void *ctx;
};

/*
 * Opens, makes or migrates; options are copied. A corrupt database is moved aside (NAME.corrupt-TIME, told
 * through `warn`) and begun anew; one of a newer program is refused (ERR_UNSUPPORTED).
 * Any number of processes may do so at once. A transaction of another process is waited for; if that takes long
 * it is told through `warn`, with its pid.
 */
int state_open(struct state **out, const char *home, const struct state_opts *o, struct error *err);
/*
 * After a failure: was it that a page of the database is damaged, which shows when it is read? 1: it was, and what
 * is read from now on is a new one (one that is only read: an empty one); 0: it was not; -1.
 */
int state_heal(struct state *s, struct error *err);
/* What was read of it cannot be: state_heal() shall treat it as damaged. */
void state_distrust(struct state *s);
/* Before notes of what only takes away: lets go of the space that is kept for them. The next who opens it to write keeps some again. */
void state_use_reserve(struct state *s);
void state_close(struct state *s);	/* NULL is fine; rolls back what was not committed */

/* All that is read from now on is of one moment, and costs no lock each time; until state_close(). */
int state_snapshot(struct state *s, struct error *err);

/* Bytes that are packed facts (base/facts.h). */
struct blob {
	const void *p;
	size_t len;
};

/* From one resource to another. Read: both by the id of their records; written: the target by type and name. */
struct state_edge {
	int64_t source, target;
	const char *owner, *type, *name;
	/* As declared in the last finished apply, and as it was when the resource was made: 0 not at all, else 1 + enum need. */
	int declared, made;
};

struct record {
	int64_t id;		/* read only */
	const char *owner, *type, *name;
	bool wanted, present;
	bool unfinished;	/* read only: a step on it began and did not end */
	struct blob want;	/* as declared in the last finished apply */
	struct blob have;	/* as seen */
	const struct state_edge *edges;	/* to write; read by state_edges() */
	size_t nedges;
};

/* Each record of `owner` (NULL: of all), until `each` returns non-zero, which is handed on. Pointers live during the call. */
int state_records(struct state *s, const char *owner,
		  int (*each)(void *ctx, const struct record *r), void *ctx, struct error *err);

/* Each edge that begins at a resource of `owner` (NULL: all), likewise. */
int state_edges(struct state *s, const char *owner, int (*each)(void *ctx, const struct state_edge *e), void *ctx, struct error *err);

/* What needs a resource, or stands on it: each of all instances, likewise; by way of host-wide things, too. */
struct state_user {
	const char *owner, *type, *name;
	bool wanted, present;
	int declared, made;	/* as in struct state_edge */
};
int state_users(struct state *s, const char *type, const char *name, int (*each)(void *ctx, const struct state_user *u), void *ctx,
		struct error *err);

struct state_instance {
	const char *name;
	int goal;		/* enum goal, as last asked */
	const char *stamp;	/* spec->stamp of the last finished apply; "" if there is none */
	const char *json;	/* its filled configuration; "" likewise */
};

int state_instances(struct state *s, const char *name,	/* NULL: all, by name */
		    int (*each)(void *ctx, const struct state_instance *i), void *ctx, struct error *err);
/* The same without the configurations: json is "". */
int state_stamps(struct state *s, const char *name, int (*each)(void *ctx, const struct state_instance *i), void *ctx, struct error *err);

/*
 * Writing. All calls between begin and commit are one transaction, on the disk
 * when commit returns. Without a transaction the others fail.
 */
int state_begin(struct state *s, struct error *err);
int state_commit(struct state *s, struct error *err);
void state_rollback(struct state *s);	/* none of it was done */

int state_put(struct state *s, const struct record *r, struct error *err);	/* keeps `unfinished` */
/* One that others need stays as a name. */
int state_drop(struct state *s, const char *type, const char *name, struct error *err);
int state_put_instance(struct state *s, const struct state_instance *i, struct error *err);
int state_drop_instance(struct state *s, const char *name, struct error *err);

/*
 * The journal. Of the last 1,000 runs all is kept, of older ones what an estimate needs: the rest goes in the
 * transaction that begins a run. A step that begins marks its resource unfinished until it has ended well.
 */
int state_run_begin(struct state *s, const char *command, int64_t *run, struct error *err);
int state_run_end(struct state *s, int64_t run, const char *outcome, struct error *err);
int state_step_begin(struct state *s, int64_t run, const char *owner, const char *type, const char *name,
		     const char *verb, const char *why, const char *sort, int64_t *step, struct error *err);
/* `error` NULL: it ended well */
int state_step_end(struct state *s, int64_t step, const char *type, const char *name,
		   const char *error, struct error *err);
/* A step that was taken elsewhere: it ended so many ms ago, and took so many; it marks nothing. */
struct state_far {
	const char *type, *name, *verb, *error;	/* error NULL: it went well */
	int64_t ago_ms, took_ms;
};
int state_step_far(struct state *s, int64_t run, const struct state_far *f, struct error *err);
/*
 * Median duration of the last steps of this kind on this host, in ms, of at most nine, and of how many; -1: none yet. Of this
 * one's own (`name`; NULL: it does not matter whose), else of those of the same `sort` (a word of the caller's for what makes them
 * take as long: image and size), else of all.
 */
int64_t state_typical_ms(struct state *s, const char *type, const char *verb, const char *name, const char *sort, size_t *runs);

struct state_run {
	int64_t id;
	const char *command;
	int64_t began_ms, ended_ms;	/* since 1970; ended -1: it did not end, or not yet */
	const char *outcome;	/* "done", or the error */
	int steps, failed;
};
struct state_step {
	const char *type, *name, *verb, *why;
	int64_t began_ms, ended_ms;	/* -1: it did not end */
	const char *error;	/* "": none */
};
/* The newest run's id; 0: there is none. */
int state_run_last(struct state *s, int64_t *id, struct error *err);
/* Each run with first <= id <= last, oldest first, and each step of one, in their order; until `each` returns non-zero, likewise. */
int state_runs(struct state *s, int64_t first, int64_t last, int (*each)(void *ctx, const struct state_run *r), void *ctx,
	       struct error *err);
int state_run_steps(struct state *s, int64_t run, int (*each)(void *ctx, const struct state_step *step), void *ctx,
		    struct error *err);
