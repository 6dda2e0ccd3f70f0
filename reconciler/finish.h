/*
 * reconciler/finish.h - what counts from now on, of each instance as soon as it is through.
 *
 * The declarations of an instance are recorded when its last step is over, not when the walk is: the others of the
 * walk may go on for long, and whoever wants this one next waits for none of them. In the thread of the walk's caller.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct request;
struct engine;
struct error;
struct step;

struct finish {
	struct engine *e;
	struct part *parts;		/* one for each request */
	size_t *next;			/* of the resources, by their place in the graph: the next one of the same instance */
	size_t *due;			/* requests whose end is to be written */
	size_t ndue, ntold;
};

void finish_begin(struct finish *f, struct engine *e);
void finish_release(struct finish *f);
/* The step is over, however. */
void finish_step(struct finish *f, const struct step *s);
/* Is there an end to be written? */
bool finish_due(const struct finish *f);
/* Inside a transaction: the records of those that are through. Written again if that one is rolled back. */
int finish_write(struct finish *f, struct error *err);
/* After it: each of those that are through, once; NULL: no more. */
const struct request *finish_next(struct finish *f);

/* Inside a transaction, at the end of a walk that went well, or of none: all that was not written yet. */
int finish_rest(struct engine *e, struct error *err);
