/* Sums and products. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "state/desired/yq/ops.h"

enum { MAX_REPEAT = 10000000 };

static struct ynode *
sum_node(struct eval *e, const struct ynode *l)
{
	struct ynode *n = ynode_copy_bare(e, l);

	n->kind = Y_SCALAR;
	return n;
}

static void
int_set(struct eval *e, struct ynode *n, long long i, char format)
{
	n->value = number_int_text(e, i, format);
	n->len = strlen(n->value);
}

static void
float_set(struct eval *e, struct ynode *n, double d, const char *tag)
{
	n->tag = tag;
	n->value = number_float_text(e, d);
	n->len = strlen(n->value);
}

/* --- + */

static bool
date_add(struct eval *e, const struct context *c, struct ynode *to, const struct ynode *l, const struct ynode *r, bool minus)
{
	bool stamp = ynode_has_tag(l, "!!timestamp");
	struct moment m;
	int64_t ns;

	if (strcmp(ynode_meaning(e, l), "!!str") == 0 && c->layout)
		stamp = date_of(c, l->value, &m);
	if (!stamp)
		return false;
	if (!date_duration_parse(r->value, &ns))
		eval_fail(e, "unable to parse duration [%s]", r->value);
	if (!date_of(c, l->value, &m))
		eval_fail(e, "`%s` is no date of the layout `%s`", l->value, context_layout(c));
	ns = minus ? -ns : ns;
	m.sec += ns / 1000000000;
	m.nsec += (int32_t)(ns % 1000000000);
	if (m.nsec < 0) {
		m.nsec += 1000000000;
		m.sec--;
	} else if (m.nsec >= 1000000000) {
		m.nsec -= 1000000000;
		m.sec++;
	}
	to->value = date_format(e, context_layout(c), &m);
	to->len = strlen(to->value);
	return true;
}

static void
text_join(struct eval *e, struct ynode *to, const struct ynode *l, const struct ynode *r)
{
	struct text t = { .e = e };

	text_add(&t, l->value, l->len);
	text_add(&t, r->value, r->len);
	text_end(&t);
	to->value = t.s;
	to->len = t.len;
}

static void
add_scalars(struct eval *e, const struct context *c, struct ynode *to, const struct ynode *l, const struct ynode *r)
{
	const char *lt = ynode_meaning(e, l), *rt = ynode_meaning(e, r);
	struct numbers v;

	if (date_add(e, c, to, l, r, false))
		return;
	if (strcmp(lt, "!!str") == 0) {
		if (strcmp(rt, "!!null") != 0)
			text_join(e, to, l, r);
	} else if (strcmp(rt, "!!str") == 0) {
		to->tag = r->tag;
		text_join(e, to, l, r);
	} else if (!numbers_of(e, &v, l, r, false)) {
		eval_fail(e, "%s cannot be added to %s", lt, rt);
	} else if (v.ints) {
		int_set(e, to, (long long)((unsigned long long)v.a + (unsigned long long)v.b), v.format);
	} else {
		float_set(e, to, v.x + v.y, v.tag);
	}
}

static void
add_maps(struct eval *e, struct ynode *to, const struct ynode *l, const struct ynode *r)
{
	if (!l->n)
		to->style = 0;
	ynode_add_all(e, to, l->kid, l->n);
	for (size_t i = 0; i + 1 < r->n; i += 2) {
		long at = ynode_find(e, to, r->kid[i], 2);

		if (at < 0)
			ynode_add_pair(e, to, r->kid[i], r->kid[i + 1]);
		else
			to->kid[at + 1] = ynode_replace(e, to->kid[at + 1], r->kid[i + 1]);
	}
	if (l->n)
		to->style = l->style;
}

static void
add_lists(struct eval *e, struct ynode *to, const struct ynode *l, const struct ynode *r)
{
	struct ynode *one;

	if (!l->n)
		to->style = 0;
	ynode_add_all(e, to, l->kid, l->n);
	if (ynode_is_null(r))
		return;
	if (r->kind == Y_SEQ) {
		ynode_add_all(e, to, r->kid, r->n);
		return;
	}
	one = ynode_copy(e, r);
	if (l->n)
		one->style = l->kid[0]->style;
	ynode_add(e, to, one);
}

struct ynode *
add_nodes(struct eval *e, struct context *c, struct ynode *l, struct ynode *r, void *ctx)
{
	struct ynode *to;

	(void)ctx;
	if (!l || !r)
		return l || r ? ynode_copy(e, l ? l : r) : NULL;
	if (ynode_is_null(l))
		return ynode_replace(e, l, r);
	to = ynode_copy_bare(e, l);
	if ((l->kind == Y_MAP && r->kind != Y_MAP) || (l->kind == Y_SCALAR && r->kind != Y_SCALAR))
		eval_fail(e, "%s (%s) cannot be added to a %s (%s)", r->tag, ynode_nice_path(e, r), l->tag, ynode_nice_path(e, l));
	if (l->kind == Y_MAP)
		add_maps(e, to, l, r);
	else if (l->kind == Y_SEQ)
		add_lists(e, to, l, r);
	else if (l->kind == Y_SCALAR)
		add_scalars(e, c, to, l, r);
	return to;
}

CROSS(add, context_read_only(e, &c), .each = add_nodes, .empty = c.at->n > 0)

/* --- - */

static struct ynode *
subtract_nodes(struct eval *e, struct context *c, struct ynode *l, struct ynode *r, void *ctx)
{
	struct ynode *to;
	struct numbers v;

	(void)ctx;
	if (ynode_is_null(l))
		return ynode_replace(e, l, r);
	to = ynode_copy_bare(e, l);
	if (l->kind == Y_MAP)
		eval_fail(e, "maps not yet supported for subtraction");
	if (r->kind != l->kind && l->kind != Y_ALIAS && l->kind != Y_NONE)
		eval_fail(e, "%s (%s) cannot be subtracted from %s", r->tag, ynode_nice_path(e, r), l->tag);
	for (size_t i = 0; l->kind == Y_SEQ && i < l->n; i++) {
		bool gone = false;

		for (size_t k = 0; k < r->n && !gone; k++)
			gone = ynode_equal(e, l->kid[i], r->kid[k]);
		if (!gone)
			ynode_put(e, to, l->kid[i]);
	}
	if (l->kind != Y_SCALAR || date_add(e, c, to, l, r, true))
		return to;
	if (strcmp(ynode_meaning(e, l), "!!str") == 0)
		eval_fail(e, "strings cannot be subtracted");
	if (!numbers_of(e, &v, l, r, false))
		eval_fail(e, "%s cannot be added to %s", l->tag, r->tag);
	if (v.ints)
		int_set(e, to, (long long)((unsigned long long)v.a - (unsigned long long)v.b), v.format);
	else
		float_set(e, to, v.x - v.y, v.tag);
	return to;
}

CROSS(subtract, context_read_only(e, &c), .each = subtract_nodes)

/* --- * of scalars, / and % */

static struct ynode *
text_repeat(struct eval *e, struct ynode *l, struct ynode *r)
{
	const struct ynode *s = ynode_has_tag(l, "!!str") ? l : r;
	struct ynode *to = ynode_copy_bare(e, l);
	struct text t = { .e = e };
	char format;
	long long n = ynode_to_int(e, s == l ? r : l, &format);

	if (n < 0)
		eval_fail(e, "cannot repeat string by a negative number (%lld)", n);
	if (n > MAX_REPEAT)
		eval_fail(e, "cannot repeat string by more than 100 million (%lld)", n);
	ynode_update_marks(e, to, s, (struct assign_how){ 0 });
	while (n--)
		text_add(&t, s->value, s->len);
	text_end(&t);
	to->value = t.s;
	to->len = t.len;
	return to;
}

static struct ynode *
multiply_scalars(struct eval *e, struct ynode *l, struct ynode *r)
{
	const char *lt = ynode_meaning(e, l), *rt = ynode_meaning(e, r);
	struct ynode *to;
	struct numbers v;

	if (numbers_of(e, &v, l, r, false)) {
		to = sum_node(e, l);
		if (v.ints)
			int_set(e, to, (long long)((unsigned long long)v.a * (unsigned long long)v.b), v.format);
		else
			float_set(e, to, v.x * v.y, v.tag);
		return to;
	}
	if ((strcmp(lt, "!!str") == 0 && strcmp(rt, "!!int") == 0) || (strcmp(lt, "!!int") == 0 && strcmp(rt, "!!str") == 0))
		return text_repeat(e, l, r);
	eval_fail(e, "cannot multiply %s with %s", l->tag, r->tag);
}

static void
merge_one(struct eval *e, struct context *c, struct ynode *to, struct ynode *from, struct ynode *path, size_t above,
	  const struct merge_how *how)
{
	const struct operator *op = &op_assign_marks;
	struct expr *set;

	if (how->append && from->kind == Y_SEQ)
		op = &op_add_assign;
	else if ((!how->deep && from->kind == Y_SEQ) || from->kind == Y_SCALAR || from->kind == Y_ALIAS)
		op = &op_assign;
	set = expr_make(e, op, expr_of_path(e, path, above, how->traverse, from->is_key), expr_of_node(e, from));
	set->assign = how->assign;
	expr_run(e, context_one(e, c, to), set);
}

static struct ynode *
merge_trees(struct eval *e, struct context c, struct ynode *l, struct ynode *r, const struct merge_how *how)
{
	struct nodes *all = nodes_new(e);
	struct context one = context_one(e, &c, r);
	size_t above;

	nodes_descend(e, all, &one, (struct traverse_how){ .no_alias = true, .keys = true }, how->deep);
	above = ynode_path(e, all->v[0])->n;
	for (size_t i = 0; i < all->n; i++)
		if (!ynode_has_tag(all->v[i], "!!merge"))
			merge_one(e, &c, l, all->v[i], ynode_path(e, all->v[i]), above, how);
	return l;
}

struct ynode *
multiply_nodes(struct eval *e, struct context *c, struct ynode *l, struct ynode *r, void *ctx)
{
	struct context writable = context_with(e, c, c->at);
	struct ynode *to;
	bool none = ynode_is_null(l);

	if (ynode_is_null(r))
		return ynode_copy(e, l);
	if (!(r->kind == Y_MAP && (l->kind == Y_MAP || none)) && !(r->kind == Y_SEQ && (l->kind == Y_SEQ || none)))
		return multiply_scalars(e, l, r);
	to = ynode_copy(e, l);
	if (!*l->head && !*l->lead) {
		to->head = r->head;
		to->lead = r->lead;
	}
	if (!*l->foot)
		to->foot = r->foot;
	writable.read_only = false;
	return merge_trees(e, writable, to, r, ctx);
}

CROSS(multiply, c, .each = multiply_nodes, .ctx = &x->merge)

static struct ynode *
divide_nodes(struct eval *e, struct context *c, struct ynode *l, struct ynode *r, void *ctx)
{
	struct ynode *to;
	struct numbers v;

	(void)c, (void)ctx;
	if (ynode_is_null(l) || l->kind != Y_SCALAR || r->kind != Y_SCALAR)
		eval_fail(e, "%s (%s) cannot be divided by %s (%s)", l->tag, ynode_nice_path(e, l), r->tag, ynode_nice_path(e, r));
	if (strcmp(ynode_meaning(e, l), "!!str") == 0 && strcmp(ynode_meaning(e, r), "!!str") == 0)
		return string_split(e, ynode_copy_bare(e, l), l, r);
	if (!numbers_of(e, &v, l, r, true))
		eval_fail(e, "%s cannot be divided by %s", ynode_meaning(e, l), ynode_meaning(e, r));
	to = sum_node(e, l);
	float_set(e, to, v.x / v.y, v.tag);
	return to;
}

CROSS(divide, context_read_only(e, &c), .each = divide_nodes)

static struct ynode *
modulo_nodes(struct eval *e, struct context *c, struct ynode *l, struct ynode *r, void *ctx)
{
	struct ynode *to;
	struct numbers v;

	(void)c, (void)ctx;
	if (ynode_is_null(l) || l->kind != Y_SCALAR || r->kind != Y_SCALAR)
		eval_fail(e, "%s (%s) cannot modulo by %s (%s)", l->tag, ynode_nice_path(e, l), r->tag, ynode_nice_path(e, r));
	if (!numbers_of(e, &v, l, r, false))
		eval_fail(e, "%s cannot modulo by %s", ynode_meaning(e, l), ynode_meaning(e, r));
	if (v.ints && !v.b)
		eval_fail(e, "cannot modulo by 0");
	to = sum_node(e, l);
	if (v.ints)
		int_set(e, to, v.b == -1 ? 0 : v.a % v.b, v.format);
	else
		float_set(e, to, fmod(v.x, v.y), v.tag);
	return to;
}

CROSS(modulo, context_read_only(e, &c), .each = modulo_nodes)

EACH(to_number)
{
	const char *tag;
	long long v;
	double d;
	char format;

	if (n->kind != Y_SCALAR)
		eval_fail(e, "cannot convert node at path %s of tag %s to number", ynode_nice_path(e, n), n->tag);
	if (tag_is_number(n->tag))
		return n;
	tag = number_int(n->value, &v, &format) ? "!!int" : number_float(n->value, &d) ? "!!float" : NULL;
	if (!tag)
		eval_fail(e, "cannot convert node value [%s] at path %s of tag %s to number", n->value, ynode_nice_path(e, n), n->tag);
	return ynode_replace_new(e, n, Y_SCALAR, tag, n->value);
}
