/* A plan's boxes: an instance each, and what is shared. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "cli/look/index.h"
#include "cli/look/page.h"
#include "cli/look/page_graph.h"

struct plan_box {
	const char *name;
	size_t steps;
	size_t *needs, nneeds, cap;
};

static const char *
box_text(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsString(v) ? v->valuestring : "";
}

static void
box_need(struct plan_box *b, size_t other)
{
	for (size_t i = 0; i < b->nneeds; i++)
		if (b->needs[i] == other)
			return;
	GROW(b->needs, b->nneeds, b->cap);
	b->needs[b->nneeds++] = other;
}

static void
box_edges(const cJSON *r, const struct index *addresses, struct plan_box *v, size_t own)
{
	const cJSON *need;

	cJSON_ArrayForEach(need, cJSON_GetObjectItemCaseSensitive(r, "needs")) {
		size_t other = cJSON_IsString(need) ? index_find(addresses, need->valuestring, "") : INDEX_NEW;

		if (other != INDEX_NEW && other != own)
			box_need(&v[own], other);
	}
}

void
page_graph_of_plan(struct page *p, const cJSON *changes)
{
	size_t n = 0, most = (size_t)cJSON_GetArraySize(changes);
	struct plan_box *v = arena_alloc(&p->a, (most + 1) * sizeof *v);
	struct graph_box *boxes = arena_alloc(&p->a, (most + 1) * sizeof *boxes);
	AUTO(index) owners = { 0 }, addresses = { 0 };
	const cJSON *r;

	cJSON_ArrayForEach(r, changes) {
		size_t *at = index_at(&owners, box_text(r, "instance"), "");

		if (*at == INDEX_NEW) {
			*at = n;
			v[n++].name = box_text(r, "instance");
		}
		v[*at].steps++;
		*index_at(&addresses, box_text(r, "address"), "") = *at;
	}
	cJSON_ArrayForEach(r, changes) box_edges(r, &addresses, v, index_find(&owners, box_text(r, "instance"), ""));
	for (size_t i = 0; i < n; i++)
		boxes[i] = (struct graph_box){ .name = *v[i].name ? v[i].name : "(host)", .needs = v[i].needs, .nneeds = v[i].nneeds,
					       .told = arena_printf(&p->a, "%zu to do", v[i].steps) };
	page_graph(p, boxes, n);
	for (size_t i = 0; i < n; i++)
		free(v[i].needs);
}
