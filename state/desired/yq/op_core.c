/* How expressions are carried out: pipes, values, variables, and what goes over results. */
#include <string.h>

#include "state/desired/yq/ops.h"

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
	eval_refuse(e, "file operations have been disabled");
}

/* Nothing allows it: an expression may come with a template. */
RUN(system)
{
	(void)c, (void)x;
	eval_refuse(e, "system operations are disabled; an expression runs no programs");
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

struct context
each_run(struct eval *e, struct context c, struct expr *x, each_fn *fn, bool with_arg)
{
	struct ynode *arg = with_arg ? nodes_first(expr_run(e, context_read_only(e, &c), x->rhs).at) : NULL, *r;
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++)
		if ((r = fn(e, &c, c.at->v[i], x, arg)))
			nodes_push(e, out, r);
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

/* --- what operators want */

void
need_text(struct eval *e, const struct ynode *n, const char *verb)
{
	if (strcmp(ynode_meaning(e, n), "!!str") != 0)
		eval_fail(e, "cannot %s %s, can only %s strings. Hint: Most often you'll want to use '|=' over '=' for this operation", verb,
			  n->tag, verb);
}

void
need_list(struct eval *e, const struct ynode *n, const char *what)
{
	if (n->kind != Y_SEQ)
		eval_fail(e, "only arrays are supported for %s (this is a %s)", what, n->tag);
}

/* --- for what is true, and for what is below */

bool
is_true_for(struct eval *e, const struct context *c, struct ynode *n, struct expr *test)
{
	struct context r = expr_run(e, context_one_read_only(e, c, n), test);

	for (size_t i = 0; i < r.at->n; i++)
		if (ynode_truthy(r.at->v[i]))
			return true;
	return false;
}

EACH(select)
{
	return is_true_for(e, c, n, x->rhs) ? n : NULL;
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
