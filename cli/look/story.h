/*
 * cli/look/story.h - a run as the journal tells it: its steps, whose they are, what each waited for, and the chain of them that it
 * lasted for.
 *
 * The journal has steps; what needs what is known of the resources that are there now. Of what is gone by now the times tell.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/mem.h"

struct error;
struct secrets;
struct state;

enum { STORY_LAST = 0 };	/* the newest run there is */
#define STORY_NONE ((size_t)-1)

struct story_phase {
	int64_t ended;		/* ms since 1970 */
	const char *what;
};

struct story_step {
	const char *type, *name, *verb, *why;
	const char *owner;	/* its instance; "": the host's */
	const char *error;	/* "": none */
	int64_t began, ended;	/* ms since 1970; ended: of one that is `open`, when the run was last heard of */
	bool open;		/* it did not end */
	bool boots;		/* it is the machine's, or waits for its guest */
	const size_t *after;	/* what it needed to be over before, by their places */
	size_t nafter;
	int64_t waited;		/* since the last of these was over, or the run began, in ms */
	size_t chain;		/* its place on the critical path, from 1 on; 0: it is not on it */
	bool queued;		/* on the path, behind one that it did not need: for want of a worker, or nobody knows any more why */
	const struct story_phase *phase;	/* of a boot, in their order */
	size_t nphases;
};

struct story_part {		/* an instance, or what is the host's */
	const char *name;	/* "": the host */
	size_t *step;		/* in their order */
	size_t n;
	int64_t began, ended;
	size_t failed, open;
	bool on_path;
	const size_t *needs;	/* other parts, by their places */
	size_t nneeds;
};

struct story {
	struct arena arena;
	int64_t id, began, ended;	/* ended: as of a step that is open */
	bool open;
	const char *command, *outcome;	/* outcome "": none yet */
	size_t failed;
	struct story_step *v;
	size_t n;
	size_t *path;		/* the critical one, from its first step on */
	size_t npath;
	struct story_part *part;	/* the host first, if it has steps; then by their first step */
	size_t nparts;
};

/* Run `id`, or STORY_LAST. ENOENT: there is none. What is secret by `hide` (or NULL) is in no text of it. */
int story_read(struct story *out, struct state *s, int64_t id, const struct secrets *hide, struct error *err);
void story_release(struct story *s);

/*
 * Fills chain, queued and waited of the steps, which are in the order of their begins, and returns the path, in the arena. Pure.
 * Backwards from the step that ended last: before each stands the one that it needed and that ended last; if it began later than
 * that, the one whose end it was that made it begin.
 */
size_t *story_chain(struct arena *a, struct story_step *v, size_t n, int64_t began, size_t *npath);
/* Rows of steps that do not overlap: the row of each of `v[step[i]]`, from 0 on, in `row`; how many there are. */
size_t story_rows(const struct story *s, const struct story_part *p, size_t *row);
/* A number of `limactl history`, or STORY_LAST for NULL. */
int story_parse(const char *word, int64_t *id, struct error *err);
