#include "cli/view/doing.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/mem.h"
#include "reconciler/env.h"
#include "reconciler/plan.h"

enum { AGAIN_MS = 400, AT_ONCE = 64 };

struct doing {
	const struct env *env;
	void (*changed)(void *ctx, const struct step *s, const char *text);
	void *ctx;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t news;
	bool started, over;
	struct doing_step {
		const struct step *step;
		char *text;
	} *v;
	size_t n, cap, next;
};

static void
doing_nap(struct doing *d)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += AGAIN_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_cond_timedwait(&d->news, &d->lock, &until);
}

/* With the lock, which is let go of for the question itself. */
static void
doing_ask(struct doing *d, const struct step *s)
{
	AUTO(arena) a = { 0 };
	const char *text;

	pthread_mutex_unlock(&d->lock);
	text = s->res->type->doing(d->env, s->res, &a);
	pthread_mutex_lock(&d->lock);
	for (size_t i = 0; text && i < d->n; i++) {
		if (d->v[i].step != s || (d->v[i].text && !strcmp(d->v[i].text, text)))
			continue;
		free(d->v[i].text);
		d->v[i].text = xstrdup(text);
		pthread_mutex_unlock(&d->lock);
		d->changed(d->ctx, s, text);
		pthread_mutex_lock(&d->lock);
		break;
	}
}

static void *
doing_main(void *ctx)
{
	struct doing *d = ctx;

	pthread_mutex_lock(&d->lock);
	while (!d->over) {
		for (size_t k = 0; k < AT_ONCE && k < d->n && !d->over; k++)
			doing_ask(d, d->v[d->next++ % d->n].step);
		if (!d->over)
			doing_nap(d);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

struct doing *
doing_new(const struct env *env, void (*changed)(void *ctx, const struct step *s, const char *text), void *ctx)
{
	struct doing *d = xcalloc(1, sizeof *d);

	d->env = env;
	d->changed = changed;
	d->ctx = ctx;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->news, NULL);
	return d;
}

void
doing_free(struct doing *d)
{
	if (!d)
		return;
	pthread_mutex_lock(&d->lock);
	d->over = true;
	pthread_cond_broadcast(&d->news);
	pthread_mutex_unlock(&d->lock);
	if (d->started)
		pthread_join(d->thread, NULL);
	for (size_t i = 0; i < d->n; i++)
		free(d->v[i].text);
	free(d->v);
	pthread_cond_destroy(&d->news);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

/* The thread begins with the first step that can be asked about; without one all goes on, and nothing is told. */
void
doing_add(struct doing *d, const struct step *s)
{
	if (s->verb != ENSURE || !s->res->type->doing)
		return;
	pthread_mutex_lock(&d->lock);
	GROW(d->v, d->n, d->cap);
	d->v[d->n++] = (struct doing_step){ .step = s };
	if (!d->started)
		d->started = pthread_create(&d->thread, NULL, doing_main, d) == 0;
	pthread_mutex_unlock(&d->lock);
}

void
doing_drop(struct doing *d, const struct step *s)
{
	pthread_mutex_lock(&d->lock);
	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i].step != s)
			continue;
		free(d->v[i].text);
		memmove(&d->v[i], &d->v[i + 1], (--d->n - i) * sizeof *d->v);
		break;
	}
	pthread_mutex_unlock(&d->lock);
}
