/* What the run was for: the reasons of its steps, those that are alike as one. */
#include <string.h>

#include "base/auto.h"
#include "cli/look/index.h"
#include "cli/look/page.h"
#include "cli/look/story.h"

enum { DIFF_ROWS = 300, DIFF_NAMES = 8 };

struct difference {
	const struct story_step *first;
	size_t n;
	struct buf names;
};

/* The journal says which way a step went, and why: what was missing was made. */
static const char *
diff_word(const struct story_step *t)
{
	return !strcmp(t->verb, "remove") ? "remove" : !strcmp(t->why, "missing") ? "create" : "make as wanted";
}

static void
diff_take(struct page *p, struct difference *d, const struct story_step *t)
{
	if (!d->n++) {
		d->first = t;
		d->names = (struct buf)BUF_INIT;
	}
	if (d->n <= DIFF_NAMES)
		buf_addf(&d->names, "%s<bdi>%s</bdi>", d->n > 1 ? ", " : "", page_short(p, t->name, 60));
}

static void
diff_row(struct page *p, struct difference *d)
{
	const struct story_step *t = d->first;

	buf_addf(p->out, "<tr><td>%s</td><th scope=\"row\">%s</th><td>%s</td><td class=\"n\">%zu</td><td>%s", diff_word(t), page_esc(p, t->type), page_short(p, t->why, 2000),
		 d->n, d->names.s);
	if (d->n > DIFF_NAMES)
		buf_addf(p->out, " and %zu more", d->n - DIFF_NAMES);
	buf_adds(p->out, "</td></tr>\n");
}

void
page_differences(struct page *p, const struct story *s)
{
	static const char *const heads[] = { "Done", "What", "Why", "How many", "Names", NULL };
	static const char *const classes[] = { "", "", "", "n", "" };
	struct difference *v = arena_alloc(&p->a, (s->n + 1) * sizeof *v);
	AUTO(index) alike = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		size_t *at = index_at(&alike, arena_printf(&p->a, "%s %s", s->v[i].verb, s->v[i].type), s->v[i].why);

		if (*at == INDEX_NEW)
			*at = n++;
		diff_take(p, &v[*at], &s->v[i]);
	}
	buf_adds(p->out, "<section aria-labelledby=\"differences\">\n<h2 id=\"differences\">Differences</h2>\n<div class=\"wide\"><table>\n"
			 "<caption>What was otherwise than wanted, and what was done for it</caption>\n");
	page_head(p, heads, classes);
	for (size_t i = 0; i < n; i++) {
		if (i < DIFF_ROWS)
			diff_row(p, &v[i]);
		buf_release(&v[i].names);
	}
	buf_adds(p->out, "</tbody></table></div>\n");
	if (n > DIFF_ROWS)
		buf_addf(p->out, "<p>And %zu kinds more: <code>limactl history</code> has them.</p>\n", n - DIFF_ROWS);
	buf_adds(p->out, "</section>\n");
}
