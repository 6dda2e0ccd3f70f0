/* What the run lasted for, step by step. */
#include <stdlib.h>

#include "base/auto.h"
#include "cli/look/page.h"
#include "cli/look/story.h"

enum { PATH_ROWS = 25 };

struct path_length {
	int64_t ms;
	size_t at;
};

static int
path_longest_first(const void *a, const void *b)
{
	const struct path_length *x = a, *y = b;

	if (x->ms != y->ms)
		return x->ms < y->ms ? 1 : -1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* When the one before it on the path was over. */
static int64_t
path_before(const struct story *s, size_t at)
{
	return at ? s->v[s->path[at - 1]].ended : s->began;
}

/* Those that are shown of a path of thousands: where most of the time went. */
static bool *
path_shown(struct page *p, const struct story *s)
{
	struct path_length *v = arena_alloc(&p->a, (s->npath + 1) * sizeof *v);
	bool *shown = arena_alloc(&p->a, (s->npath + 1) * sizeof *shown);

	for (size_t i = 0; i < s->npath; i++)
		v[i] = (struct path_length){ s->v[s->path[i]].ended - path_before(s, i), i };
	qsort(v, s->npath, sizeof *v, path_longest_first);
	for (size_t i = 0; i < s->npath && i < PATH_ROWS; i++)
		shown[v[i].at] = true;
	return shown;
}

static void
path_row(struct page *p, const struct story *s, size_t at)
{
	const struct story_step *t = &s->v[s->path[at]];
	int64_t took = t->ended - t->began, wait = t->began - path_before(s, at), all = s->ended - s->began;
	double share = all > 0 ? 100.0 * (double)took / (double)all : 0;

	buf_addf(p->out, "<tr><td class=\"n\">%zu</td><th scope=\"row\">%s</th><td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n of\">%.0f %%</td>"
		 "<td class=\"bar\"><span class=\"share\" style=\"width:%.1f%%\"></span></td><td>%s%s</td></tr>\n",
		 at + 1, page_step_name(p, t), page_seconds(p, wait > 0 ? wait : 0), page_seconds(p, took), share, share,
		 t->queued ? "its turn came" : at ? "needed that" : "the first", *t->error ? "; failed" : "");
}

void
page_path(struct page *p, const struct story *s)
{
	static const char *const heads[] = { "#", "Step", "Waited", "Took", "Of the run", "", "Why then", NULL };
	static const char *const classes[] = { "n", "", "n", "n", "n of", "bar", "" };
	const bool *shown = path_shown(p, s);
	int64_t work = 0;

	for (size_t i = 0; i < s->npath; i++)
		work += s->v[s->path[i]].ended - s->v[s->path[i]].began;
	buf_adds(p->out, "<section aria-labelledby=\"path\">\n<h2 id=\"path\">Critical path</h2>\n");
	if (!s->npath) {
		buf_adds(p->out, "<p>The run took no step.</p>\n</section>\n");
		return;
	}
	buf_addf(p->out, "<p>The run lasted for this chain of %zu %s: %s at work and %s in between. It gets shorter only if these do. A step either needed the one before it, or its turn came when that was over: so many go on at a time (<code>--jobs</code>).</p>\n", s->npath,
		 s->npath == 1 ? "step" : "steps", page_seconds(p, work), page_seconds(p, s->ended - s->began - work));
	buf_adds(p->out, "<div class=\"wide\"><table>\n<caption>From the first to the last</caption>\n");
	page_head(p, heads, classes);
	for (size_t i = 0; i < s->npath; i++)
		if (shown[i])
			path_row(p, s, i);
	buf_adds(p->out, "</tbody></table></div>\n");
	if (s->npath > PATH_ROWS)
		buf_addf(p->out, "<p class=\"soft\">The %d longest of %zu; <code>limactl trace</code> has all.</p>\n", PATH_ROWS, s->npath);
	buf_adds(p->out, "</section>\n");
}
