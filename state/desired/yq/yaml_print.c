/* YAML as yq prints it: indented anew, with comments, styles, tags and anchors. */
#include "state/desired/yq/yaml_print.h"

#include <string.h>

#include "base/auto.h"
#include "base/base64.h"
#include "base/buf.h"
#include "state/desired/yaml/yaml.h"
#include "state/desired/yaml/emit.h"

enum { MAX_SIMPLE_KEY = 128 };

enum where { AT_ROOT, IN_BLOCK_LIST, IN_FLOW_LIST, IN_MAP };
/* what is written when a node has been begun: of lists and mappings that is before what is in them */
enum behind { AS_KEY, AS_SIMPLE_KEY, AS_VALUE, AS_FLOW_VALUE };

static void node_print(struct pen *p, const struct ynode *n, enum where where, enum behind behind);

/* the comments of an event take the place of those that still wait */
static void
pen_take(struct pen *p, const char *head, const char *note, const char *foot)
{
	if (*head)
		p->head = head;
	if (*note)
		p->note = note;
	if (*foot)
		p->foot = foot;
}

static void
pen_deeper(struct pen *p, bool flow, enum where where)
{
	if (p->indent < 0)
		p->indent = flow ? p->best : 0;
	else if (where == IN_BLOCK_LIST)
		p->indent += 2;
	else
		p->indent = p->best * ((p->indent + p->best) / p->best);
}

/* The tag that has to be written; "" where it goes without saying. *quote: it is a text that looks like something else. */
static const char *
tag_to_write(const struct ynode *n, bool *quote)
{
	static const char *const implied[] = { [Y_MAP] = "!!map", [Y_SEQ] = "!!seq", [Y_ALIAS] = "", [Y_NONE] = "" };

	*quote = false;
	if (!*n->tag || n->style & Y_TAGGED)
		return n->tag;
	if (n->kind != Y_SCALAR)
		return strcmp(n->tag, implied[n->kind]) == 0 ? "" : n->tag;
	if (ynode_has_tag(n, "!!str") && n->style & (Y_SINGLE | Y_DOUBLE | Y_LITERAL | Y_FOLDED))
		return "";
	if (strcmp(tag_resolve(n->value, n->len), n->tag) == 0)
		return "";
	if (!ynode_has_tag(n, "!!str"))
		return n->tag;
	*quote = true;
	return "";
}

/* bytes that are no UTF-8 are written as base64 */
static const struct ynode *
scalar_as_text(struct pen *p, const struct ynode *n, const char **tag)
{
	AUTO(buf) b = BUF_INIT;
	struct ynode *made;
	size_t len;
	char *s;

	if (yaml_is_utf8(n->value, n->len))
		return n;
	base64_encode(&b, n->value, n->len);
	len = b.len;
	s = buf_detach(&b);
	made = ynode_text(p->e, eval_dup(p->e, s, len), len);
	free(s);
	*tag = "!!binary";
	return made;
}

static void
scalar_print(struct pen *p, const struct ynode *n, enum where where)
{
	struct scalar_look look;
	bool quote;
	const char *tag = tag_to_write(n, &quote);
	struct ynode shown = *scalar_as_text(p, n, &tag);
	int indent = p->indent;
	uint8_t style;

	if (!(shown.style & (Y_SINGLE | Y_DOUBLE | Y_LITERAL | Y_FOLDED))) {
		if (memchr(shown.value, '\n', shown.len))
			shown.style = Y_LITERAL;
		else if (quote)
			shown.style = Y_DOUBLE;
	}
	if (!shown.len && !shown.style && p->flow && !p->simple_key && ynode_is_null(n)) {	/* yq writes '' here, which is a text */
		shown.value = "null";
		shown.len = 4;
	}
	scalar_look(&look, shown.value, shown.len);
	style = scalar_style(p, &shown, &look);
	pen_anchor(p, '&', n->anchor);
	pen_tag(p, tag);
	pen_deeper(p, true, where);
	scalar_write(p, &shown, style);
	p->indent = indent;
}

/* A nothing that has a name: as '' it would be a text to its aliases. */
static bool
is_named_nothing(const struct ynode *n)
{
	return n->kind == Y_SCALAR && !n->len && *n->anchor && !(n->style & ~Y_FLOW) && ynode_is_null(n);
}

static bool
is_simple_key(const struct ynode *n)
{
	bool quote;
	size_t len = strlen(n->anchor) + strlen(tag_to_write(n, &quote));
	struct scalar_look look;

	if (is_named_nothing(n))
		return false;
	if (n->kind == Y_ALIAS)
		return n->len <= MAX_SIMPLE_KEY;
	if (n->kind != Y_SCALAR)
		return !n->n && len <= MAX_SIMPLE_KEY;
	scalar_look(&look, n->value, n->len);
	return !look.multiline && len + n->len <= MAX_SIMPLE_KEY;
}

/* What an event of a node brings before it is written: lists and mappings bring the rest when they end. */
static void
pen_take_of(struct pen *p, const struct ynode *n, bool key)
{
	bool whole = n->kind == Y_SCALAR || n->kind == Y_ALIAS || n->kind == Y_NONE;

	pen_take(p, n->head, whole ? n->note : "", whole && !key ? n->foot : "");
}

/* between the items of a flow: a comma that has been written before a comment is not written again */
static void
flow_next(struct pen *p, bool first, bool trail)
{
	if (!first && !trail)
		pen_sign(p, ",", false, false, false);
	pen_head(p);
	if (p->column == 0)
		pen_indent(p);
}

static void
pen_behind(struct pen *p, enum behind behind)
{
	if (behind < AS_VALUE)
		return;
	if (behind == AS_FLOW_VALUE && pen_has_comment(p))
		pen_sign(p, ",", false, false, false);
	pen_note(p, false);
	pen_foot(p);
}

/* What stands behind an empty one that is a key is written behind its value: before the colon it would end the line of the key. */
static void
flow_end(struct pen *p, const struct ynode *n, enum behind behind, const char *tail, int indent, bool trail)
{
	bool map = n->kind == Y_MAP;

	pen_take(p, "", n->note, behind == AS_SIMPLE_KEY ? "" : n->foot);
	if (*tail)
		p->tail = tail;
	if (map && (*p->head || *p->foot || *p->tail) && n->n && !trail)
		pen_sign(p, ",", false, false, false);
	if (map)
		pen_head(p);
	p->flow--;
	p->indent = indent;
	if (!map && p->column == 0)
		pen_indent(p);
	pen_sign(p, map ? "}" : "]", false, false, false);
	if (behind == AS_SIMPLE_KEY)
		return;
	pen_note(p, false);
	pen_foot(p);
}

static void
flow_list(struct pen *p, const struct ynode *n, enum where where, enum behind behind)
{
	int indent = p->indent;
	bool trail = false;

	pen_sign(p, "[", true, true, false);
	pen_deeper(p, true, where);
	p->flow++;
	for (size_t i = 0; i < n->n; i++) {
		pen_take_of(p, n->kid[i], false);
		flow_next(p, i == 0, trail);
		trail = pen_has_comment(p);
		node_print(p, n->kid[i], IN_FLOW_LIST, AS_FLOW_VALUE);
	}
	flow_end(p, n, behind, "", indent, trail);
}

static void
flow_map(struct pen *p, const struct ynode *n, enum where where, enum behind behind)
{
	int indent = p->indent;
	bool trail = false;
	const char *tail = "";

	pen_sign(p, "{", true, true, false);
	pen_deeper(p, true, where);
	p->flow++;
	for (size_t i = 0; i + 1 < n->n; i += 2) {
		const struct ynode *k = n->kid[i], *v = n->kid[i + 1];
		bool simple = is_simple_key(k);

		if (*tail)
			p->tail = tail;
		pen_take_of(p, k, true);
		flow_next(p, i == 0, trail);
		if (!simple)
			pen_sign(p, "?", true, false, false);
		node_print(p, k, IN_MAP, simple ? AS_SIMPLE_KEY : AS_KEY);
		tail = k->foot;
		pen_take_of(p, v, false);
		pen_sign(p, ":", !simple, false, false);
		trail = pen_has_comment(p);
		node_print(p, v, IN_MAP, AS_FLOW_VALUE);
	}
	flow_end(p, n, behind, tail, indent, trail);
}

static void
block_list(struct pen *p, const struct ynode *n, enum where where)
{
	int indent = p->indent;

	pen_deeper(p, false, where);
	for (size_t i = 0; i < n->n; i++) {
		pen_take_of(p, n->kid[i], false);
		pen_head(p);
		pen_indent(p);
		pen_sign(p, "-", true, false, true);
		node_print(p, n->kid[i], IN_BLOCK_LIST, AS_VALUE);
	}
	pen_take(p, "", n->note, n->foot);
	p->indent = indent;
}

/*
 * A comment behind a key goes behind its value, or stands before the block that is its value; behind the block's anchor and
 * tag, though, which would be on a line of their own, and where yq writes them not be the block's.
 */
static void
key_note(struct pen *p, const struct ynode *v)
{
	const char *note = p->note;
	bool quote, marked = *v->anchor || *tag_to_write(v, &quote);
	bool block = (v->kind == Y_MAP || v->kind == Y_SEQ) && !(v->style & Y_FLOW) && (v->n || !marked);

	if (!*p->key_note)
		return;
	if (v->kind == Y_SCALAR || (block && marked)) {
		if (*p->note)
			return;
		p->note = p->key_note;
		p->key_note = "";
	} else if (block) {
		p->note = p->key_note;
		p->key_note = note;
		pen_note(p, false);
		note = p->note;
		p->note = p->key_note;
		p->key_note = note;
	}
}

static void
key_note_aside(struct pen *p)
{
	if (!*p->note)
		return;
	p->key_note = p->note;
	p->note = "";
}

static void
block_map(struct pen *p, const struct ynode *n, enum where where)
{
	int indent = p->indent;
	const char *tail = "";

	pen_deeper(p, false, where);
	for (size_t i = 0; i + 1 < n->n; i += 2) {
		const struct ynode *k = n->kid[i], *v = n->kid[i + 1];
		bool simple = is_simple_key(k);

		if (*tail)
			p->tail = tail;
		pen_take_of(p, k, true);
		pen_head(p);
		pen_indent(p);
		key_note_aside(p);
		if (!simple)
			pen_sign(p, "?", true, false, true);
		node_print(p, k, IN_MAP, simple ? AS_SIMPLE_KEY : AS_KEY);
		key_note_aside(p);
		if (simple && k->kind == Y_ALIAS)
			pen_put(p, ' ');
		tail = k->foot;
		pen_take_of(p, v, false);
		if (!simple)
			pen_indent(p);
		pen_sign(p, ":", !simple, false, !simple);
		key_note(p, v);
		node_print(p, v, IN_MAP, AS_VALUE);
	}
	if (*tail)
		p->tail = tail;
	pen_take(p, "", n->note, n->foot);
	pen_head(p);
	p->indent = indent;
}

static void
container_print(struct pen *p, const struct ynode *n, enum where where, enum behind behind)
{
	bool quote, flow = p->flow || n->style & Y_FLOW || !n->n;

	pen_anchor(p, '&', n->anchor);
	pen_tag(p, tag_to_write(n, &quote));
	pen_behind(p, behind);
	eval_enter(p->e);
	if (n->kind == Y_SEQ) {
		if (flow)
			flow_list(p, n, where, behind);
		else
			block_list(p, n, where);
	} else {
		if (flow)
			flow_map(p, n, where, behind);
		else
			block_map(p, n, where);
	}
	eval_leave(p->e);
}

static void
node_print(struct pen *p, const struct ynode *n, enum where where, enum behind behind)
{
	static const struct ynode nothing = { .kind = Y_SCALAR, .tag = "!!null", .value = "null", .len = 4, .anchor = "" };

	p->simple_key = behind == AS_SIMPLE_KEY;
	if (n->kind == Y_SEQ || n->kind == Y_MAP) {
		container_print(p, n, where, behind);
		return;
	}
	if (behind == AS_KEY && is_named_nothing(n))
		pen_anchor(p, '&', n->anchor);
	else if (n->kind == Y_ALIAS)
		pen_anchor(p, '*', n->value);
	else
		scalar_print(p, n->kind == Y_SCALAR ? n : &nothing, where);
	pen_behind(p, behind);
}

void
yaml_print(struct text *out, struct ynode *n, int indent)
{
	struct pen p = {
		.out = out, .e = out->e, .best = indent < 2 || indent > 9 ? indent == 0 ? 4 : 2 : indent, .indent = -1, .foot_indent = -1,
		.whitespace = true, .indention = true, .head = "", .note = "", .foot = "", .tail = "", .key_note = "",
	};
	const char *foot = n->foot;
	struct ynode root = *n;

	root.foot = "";
	pen_take_of(&p, &root, false);
	pen_head(&p);
	node_print(&p, &root, AT_ROOT, AS_VALUE);
	p.foot_indent = 0;
	pen_foot(&p);
	p.foot_indent = -1;
	pen_indent(&p);
	yaml_print_lead(out, foot, true);
}
