/* [ ] and { }: lists and mappings made of results. */

#include "state/desired/yq/ops.h"

struct ynode *
nodes_collect(struct eval *e, const struct nodes *l)
{
	struct ynode *seq = ynode_new(e, Y_SEQ, "!!seq", "");

	for (size_t i = 0; i < l->n; i++)
		ynode_add(e, seq, l->v[i]);
	return seq;
}

RUN(collect)
{
	struct nodes *out = nodes_new(e);

	if (!c.at->n)
		return context_one(e, &c, ynode_new(e, Y_SEQ, "!!seq", "[]"));
	if (context_together(&c)) {
		for (size_t i = 0; i < c.at->n; i++)
			nodes_push_all(e, out, expr_run(e, context_one_read_only(e, &c, c.at->v[i]), x->rhs).at);
		return context_one(e, &c, nodes_collect(e, out));
	}
	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *seq = ynode_replace_new(e, c.at->v[i], Y_SEQ, "!!seq", "");
		struct context r = expr_run(e, context_one(e, &c, c.at->v[i]), x->rhs);

		for (size_t k = 0; k < r.at->n; k++)
			ynode_add(e, seq, r.at->v[k]);
		nodes_push(e, out, seq);
	}
	return context_with(e, &c, out);
}

static struct ynode *
pair_make(struct eval *e, struct context *c, struct ynode *key, struct ynode *value, void *ctx)
{
	struct ynode *map = ynode_new(e, Y_MAP, "!!map", "");
	const struct ynode *of = ctx;

	(void)c;
	ynode_add_pair(e, map, key, value);
	if (of) {
		map->doc = of->doc;
		map->file = of->file;
		map->file_index = of->file_index;
	}
	return map;
}

/* the mappings of one pair that a key and a value make, for one result */
static struct ynode *
pairs_for(struct eval *e, struct context c, struct ynode *n, struct expr *x)
{
	struct cross how = { .each = pair_make, .ctx = n ? (void *)(uintptr_t)ynode_root(n) : NULL };
	struct nodes *one = nodes_new(e);
	struct ynode *seq;

	if (n)
		nodes_push(e, one, n);
	seq = nodes_collect(e, cross_run(e, context_with(e, &c, one), x, &how).at);
	seq->style = Y_FLOW;
	if (n) {
		const struct ynode *root = ynode_root(n);

		seq->doc = root->doc;
		seq->file = root->file;
		seq->file_index = root->file_index;
	}
	return seq;
}

RUN(create_map)
{
	struct ynode *seq = ynode_new(e, Y_SEQ, "!!seq", "");

	for (size_t i = 0; i < c.at->n; i++)
		ynode_add(e, seq, pairs_for(e, c, c.at->v[i], x));
	if (!c.at->n)
		ynode_add(e, seq, pairs_for(e, c, NULL, x));
	return context_one(e, &c, seq);
}

/* each of the mappings made so far with each of the next ones */
static struct nodes *
objects_cross(struct eval *e, struct context c, struct ynode *const *sets, size_t n)
{
	static const struct traverse_how plain = { .no_alias = true };
	struct nodes *made = NULL;

	for (size_t i = 0; i < n; i++) {
		struct context one = context_one(e, &c, sets[i]);
		struct nodes *next = nodes_splat(e, &one, plain), *sum = nodes_new(e);
		struct merge_how how = { 0 };

		if (!made || !made->n) {
			made = next;
			continue;
		}
		for (size_t k = 0; k < made->n; k++)
			for (size_t m = 0; m < next->n; m++)
				nodes_push(e, sum, multiply_nodes(e, &c, ynode_copy(e, made->v[k]), next->v[m], &how));
		made = sum;
	}
	return made ? made : nodes_new(e);
}

RUN(collect_object)
{
	struct nodes *out = nodes_new(e);
	struct ynode *first, **sets;

	(void)x;
	c.read_only = false;
	if (!c.at->n)
		return context_one(e, &c, ynode_new(e, Y_MAP, "!!map", "{}"));
	first = c.at->v[0];
	sets = eval_alloc(e, (c.at->n + 1) * sizeof(*sets));
	for (size_t i = 0; i < c.at->n; i++)
		if (c.at->v[i]->n < first->n)
			eval_fail(e, "keys and values of a mapping do not match in number");
	for (size_t i = 0; i < first->n; i++) {
		struct nodes *made;

		for (size_t k = 0; k < c.at->n; k++)
			sets[k] = c.at->v[k]->kid[i];
		made = objects_cross(e, context_with(e, &c, nodes_new(e)), sets, c.at->n);
		for (size_t k = 0; k < made->n; k++) {
			struct ynode *copy = ynode_copy(e, made->v[k]);

			copy->parent = copy->key = NULL;
			nodes_push(e, out, copy);
		}
	}
	return context_with(e, &c, out);
}
