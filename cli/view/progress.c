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
#include "cli/view/doing.h"
#include "cli/view/remaining.h"
#include "cli/view/steps_told.h"
#include "reconciler/plan.h"

enum { TICK_MS = 120, LOG_TICK_MS = 200, USUAL_ROWS = 24, WAIT_TOLD_S = 30, RATE_MS = 1000 };

struct running {
	const struct step *step;
	long long began_ms;
	unsigned told;			/* times that it was said to be waited for */
	uint64_t done, total;		/* bytes; these and the next are under the lock */
	uint64_t rate, marked;		/* bytes a second, of the last while; done when that began */
	long long marked_ms;
	char *doing;			/* or NULL */
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
	struct remaining *remaining;	/* NULL: nobody sees it */
	struct doing *doing;		/* the same */
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

/* The room for lines, and for their characters. */
static void
progress_room(size_t *rows, size_t *columns)
{
	struct winsize w = { 0 };
	bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0;

	*columns = known && w.ws_col > 20 ? w.ws_col : 80;
	*rows = known && w.ws_row > 3 ? w.ws_row : USUAL_ROWS;
}

static void
progress_describe(struct buf *b, const struct running *r)
{
	AUTO(arena) a = { 0 };

	buf_addf(b, "  %s %s  %.1fs", r->step->res->type->name, r->step->res->name, seconds_since(r->began_ms));
	if (r->doing)
		buf_addf(b, "  %s", r->doing);
	if (!r->done)
		return;
	buf_addf(b, "  %s", size_text(&a, r->done));
	if (r->total)
		buf_addf(b, " of %s (%u%%)", size_text(&a, r->total), (unsigned)(r->done * 100 / r->total));
	if (r->rate)
		buf_addf(b, "  %s/s", size_text(&a, r->rate));
}

/* What is too long for the line ends where a character does. */
static void
progress_line(struct progress *p, struct buf *b, size_t columns)
{
	size_t most = columns - 1;

	if (b->len > most) {
		while (most > 0 && ((unsigned char)b->s[most] & 0xc0) == 0x80)
			most--;
		buf_truncate(b, most);
	}
	buf_addc(b, '\n');
	cli_print(stderr, b->s, b->len);
	p->drawn++;
}

/* The last line is of the whole; one more row is where the cursor stands. */
static void
progress_draw(struct progress *p)
{
	size_t rows, columns, shown;

	if (!p->live)
		return;
	progress_erase(p);
	progress_room(&rows, &columns);
	shown = p->n <= rows - 2 ? p->n : rows - 3;
	for (size_t i = 0; i < shown; i++) {
		AUTO(buf) b = BUF_INIT;

		progress_describe(&b, &p->v[i]);
		progress_line(p, &b, columns);
	}
	if (p->n > shown) {
		AUTO(buf) b = BUF_INIT;

		buf_addf(&b, "  and %zu more", p->n - shown);
		progress_line(p, &b, columns);
	}
	if (p->n) {
		AUTO(buf) b = BUF_INIT;

		remaining_text(p->remaining, clock_ms(), &b);
		progress_line(p, &b, columns);
	}
	fflush(stderr);
}

/* The rate is that of the last second or so: a mirror that has become slow is not helped by what it was. */
static void
progress_rate(struct progress *p, struct running *r)
{
	long long now = clock_ms(), took = now - r->marked_ms;

	if (r->done < r->marked || !r->marked_ms) {
		r->marked = r->done;
		r->marked_ms = now;
	} else if (took >= RATE_MS) {
		r->rate = (r->done - r->marked) * 1000 / (uint64_t)took;
		r->marked = r->done;
		r->marked_ms = now;
	}
	if (p->remaining && r->rate && r->total >= r->done)
		remaining_told(p->remaining, r->step, (int64_t)((r->total - r->done) * 1000 / r->rate));
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
		progress_rate(p, &p->v[i]);
	}
	pthread_mutex_unlock(&p->lock);
}

/* What is not running any more is not at anything, either. */
static void
on_doing(void *ctx, const struct step *s, const char *text)
{
	struct progress *p = ctx;

	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].step != s)
			continue;
		free(p->v[i].doing);
		p->v[i].doing = xstrdup(text);
		if (!p->live)
			steps_told_doing(p->told, s, text, seconds_since(p->v[i].began_ms));
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
progress_new(struct cli *c, enum level level, const struct plan *plan, struct state *state, size_t jobs)
{
	struct progress *p = xcalloc(1, sizeof *p);

	p->cli = c;
	p->told = steps_told_new(c, level);
	p->saved = c->env;
	p->live = isatty(STDERR_FILENO) && !c->log_json && !getenv("CI");
	pthread_mutex_init(&p->lock, NULL);
	if (p->live)
		p->remaining = remaining_new(plan, state, jobs);
	if (p->live || (c->log_json && level == SAY_INFO))
		p->doing = doing_new(&p->saved, on_doing, p);
	c->env.progress = on_bytes;
	c->env.say = on_say;
	c->env.ctx = p;
	return p;
}

void
progress_free(struct progress *p)
{
	doing_free(p->doing);
	progress_erase(p);
	p->cli->env.progress = p->saved.progress;
	p->cli->env.say = p->saved.say;
	p->cli->env.ctx = p->saved.ctx;
	steps_told_free(p->told);
	remaining_free(p->remaining);
	pthread_mutex_destroy(&p->lock);
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i].doing);
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
	if (p->remaining)
		remaining_begun(p->remaining, s, clock_ms());
	steps_told_begun(p->told, s);
	progress_draw(p);
	pthread_mutex_unlock(&p->lock);
	if (p->doing)
		doing_add(p->doing, s);
}

void
progress_settled(void *progress, struct step *s)
{
	struct progress *p = progress;
	double t = 0;

	if (p->doing)
		doing_drop(p->doing, s);
	pthread_mutex_lock(&p->lock);
	if (p->remaining)
		remaining_over(p->remaining, s);
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].step != s)
			continue;
		t = seconds_since(p->v[i].began_ms);
		free(p->v[i].doing);
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
