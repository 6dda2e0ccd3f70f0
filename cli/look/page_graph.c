/* Boxes in columns: what needs nothing to the left, what needs it to its right. */
#include "cli/look/page_graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "cli/look/index.h"
#include "cli/look/page.h"
#include "cli/look/story.h"

enum {
	FOLD_ABOVE = 12,	/* boxes: of fewer each has its own */
	MOST_BOXES = 80, MOST_NEEDS = 400,
	BOX_W = 176, BOX_H = 42, GAP_X = 64, GAP_Y = 16, EDGE = 12,
	NAMED = 24,
};

struct drawn {
	size_t first, last, count;	/* of the boxes that it stands for */
	size_t column, row;
	size_t *needs, nneeds;
};

struct drawing {
	struct page *p;
	const struct graph_box *v;
	size_t n;
	size_t *of;		/* which drawn one a box is in */
	struct drawn *d;
	size_t nd;
};

/* Boxes that are alike but for their names have the same key. */
static const char *
graph_key(struct drawing *g, size_t i)
{
	const struct graph_box *b = &g->v[i];
	AUTO(buf) key = BUF_INIT;

	buf_addf(&key, "%s\n%d%d", b->told, b->failed, b->on_path);
	for (size_t k = 0; k < b->nneeds; k++)
		buf_addf(&key, " %zu", b->needs[k]);
	return arena_memdup(&g->p->a, key.s, key.len);
}

/* Nobody may need one of those that are folded: then it is one of its own. */
static void
graph_fold(struct drawing *g)
{
	bool *needed = arena_alloc(&g->p->a, (g->n + 1) * sizeof *needed);
	AUTO(index) alike = { 0 };

	for (size_t i = 0; i < g->n; i++)
		for (size_t k = 0; k < g->v[i].nneeds; k++)
			needed[g->v[i].needs[k]] = true;
	for (size_t i = 0; i < g->n; i++) {
		bool alone = g->n <= FOLD_ABOVE || needed[i];
		const char *key = alone ? arena_printf(&g->p->a, "%zu", i) : graph_key(g, i);
		size_t *at = index_at(&alike, key, alone ? "1" : "");

		if (*at == INDEX_NEW) {
			*at = g->nd;
			g->d[g->nd++] = (struct drawn){ .first = i };
		}
		g->of[i] = *at;
		g->d[*at].last = i;
		g->d[*at].count++;
	}
}

static void
graph_edges(struct drawing *g)
{
	for (size_t i = 0; i < g->nd; i++) {
		const struct graph_box *b = &g->v[g->d[i].first];

		g->d[i].needs = arena_alloc(&g->p->a, (b->nneeds + 1) * sizeof *g->d[i].needs);
		for (size_t k = 0; k < b->nneeds; k++)
			if (g->of[b->needs[k]] != i)
				g->d[i].needs[g->d[i].nneeds++] = g->of[b->needs[k]];
	}
}

/* One column to the right of all that it needs; a circle, which there cannot be, would end at the last column. */
static void
graph_columns(struct drawing *g)
{
	size_t *height = arena_alloc(&g->p->a, (g->nd + 2) * sizeof *height);
	bool moved = true;

	for (size_t round = 0; moved && round < g->nd; round++) {
		moved = false;
		for (size_t i = 0; i < g->nd; i++)
			for (size_t k = 0; k < g->d[i].nneeds; k++)
				if (g->d[i].column <= g->d[g->d[i].needs[k]].column && g->d[g->d[i].needs[k]].column + 1 < g->nd) {
					g->d[i].column = g->d[g->d[i].needs[k]].column + 1;
					moved = true;
				}
	}
	for (size_t i = 0; i < g->nd; i++)
		g->d[i].row = height[g->d[i].column]++;
}

static size_t
graph_x(const struct drawn *d)
{
	return EDGE + d->column * (BOX_W + GAP_X);
}

static size_t
graph_y(const struct drawn *d)
{
	return EDGE + d->row * (BOX_H + GAP_Y);
}

static void
graph_draw_edges(struct drawing *g, size_t shown)
{
	AUTO(buf) lines = BUF_INIT, tips = BUF_INIT;

	for (size_t i = 0; i < shown; i++)
		for (size_t k = 0; k < g->d[i].nneeds; k++) {
			const struct drawn *from = &g->d[g->d[i].needs[k]], *to = &g->d[i];
			size_t x1 = graph_x(from) + BOX_W, y1 = graph_y(from) + BOX_H / 2, x2 = graph_x(to), y2 = graph_y(to) + BOX_H / 2;

			if (g->d[i].needs[k] >= shown)
				continue;
			buf_addf(&lines, "M%zu %zuC%zu %zu %zu %zu %zu %zu", x1, y1, x1 + GAP_X / 2, y1, x2 - GAP_X / 2, y2, x2 - 7, y2);
			buf_addf(&tips, "M%zu %zul-8 -4v8z", x2, y2);
		}
	if (lines.len)
		buf_addf(g->p->out, "<path class=\"edge\" d=\"%s\"/><path class=\"tip\" d=\"%s\"/>\n", lines.s, tips.s);
}

static void
graph_draw_box(struct drawing *g, const struct drawn *d)
{
	const struct graph_box *b = &g->v[d->first];
	size_t x = graph_x(d), y = graph_y(d);
	struct page *p = g->p;
	const char *name = d->count == 1 ? page_short(p, b->name, NAMED - 2)
					 : arena_printf(&p->a, "%s \u2026 %s", page_short(p, b->name, NAMED / 2 - 2), page_short(p, g->v[d->last].name, NAMED / 2 - 2));

	buf_addf(p->out, "<g%s><rect x=\"%zu\" y=\"%zu\" width=\"%d\" height=\"%d\" rx=\"5\"/><text x=\"%zu\" y=\"%zu\">%s</text>",
		 b->failed ? " class=\"g-fail\"" : b->on_path ? " class=\"g-path\"" : "", x, y, BOX_W, BOX_H, x + 10, y + 18, name);
	buf_addf(p->out, "<text class=\"small\" x=\"%zu\" y=\"%zu\">", x + 10, y + 33);
	if (d->count > 1)
		buf_addf(p->out, "%zu of them: ", d->count);
	buf_addf(p->out, "%s</text></g>\n", page_short(p, b->told, 26));
}

static void
graph_picture(struct drawing *g, size_t shown)
{
	size_t width = 0, height = 0;

	for (size_t i = 0; i < shown; i++) {
		width = graph_x(&g->d[i]) + BOX_W > width ? graph_x(&g->d[i]) + BOX_W : width;
		height = graph_y(&g->d[i]) + BOX_H > height ? graph_y(&g->d[i]) + BOX_H : height;
	}
	buf_addf(g->p->out, "<div class=\"wide graph\" tabindex=\"0\" role=\"region\" aria-label=\"Picture of the graph; the table below says the same\">"
		 "<svg width=\"%zu\" height=\"%zu\" viewBox=\"0 0 %zu %zu\" aria-hidden=\"true\" focusable=\"false\">\n", width + EDGE, height + EDGE, width + EDGE,
		 height + EDGE);
	graph_draw_edges(g, shown);
	for (size_t i = 0; i < shown; i++)
		graph_draw_box(g, &g->d[i]);
	buf_adds(g->p->out, "</svg></div>\n");
}

static const char *
graph_drawn_name(struct drawing *g, const struct drawn *d)
{
	struct page *p = g->p;

	if (d->count == 1)
		return page_short(p, g->v[d->first].name, 80);
	return arena_printf(&p->a, "%s to %s (%zu)", page_short(p, g->v[d->first].name, 80), page_short(p, g->v[d->last].name, 80), d->count);
}

static void
graph_table(struct drawing *g)
{
	static const char *const heads[] = { "What", "Came of it", "Needs", NULL };
	static const char *const classes[] = { "", "", "" };
	struct page *p = g->p;

	buf_adds(p->out, "<details><summary>The same as a table</summary><div class=\"wide\"><table>\n<caption>Who needs whom</caption>\n");
	page_head(p, heads, classes);
	for (size_t i = 0; i < g->nd && i < MOST_NEEDS; i++) {
		buf_addf(p->out, "<tr><th scope=\"row\"><bdi>%s</bdi></th><td>%s%s</td><td>", graph_drawn_name(g, &g->d[i]), page_esc(p, g->v[g->d[i].first].told),
			 g->v[g->d[i].first].on_path ? ", critical" : "");
		for (size_t k = 0; k < g->d[i].nneeds && k < 20; k++)
			buf_addf(p->out, "%s<bdi>%s</bdi>", k ? ", " : "", graph_drawn_name(g, &g->d[g->d[i].needs[k]]));
		if (g->d[i].nneeds > 20)
			buf_addf(p->out, " and %zu more", g->d[i].nneeds - 20);
		buf_adds(p->out, "</td></tr>\n");
	}
	buf_adds(p->out, "</tbody></table></div></details>\n");
}

void
page_graph(struct page *p, const struct graph_box *v, size_t n)
{
	struct drawing g = { .p = p, .v = v, .n = n };
	size_t shown;

	g.of = arena_alloc(&p->a, (n + 1) * sizeof *g.of);
	g.d = arena_alloc(&p->a, (n + 1) * sizeof *g.d);
	graph_fold(&g);
	graph_edges(&g);
	graph_columns(&g);
	shown = g.nd < MOST_BOXES ? g.nd : MOST_BOXES;
	buf_adds(p->out, "<section aria-labelledby=\"graph\">\n<h2 id=\"graph\">Graph</h2>\n<p class=\"soft\">An arrow leads to what waits for that which it comes from. "
			 "Thick: failed, or on the critical path.</p>\n");
	graph_picture(&g, shown);
	if (g.nd > shown)
		buf_addf(p->out, "<p>%zu more are in the table only.</p>\n", g.nd - shown);
	graph_table(&g);
	buf_adds(p->out, "</section>\n");
}

/* A box says what came of it without its time, so that those that are alike can be one. */
void
page_graph_of_run(struct page *p, const struct story *s)
{
	struct graph_box *v = arena_alloc(&p->a, (s->nparts + 1) * sizeof *v);

	for (size_t i = 0; i < s->nparts; i++) {
		const struct story_part *part = &s->part[i];

		v[i] = (struct graph_box){
			.name = *part->name ? part->name : "(host)", .failed = part->failed > 0 || part->open > 0, .on_path = part->on_path,
			.needs = part->needs, .nneeds = part->nneeds,
			.told = arena_printf(&p->a, "%s, %zu %s", part->failed ? "failed" : part->open ? "did not end" : "done", part->n, part->n == 1 ? "step" : "steps"),
		};
	}
	page_graph(p, v, s->nparts);
}
