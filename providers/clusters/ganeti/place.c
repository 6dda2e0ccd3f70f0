/*
 * Where Ganeti would put a machine: a dry run of making it. On the node where first fit has most room by its count, so that several that are
 * placed at once do not all come to the same one; and where Ganeti refuses that one, its allocator is asked.
 */
#include <string.h>

#include "base/cjson.h"
#include "base/error.h"
#include "providers/clusters/ganeti/engine.h"

enum { TRIAL_TIMEOUT_MS = 120000, TRIAL_DISK = 1 << 30 };

static bool
ganeti_has_labels(const struct cluster_node *node, const struct cluster_want *w)
{
	for (size_t i = 0; i < w->nlabels; i++) {
		bool has = false;

		for (size_t k = 0; k < node->nlabels && !has; k++)
			has = !strcmp(node->labels[k].name, w->labels[i].name) && !strcmp(node->labels[k].value, w->labels[i].value);
		if (!has)
			return false;
	}
	return true;
}

/* How many of its group are on a node already, or go there. */
static size_t
ganeti_neighbours(const char *node, const struct cluster_want *wants, size_t n, const struct cluster_want *w)
{
	size_t count = 0;

	for (size_t i = 0; w->spread && i < n; i++)
		count += wants[i].node && !strcmp(wants[i].node, node) && !strcmp(wants[i].group ? wants[i].group : "", w->group ? w->group : "");
	return count;
}

/* The fewest neighbours, and then the most memory that is not promised. */
static const char *
ganeti_roomiest(const struct cluster_view *v, const uint64_t *promised, const struct cluster_want *wants, size_t n, const struct cluster_want *w)
{
	const struct cluster_node *best = NULL;
	size_t best_neighbours = 0;
	uint64_t best_free = 0;

	for (size_t i = 0; i < v->nnodes; i++) {
		const struct cluster_node *node = &v->nodes[i];
		uint64_t left = node->memory_free > promised[i] ? node->memory_free - promised[i] : 0;
		size_t neighbours = ganeti_neighbours(node->name, wants, n, w);

		if (!node->answers || left < w->memory || !ganeti_has_labels(node, w) || (*w->pin && strcmp(w->pin, node->name) != 0))
			continue;
		if (best && (neighbours > best_neighbours || (neighbours == best_neighbours && left <= best_free)))
			continue;
		best = node;
		best_neighbours = neighbours;
		best_free = left;
	}
	return best ? best->name : NULL;
}

/* 1: there, on `*node`; 0: not, with why. `node` NULL: where Ganeti likes. */
static int
ganeti_trial(struct cluster *c, const struct cluster_want *w, const char *at, struct arena *a, const char **node, const char **why, struct error *err)
{
	struct cluster_job job = { .key = "trial", .verb = CLUSTER_STOP, .name = w->name, .node = at, .fleet = "trial", .digest = "", .by = "",
				   .cpus = 1, .memory = w->memory, .disk = TRIAL_DISK, .image = "file:///", .image_digest = "" };
	auto_json *body = ganeti_create_body(&job, !at);
	struct ganeti_job j;
	const char *id;

	/* What is tried is the place, and not the image. */
	cJSON_DeleteItemFromObjectCaseSensitive(body, "osparams");
	if (ganeti_begin(c, "POST", "/2/instances?dry-run=1", NULL, body, a, &id, err) < 0 ||
	    ganeti_wait(c, id, TRIAL_TIMEOUT_MS, NULL, NULL, a, &j, err) < 0)
		return -1;
	*node = at ? at : j.node;
	*why = j.why;
	return j.state == GANETI_JOB_DONE && **node;
}

static void
ganeti_promise(const struct cluster_view *v, uint64_t *promised, const struct cluster_want *w)
{
	for (size_t i = 0; i < v->nnodes; i++)
		if (w->node && !strcmp(v->nodes[i].name, w->node))
			promised[i] += w->memory;
}

int
ganeti_place(struct cluster *c, struct cluster_view *v, struct cluster_want *wants, size_t n, struct error *err)
{
	uint64_t *promised = arena_alloc(&v->arena, (v->nnodes + 1) * sizeof *promised);

	for (size_t i = 0; i < n; i++) {
		struct cluster_want *w = &wants[i];
		const char *at, *node;
		int fits;

		if (w->node)
			continue;
		at = ganeti_roomiest(v, promised, wants, n, w);
		w->why = "no node that answers has its labels and room for its memory";
		if (!at)
			continue;
		fits = ganeti_trial(c, w, at, &v->arena, &node, &w->why, err);
		if (!fits && !*w->pin && !w->nlabels)
			fits = ganeti_trial(c, w, NULL, &v->arena, &node, &w->why, err);
		if (fits < 0)
			return -1;
		w->node = fits ? node : NULL;
		ganeti_promise(v, promised, w);
	}
	return 0;
}
