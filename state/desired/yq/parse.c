/* An expression as a tree: what goes without saying between its words, then precedence, as yq does it. */
#include <string.h>

#include "base/auto.h"
#include "state/desired/yq/parse.h"

/* --- what is between two tokens without being said */

static bool
is_op(const struct token *t, const struct operator *op)
{
	return t->kind == T_OP && t->x->op == op;
}

static void
push_op(struct lexer *l, struct tokens *to, const struct operator *op, const struct token *near)
{
	struct token t = { .kind = T_OP, .x = expr_make(l->e, op, NULL, NULL), .at = near->at };

	t.x->at = near->at;
	if (op == &op_value)
		t.x->value = ynode_int(l->e, 0);
	token_push(l->e, to, t);
}

/* One token with what it brings along; true: the one behind it is part of it. */
static bool
token_settle(struct lexer *l, size_t i, struct tokens *to)
{
	const struct token *all = l->out.v, *next = i + 1 < l->out.n ? &all[i + 1] : NULL;
	struct token t = all[i];
	bool skip = false;

	if (t.kind == T_INDEX) {
		push_op(l, to, &op_self, &t);
		push_op(l, to, &op_traverse_array, &t);
		t.kind = T_OPEN_LIST;
		t.post = false;
	}
	if (is_op(&t, &op_create_map) && i > 0 && all[i - 1].kind == T_INDEX)
		push_op(l, to, &op_value, &t);
	if (next && t.assign && is_op(next, &op_assign)) {
		t.x->op = t.assign;
		t.x->update = next->x->update;
		skip = true;
	}
	token_push(l->e, to, t);
	if (is_op(&t, &op_create_map) && next && next->kind == T_CLOSE_LIST)
		push_op(l, to, &op_length, &t);
	if (next && ((t.kind == T_OPEN_LIST && next->kind == T_CLOSE_LIST) || (t.kind == T_OPEN_MAP && next->kind == T_CLOSE_MAP)))
		push_op(l, to, &op_empty, &t);
	if (next && t.post && (is_op(next, &op_traverse) || next->kind == T_INDEX))
		push_op(l, to, &op_short_pipe, &t);
	if (next && t.post && next->kind == T_OPEN_LIST)
		push_op(l, to, &op_traverse_array, &t);
	return skip;
}

/* --- precedence */

struct parser {
	struct eval *e;
	struct tokens stack;
	struct expr **tree;	/* the stack of what has been made */
	size_t n, cap;
};

static void
tree_push(struct parser *p, struct expr *x)
{
	EVAL_GROW(p->e, p->tree, p->n, p->cap);
	p->tree[p->n++] = x;
}

static void
tree_apply(struct parser *p, struct expr *x)
{
	size_t want = x->op->args;

	if (p->n < want && !(x->op == &op_first && !p->n)) {
		if (want == 1)
			eval_fail(p->e, "column %u: `%s` expects an argument, in brackets", x->at + 1, x->text);
		eval_fail(p->e, "column %u: `%s` expects a value on both sides, but has %zu", x->at + 1, x->text, p->n);
	}
	if (want == 2) {
		x->rhs = p->tree[--p->n];
		x->lhs = p->tree[--p->n];
	} else if (want == 1 && p->n) {
		x->rhs = p->tree[--p->n];
	}
	tree_push(p, x);
}

/* operators go to the tree down to the bracket that opened */
static struct token
close_to(struct parser *p, enum token_kind opener, const struct token *close)
{
	static const char *const signs[] = { [T_OPEN] = ")", [T_OPEN_LIST] = "]", [T_OPEN_MAP] = "}" };

	while (p->stack.n) {
		struct token t = p->stack.v[--p->stack.n];

		if (t.kind == opener)
			return t;
		if (t.kind != T_OP)
			eval_fail(p->e, "column %u: expected `%s` before this, to close what begins in column %u", close->at + 1, signs[t.kind],
				  t.at + 1);
		tree_apply(p, t.x);
	}
	eval_fail(p->e, "column %u: `%s` closes nothing", close->at + 1, signs[opener]);
}

static void
close_list(struct parser *p, const struct token *t)
{
	bool list = t->kind == T_CLOSE_LIST;
	struct expr *x;

	close_to(p, list ? T_OPEN_LIST : T_OPEN_MAP, t);
	x = expr_make(p->e, list ? &op_collect : &op_collect_object, NULL, NULL);
	x->at = t->at;
	tree_apply(p, x);
	if (!list)
		tree_apply(p, expr_make(p->e, &op_short_pipe, NULL, NULL));
	if (p->stack.n && is_op(&p->stack.v[p->stack.n - 1], &op_traverse_array)) {
		x = p->stack.v[--p->stack.n].x;
		x->traverse.optional = t->optional;
		tree_apply(p, x);
	}
}

static void
parse_token(struct parser *p, const struct token *t)
{
	struct token opened;

	switch (t->kind) {
	case T_OPEN:
	case T_OPEN_LIST:
	case T_OPEN_MAP:
		token_push(p->e, &p->stack, *t);
		break;
	case T_CLOSE_LIST:
	case T_CLOSE_MAP:
		close_list(p, t);
		break;
	case T_CLOSE:
		opened = close_to(p, T_OPEN, t);	/* the one around the whole is closed by one that is `optional` */
		if (!p->stack.n && !t->optional)
			eval_fail(p->e, "column %u: `)` closes nothing", t->at + 1);
		if (p->stack.n && t->optional)
			eval_fail(p->e, "column %u: this bracket is never closed", opened.at + 1);
		break;
	default:
		while (p->stack.n && p->stack.v[p->stack.n - 1].kind == T_OP &&
		       p->stack.v[p->stack.n - 1].x->op->precedence > t->x->op->precedence)
			tree_apply(p, p->stack.v[--p->stack.n].x);
		token_push(p->e, &p->stack, *t);
	}
}

/* Two values next to each other: the first is where a sign between them is missing. */
static void __attribute__((noreturn))
fail_beside(struct parser *p, const struct tokens *all)
{
	for (size_t i = 0; i + 1 < all->n; i++) {
		const struct token *t = &all->v[i], *next = &all->v[i + 1];
		bool ends = t->kind == T_CLOSE || t->kind == T_CLOSE_LIST || t->kind == T_CLOSE_MAP || (t->kind == T_OP && !t->x->op->args);
		bool begins = next->kind == T_OPEN || next->kind == T_OPEN_LIST || next->kind == T_OPEN_MAP ||
			      (next->kind == T_OP && next->x->op->args < 2);

		if (ends && begins)
			eval_fail(p->e, "column %u: expected an operator (`|`, `,`, `+`, ...) before this", next->at + 1);
	}
	eval_fail(p->e, "%zu values, where one expression is expected", p->n);
}

/* Trees that are too deep for the stack of C are refused before they are run. */
static void
check_depth(struct eval *e, const struct expr *x, int depth)
{
	for (; x; x = x->lhs) {
		if (depth > EVAL_DEPTH)
			eval_fail(e, "the expression is nested too deeply (more than %d levels)", EVAL_DEPTH);
		depth++;
		check_depth(e, x->rhs, depth);
	}
}

struct expr *
expr_parse(struct eval *e, const char *text)
{
	struct lexer l = { .e = e, .text = text, .len = strlen(text) };
	struct parser p = { .e = e };
	struct token open = { .kind = T_OPEN }, close = { .kind = T_CLOSE, .optional = true, .at = (uint32_t)strlen(text) };
	struct tokens all = { 0 };

	lex_all(&l);
	for (size_t i = 0; i < l.out.n; i++)
		i += token_settle(&l, i, &all);
	token_push(e, &p.stack, open);
	for (size_t i = 0; i < all.n; i++)
		parse_token(&p, &all.v[i]);
	parse_token(&p, &close);
	if (!p.n)
		return expr_make(e, &op_self, NULL, NULL);
	if (p.n != 1)
		fail_beside(&p, &all);
	check_depth(e, p.tree[0], 0);
	return p.tree[0];
}
