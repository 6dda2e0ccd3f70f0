#include "cli/view/progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/size.h"
#include "cli/view/steps_told.h"
#include "reconciler/plan.h"

enum { TICK_MS = 120, LOG_TICK_MS = 200, MAX_LINES = 12, WAIT_TOLD_S = 30 };

struct running {
	const struct step *step;
	long long began_ms;
	unsigned told;			/* times that it was said to be waited for */
	uint64_t done, total;		/* bytes; under the lock */
};

struct progress {
	struct cli *cli;
	struct env saved;
	pthread_mutex_t lock;
	struct running *v;
	size_t n, cap;
	size_t drawn;			/* live lines on the screen */
	bool live;
	struct steps_told *told;
};

static double
seconds_since(long long began_ms)
{
	return (double)(clock_ms() - began_ms) / 1e3;
}

static void
progress_erase(struct progress *p)
{
	if (p->drawn)
		fprintf(stderr, "\033[%zuA\033[J", p->drawn);
	p->drawn = 0;
}

static int
progress_columns(void)
{
	struct winsize w;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 20 ? w.ws_col : 80;
}

static void
progress_describe(struct buf *b, const struct running *r)
{
	double t = seconds_since(r->began_ms);
	AUTO(arena) a = { 0 };

	buf_addf(b, "  %s %s  %.1fs", r->step->res->type->name, r->step->res->name, t);
	if (!r->done)
		return;
	buf_addf(b, "  %s", size_text(&a, r->done));
	if (r->total)
		buf_addf(b, " of %s (%u%%)", size_text(&a, r->total), (unsigned)(r->done * 100 / r->total));
	if (t > 0.5)
		buf_addf(b, "  %s/s", size_text(&a, (uint64_t)((double)r->done / t)));
}

static void
progress_draw(struct progress *p)
{
	int width = progress_columns();

	if (!p->live)
		return;
	progress_erase(p);
	for (size_t i = 0; i < p->n && i < MAX_LINES; i++) {
		AUTO(buf) b = BUF_INIT;

		progress_describe(&b, &p->v[i]);
		if (width > 1 && b.len > (size_t)width - 1)
			buf_truncate(&b, (size_t)width - 1);
		buf_addc(&b, '\n');
		cli_print(stderr, b.s, b.len);
		p->drawn++;
	}
	fflush(stderr);
}

static void
on_bytes(const struct env *env, const struct resource *r, uint64_t done, uint64_t total)
{
	struct progress *p = env->ctx;

	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].step->res != r)
			continue;
		p->v[i].done = done;
		p->v[i].total = total;
	}
	pthread_mutex_unlock(&p->lock);
}

/* Log lines go above the live lines. */
static void __attribute__((format(printf, 3, 4)))
on_say(const struct env *env, enum level level, const char *fmt, ...)
{
	struct progress *p = env->ctx;
	AUTO(buf) b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&p->lock);
	progress_erase(p);
	p->saved.say(&p->saved, level, "%s", b.s);
	progress_draw(p);
	pthread_mutex_unlock(&p->lock);
}

struct progress *
progress_new(struct cli *c, enum level level)
{
	struct progress *p = xcalloc(1, sizeof *p);

	p->cli = c;
	p->told = steps_told_new(c, level);
	p->saved = c->env;
	p->live = isatty(STDERR_FILENO) && !c->log_json && !getenv("CI");
	pthread_mutex_init(&p->lock, NULL);
	c->env.progress = on_bytes;
	c->env.say = on_say;
	c->env.ctx = p;
	return p;
}

void
progress_free(struct progress *p)
{
	progress_erase(p);
	p->cli->env.progress = p->saved.progress;
	p->cli->env.say = p->saved.say;
	p->cli->env.ctx = p->saved.ctx;
	steps_told_free(p->told);
	pthread_mutex_destroy(&p->lock);
	free(p->v);
	free(p);
}

int
progress_tick_ms(const struct progress *p)
{
	return p->live ? TICK_MS : LOG_TICK_MS;
}

void
progress_starting(void *progress, struct step *s)
{
	struct progress *p = progress;

	pthread_mutex_lock(&p->lock);
	GROW(p->v, p->n, p->cap);
	p->v[p->n++] = (struct running){ .step = s, .began_ms = clock_ms() };
	progress_draw(p);
	pthread_mutex_unlock(&p->lock);
}

void
progress_settled(void *progress, struct step *s)
{
	struct progress *p = progress;
	double t = 0;

	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].step != s)
			continue;
		t = seconds_since(p->v[i].began_ms);
		memmove(&p->v[i], &p->v[i + 1], (--p->n - i) * sizeof *p->v);
		break;
	}
	progress_erase(p);
	steps_told_settled(p->told, s, t);
	progress_draw(p);
	pthread_mutex_unlock(&p->lock);
}

void
progress_tick(void *progress)
{
	struct progress *p = progress;

	pthread_mutex_lock(&p->lock);
	progress_draw(p);
	for (size_t i = 0; i < p->n && !p->live; i++) {
		double t = seconds_since(p->v[i].began_ms);

		if (t < (p->v[i].told + 1) * WAIT_TOLD_S)
			continue;
		p->v[i].told++;
		steps_told_waiting(p->told, p->v[i].step, t);
	}
	pthread_mutex_unlock(&p->lock);
}
