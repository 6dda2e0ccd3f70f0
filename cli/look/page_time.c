/* The timeline: a row an instance, with its steps within. */
#include <math.h>
#include <string.h>

#include "base/auto.h"
#include "cli/look/page.h"
#include "cli/look/story.h"

enum {
	WIDTH = 1000,		/* of a bar's picture */
	ROW = 10, GAP = 2, LANES = 6,
	TICKS = 6,
	TIME_PARTS = 1000,	/* rows; a page of more is of no use */
	TIME_STEPS = 2500,	/* that are told one by one */
	TIME_ERROR = 300,
};

struct timing {
	struct page *p;
	const struct story *s;
	size_t told;		/* steps so far */
};

/* 1, 2 or 5 times a power of ten, so that there are some TICKS of them. */
static double
time_tick(double ms)
{
	double raw = ms > 1 ? ms / TICKS : 1, power = pow(10, floor(log10(raw))), f = raw / power;

	return power * (f > 5 ? 10 : f > 2 ? 5 : f > 1 ? 2 : 1);
}

/* Beside its line: before it where what comes after could reach beyond a narrow window. */
static void
time_label(struct buf *b, double part, int digits, double s)
{
	bool late = part > .75;

	buf_addf(b, "<span%s style=\"%s:%.2f%%\">%.*f s</span>", late ? " class=\"late\"" : "", late ? "right" : "left", 100 * (late ? 1 - part : part), digits, s);
}

static void
time_axis(struct timing *t)
{
	double all = (double)(t->s->ended - t->s->began), tick = time_tick(all);

	buf_adds(t->p->out, "<div class=\"row axis\" aria-hidden=\"true\"><span></span><div class=\"ticks\">");
	for (double at = 0; all > 0 && at < all; at += tick)
		time_label(t->p->out, at / all, tick < 1000 ? tick < 100 ? 2 : 1 : 0, at / 1e3);
	buf_adds(t->p->out, "</div><span></span></div>\n");
}

static double
time_x(const struct story *s, int64_t ms)
{
	double all = (double)(s->ended - s->began);

	return all > 0 ? WIDTH * (double)(ms - s->began) / all : 0;
}

static void
time_box(struct buf *b, const struct story *s, int64_t from, int64_t to, double y, double height)
{
	double x = time_x(s, from), w = time_x(s, to) - x;

	buf_addf(b, "M%.1f %.0fh%.1fv%.0fh-%.1fz", x, y, w > 1.5 ? w : 1.5, height, w > 1.5 ? w : 1.5);
}

static void
time_path(struct page *p, const char *cls, const struct buf *d)
{
	if (d->len)
		buf_addf(p->out, "<path class=\"%s\" d=\"%s\"/>", cls, d->s);
}

/* One path a kind, not a shape a step: two hundred instances are a page that scrolls. */
static void
time_bars(struct timing *t, const struct story_part *part)
{
	AUTO(buf) work = BUF_INIT, boot = BUF_INIT, fail = BUF_INIT, path = BUF_INIT, phase = BUF_INIT;
	size_t *row = arena_alloc(&t->p->a, (part->n + 1) * sizeof *row), rows = story_rows(t->s, part, row);
	size_t lanes = rows < LANES ? rows : LANES;

	for (size_t i = 0; i < part->n; i++) {
		const struct story_step *s = &t->s->v[part->step[i]];
		double y = (double)((row[i] < LANES ? row[i] : LANES - 1) * (ROW + GAP));

		time_box(*s->error || s->open ? &fail : s->boots ? &boot : &work, t->s, s->began, s->ended, y, ROW - 3);
		if (s->chain)
			time_box(&path, t->s, s->began, s->ended, y + ROW - 3, 3);
		for (size_t k = 0; k + 1 < s->nphases; k++)
			buf_addf(&phase, "M%.1f %.0fh1v%dh-1z", time_x(t->s, s->phase[k].ended), y, ROW - 3);
	}
	buf_addf(t->p->out, "<svg viewBox=\"0 0 %d %zu\" height=\"%zu\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">", WIDTH,
		 lanes * (ROW + GAP), lanes * (ROW + GAP));
	time_path(t->p, "b-work", &work);
	time_path(t->p, "b-boot", &boot);
	time_path(t->p, "b-fail", &fail);
	time_path(t->p, "b-path", &path);
	time_path(t->p, "b-phase", &phase);
	buf_adds(t->p->out, "</svg>");
}

/* What it needed of its own instance, by type; of others, whole. */
static const char *
time_needs(struct timing *t, const struct story_step *s)
{
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < s->nafter && i < 12; i++) {
		const struct story_step *o = &t->s->v[s->after[i]];
		bool same = !strcmp(o->owner, s->owner) && !strcmp(o->type, s->type) && !strcmp(o->name, s->name);

		buf_addf(&b, "%s%s%s%s", i ? ", " : "", same ? "its end" : page_esc(t->p, o->type), !same && strcmp(o->owner, s->owner) ? " " : "",
			 !same && strcmp(o->owner, s->owner) ? page_short(t->p, *o->owner ? o->owner : o->name, 40) : "");
	}
	if (s->nafter > 12)
		buf_addf(&b, " and %zu more", s->nafter - 12);
	return arena_strdup(&t->p->a, b.s);
}

static void
time_step(struct timing *t, const struct story_step *s)
{
	struct page *p = t->p;
	const char *outcome = *s->error ? arena_printf(&p->a, "failed: %s", page_short(p, s->error, TIME_ERROR)) : s->open ? "did not end" : "done";

	buf_addf(p->out, "<tr><th scope=\"row\">%s</th><td class=\"n\">+%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td><td>%s</td><td>%s</td><td>%s%s%s%s</td></tr>\n",
		 page_step_name(p, s), page_seconds(p, s->began - t->s->began), page_seconds(p, s->waited), page_seconds(p, s->ended - s->began), time_needs(t, s),
		 page_short(p, s->why, 200), *s->error || s->open ? "<span class=\"failed\">" : "", outcome, *s->error || s->open ? "</span>" : "",
		 s->chain ? ", <span class=\"onpath\">critical</span>" : "");
	t->told++;
}

static void
time_phases(struct timing *t, const struct story_part *part)
{
	for (size_t i = 0; i < part->n; i++) {
		const struct story_step *s = &t->s->v[part->step[i]];
		int64_t since = s->began;

		if (!s->nphases)
			continue;
		buf_adds(t->p->out, "<p>Its boot: ");
		for (size_t k = 0; k < s->nphases; since = s->phase[k++].ended)
			buf_addf(t->p->out, "%s%s %s", k ? ", " : "", page_short(t->p, s->phase[k].what, 80), page_seconds(t->p, s->phase[k].ended - since));
		buf_adds(t->p->out, ".</p>\n");
	}
}

static void
time_within(struct timing *t, const struct story_part *part)
{
	static const char *const heads[] = { "Step", "At", "Waited", "Took", "Needed", "Why", "Came of it", NULL };
	static const char *const classes[] = { "", "n", "n", "n", "", "", "" };

	buf_adds(t->p->out, "<div class=\"within\">");
	time_phases(t, part);
	if (t->told + part->n > TIME_STEPS && !part->failed) {
		buf_adds(t->p->out, "<p class=\"soft\">Too many steps for one page: <code>limactl history</code> has these.</p></div>");
		return;
	}
	buf_addf(t->p->out, "<div class=\"wide\"><table>\n<caption>Steps of %s</caption>\n", *part->name ? page_short(t->p, part->name, 80) : "the host");
	page_head(t->p, heads, classes);
	for (size_t i = 0; i < part->n; i++)
		time_step(t, &t->s->v[part->step[i]]);
	buf_adds(t->p->out, "</tbody></table></div></div>");
}

static void
time_part(struct timing *t, const struct story_part *part)
{
	struct page *p = t->p;

	buf_addf(p->out, "<details><summary><span class=\"row\"><span class=\"name\"><bdi>%s</bdi></span>", *part->name ? page_short(p, part->name, 80) : "(host)");
	time_bars(t, part);
	buf_addf(p->out, "<span class=\"told\">%.2f\u2013%s%s%s%s</span></span></summary>", (double)(part->began - t->s->began) / 1e3, page_seconds(p, part->ended - t->s->began),
		 part->failed ? ", <span class=\"failed\">failed</span>" : "", part->open ? ", <span class=\"failed\">did not end</span>" : "",
		 part->on_path ? ", <span class=\"onpath\">critical</span>" : "");
	time_within(t, part);
	buf_adds(p->out, "</details>\n");
}

void
page_timeline(struct page *p, const struct story *s)
{
	struct timing t = { .p = p, .s = s };

	buf_adds(p->out, "<section aria-labelledby=\"timeline\">\n<h2 id=\"timeline\">Timeline</h2>\n"
			 "<p class=\"legend\"><span><i class=\"k-work\"></i>files and their like</span><span><i class=\"k-boot\"></i>the machine, and waiting for its guest</span>"
			 "<span><i class=\"k-fail\"></i>failed, or did not end</span><span><i class=\"k-path\"></i>underlined: on the critical path</span></p>\n"
			 "<p class=\"soft\">A row is an instance; it opens to its steps.</p>\n<div class=\"time\">\n");
	time_axis(&t);
	for (size_t i = 0; i < s->nparts && i < TIME_PARTS; i++)
		time_part(&t, &s->part[i]);
	if (s->nparts > TIME_PARTS)
		buf_addf(p->out, "<p class=\"soft\">And %zu more.</p>\n", s->nparts - TIME_PARTS);
	buf_adds(p->out, "</div>\n</section>\n");
}
