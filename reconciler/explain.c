#include "reconciler/explain.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/line_diff.h"
#include "base/quote/quote.h"
#include "base/size.h"
#include "reconciler/told.h"

#define INDENT "              "		/* below a resource's name */

static const struct {
	const char *sign, *word, *color;
} look[] = {
	[SIGN_NONE] = { " ", "none", "" },
	[SIGN_CREATE] = { "  +", "create", "\033[32m" },
	[SIGN_CHANGE] = { "  ~", "change", "\033[33m" },
	[SIGN_REMAKE] = { "-/+", "remake", "\033[35m" },
	[SIGN_REMOVE] = { "  -", "remove", "\033[31m" },
};

const char *
sign_word(enum sign s)
{
	return look[s].word;
}

void
plan_count(const struct plan *p, struct plan_counts *out)
{
	*out = (struct plan_counts){ 0 };
	for (size_t i = 0; i < p->n; i++) {
		if (!step_is_first(p->v[i]))
			continue;
		switch (resource_sign(p->v[i]->res)) {
		case SIGN_CREATE: out->create++; break;
		case SIGN_CHANGE: out->change++; break;
		case SIGN_REMAKE: out->remake++; break;
		case SIGN_REMOVE: out->remove++; break;
		case SIGN_NONE: break;
		}
	}
}

void
explain_counts(struct buf *out, const struct plan_counts *n)
{
	const struct { size_t n; const char *word; } part[] = {
		{ n->create, "create" }, { n->change, "change" }, { n->remake, "remake" }, { n->remove, "remove" },
	};
	const char *sep = "";

	for (size_t i = 0; i < ARRAY_LEN(part); i++) {
		if (!part[i].n)
			continue;
		buf_addf(out, "%s%zu to %s", sep, part[i].n, part[i].word);
		sep = ", ";
	}
}

/* A text of several lines: those that differ, without what a terminal would obey. */
static void
detail_lines(struct buf *out, const struct detail *d)
{
	AUTO(buf) b = BUF_INIT;

	line_diff(&b, d->had, d->wanted, INDENT "  ");
	quote_terminal(out, b.s ? b.s : "", b.len);
}

static void
detail_line(void *ctx, const struct detail *d)
{
	bool lines = d->had && d->wanted && (strchr(d->had, '\n') || strchr(d->wanted, '\n'));

	if (lines)
		buf_addf(ctx, INDENT "%s:", d->what);
	else
		buf_addf(ctx, INDENT "%s: %s -> %s", d->what, or_unset(d->have), or_unset(d->want));
	if (d->cost)
		buf_addf(ctx, "  (%s)", d->cost);
	buf_addc(ctx, '\n');
	if (lines)
		detail_lines(ctx, d);
}

/* `hidden`: also say that of attributes whose values are not for people */
static void
explain_changes(struct buf *out, const struct told *t, const struct resource *r, bool hidden)
{
	AUTO(arena) a = { 0 };

	for (const struct attr *at = r->type->attrs; r->present && at && at->name; at++) {
		if (attr_differs(r, at) == COST_NONE || told_is(t, r, at->key))
			continue;
		if (at->each)
			told_each_other(t, r, at, detail_line, out);
		else if (at->show != SHOW_NEVER)
			buf_addf(out, INDENT "%s: %s -> %s\n", at->name, attr_text(&a, at, facts_get(&r->have, at->name)),
				 attr_text(&a, at, facts_get(&r->want, at->name)));
		else if (hidden)
			buf_addf(out, INDENT "%s changed\n", at->name);
	}
}

struct moot {
	const struct resource *r;
	void (*say)(void *ctx, const char *line);
	void *ctx;
};

static void
moot_line(void *ctx, const struct detail *d)
{
	const struct moot *m = ctx;
	AUTO(buf) b = BUF_INIT;

	if (!d->moot)
		return;
	buf_addf(&b, "%s: %s: %s -> %s: %s", m->r->owner, d->what, or_unset(d->have), or_unset(d->want), d->cost);
	m->say(m->ctx, b.s);
}

void
explain_moot(const struct plan *p, void (*say)(void *ctx, const char *line), void *ctx)
{
	for (size_t i = 0; i < p->n; i++) {
		struct moot m = { p->v[i]->res, say, ctx };

		if (told_has_details(m.r) && step_is_first(p->v[i]))
			m.r->type->detail(m.r, moot_line, &m);
	}
}

/* A reason that the sign tells already is left out, and differences are told one by one below. */
static bool
worth_saying(const struct reason *why)
{
	return why->kind != REASON_MISSING && why->kind != REASON_UNWANTED && why->kind != REASON_DIFFERS;
}

/* What becomes free with a thing that is nobody's data. */
static void
explain_freed(struct buf *out, const struct resource *r)
{
	AUTO(arena) a = { 0 };

	for (const struct attr *at = r->type->attrs; r->type->lifetime != OWNED && !r->type->precious && r->down && !r->up && at && at->name; at++)
		if (at->show == SHOW_BYTES && facts_get(&r->have, at->name))
			buf_addf(out, "  (%s)", attr_text(&a, at, facts_get(&r->have, at->name)));
}

/* What stands below its line. */
static void
explain_below(struct buf *out, const struct told *t, const struct resource *r)
{
	AUTO(buf) details = BUF_INIT;

	if (told_has_details(r))
		r->type->detail(r, detail_line, &details);
	explain_changes(out, t, r, !details.len);
	buf_adds(out, details.s);
}

static const char *
explain_reason(struct arena *a, const struct resource *r)
{
	const struct step *step = r->down ? r->down : r->up;

	return worth_saying(&step->why) ? reason_text(a, r, &step->why) : "";
}

/* `many`: so many that are alike, of which this is the first */
static void
explain_resource(struct buf *out, const struct told *t, const struct resource *r, size_t many, bool color)
{
	enum sign s = resource_sign(r);
	AUTO(arena) a = { 0 };
	const char *why = explain_reason(&a, r);

	buf_addf(out, "%s%s%s %-9s ", color ? look[s].color : "", look[s].sign, color ? "\033[0m" : "", r->type->name);
	if (many > 1)
		buf_addf(out, "%s  (%zu)", r->owner, many);
	else
		buf_adds(out, r->name);
	if (*why)
		buf_addf(out, "  (%s)", why);
	if (r->type->precious && r->down && r->at_stake)
		buf_addf(out, "  (%s of data are lost)", size_text(&a, r->at_stake));
	explain_freed(out, r);
	buf_addc(out, '\n');
	explain_below(out, t, r);
}

/* A resource of the plan, and the position at which its instance comes first. */
struct line {
	const struct resource *r;
	size_t at, group;
};

static int
by_owner(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int c = strcmp(x->r->owner, y->r->owner);

	return c ? c : (x->at > y->at) - (x->at < y->at);
}

static int
by_group(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return x->group != y->group ? (x->group > y->group) - (x->group < y->group) : (x->at > y->at) - (x->at < y->at);
}

/* What is shared comes first; then each instance's lines stand together, in the order of its steps. */
static size_t
in_groups(const struct plan *p, struct line *v)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		if (step_is_first(p->v[i])) {
			v[n] = (struct line){ p->v[i]->res, i, *p->v[i]->res->owner ? i + 1 : 0 };
			n++;
		}
	qsort(v, n, sizeof *v, by_owner);
	for (size_t i = 1; i < n; i++)
		if (*v[i].r->owner && !strcmp(v[i].r->owner, v[i - 1].r->owner))
			v[i].group = v[i - 1].group;
	qsort(v, n, sizeof *v, by_group);
	return n;
}

/* How many lines from this one on are alike, and have nothing below them? */
static size_t
explain_alike(const struct told *t, const struct line *v, size_t n)
{
	const struct resource *r = v[0].r;
	AUTO(arena) a = { 0 };
	size_t i;

	for (i = 0; i < n && r->type->folds && v[i].r->type == r->type && v[i].group == v[0].group; i++) {
		AUTO(buf) below = BUF_INIT;

		explain_below(&below, t, v[i].r);
		if (below.len || resource_sign(v[i].r) != resource_sign(r) || strcmp(explain_reason(&a, v[i].r), explain_reason(&a, r)) != 0)
			break;
	}
	return i ? i : 1;
}

void
explain_plan(struct buf *out, const struct plan *p, bool color)
{
	auto_free struct line *v = xcalloc(p->n + 1, sizeof *v);
	size_t count = in_groups(p, v);
	AUTO(told) told = { 0 };
	struct plan_counts n;

	told_gather(&told, p);
	for (size_t i = 0, many; i < count; i += many) {
		many = explain_alike(&told, &v[i], count - i);
		explain_resource(out, &told, v[i].r, many, color);
	}
	plan_count(p, &n);
	buf_adds(out, "Plan: ");
	explain_counts(out, &n);
	buf_addc(out, '\n');
}
