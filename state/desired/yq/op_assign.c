/* Assignments of values. */

#include "state/desired/yq/ops.h"

static struct ynode *
assign_each(struct eval *e, struct context *c, struct ynode *l, struct ynode *r, void *ctx)
{
	const struct assign_how *how = ctx;

	(void)c;
	if (!how->only_null || ynode_is_null(l))
		ynode_update(e, l, r, *how);
	return l;
}

/* What an assignment is to change. Nothing may be what was meant, unless a single value was in the way. */
static struct context
assign_to(struct eval *e, struct context c, struct expr *x)
{
	struct context to;

	e->blocked = NULL;
	to = expr_run(e, c, x->lhs);
	if (e->strict && !to.at->n && e->blocked)
		eval_fail(e, "column %u: `%s` cannot be set in a single value", e->blocked->at + 1, e->blocked->text);
	return to;
}

RUN(assign)
{
	struct cross how = { .each = assign_each, .ctx = &x->assign };
	struct context to = assign_to(e, c, x);

	if (!x->update) {
		cross_run(e, context_read_only(e, &c), x, &how);
		return c;
	}
	/* from the end: what is within is changed before what it is in */
	for (size_t i = to.at->n; i-- > 0;) {
		struct context r = expr_run(e, context_one(e, &c, to.at->v[i]), x->rhs);

		if (r.at->n)
			ynode_update(e, to.at->v[i], r.at->v[0], x->assign);
	}
	return c;
}

/* all but values and contents */
RUN(assign_marks)
{
	struct context to = expr_run(e, c, x->lhs);

	for (size_t i = 0; i < to.at->n; i++) {
		struct context r = expr_run(e, context_one_read_only(e, &c, to.at->v[i]), x->rhs);

		if (r.at->n && (!x->assign.only_null || ynode_is_null(to.at->v[i])))
			ynode_update_marks(e, to.at->v[i], r.at->v[0], x->assign);
	}
	return c;
}

/* .a += X is .a = .a + X for each of what .a is */
static struct context
assign_compound(struct eval *e, struct context c, struct expr *x, const struct operator *op)
{
	struct context to = assign_to(e, c, x);

	for (size_t i = 0; i < to.at->n; i++) {
		struct expr *sum = expr_make(e, op, expr_of_node(e, ynode_copy(e, to.at->v[i])), x->rhs);
		struct expr *set = expr_make(e, &op_assign, expr_of_node(e, to.at->v[i]), sum);

		sum->merge = x->merge;
		set->assign = x->assign;
		set->assign.clobber_tags |= x->merge.assign.clobber_tags;
		expr_run(e, c, set);
	}
	return c;
}

RUN(add_assign)
{
	return assign_compound(e, c, x, &op_add);
}

RUN(subtract_assign)
{
	return assign_compound(e, c, x, &op_subtract);
}

RUN(multiply_assign)
{
	return assign_compound(e, c, x, &op_multiply);
}
