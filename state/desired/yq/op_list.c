/* Lists and mappings as wholes: mapped, filtered, turned round. */
#include <stdlib.h>

#include "state/desired/yq/ops.h"

EACH(length)
{
	size_t len = n->kind == Y_SCALAR ? ynode_is_null(n) ? 0 : n->len : n->kind == Y_MAP ? n->n / 2 : n->kind == Y_SEQ ? n->n : 0;

	return ynode_replace_new(e, n, Y_SCALAR, "!!int", eval_printf(e, "%zu", len));
}

EACH(map)
{
	struct nodes *kids = nodes_of_kids(e, c, n);
	struct ynode *seq;

	if (!kids->n)
		return ynode_copy(e, n);
	seq = nodes_collect(e, expr_run(e, context_with(e, c, kids), x->rhs).at);
	seq->style = n->style;
	return seq;
}

RUN(map_values)
{
	for (size_t i = 0; i < c.at->n; i++) {
		struct context kids = context_with(e, &c, nodes_of_kids(e, &c, c.at->v[i]));
		struct expr *set = expr_make(e, &op_assign, NULL, x->rhs);

		set->update = true;
		expr_run(e, kids, set);
	}
	return c;
}

EACH(filter)
{
	struct nodes *kids = nodes_of_kids(e, c, n), *left = nodes_new(e);
	struct ynode *seq;

	for (size_t k = 0; k < kids->n; k++)
		if (is_true_for(e, c, kids->v[k], x->rhs))
			nodes_push(e, left, kids->v[k]);
	seq = nodes_collect(e, left);
	seq->style = n->style;
	return seq;
}

EACH(first)
{
	struct nodes *kids;

	if (!x->rhs)
		return n->n ? n->kid[0] : NULL;
	kids = nodes_of_kids(e, c, n);
	for (size_t k = 0; k < kids->n; k++)
		if (is_true_for(e, c, kids->v[k], x->rhs))
			return kids->v[k];
	return NULL;
}

static struct ynode *
find_truth(struct eval *e, const struct context *c, struct ynode *n, struct expr *x, bool want)
{
	bool found = false;

	if (n->kind != Y_SEQ)
		eval_fail(e, "%s only supports arrays, was %s", want ? "any" : "all", n->tag);
	for (size_t k = 0; k < n->n && !found; k++) {
		struct ynode *item = x->rhs ? nodes_first(expr_run(e, context_one_read_only(e, c, n->kid[k]), x->rhs).at) : n->kid[k];

		found = item && ynode_truthy(item) == want;
	}
	return ynode_bool(e, n, found == want);
}

EACH(any)
{
	return find_truth(e, c, n, x, true);
}

EACH(all)
{
	return find_truth(e, c, n, x, false);
}

/* --- some of the keys */

static struct ynode *
pick_from(struct eval *e, struct ynode *n, const struct ynode *keys)
{
	struct ynode *to = ynode_copy_bare(e, n);

	for (size_t i = 0; keys && i < keys->n; i++) {
		long long at;
		char format;

		if (n->kind == Y_MAP) {
			at = ynode_find(e, n, keys->kid[i], 2);
			if (at >= 0)
				ynode_add_pair(e, to, n->kid[at], n->kid[at + 1]);
		} else if (!number_int(keys->kid[i]->value, &at, &format)) {
			eval_fail(e, "cannot index array with %s", keys->kid[i]->value);
		} else if (at >= 0 && at < (long long)n->n) {
			ynode_add(e, to, n->kid[at]);
		}
	}
	return to;
}

EACH_WITH(pick)
{
	if (n->kind != Y_MAP && n->kind != Y_SEQ)
		eval_fail(e, "cannot pick indices from type %s (%s)", n->tag, ynode_nice_path(e, n));
	return pick_from(e, n, arg);
}

RUN(omit)
{
	struct context keys = expr_run(e, c, x->rhs);
	const struct ynode *gone = nodes_first(keys.at);
	struct nodes *out = nodes_new(e);

	if (!gone || !gone->n)
		return c;
	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i], *to = ynode_copy_bare(e, n);

		if (n->kind != Y_MAP && n->kind != Y_SEQ)
			return c;
		for (size_t k = 0; k < n->n; k++) {
			bool keep = ynode_find(e, gone, n->kind == Y_MAP ? n->kid[k] : ynode_int(e, (long long)k), 1) < 0;

			if (keep && n->kind == Y_MAP)
				ynode_add_pair(e, to, n->kid[k], n->kid[k + 1]);
			else if (keep)
				ynode_add(e, to, n->kid[k]);
			k += n->kind == Y_MAP;
		}
		nodes_push(e, out, to);
	}
	return context_with(e, &c, out);
}

/* --- order */

static void
list_flatten(struct eval *e, struct ynode *n, int depth)
{
	struct nodes *flat = nodes_new(e);

	if (!depth || n->kind != Y_SEQ)
		return;
	eval_enter(e);
	for (size_t i = 0; i < n->n; i++) {
		struct ynode *kid = n->kid[i];

		if (kid->kind != Y_SEQ) {
			nodes_push(e, flat, kid);
			continue;
		}
		list_flatten(e, kid, depth - 1);
		for (size_t k = 0; k < kid->n; k++)
			nodes_push(e, flat, kid->kid[k]);
	}
	eval_leave(e);
	n->kid = NULL;
	n->n = n->cap = 0;
	ynode_add_all(e, n, flat->v, flat->n);
}

RUN(flatten)
{
	for (size_t i = 0; i < c.at->n; i++) {
		need_list(e, c.at->v[i], "flatten");
		list_flatten(e, c.at->v[i], x->flags);
	}
	return c;
}

EACH(reverse)
{
	struct ynode *seq;

	if (n->kind != Y_SEQ)
		eval_fail(e, "node at path [%s] is not an array (it's a %s)", ynode_nice_path(e, n), n->tag);
	seq = ynode_replace_seq(e, n, n->style);
	for (size_t k = n->n; k-- > 0;)
		ynode_add(e, seq, n->kid[k]);
	return seq;
}

EACH(shuffle)
{
	struct ynode *to = ynode_copy_bare(e, n);

	if (n->kind != Y_SEQ)
		eval_fail(e, "node at path [%s] is not an array (it's a %s)", ynode_nice_path(e, n), n->tag);
	ynode_add_all(e, to, n->kid, n->n);
	for (size_t k = to->n; k > 1; k--) {
		size_t other = arc4random_uniform((uint32_t)k);
		struct ynode *was = to->kid[k - 1];

		to->kid[k - 1] = to->kid[other];
		to->kid[other] = was;
	}
	return to;
}
