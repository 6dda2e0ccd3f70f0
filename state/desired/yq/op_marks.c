/* Assignments: of values, and of what is written around them (styles, tags, anchors, aliases, comments). */
#include <string.h>

#include "state/desired/yq/ops.h"

#define RUN(name) struct context run_##name(struct eval *e, struct context c, struct expr *x)
RUN(assign);
RUN(assign_marks);
RUN(add_assign);
RUN(subtract_assign);
RUN(multiply_assign);
RUN(assign_style);
RUN(assign_tag);
RUN(assign_comment);
RUN(assign_anchor);
RUN(assign_alias);
RUN(style);
RUN(tag);
RUN(kind);
RUN(comment);
RUN(anchor);
RUN(alias);
RUN(explode);
RUN(line);
RUN(column);
RUN(document_index);
RUN(filename);
RUN(file_index);
RUN(split_doc);

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
		set->assign.clobber_tags = x->merge.assign.clobber_tags;
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

/* --- marks: one text for all, or (`|=`) one for each */

typedef void mark_fn(struct eval *e, struct ynode *n, const struct ynode *value, const struct expr *x);

static struct context
marks_assign(struct eval *e, struct context c, struct expr *x, mark_fn *set, bool default_empty)
{
	struct ynode *value = default_empty ? ynode_text(e, "", 0) : NULL;
	struct context to, r;

	if (!x->update) {
		r = expr_run(e, context_read_only(e, &c), x->rhs);
		value = r.at->n ? r.at->v[0] : value;
	}
	to = expr_run(e, c, x->lhs);
	for (size_t i = 0; i < to.at->n; i++) {
		if (x->update) {
			r = expr_run(e, context_one_read_only(e, &c, to.at->v[i]), x->rhs);
			value = r.at->n ? r.at->v[0] : value;
		}
		if (value)
			set(e, to.at->v[i], value, x);
	}
	return c;
}

static const struct { const char *name; uint8_t style; } styles[] = {
	{ "", 0 }, { "tagged", Y_TAGGED }, { "double", Y_DOUBLE }, { "single", Y_SINGLE }, { "literal", Y_LITERAL },
	{ "folded", Y_FOLDED }, { "flow", Y_FLOW },
};

static void
style_set(struct eval *e, struct ynode *n, const struct ynode *value, const struct expr *x)
{
	(void)x;
	for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
		if (ynode_says(value, styles[i].name)) {
			n->style = styles[i].style;
			return;
		}
	eval_fail(e, "unknown style %s", value->value);
}

static void
tag_set(struct eval *e, struct ynode *n, const struct ynode *value, const struct expr *x)
{
	(void)e, (void)x;
	n->tag = value->value;
}

static void
anchor_set(struct eval *e, struct ynode *n, const struct ynode *value, const struct expr *x)
{
	(void)e, (void)x;
	n->anchor = value->value;
}

static void
alias_set(struct eval *e, struct ynode *n, const struct ynode *value, const struct expr *x)
{
	(void)e, (void)x;
	if (!value->len)
		return;
	n->kind = Y_ALIAS;
	n->value = value->value;
	n->len = value->len;
}

static void
comment_set(struct eval *e, struct ynode *n, const struct ynode *value, const struct expr *x)
{
	(void)e;
	if (x->flags & COMMENT_NOTE)
		n->note = value->value;
	if (x->flags & COMMENT_HEAD) {
		n->head = value->value;
		n->lead = "";
	}
	if (x->flags & COMMENT_FOOT)
		n->foot = value->value;
}

RUN(assign_style)
{
	return marks_assign(e, c, x, style_set, true);
}

RUN(assign_tag)
{
	return marks_assign(e, c, x, tag_set, true);
}

RUN(assign_anchor)
{
	return marks_assign(e, c, x, anchor_set, true);
}

RUN(assign_alias)
{
	return marks_assign(e, c, x, alias_set, true);
}

RUN(assign_comment)
{
	return marks_assign(e, c, x, comment_set, true);
}

/* --- what they are */

typedef struct ynode *look_fn(struct eval *e, struct ynode *n, const struct expr *x);

static struct context
look_at_each(struct eval *e, struct context c, const struct expr *x, look_fn *look)
{
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++)
		nodes_push(e, out, look(e, c.at->v[i], x));
	return context_with(e, &c, out);
}

static struct ynode *
op_marks_text_of(struct eval *e, struct ynode *n, const char *s)
{
	return ynode_replace_text(e, n, s, strlen(s));
}

static struct ynode *
number_of(struct eval *e, struct ynode *n, unsigned i)
{
	return ynode_replace_new(e, n, Y_SCALAR, "!!int", eval_printf(e, "%u", i));
}

static struct ynode *
style_look(struct eval *e, struct ynode *n, const struct expr *x)
{
	const char *name = "<unknown>";

	(void)x;
	for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
		if (styles[i].style == n->style)
			name = styles[i].name;
	return op_marks_text_of(e, n, name);
}

static struct ynode *
tag_look(struct eval *e, struct ynode *n, const struct expr *x)
{
	(void)x;
	return op_marks_text_of(e, n, n->tag);
}

static struct ynode *
kind_look(struct eval *e, struct ynode *n, const struct expr *x)
{
	static const char *const names[] = { "unknown", "seq", "map", "scalar", "alias" };

	(void)x;
	return op_marks_text_of(e, n, names[n->kind]);
}

static struct ynode *
anchor_look(struct eval *e, struct ynode *n, const struct expr *x)
{
	(void)x;
	return op_marks_text_of(e, n, n->anchor);
}

static struct ynode *
alias_look(struct eval *e, struct ynode *n, const struct expr *x)
{
	(void)x;
	return ynode_replace_text(e, n, n->value, n->len);
}

static struct ynode *
line_look(struct eval *e, struct ynode *n, const struct expr *x)
{
	(void)x;
	return number_of(e, n, n->line);
}

static struct ynode *
column_look(struct eval *e, struct ynode *n, const struct expr *x)
{
	(void)x;
	return number_of(e, n, n->col);
}

static struct ynode *
document_look(struct eval *e, struct ynode *n, const struct expr *x)
{
	(void)x;
	return number_of(e, n, ynode_root(n)->doc);
}

static struct ynode *
file_look(struct eval *e, struct ynode *n, const struct expr *x)
{
	(void)x;
	return number_of(e, n, ynode_root(n)->file_index);
}

static struct ynode *
filename_look(struct eval *e, struct ynode *n, const struct expr *x)
{
	(void)x;
	return op_marks_text_of(e, n, ynode_root(n)->file);
}

/* without the `# ` that each line begins with */
static struct ynode *
comment_look(struct eval *e, struct ynode *n, const struct expr *x)
{
	struct text t = { .e = e }, lead = { .e = e };
	const char *s = x->flags & COMMENT_NOTE ? n->note : x->flags & COMMENT_HEAD ? n->head : n->foot;
	struct ynode *r;

	if (x->flags & COMMENT_HEAD && *n->lead) {
		yaml_print_lead(&lead, n->lead, false);
		if (lead.len && lead.s[lead.len - 1] == '\n')
			lead.s[--lead.len] = '\0';
		s = text_end(&lead);
	}
	for (const char *p = s; *p; p++) {
		if ((p == s || p[-1] == '\n') && p[0] == '#' && p[1] == ' ')
			p += 2;
		if (!*p)
			break;
		text_addc(&t, *p);
	}
	text_end(&t);
	r = ynode_replace_text(e, n, t.s, t.len);
	if (n->is_key) {
		r->is_key = false;
		r->key = n;
	}
	return r;
}

#define LOOK(name, fn) \
	RUN(name) \
	{ \
		return look_at_each(e, c, x, fn); \
	}

LOOK(style, style_look)
LOOK(tag, tag_look)
LOOK(kind, kind_look)
LOOK(anchor, anchor_look)
LOOK(alias, alias_look)
LOOK(line, line_look)
LOOK(column, column_look)
LOOK(document_index, document_look)
LOOK(file_index, file_look)
LOOK(filename, filename_look)
LOOK(comment, comment_look)

RUN(split_doc)
{
	(void)e, (void)x;
	for (size_t i = 0; i < c.at->n; i++) {
		c.at->v[i]->doc = (uint32_t)i;
		c.at->v[i]->parent = NULL;
	}
	return c;
}

/* --- aliases and merge keys written out */

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
		if (k->len == key->len && memcmp(k->value, key->value, k->len) == 0 && !k->alias && !key->alias) {
			x->pairs->v[i + 1] = value;
			return;
		}
	}
	for (size_t i = from + 2; i + 1 < map->n; i += 2) {
		const struct ynode *k = map->kid[i];

		if (k->len == key->len && memcmp(k->value, key->value, k->len) == 0 && !k->alias)
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
