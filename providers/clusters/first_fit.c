/* Where ours is the placement: pins, then first fit decreasing by memory. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/size.h"
#include "providers/cluster.h"

struct room {
	uint64_t all, taken;		/* `all` 0: nobody knows, and whatever is asked for fits */
};

static bool
room_fits(const struct room *r, uint64_t memory)
{
	return !r->all || (r->taken <= r->all && memory <= r->all - r->taken);
}

static bool
node_has_labels(const struct cluster_node *n, const struct cluster_want *w)
{
	for (size_t i = 0; i < w->nlabels; i++) {
		size_t k = 0;

		while (k < n->nlabels && (strcmp(n->labels[k].name, w->labels[i].name) != 0 || strcmp(n->labels[k].value, w->labels[i].value) != 0))
			k++;
		if (k == n->nlabels)
			return false;
	}
	return true;
}

/* How many of its group are on that node by now? */
static size_t
group_on(const struct cluster_want *wants, size_t n, const struct cluster_want *w, const char *node)
{
	size_t there = 0;

	for (size_t i = 0; i < n; i++)
		there += &wants[i] != w && wants[i].node && !strcmp(wants[i].node, node) && !strcmp(wants[i].group, w->group);
	return there;
}

static int
by_pin_and_memory(const void *x, const void *y)
{
	const struct cluster_want *a = *(struct cluster_want *const *)x, *b = *(struct cluster_want *const *)y;

	if (!*a->pin != !*b->pin)
		return *a->pin ? -1 : 1;
	if (a->memory != b->memory)
		return a->memory > b->memory ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void
place_pinned(struct cluster_view *v, struct room *room, struct cluster_want *w)
{
	const struct cluster_node *n = cluster_view_node(v, w->pin);
	size_t at = n ? (size_t)(n - v->nodes) : 0;

	if (!n) {
		w->why = arena_printf(&v->arena, "there is no host `%s`", w->pin);
	} else if (!n->answers) {
		w->why = arena_printf(&v->arena, "host `%s` %s", w->pin, n->why);
	} else if (!room_fits(&room[at], w->memory)) {
		w->why = arena_printf(&v->arena, "host `%s` has %s of memory left for it, and it wants %s", w->pin,
				      size_text(&v->arena, room[at].all > room[at].taken ? room[at].all - room[at].taken : 0), size_text(&v->arena, w->memory));
	} else {
		w->node = n->name;
		room[at].taken += w->memory;
	}
}

static void
place_anywhere(struct cluster_view *v, struct room *room, struct cluster_want *wants, size_t nwants, struct cluster_want *w)
{
	size_t best = v->nnodes, fewest = 0, answer = 0;

	for (size_t i = 0; i < v->nnodes; i++) {
		size_t group;

		answer += v->nodes[i].answers;
		if (!v->nodes[i].answers || !node_has_labels(&v->nodes[i], w) || !room_fits(&room[i], w->memory))
			continue;
		group = w->spread ? group_on(wants, nwants, w, v->nodes[i].name) : 0;
		if (best == v->nnodes || group < fewest) {
			best = i;
			fewest = group;
		}
	}
	if (best < v->nnodes) {
		w->node = v->nodes[best].name;
		room[best].taken += w->memory;
		return;
	}
	w->why = answer ? arena_printf(&v->arena, "none of the %zu host%s that answer%s has %s of memory left%s", answer, answer == 1 ? "" : "s",
				       answer == 1 ? "s" : "", size_text(&v->arena, w->memory), w->nlabels ? " and the labels" : "") :
			  "no host answers";
}

int
cluster_first_fit(struct cluster_view *v, struct cluster_want *wants, size_t n)
{
	auto_free struct room *room = xcalloc(v->nnodes + 1, sizeof *room);
	auto_free struct cluster_want **order = xcalloc(n + 1, sizeof *order);

	for (size_t i = 0; i < v->nnodes; i++)
		room[i].all = v->nodes[i].memory;
	for (size_t i = 0; i < v->nmachines; i++) {
		const struct cluster_node *on = cluster_view_node(v, v->machines[i].node);

		if (on)
			room[on - v->nodes].taken += v->machines[i].memory;
	}
	for (size_t i = 0; i < n; i++)
		order[i] = &wants[i];
	if (n)
		qsort(order, n, sizeof *order, by_pin_and_memory);
	for (size_t i = 0; i < n; i++) {
		/* What is somewhere already is given with its node, and is only counted. */
		if (order[i]->node)
			continue;
		if (*order[i]->pin)
			place_pinned(v, room, order[i]);
		else
			place_anywhere(v, room, wants, n, order[i]);
	}
	return 0;
}
