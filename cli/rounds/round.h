/*
 * cli/rounds/round.h - one round of `apply --watch`: a process of its own, which does what `apply` does. The first one says what
 * apply says; each later one a line for each instance that it had something to do with, and nothing when there was nothing to do.
 *
 * It tells whoever watches what it rests on, in words that end with a NUL: a letter, and a path or a name.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/mem.h"

struct cli;
struct engine;
struct error;
struct run;

enum round_word {
	ROUND_FILE = 'F',	/* a text was read from there, or looked for */
	ROUND_INSTANCE = 'I',	/* it is about that one */
	ROUND_STEPS = 'S',	/* there was something to do */
	ROUND_CALLED_OFF = 'C',	/* whoever was asked has said no */
};

struct round {
	int out;		/* where it tells what it rests on */
	bool first;
	long long began_ms;
	struct arena arena;
	struct round_part {
		const char *owner;
		const char *why;	/* what differed, in words */
	} *v;
	size_t n, cap;
};

void round_release(struct round *r);
void round_tell(const struct round *r, enum round_word word, const char *what);
/* Before the plan is walked: what differs, while it does. */
void round_plan(struct round *r, struct engine *e);
/* After it: the lines. */
void round_done(struct cli *c, struct round *r, const struct engine *e);
