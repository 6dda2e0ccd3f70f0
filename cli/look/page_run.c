/* The page of a run: the frame, and what is said of the whole. */
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "cli/cli.h"
#include "cli/look/page.h"
#include "cli/look/page_graph.h"
#include "cli/look/story.h"

const char *
page_step_name(struct page *p, const struct story_step *t)
{
	return arena_printf(&p->a, "%s%s <bdi>%s</bdi>", strcmp(t->verb, "remove") ? "" : "remove ", page_esc(p, t->type), page_short(p, t->name, 80));
}

static const char *
run_state(const struct story *s)
{
	return s->open ? "did not end" : s->failed ? "failed" : !strcmp(s->outcome, "done") ? "done" : "ended early";
}

static void
run_header(struct page *p, const struct story *s)
{
	const char *state = run_state(s);

	buf_addf(p->out,
		 "<header>\n<h1><code><bdi>%s</bdi></code></h1>\n<p>Run %" PRId64 " of %s: <span class=\"state %s\">%s</span>, begun %s, %s%s.</p>\n",
		 page_short(p, s->command, 300), s->id, page_esc(p, p->c->env.home), !strcmp(state, "done") ? "done" : "failed", state,
		 page_when(p, s->began), s->open ? "last heard of after " : "took ", page_seconds(p, s->ended - s->began));
	if (*s->outcome && strcmp(s->outcome, "done") != 0)
		buf_addf(p->out, "<p class=\"failed\">%s</p>\n", page_short(p, s->outcome, 1000));
	buf_adds(p->out, "<nav aria-label=\"Sections\"><ul>");
	if (s->failed)
		buf_adds(p->out, "<li><a href=\"#failures\">What failed</a></li>");
	buf_adds(p->out, "<li><a href=\"#path\">Critical path</a></li><li><a href=\"#timeline\">Timeline</a></li><li><a href=\"#graph\">Graph</a></li>"
			 "<li><a href=\"#differences\">Differences</a></li><li><a href=\"#host\">Host</a></li></ul></nav>\n</header>\n<main id=\"content\">\n");
}

static void
run_figures(struct page *p, const struct story *s)
{
	size_t instances = 0, open = 0;
	int64_t work = 0, boot = 0;

	for (size_t i = 0; i < s->nparts; i++)
		instances += *s->part[i].name != '\0';
	for (size_t i = 0; i < s->n; i++) {
		open += s->v[i].open;
		work += s->v[i].ended - s->v[i].began;
		if (!strcmp(s->v[i].type, "ready") && s->v[i].ended - s->v[i].began > boot)
			boot = s->v[i].ended - s->v[i].began;
	}
	buf_adds(p->out, "<section aria-labelledby=\"summary\">\n<h2 id=\"summary\">Summary</h2>\n<dl class=\"figures\">\n");
	page_figure(p, "Took", "%s", page_seconds(p, s->ended - s->began));
	page_figure(p, "Instances", "%zu", instances);
	page_figure(p, "Steps", "%zu", s->n);
	page_figure(p, "Failed", "%zu", s->failed);
	if (open)
		page_figure(p, "Did not end", "%zu", open);
	page_figure(p, "Critical path", "%zu %s", s->npath, s->npath == 1 ? "step" : "steps");
	page_figure(p, "Work, all steps", "%s", page_seconds(p, work));
	if (boot)
		page_figure(p, "Longest boot", "%s", page_seconds(p, boot));
	buf_adds(p->out, "</dl>\n</section>\n");
}

void
page_of_run(struct page *p, const struct story *s)
{
	page_begin(p, arena_printf(&p->a, "Run %" PRId64 ": %s", s->id, s->command));
	run_header(p, s);
	run_figures(p, s);
	page_failures(p, s);
	page_path(p, s);
	page_timeline(p, s);
	page_graph_of_run(p, s);
	page_differences(p, s);
	page_host(p);
	page_end(p);
}
