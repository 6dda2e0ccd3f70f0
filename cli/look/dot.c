#include "cli/look/dot.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/quote/quote.h"
#include "cli/look/index.h"
#include "reconciler/address.h"
#include "reconciler/graph.h"
#include "reconciler/plan.h"

static const struct dot_look {
	const char *shape, *style, *word;
} dot_looks[] = {
	[SIGN_NONE] = { "box", "solid", "" },
	[SIGN_CREATE] = { "ellipse", "bold", "+ create" },
	[SIGN_CHANGE] = { "octagon", "bold", "~ change" },
	[SIGN_REMAKE] = { "doubleoctagon", "bold", "-/+ remake" },
	[SIGN_REMOVE] = { "box", "dashed", "- remove" },
};

struct dot_group {
	const char *name;	/* "": the host */
	size_t n, by_sign[SIGN_REMOVE + 1];
	const struct resource **v;
	size_t cap;
};

struct dotting {
	struct buf *out;
	const struct graph *g;
	struct arena a;
	struct index owners;
	struct dot_group *group;
	size_t ngroups, cap;
	bool folds;
};

static void
dotting_release(struct dotting *d)
{
	for (size_t i = 0; i < d->ngroups; i++)
		free(d->group[i].v);
	free(d->group);
	index_release(&d->owners);
	arena_release(&d->a);
}

/* What is neither there nor wanted is only looked for. */
static bool
dot_is_shown(const struct resource *r)
{
	return r->present || r->wanted || r->down || r->up;
}

static void
dot_gather(struct dotting *d)
{
	for (size_t i = 0; i < d->g->n; i++) {
		const struct resource *r = d->g->v[i];
		struct dot_group *group;
		size_t *at;

		if (!dot_is_shown(r))
			continue;
		at = index_at(&d->owners, r->owner, "");
		if (*at == INDEX_NEW) {
			GROW(d->group, d->ngroups, d->cap);
			*at = d->ngroups;
			d->group[d->ngroups++] = (struct dot_group){ .name = r->owner };
		}
		group = &d->group[*at];
		GROW(group->v, group->n, group->cap);
		group->v[group->n++] = r;
		group->by_sign[resource_sign(r)]++;
	}
}

static void
dot_node(struct dotting *d, const struct resource *r, const char *indent)
{
	enum sign s = resource_sign(r);

	buf_addf(d->out, "%s\"", indent);
	quote_dot(d->out, address_of(&d->a, r));
	buf_adds(d->out, "\" [label=\"");
	quote_dot(d->out, address_of(&d->a, r));
	if (*dot_looks[s].word)
		buf_addf(d->out, "\\n%s", dot_looks[s].word);
	buf_addf(d->out, "\", shape=%s, style=%s];\n", dot_looks[s].shape, dot_looks[s].style);
}

/* What is to be done to most of an instance is its look; the label counts each. */
static void
dot_folded(struct dotting *d, const struct dot_group *group)
{
	enum sign most = SIGN_NONE;

	for (enum sign s = SIGN_CREATE; s <= SIGN_REMOVE; s++)
		if (group->by_sign[s] && (most == SIGN_NONE || group->by_sign[s] > group->by_sign[most]))
			most = s;
	buf_adds(d->out, "\t\"instance ");
	quote_dot(d->out, group->name);
	buf_adds(d->out, "\" [label=\"");
	quote_dot(d->out, group->name);
	buf_addf(d->out, "\\n%zu resources", group->n);
	for (enum sign s = SIGN_CREATE; s <= SIGN_REMOVE; s++)
		if (group->by_sign[s])
			buf_addf(d->out, "\\n%s: %zu", dot_looks[s].word, group->by_sign[s]);
	buf_addf(d->out, "\", shape=%s, style=%s];\n", dot_looks[most].shape, dot_looks[most].style);
}

static void
dot_nodes(struct dotting *d)
{
	for (size_t i = 0; i < d->ngroups; i++) {
		const struct dot_group *group = &d->group[i];
		bool own = *group->name != '\0';

		if (own && d->folds) {
			dot_folded(d, group);
			continue;
		}
		if (own) {
			buf_addf(d->out, "\tsubgraph cluster_%zu {\n\t\tlabel=\"", i);
			quote_dot(d->out, group->name);
			buf_adds(d->out, "\";\n");
		}
		for (size_t k = 0; k < group->n; k++)
			dot_node(d, group->v[k], own ? "\t\t" : "\t");
		if (own)
			buf_adds(d->out, "\t}\n");
	}
}

static const char *
dot_id(struct dotting *d, const struct resource *r)
{
	return d->folds && *r->owner ? arena_printf(&d->a, "instance %s", r->owner) : address_of(&d->a, r);
}

/* Each pair once, however many of their resources need each other. */
static void
dot_edges(struct dotting *d)
{
	AUTO(index) drawn = { 0 };

	for (size_t i = 0; i < d->g->n; i++) {
		const struct resource *r = d->g->v[i];

		for (size_t k = 0; dot_is_shown(r) && k < r->nneeds; k++) {
			const struct resource *to = r->needs[k].to;
			const char *from_id, *to_id;
			size_t *seen;

			if (!dot_is_shown(to) || (d->folds && *r->owner && !strcmp(r->owner, to->owner)))
				continue;
			from_id = dot_id(d, to);
			to_id = dot_id(d, r);
			seen = index_at(&drawn, from_id, to_id);
			if (*seen != INDEX_NEW)
				continue;
			*seen = 0;
			buf_adds(d->out, "\t\"");
			quote_dot(d->out, from_id);
			buf_adds(d->out, "\" -> \"");
			quote_dot(d->out, to_id);
			buf_adds(d->out, "\";\n");
		}
	}
}

void
dot_text(struct buf *out, const struct graph *g, size_t fold_above)
{
	AUTO(dotting) d = { .out = out, .g = g };

	dot_gather(&d);
	d.folds = fold_above && d.ngroups - (index_find(&d.owners, "", "") != INDEX_NEW) > fold_above;
	buf_adds(out, "digraph limactl {\n\trankdir=LR;\n\tnode [fontname=\"sans-serif\", fontsize=11];\n\tgraph [fontname=\"sans-serif\", fontsize=12];\n");
	dot_nodes(&d);
	dot_edges(&d);
	buf_adds(out, "}\n");
}
