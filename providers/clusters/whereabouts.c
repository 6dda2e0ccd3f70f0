/*
 * Where the members of a fleet are: of what there is, what was recorded here, and what does not answer.
 *
 * The rule that keeps a machine from running twice: one that is not found is made only where nothing that does not answer can have it.
 */
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "providers/cluster.h"

static const struct cluster_node *
first_silent(const struct cluster_view *v)
{
	for (size_t i = 0; i < v->nnodes; i++)
		if (!v->nodes[i].answers)
			return &v->nodes[i];
	return NULL;
}

static void
is_unknown(struct cluster_member *m, struct arena *a, const struct cluster_node *n, const char *sure)
{
	m->unknown = true;
	m->why = arena_printf(a, "%s `%s`, which %s", sure, n->name, n->why);
}

static void
locate_found(struct cluster_view *v, const char *fleet, struct cluster_member *m, const struct cluster_machine *found)
{
	const struct cluster_machine *other = found;

	/* another's of that name on another host is no matter */
	while ((other = cluster_view_machine(v, m->name, other)))
		if (!strcmp(other->fleet, fleet))
			break;
	if (other)
		m->why = arena_printf(&v->arena, "it is on `%s` and on `%s`; delete it on one of them, `limactl delete` there", found->node, other->node);
	m->found = found;
	m->node = found->node;
}

static void
locate_one(struct cluster_view *v, const char *fleet, struct cluster_member *m)
{
	const struct cluster_node *recorded = *m->recorded ? cluster_view_node(v, m->recorded) : NULL, *silent = first_silent(v);
	const struct cluster_node *pinned = *m->want.pin ? cluster_view_node(v, m->want.pin) : NULL;
	const struct cluster_machine *found = NULL;

	while ((found = cluster_view_machine(v, m->name, found)))
		if (!strcmp(found->fleet, fleet))
			break;
	m->found = NULL;
	m->node = m->why = NULL;
	m->unknown = false;
	if (found)
		locate_found(v, fleet, m, found);
	else if (recorded && !recorded->answers)
		is_unknown(m, &v->arena, recorded, "it is on host");
	else if (pinned && !pinned->answers)
		is_unknown(m, &v->arena, pinned, "it is to be on host");
	else if (silent && !pinned)
		is_unknown(m, &v->arena, silent, "it may be on host");
}

/* Somebody else's of that name where it is to go. */
static void
check_taken(struct cluster_view *v, struct cluster_member *m)
{
	for (const struct cluster_machine *x = NULL; (x = cluster_view_machine(v, m->name, x));)
		if (!strcmp(x->node, m->node))
			m->why = arena_printf(&v->arena, "host `%s` has an instance of that name, which %s%s%s", x->node,
					      *x->fleet ? "belongs to the fleet `" : "belongs to no fleet", x->fleet, *x->fleet ? "`" : "");
}

int
cluster_locate(struct cluster *c, struct cluster_view *v, const char *fleet, struct cluster_member *m, size_t n, struct error *err)
{
	auto_free struct cluster_want *wants = xcalloc(n + 1, sizeof *wants);
	auto_free size_t *of = xcalloc(n + 1, sizeof *of);
	size_t nwants = 0;

	for (size_t i = 0; i < n; i++) {
		locate_one(v, fleet, &m[i]);
		if (m[i].gone || m[i].why)
			continue;
		/* what is there counts for its group */
		wants[nwants] = m[i].want;
		wants[nwants].name = m[i].name;
		wants[nwants].node = m[i].node;
		of[nwants++] = i;
	}
	if (nwants && c->engine->place(c, v, wants, nwants, err) < 0)
		return -1;
	for (size_t i = 0; i < nwants; i++) {
		struct cluster_member *to = &m[of[i]];

		if (to->found)
			continue;
		to->node = wants[i].node;
		to->why = to->node ? NULL : wants[i].why;
		if (to->node)
			check_taken(v, to);
	}
	return 0;
}
