/* What is written around values: styles, tags, anchors, aliases, comments; set and looked at. */
#include <string.h>

#include "state/desired/yq/ops.h"

/* --- marks: one text for all, or (`|=`) one for each */

typedef void mark_fn(struct eval *e, struct ynode *n, const struct ynode *value, const struct expr *x);

/* `first`: the places are made before it is asked what is to stand there, which sees them then */
static struct context
marks_assign(struct eval *e, struct context c, struct expr *x, mark_fn *set, bool first)
{
	struct ynode *value = ynode_text(e, "", 0);
	struct context to = { .at = NULL }, r;

	if (first)
		to = expr_run(e, c, x->lhs);
	if (!x->update) {
		r = expr_run(e, context_read_only(e, &c), x->rhs);
		value = r.at->n ? r.at->v[0] : value;
	}
	if (!first)
		to = expr_run(e, c, x->lhs);
	for (size_t i = 0; i < to.at->n; i++) {
		if (x->update) {
			r = expr_run(e, context_one_read_only(e, &c, to.at->v[i]), x->rhs);
			value = r.at->n ? r.at->v[0] : value;
		}
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
	return marks_assign(e, c, x, style_set, false);
}

RUN(assign_tag)
{
	return marks_assign(e, c, x, tag_set, false);
}

RUN(assign_anchor)
{
	return marks_assign(e, c, x, anchor_set, false);
}

RUN(assign_alias)
{
	return marks_assign(e, c, x, alias_set, false);
}

RUN(assign_comment)
{
	return marks_assign(e, c, x, comment_set, true);
}

/* --- what they are */

#define LOOK_TEXT(name, s) \
	EACH(name) \
	{ \
		const char *text = s; \
\
		return ynode_replace_text(e, n, text, strlen(text)); \
	}
#define LOOK_NUMBER(name, number) \
	EACH(name) \
	{ \
		return ynode_replace_new(e, n, Y_SCALAR, "!!int", eval_printf(e, "%u", number)); \
	}

static const char *
style_name(uint8_t style)
{
	for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
		if (styles[i].style == style)
			return styles[i].name;
	return "<unknown>";
}

static const char *const kinds[] = { "unknown", "seq", "map", "scalar", "alias" };

LOOK_TEXT(style, style_name(n->style))
LOOK_TEXT(tag, n->tag)
LOOK_TEXT(kind, kinds[n->kind])
LOOK_TEXT(anchor, n->anchor)
LOOK_TEXT(filename, ynode_root(n)->file)
LOOK_NUMBER(line, n->line)
LOOK_NUMBER(column, n->col)
LOOK_NUMBER(document_index, ynode_root(n)->doc)
LOOK_NUMBER(file_index, ynode_root(n)->file_index)

EACH(alias)
{
	return ynode_replace_text(e, n, n->value, n->len);
}

/* without the `# ` that each line begins with */
EACH(comment)
{
	struct text t = { .e = e }, lead = { .e = e };
	const char *s = x->flags & COMMENT_NOTE ? n->note : x->flags & COMMENT_HEAD ? n->head : n->foot;
	struct ynode *r;

	if (x->flags & COMMENT_HEAD && *n->lead) {
		yaml_print_lead(&lead, n->lead, false);
		text_chomp(&lead, 1);
		s = text_end(&lead);
	}
	for (const char *p = s; *p; p++) {
		if ((p == s || p[-1] == '\n') && p[0] == '#' && p[1] == ' ')
			p += 2;
		if (!*p)
			break;
		text_addc(&t, *p);
	}
	r = text_node(&t, n);
	if (n->is_key) {
		r->is_key = false;
		r->key = n;
	}
	return r;
}

RUN(split_doc)
{
	(void)e, (void)x;
	for (size_t i = 0; i < c.at->n; i++) {
		c.at->v[i]->doc = (uint32_t)i;
		c.at->v[i]->parent = NULL;
	}
	return c;
}
