/* Aliases and merge keys written out. */
#include <string.h>

#include "state/desired/yq/ops.h"


struct exploded {
	struct eval *e;
	struct nodes *pairs;
};

/* A pair takes the place of an earlier one of its key, and is left out where one behind it will. */
static void
exploded_add(struct exploded *x, const struct ynode *map, struct ynode *key, struct ynode *value, size_t from)
{
	ynode_explode(x->e, value);
	for (size_t i = 0; i + 1 < x->pairs->n; i += 2) {
		struct ynode *k = x->pairs->v[i];

		eval_step(x->e);
		if (ynode_reads_as(k, key) && !k->alias && !key->alias) {
			x->pairs->v[i + 1] = value;
			return;
		}
	}
	for (size_t i = from + 2; i + 1 < map->n; i += 2) {
		const struct ynode *k = map->kid[i];

		if (ynode_reads_as(k, key) && !k->alias)
			return;
	}
	ynode_explode(x->e, key);
	nodes_push(x->e, x->pairs, key);
	nodes_push(x->e, x->pairs, value);
}

static void
exploded_merge(struct exploded *x, const struct ynode *map, const struct ynode *alias, size_t from)
{
	if (!alias)
		return;
	if (alias->kind != Y_MAP)
		eval_fail(x->e, "can only use merge anchors with maps (!!map) or sequences (!!seq) of maps, but got sequence containing %s",
			  alias->tag);
	for (size_t i = 0; i + 1 < alias->n; i += 2)
		exploded_add(x, map, alias->kid[i], alias->kid[i + 1], from);
}

static void
explode_map(struct eval *e, struct ynode *n)
{
	struct exploded x = { e, nodes_new(e) };

	for (size_t i = 0; i + 1 < n->n; i += 2) {
		struct ynode *k = n->kid[i], *v = n->kid[i + 1];

		if (!ynode_says(k, "<<")) {
			exploded_add(&x, n, k, v, i);
		} else if (v->kind == Y_SEQ) {
			for (size_t m = v->n; m-- > 0;)
				exploded_merge(&x, n, v->kid[m]->alias, m);
		} else {
			exploded_merge(&x, n, v->alias, i);
		}
	}
	n->n = 0;
	n->kid = NULL;
	n->cap = 0;
	ynode_add_all(e, n, x.pairs->v, x.pairs->n);
}

void
ynode_explode(struct eval *e, struct ynode *n)
{
	bool merges = false;

	n->anchor = "";
	if (n->kind == Y_ALIAS && n->alias) {
		const struct ynode *a = n->alias;

		n->kind = a->kind;
		n->style = a->style;
		n->tag = a->tag;
		ynode_add_all(e, n, a->kid, a->n);
		n->value = a->value;
		n->len = a->len;
		n->alias = NULL;
		return;
	}
	eval_enter(e);
	for (size_t i = 0; n->kind == Y_MAP && i + 1 < n->n; i += 2)
		merges |= ynode_says(n->kid[i], "<<");
	if (merges)
		explode_map(e, n);
	else
		for (size_t i = 0; i < n->n; i++)
			ynode_explode(e, n->kid[i]);
	eval_leave(e);
}

RUN(explode)
{
	for (size_t i = 0; i < c.at->n; i++) {
		struct context r = expr_run(e, context_one(e, &c, c.at->v[i]), x->rhs);

		for (size_t k = 0; k < r.at->n; k++)
			ynode_explode(e, r.at->v[k]);
	}
	return c;
}
