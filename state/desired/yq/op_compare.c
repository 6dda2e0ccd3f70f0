/* Comparisons, what is true, and what is in what. */
#include <string.h>

#include "state/desired/yq/ops.h"

#define RUN(name) struct context run_##name(struct eval *e, struct context c, struct expr *x)
RUN(compare);
RUN(min);
RUN(max);
RUN(equals);
RUN(not_equals);
RUN(or);
RUN(and);
RUN(not);
RUN(alternative);
RUN(contains);

/* --- comparisons */

static bool
comparison_holds(int cmp, int how)
{
	return (how & OR_EQUAL && cmp == 0) || (how & GREATER ? cmp > 0 : cmp < 0);
}

static int
text_compare(const struct ynode *l, const struct ynode *r)
{
	size_t n = l->len < r->len ? l->len : r->len;
	int cmp = memcmp(l->value, r->value, n);

	return cmp ? cmp : (l->len > r->len) - (l->len < r->len);
}

static int
moment_compare(const struct moment *l, const struct moment *r)
{
	return l->sec != r->sec ? (l->sec > r->sec) - (l->sec < r->sec) : (l->nsec > r->nsec) - (l->nsec < r->nsec);
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
		return comparison_holds(text_compare(l, r), how);
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

RUN(compare)
{
	struct cross how = { .each = compare_nodes, .empty = true, .ctx = &x->flags };

	return cross_run(e, c, x, &how);
}

static struct context
nodes_superlative(struct eval *e, struct context c, int how)
{
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct context one = context_one(e, &c, c.at->v[i]);
		struct nodes *all = nodes_splat(e, &one, (struct traverse_how){ 0 });
		struct ynode *best = nodes_first(all);

		for (size_t k = 1; k < all->n; k++)
			if (ynode_truthy(compare_nodes(e, &c, all->v[k], best, &how)))
				best = all->v[k];
		if (best)
			nodes_push(e, out, best);
	}
	return context_with(e, &c, out);
}

RUN(min)
{
	(void)x;
	return nodes_superlative(e, c, 0);
}

RUN(max)
{
	(void)x;
	return nodes_superlative(e, c, GREATER);
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

RUN(equals)
{
	static const struct cross how = { .each = equals_nodes, .empty = true };

	return cross_run(e, c, x, &how);
}

RUN(not_equals)
{
	struct cross how = { .each = equals_nodes, .empty = true, .ctx = &how };

	return cross_run(e, context_read_only(e, &c), x, &how);
}

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

RUN(or)
{
	static const struct cross how = { .each = truth_of_right, .left = if_true, .empty = true };

	return cross_run(e, context_read_only(e, &c), x, &how);
}

RUN(and)
{
	static const struct cross how = { .each = truth_of_right, .left = if_false, .empty = true };

	return cross_run(e, context_read_only(e, &c), x, &how);
}

RUN(not)
{
	struct nodes *out = nodes_new(e);

	(void)x;
	for (size_t i = 0; i < c.at->n; i++)
		nodes_push(e, out, ynode_bool(e, c.at->v[i], !ynode_truthy(c.at->v[i])));
	return context_with(e, &c, out);
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

RUN(alternative)
{
	static const struct cross how = { .each = alternative_nodes, .left = alternative_left, .empty = true };

	return cross_run(e, c, x, &how);
}

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
		return ynode_is_null(l) || (l->len == r->len && memcmp(l->value, r->value, l->len) == 0);
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

RUN(contains)
{
	static const struct cross how = { .each = contains_nodes };

	return cross_run(e, context_read_only(e, &c), x, &how);
}
