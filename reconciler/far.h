/*
 * reconciler/far.h - steps that were taken elsewhere, for a step of ours: they come into the journal beside it, with the time they took.
 *
 * Noted from any thread, written by who keeps the journal. Their type is told as TYPE@PLACE, so that they are no measure of what such a
 * step takes here.
 */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/mem.h"

struct env;
struct error;
struct far_step;
struct state;

struct far_notes {
	pthread_mutex_t lock;
	struct arena arena;
	struct far_note *v;
	size_t n, cap;
	size_t tried, written;		/* of `v`, from its beginning */
};

void far_begin(struct far_notes *f);
void far_release(struct far_notes *f);
void far_add(struct far_notes *f, const struct far_step *s);
/* Is there anything to be written? */
bool far_due(struct far_notes *f);
/* Inside a transaction; the same again until far_written() says that it was committed. */
int far_write(struct far_notes *f, struct state *st, int64_t run, const struct env *env, struct error *err);
void far_written(struct far_notes *f);
