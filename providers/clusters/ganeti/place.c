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

/* A dry run of one of them, which goes on beside the others. */
struct ganeti_trial {
	const char *at;			/* NULL: where Ganeti likes */
	const char *id;			/* NULL: none */
};

static int
ganeti_try(struct cluster *c, const struct cluster_want *w, const char *at, struct arena *a, struct ganeti_trial *out, struct error *err)
{
	struct cluster_job job = { .key = "trial", .verb = CLUSTER_STOP, .name = w->name, .node = at, .fleet = "trial", .digest = "", .by = "",
				   .cpus = 1, .memory = w->memory, .disk = TRIAL_DISK, .image = "file:///", .image_digest = "" };
	auto_json *body = ganeti_create_body(&job, !at, 0);

	/* What is tried is the place, and not the image. */
	cJSON_DeleteItemFromObjectCaseSensitive(body, "osparams");
	out->at = at;
	return ganeti_begin(c, "POST", "/2/instances?dry-run=1", NULL, body, a, &out->id, err);
}

/* Where it would be, or why it would be nowhere. */
static int
ganeti_tried(struct cluster *c, struct cluster_want *w, const struct ganeti_trial *t, struct arena *a, struct error *err)
{
	struct ganeti_job j;

	if (ganeti_wait(c, t->id, TRIAL_TIMEOUT_MS, NULL, NULL, a, &j, err) < 0)
		return -1;
	/* Made since it was looked for, by a run that was killed or by somebody else: submit() finds out whose it is. */
	if (!strcmp(j.kind, "already_exists"))
		w->node = t->at;
	else if (j.state == GANETI_JOB_DONE)
		w->node = t->at ? t->at : *j.node ? j.node : NULL;
	w->why = *j.why ? j.why : "Ganeti names no node";
	return 0;
}

static void
ganeti_promise(const struct cluster_view *v, uint64_t *promised, const char *node, uint64_t memory)
{
	for (size_t i = 0; i < v->nnodes; i++)
		if (!strcmp(v->nodes[i].name, node))
			promised[i] += memory;
}

/* All of them, each on the node that is best by our count. While they are tried, that is where they are, for those behind them. */
static int
ganeti_try_all(struct cluster *c, struct cluster_view *v, struct cluster_want *wants, size_t n, struct ganeti_trial *trials, struct error *err)
{
	uint64_t *promised = arena_alloc(&v->arena, (v->nnodes + 1) * sizeof *promised);

	for (size_t i = 0; i < n; i++) {
		if (wants[i].node)
			continue;
		wants[i].why = "no node that answers has its labels and room for its memory";
		wants[i].node = ganeti_roomiest(v, promised, wants, n, &wants[i]);
		if (!wants[i].node)
			continue;
		ganeti_promise(v, promised, wants[i].node, wants[i].memory);
		if (ganeti_try(c, &wants[i], wants[i].node, &v->arena, &trials[i], err) < 0)
			return -1;
	}
	return 0;
}

int
ganeti_place(struct cluster *c, struct cluster_view *v, struct cluster_want *wants, size_t n, struct error *err)
{
	struct ganeti_trial *trials = arena_alloc(&v->arena, (n + 1) * sizeof *trials);

	if (ganeti_try_all(c, v, wants, n, trials, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct cluster_want *w = &wants[i];

		if (!trials[i].id)
			continue;
		w->node = NULL;
		if (ganeti_tried(c, w, &trials[i], &v->arena, err) < 0)
			return -1;
		if (!w->node && !*w->pin && !w->nlabels &&
		    (ganeti_try(c, w, NULL, &v->arena, &trials[i], err) < 0 || ganeti_tried(c, w, &trials[i], &v->arena, err) < 0))
			return -1;
	}
	return 0;
}
