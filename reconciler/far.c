#include "reconciler/far.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"
#include "state/observed/state.h"

struct far_note {
	const char *type, *name, *verb, *error;	/* error NULL: it went well */
	long long ended, took;			/* in CLOCK_MONOTONIC, ms */
};

void
far_begin(struct far_notes *f)
{
	*f = (struct far_notes){ 0 };
	pthread_mutex_init(&f->lock, NULL);
}

void
far_release(struct far_notes *f)
{
	pthread_mutex_destroy(&f->lock);
	arena_release(&f->arena);
	free(f->v);
	f->v = NULL;
}

void
far_add(struct far_notes *f, const struct far_step *s)
{
	pthread_mutex_lock(&f->lock);
	GROW(f->v, f->n, f->cap);
	f->v[f->n++] = (struct far_note){
		.type = arena_printf(&f->arena, "%s@%s", s->type, s->place), .name = arena_strdup(&f->arena, s->name),
		.verb = s->removes ? "remove" : "ensure", .error = s->error ? arena_strdup(&f->arena, s->error) : NULL,
		.ended = clock_ms(), .took = s->took_ms,
	};
	pthread_mutex_unlock(&f->lock);
}

bool
far_due(struct far_notes *f)
{
	bool due;

	pthread_mutex_lock(&f->lock);
	due = f->n > f->written;
	pthread_mutex_unlock(&f->lock);
	return due;
}

/* What is kept of a failure has no secret in it, also when nobody knows any more what was one. */
static int
far_write_one(const struct far_note *n, struct state *st, int64_t run, const struct env *env, struct error *err)
{
	AUTO(buf) plain = BUF_INIT;
	const char *text = n->error;

	if (text && env->conceal) {
		env->conceal(env->secrets, text, &plain);
		text = plain.s;
	}
	return state_step_far(st, run, &(struct state_far){ n->type, n->name, n->verb, text, clock_ms() - n->ended, n->took }, err);
}

int
far_write(struct far_notes *f, struct state *st, int64_t run, const struct env *env, struct error *err)
{
	int r = 0;

	pthread_mutex_lock(&f->lock);
	for (size_t i = f->written; i < f->n && r == 0; i++)
		r = far_write_one(&f->v[i], st, run, env, err);
	f->tried = f->n;
	pthread_mutex_unlock(&f->lock);
	return r;
}

void
far_written(struct far_notes *f)
{
	f->written = f->tried;
}
