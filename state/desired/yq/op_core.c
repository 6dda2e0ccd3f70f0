/* How expressions are carried out: pipes, values, variables, and what goes over results. */
#include <string.h>

#include "state/desired/yq/ops.h"

#define RUN(name) struct context run_##name(struct eval *e, struct context c, struct expr *x)
RUN(pipe);
RUN(union);
RUN(self);
RUN(value);
RUN(reference);
RUN(empty);
RUN(variable);
RUN(as);
RUN(reduce);
RUN(collect);
RUN(create_map);
RUN(collect_object);
RUN(select);
RUN(with);
RUN(eval);
RUN(error);
RUN(load);

struct context
expr_run(struct eval *e, struct context c, struct expr *x)
{
	struct context r;

	if (!x)
		return c;
	eval_step(e);
	if (++e->depth > 2 * EVAL_DEPTH)
		eval_fail(e, "runs too deeply (more than %d levels); does it ever end?", 2 * EVAL_DEPTH);
	r = x->op->run(e, c, x);
	e->depth--;
	return r;
}

bool
context_together(const struct context *c)
{
	for (size_t i = 0; i < c->at->n; i++)
		if (!c->at->v[i]->together)
			return false;
	return true;
}

RUN(empty)
{
	(void)x;
	c.at = nodes_new(e);
	return c;
}

RUN(self)
{
	(void)e, (void)x;
	return c;
}

RUN(load)
{
	(void)c, (void)x;
	eval_refuse(e, "file");
}

RUN(error)
{
	struct context r = expr_run(e, context_read_only(e, &c), x->rhs);

	eval_fail(e, "%s", r.at->n ? r.at->v[0]->value : "aborted");
}

/* --- one side with the other */

static void
cross_right(struct eval *e, struct context c, struct ynode *l, struct expr *rhs, const struct cross *how, struct nodes *out)
{
	struct ynode *n = how->left ? how->left(e, l) : NULL;
	struct context r;

	if (n) {
		nodes_push(e, out, n);
		return;
	}
	r = expr_run(e, c, rhs);
	if (how->empty && !r.at->n && (n = how->each(e, &c, l, NULL, how->ctx)))
		nodes_push(e, out, n);
	for (size_t i = 0; i < r.at->n; i++)
		if ((n = how->each(e, &c, l, r.at->v[i], how->ctx)))
			nodes_push(e, out, n);
}

static void
cross_once(struct eval *e, struct context c, struct expr *x, const struct cross *how, struct nodes *out)
{
	struct context l = expr_run(e, c, x->lhs);
	size_t n = l.at->n;

	if (how->empty && c.at->n && !n)
		cross_right(e, c, NULL, x->rhs, how, out);
	for (size_t i = 0; i < n; i++)
		cross_right(e, c, l.at->v[i], x->rhs, how, out);
}

struct context
cross_run(struct eval *e, struct context c, struct expr *x, const struct cross *how)
{
	struct nodes *out = nodes_new(e);

	if (context_together(&c)) {
		cross_once(e, c, x, how, out);
		return context_with(e, &c, out);
	}
	for (size_t i = 0; i < c.at->n; i++)
		cross_once(e, context_one(e, &c, c.at->v[i]), x, how, out);
	return context_with(e, &c, out);
}

/* --- variables */

RUN(variable)
{
	struct nodes *v = context_variable(&c, x->text);

	return context_with(e, &c, v ? v : nodes_new(e));
}

RUN(as)
{
	(void)c, (void)x;
	eval_fail(e, "column %u: a variable is for what follows: `... as $x | ...`", x->at + 1);
}

static void
variable_loop_once(struct eval *e, struct context c, struct expr *x, struct nodes *out)
{
	struct expr *as = x->lhs;
	struct context values = expr_run(e, context_read_only(e, &c), as->lhs), r;

	if (as->rhs->op != &op_variable)
		eval_fail(e, "column %u: what follows `as` must be the name of a variable, like `$x`", as->at + 1);
	for (size_t i = 0; i < values.at->n; i++) {
		struct nodes *value = nodes_new(e);
		struct context with = context_with(e, &c, c.at);

		nodes_push(e, value, as->flags & AS_REFERENCE ? values.at->v[i] : ynode_copy(e, values.at->v[i]));
		context_set(e, &with, as->rhs->text, value);
		r = expr_run(e, with, x->rhs);
		nodes_push_all(e, out, r.at);
	}
	if (values.at->n)
		return;
	r = expr_run(e, c, x->rhs);
	nodes_push_all(e, out, r.at);
}

static struct context
variable_loop(struct eval *e, struct context c, struct expr *x)
{
	struct nodes *out = nodes_new(e);

	if (context_together(&c))
		variable_loop_once(e, c, x, out);
	else
		for (size_t i = 0; i < c.at->n; i++)
			variable_loop_once(e, context_one(e, &c, c.at->v[i]), x, out);
	return context_with(e, &c, out);
}

RUN(pipe)
{
	struct context l, r;

	if (x->lhs->op == &op_as)
		return variable_loop(e, c, x);
	l = expr_run(e, c, x->lhs);
	r = expr_run(e, context_with(e, &c, l.at), x->rhs);
	return context_with(e, &c, r.at);
}

RUN(union)
{
	struct context l = expr_run(e, c, x->lhs), r = expr_run(e, c, x->rhs);
	struct nodes *out = nodes_new(e);

	nodes_push_all(e, out, l.at);
	if (r.at != l.at)	/* both changed what is there rather than making something */
		nodes_push_all(e, out, r.at);
	return context_with(e, &l, out);
}

RUN(value)
{
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < (c.at->n ? c.at->n : 1); i++)
		nodes_push(e, out, ynode_copy(e, x->value));
	return context_with(e, &c, out);
}

RUN(reference)
{
	return context_one(e, &c, x->value);
}

RUN(reduce)
{
	struct context values, sum;

	if (x->lhs->op != &op_as || x->rhs->op != &op_block || x->lhs->rhs->op != &op_variable)
		eval_fail(e, "column %u: expected `... as $x ireduce (BEGIN; STEP)`", x->at + 1);
	values = expr_run(e, c, x->lhs->lhs);
	sum = expr_run(e, c, x->rhs->lhs);
	for (size_t i = 0; i < values.at->n; i++) {
		struct nodes *one = nodes_new(e);

		nodes_push(e, one, values.at->v[i]);
		context_set(e, &sum, x->lhs->rhs->text, one);
		sum = expr_run(e, sum, x->rhs->rhs);
	}
	return sum;
}

/* --- [ ] and { } */

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

/* --- for what is true, and for what is below */

RUN(select)
{
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct context r = expr_run(e, context_one_read_only(e, &c, c.at->v[i]), x->rhs);
		bool any = false;

		for (size_t k = 0; k < r.at->n && !any; k++)
			any = ynode_truthy(r.at->v[k]);
		if (any)
			nodes_push(e, out, c.at->v[i]);
	}
	return context_with(e, &c, out);
}

RUN(with)
{
	struct context at;

	if (x->rhs->op != &op_block)
		eval_fail(e, "column %u: expected `with(PATH; CHANGES)`", x->at + 1);
	at = expr_run(e, c, x->rhs->lhs);
	for (size_t i = 0; i < at.at->n; i++)
		expr_run(e, context_one(e, &at, at.at->v[i]), x->rhs->rhs);
	return c;
}

RUN(eval)
{
	struct context texts = expr_run(e, context_read_only(e, &c), x->rhs);
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++)
		for (size_t k = 0; k < texts.at->n; k++)
			nodes_push_all(e, out, expr_run(e, c, expr_parse(e, texts.at->v[k]->value)).at);
	return context_with(e, &c, out);
}
