/* What is written around values: styles, tags, anchors, aliases, comments; set and looked at. */
#include <string.h>

#include "state/desired/yq/ops.h"

#define RUN(name) struct context run_##name(struct eval *e, struct context c, struct expr *x)
RUN(assign_style);
RUN(assign_tag);
RUN(assign_anchor);
RUN(assign_alias);
RUN(assign_comment);
RUN(split_doc);
RUN(style);
RUN(tag);
RUN(kind);
RUN(anchor);
RUN(alias);
RUN(line);
RUN(column);
RUN(document_index);
RUN(file_index);
RUN(filename);
RUN(comment);

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
	if (!value->len)
		return;
	if (e->strict)
		eval_fail(e, "column %u: an alias cannot be set in here", x->at + 1);
	n->kind = Y_ALIAS;
	n->value = value->value;
	n->len = value->len;
}

static void
comment_set(struct eval *e, struct ynode *n, const struct ynode *value, const struct expr *x)
{
	if (e->strict && value->len)	/* `... comments=""` asks for what is so anyway: comments are the text's */
		eval_fail(e, "column %u: comments cannot be set in here; write them into the file", x->at + 1);
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
