/* Comparisons, what is true, and what is in what. */
#include <string.h>

#include "state/desired/yq/ops.h"

/* --- comparisons */

static bool
comparison_holds(int cmp, int how)
{
	return (how & OR_EQUAL && cmp == 0) || (how & GREATER ? cmp > 0 : cmp < 0);
}

static bool
compare_scalars(struct eval *e, const struct context *c, const struct ynode *l, const struct ynode *r, int how)
{
	const char *lt = ynode_meaning(e, l), *rt = ynode_meaning(e, r);
	bool stamp = ynode_has_tag(l, "!!timestamp");
	struct moment a, b;
	struct numbers v;

	if (strcmp(lt, "!!str") == 0)
		stamp = date_of(c, l->value, &a);
	if (stamp) {
		if (!date_of(c, l->value, &a) || !date_of(c, r->value, &b))
			eval_fail(e, "`%s` and `%s` are not both dates of the layout `%s`", l->value, r->value, context_layout(c));
		return comparison_holds(moment_compare(&a, &b), how);
	}
	if (numbers_of(e, &v, l, r, false)) {
		if (v.ints)
			return comparison_holds((v.a > v.b) - (v.a < v.b), how);
		return (how & OR_EQUAL && v.x == v.y) || (how & GREATER ? v.x > v.y : v.x < v.y);
	}
	if (strcmp(lt, "!!str") == 0 && strcmp(rt, "!!str") == 0)
		return comparison_holds(ynode_compare(l, r), how);
	if (strcmp(lt, "!!null") == 0 || strcmp(rt, "!!null") == 0)
		return strcmp(lt, rt) == 0 && how & OR_EQUAL;
	eval_fail(e, "%s not yet supported for comparison", l->tag);
}

static struct ynode *
compare_nodes(struct eval *e, struct context *c, struct ynode *l, struct ynode *r, void *ctx)
{
	const int *how = ctx;

	if (!l || !r)
		return ynode_bool(e, l ? l : r, !l && !r && *how & OR_EQUAL);
	if (l->kind == Y_MAP || l->kind == Y_SEQ)
		eval_fail(e, "%s not yet supported for comparison", l->kind == Y_MAP ? "maps" : "arrays");
	if (r->kind != Y_SCALAR)
		eval_fail(e, "%s (%s) cannot be subtracted from %s", r->tag, ynode_nice_path(e, r), l->tag);
	return ynode_bool(e, ynode_copy_bare(e, l), compare_scalars(e, c, l, r, *how));
}

CROSS(compare, c, .each = compare_nodes, .empty = true, .ctx = &x->flags)

static struct ynode *
superlative(struct eval *e, struct context *c, struct ynode *n, int how)
{
	struct nodes *all = nodes_of_kids(e, c, n);
	struct ynode *best = nodes_first(all);

	for (size_t k = 1; k < all->n; k++)
		if (ynode_truthy(compare_nodes(e, c, all->v[k], best, &how)))
			best = all->v[k];
	return best;
}

EACH(min)
{
	return superlative(e, c, n, 0);
}

EACH(max)
{
	return superlative(e, c, n, GREATER);
}

static struct ynode *
equals_nodes(struct eval *e, struct context *c, struct ynode *l, struct ynode *r, void *ctx)
{
	bool flip = ctx != NULL, same = false;

	(void)c;
	if (!l || !r)
		same = l == r || ynode_is_null(l ? l : r);
	else if (ynode_is_null(l))
		same = ynode_is_null(r);
	else if (l->kind == Y_SCALAR && r->kind == Y_SCALAR)
		same = key_matches(l->value, l->len, r->value);
	return ynode_bool(e, l ? l : r, same != flip);
}

CROSS(equals, c, .each = equals_nodes, .empty = true)

CROSS(not_equals, context_read_only(e, &c), .each = equals_nodes, .empty = true, .ctx = x)

/* --- and, or, not, // */

static struct ynode *
truth_of_right(struct eval *e, struct context *c, struct ynode *l, struct ynode *r, void *ctx)
{
	(void)c, (void)ctx;
	return ynode_bool(e, l ? l : r, ynode_truthy(r));
}

static struct ynode *
if_true(struct eval *e, struct ynode *l)
{
	return ynode_truthy(l) ? ynode_bool(e, l, true) : NULL;
}

static struct ynode *
if_false(struct eval *e, struct ynode *l)
{
	return ynode_truthy(l) ? NULL : ynode_bool(e, l, false);
}

CROSS(or, context_read_only(e, &c), .each = truth_of_right, .left = if_true, .empty = true)

CROSS(and, context_read_only(e, &c), .each = truth_of_right, .left = if_false, .empty = true)

EACH(not)
{
	return ynode_bool(e, n, !ynode_truthy(n));
}

static struct ynode *
alternative_left(struct eval *e, struct ynode *l)
{
	(void)e;
	return ynode_truthy(l) ? l : NULL;
}

static struct ynode *
alternative_nodes(struct eval *e, struct context *c, struct ynode *l, struct ynode *r, void *ctx)
{
	(void)e, (void)c, (void)ctx;
	return !l || (r && !ynode_truthy(l)) ? r : l;
}

CROSS(alternative, c, .each = alternative_nodes, .left = alternative_left, .empty = true)

/* --- contains */

static bool node_contains(struct eval *e, const struct ynode *l, const struct ynode *r);

static bool
list_contains_one(struct eval *e, const struct ynode *l, const struct ynode *r)
{
	for (size_t i = 0; i < l->n; i++)
		if (node_contains(e, l->kid[i], r))
			return true;
	return false;
}

static bool
map_contains(struct eval *e, const struct ynode *l, const struct ynode *r)
{
	for (size_t i = 0; i + 1 < r->n; i += 2) {
		long at = ynode_find(e, l, r->kid[i], 1);

		if (at < 0 || at % 2 || !node_contains(e, l->kid[at + 1], r->kid[i + 1]))
			return false;
	}
	return r->kind == Y_MAP;
}

static bool
node_contains(struct eval *e, const struct ynode *l, const struct ynode *r)
{
	bool has = true;

	eval_step(e);
	if (l->kind == Y_SCALAR) {
		if (r->kind != Y_SCALAR || strcmp(l->tag, r->tag) != 0)
			return false;
		if (ynode_has_tag(l, "!!str"))
			return memmem(l->value, l->len, r->value, r->len) != NULL;
		return ynode_is_null(l) || ynode_reads_as(l, r);
	}
	if (l->kind != Y_MAP && l->kind != Y_SEQ)
		eval_fail(e, "%s not yet supported for contains", l->tag);
	eval_enter(e);
	if (l->kind == Y_MAP)
		has = map_contains(e, l, r);
	else if (r->kind != Y_SEQ)
		has = list_contains_one(e, l, r);
	else
		for (size_t i = 0; i < r->n && has; i++)
			has = list_contains_one(e, l, r->kid[i]);
	eval_leave(e);
	return has;
}

static struct ynode *
contains_nodes(struct eval *e, struct context *c, struct ynode *l, struct ynode *r, void *ctx)
{
	(void)c, (void)ctx;
	if (l->kind != r->kind)
		eval_fail(e, "%s cannot check contained in %s", r->tag, l->tag);
	return ynode_bool(e, l, node_contains(e, l, r));
}

CROSS(contains, context_read_only(e, &c), .each = contains_nodes)
