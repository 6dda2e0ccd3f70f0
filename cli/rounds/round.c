#include "cli/rounds/round.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "cli/cli.h"
#include "reconciler/drift.h"
#include "reconciler/engine.h"
#include "reconciler/told.h"

enum { MAX_TOLD = 4 };	/* differences of one instance, in its line */

void
round_release(struct round *r)
{
	if (r->out >= 0)
		close(r->out);
	free(r->v);
	arena_release(&r->arena);
	*r = (struct round){ .out = -1 };
}

void
round_tell(const struct round *r, enum round_word word, const char *what)
{
	AUTO(buf) b = BUF_INIT;

	buf_addc(&b, (char)word);
	buf_add(&b, what, strlen(what) + 1);
	fs_write_all(r->out, b.s, b.len);	/* who does not listen any more has ended */
}

/* --- why --- */

struct round_words {
	struct buf b;
	size_t n;
};

static void
round_word_add(struct round_words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
round_word_add(struct round_words *w, const char *fmt, ...)
{
	va_list ap;

	if (w->n++ >= MAX_TOLD)
		return;
	if (w->b.len)
		buf_adds(&w->b, ", ");
	va_start(ap, fmt);
	buf_vaddf(&w->b, fmt, ap);
	va_end(ap);
}

static void
round_detail(void *ctx, const struct detail *d)
{
	if (d->had && d->wanted && (strchr(d->had, '\n') || strchr(d->wanted, '\n')))
		round_word_add(ctx, "%s changed", d->what);
	else
		round_word_add(ctx, "%s %s → %s", d->what, or_unset(d->have), or_unset(d->want));
}

/* What was found otherwise than it was left. */
static void
round_drift(struct round_words *w, const struct resource *r)
{
	static const char *const words[] = { [DRIFT_GONE] = "was gone", [DRIFT_THERE] = "had come back", [DRIFT_CHANGED] = "was changed" };
	enum drift_kind kind = drift_of(r);

	if (kind != DRIFT_NONE && !drift_follows(r))
		round_word_add(w, "%s %s", r->type->name, words[kind]);
}

/* What has no key of its own: the text, of which only a comment is another. */
static void
round_attrs(struct round_words *w, const struct resource *r)
{
	for (const struct attr *at = r->type->attrs; r->present && at && at->name; at++)
		if (attr_differs(r, at) != COST_NONE)
			round_word_add(w, "%s", at->name);
}

static const char *
round_why(struct round *r, struct engine *e, const char *owner)
{
	struct round_words w = { .b = BUF_INIT };
	const char *text;

	for (size_t i = 0; i < e->plan.n; i++) {
		const struct resource *res = e->plan.v[i]->res;

		if (strcmp(res->owner, owner) != 0 || !step_is_first(e->plan.v[i]))
			continue;
		if (told_has_details(res))
			res->type->detail(res, round_detail, &w);
		round_drift(&w, res);
	}
	for (size_t i = 0; !w.n && i < e->plan.n; i++)
		if (!strcmp(e->plan.v[i]->res->owner, owner))
			round_attrs(&w, e->plan.v[i]->res);
	if (w.n > MAX_TOLD)
		buf_addf(&w.b, " and %zu more", w.n - MAX_TOLD);
	text = arena_strdup(&r->arena, w.b.s);
	buf_release(&w.b);
	return text;
}

void
round_plan(struct round *r, struct engine *e)
{
	auto_free struct request **order = engine_in_order(e);

	for (size_t i = 0; order[i]; i++) {
		round_tell(r, ROUND_INSTANCE, order[i]->name);
		GROW(r->v, r->n, r->cap);
		r->v[r->n++] = (struct round_part){ arena_strdup(&r->arena, order[i]->name), round_why(r, e, order[i]->name) };
	}
	if (e->plan.n)
		round_tell(r, ROUND_STEPS, "");
}

/* --- what came of it --- */

struct round_end {
	size_t steps, failed;
	bool made, gone, down, up, ready;
	const struct error *err;
};

static struct round_end
round_end_of(const struct engine *e, const char *owner)
{
	struct round_end x = { 0 };

	for (size_t i = 0; i < e->plan.n; i++) {
		const struct step *s = e->plan.v[i];
		bool ensured = s->verb == ENSURE;

		if (strcmp(s->res->owner, owner) != 0)
			continue;
		x.steps++;
		if (s->status != DONE) {
			x.failed++;
			x.err = s->status == FAILED && !x.err ? &s->err : x.err;
			continue;
		}
		x.made |= ensured && s->res->type->is_instance && !s->res->was_present;
		x.gone |= !ensured && s->res->type->is_instance;
		x.down |= !ensured && s->res->type->runs;
		x.up |= ensured && s->res->type->runs;
		x.ready |= ensured && !strcmp(s->res->type->name, "ready");
	}
	return x;
}

static const char *
round_did(const struct round_end *x)
{
	if (x->failed)
		return "not as wanted";
	if (x->gone)
		return "removed";
	if (x->made)
		return "created";
	if (x->up)
		return x->down ? "restarted" : "started";
	return x->down ? "stopped" : "changed";
}

static void
round_line(struct cli *c, const struct round *r, const struct round_part *p, const struct round_end *x)
{
	time_t now = time(NULL);
	AUTO(buf) line = BUF_INIT;
	AUTO(buf) shown = BUF_INIT;
	char text[16];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(text, sizeof text, "%H:%M:%S", &tm);
	buf_addf(&line, "%s %s: ", text, p->owner);
	if (*p->why)
		buf_addf(&line, "%s: ", p->why);
	buf_adds(&line, round_did(x));
	if (!x->failed)
		buf_addf(&line, "%s in %.1f s", x->ready ? ", READY" : "", (double)(clock_ms() - r->began_ms) / 1e3);
	else if (x->err)
		buf_addf(&line, ": %.*s", (int)strcspn(x->err->msg, "\n"), x->err->msg);
	secrets_hide(&c->secrets, line.s, NULL, &shown);
	cli_print_line(shown.s);
	fflush(stdout);
}

void
round_done(struct cli *c, struct round *r, const struct engine *e)
{
	for (size_t i = 0; i < r->n && !r->first; i++) {
		struct round_end x = round_end_of(e, r->v[i].owner);

		if (x.steps)
			round_line(c, r, &r->v[i], &x);
	}
}
