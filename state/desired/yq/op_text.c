/* Texts. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote/quote.h"
#include "base/utf8.h"
#include "state/desired/yq/ops.h"

/* what it says, or, of what is no scalar, its YAML with what stands before it */
static void
text_of(struct text *t, struct ynode *n)
{
	if (n->kind == Y_SCALAR) {
		text_add(t, n->value, n->len);
		return;
	}
	yaml_print_lead(t, n->lead, t->e->texts.separators);
	yaml_print(t, n, t->e->texts.indent);
	text_chomp(t, t->len);
}

/* --- "\( )" */

static void
text_interpolate_one(struct eval *e, const struct context *c, const char *expr, struct text *out)
{
	struct ynode *n = nodes_first(expr_run(e, *c, expr_parse(e, expr)).at);
	struct text one = { .e = e };

	if (n)
		text_of(&one, n);
	text_add(out, text_end(&one), one.len);
}

static struct ynode *
text_interpolate(struct eval *e, const struct context *c, const struct ynode *s)
{
	struct text t = { .e = e }, expr = { .e = e };
	int depth = 0;
	bool in = false;

	for (size_t i = 0; i < s->len; i++) {
		char ch = s->value[i], next = i + 1 < s->len ? s->value[i + 1] : '\0';

		if (!in && ch == '\\' && next == '(') {
			in = true;
			i++;
		} else if (!in) {
			i += ch == '\\' && next == '\\';
			text_addc(&t, ch);
		} else if (ch == ')' && !depth) {
			text_interpolate_one(e, c, text_end(&expr), &t);
			expr = (struct text){ .e = e };
			in = false;
		} else {
			depth += ch == '(' ? 1 : ch == ')' ? -1 : 0;
			if (ch == '\\' && (next == ')' || next == '\\'))
				ch = s->value[++i];
			text_addc(&expr, ch);
		}
	}
	if (in)		/* never closed: it is no expression */
		return ynode_text(e, s->value, s->len);
	return text_node(&t, NULL);
}

RUN(string)
{
	struct nodes *out = nodes_new(e);

	if (!c.at->n)
		return context_one(e, &c, text_interpolate(e, &c, x->value));
	for (size_t i = 0; i < c.at->n; i++) {
		struct context one = context_one(e, &c, c.at->v[i]);

		nodes_push(e, out, text_interpolate(e, &one, x->value));
	}
	return context_with(e, &c, out);
}

EACH(to_string)
{
	struct text t = { .e = e };
	struct ynode *s;

	if (ynode_has_tag(n, "!!str"))	/* also a list that was made of one */
		text_add(&t, n->value, n->len);
	else
		text_of(&t, n);
	s = text_node(&t, n);
	if (!ynode_has_tag(n, "!!str"))
		s->style = Y_DOUBLE;
	return s;
}

static bool
is_space(uint32_t r)
{
	return (r && r < 0x80 && strchr(" \t\n\v\f\r", (int)r)) || r == 0x85 || r == 0xa0 || r == 0x1680 || (r >= 0x2000 && r <= 0x200a) ||
	       r == 0x2028 || r == 0x2029 || r == 0x202f || r == 0x205f || r == 0x3000;
}

EACH(trim)
{
	struct ynode *s;
	size_t from = 0, to = 0, w;
	bool begun = false, bad = false;

	need_text(e, n, "trim");
	for (size_t k = 0; k < n->len; k += w) {
		uint32_t r = 0;

		w = n->value[k] ? utf8_next(n->value + k, &r, &bad) : 1;
		if (is_space(r))
			continue;
		from = begun ? from : k;
		begun = true;
		to = k + w;
	}
	s = ynode_replace_text(e, n, eval_dup(e, n->value + from, to - from), to - from);
	s->tag = n->tag;
	s->style = n->style;
	return s;
}

/* The other case of a letter, for scripts that have two; libc knows them by the locale only, which is nobody's here. */
static uint32_t
rune_case(uint32_t r, bool upper)
{
	if (r < 0x80)
		return (uint32_t)(upper ? toupper((int)r) : tolower((int)r));
	if (upper && ((r >= 0xe0 && r <= 0xfe && r != 0xf7) || (r >= 0x3b1 && r <= 0x3c9 && r != 0x3c2) || (r >= 0x430 && r <= 0x44f)))
		return r - 0x20;
	if (!upper && ((r >= 0xc0 && r <= 0xde && r != 0xd7) || (r >= 0x391 && r <= 0x3a9 && r != 0x3a2) || (r >= 0x410 && r <= 0x42f)))
		return r + 0x20;
	if (upper && r >= 0x450 && r <= 0x45f)
		return r - 0x50;
	if (!upper && r >= 0x400 && r <= 0x40f)
		return r + 0x50;
	if (r == 0xff && upper)
		return 0x178;
	if ((r >= 0x100 && r <= 0x137) || (r >= 0x14a && r <= 0x177))	/* pairs, the capital first */
		return r == 0x130 || r == 0x131 ? r : upper ? r & ~1U : r | 1U;
	if ((r >= 0x139 && r <= 0x148) || (r >= 0x179 && r <= 0x17e))
		return upper ? r - !(r & 1) : r + (r & 1);
	return r;
}

EACH(change_case)
{
	struct ynode *s;
	struct text t = { .e = e };
	char utf8[4];
	bool bad = false;

	need_text(e, n, "change case with");
	for (size_t k = 0, w; k < n->len; k += w) {
		uint32_t r = 0;

		w = n->value[k] ? utf8_next(n->value + k, &r, &bad) : 1;
		if (w <= 2 && r < 0x800 && !bad)
			text_add(&t, utf8, utf8_put(utf8, rune_case(r, x->flags & UPPER_CASE)));
		else
			text_add(&t, n->value + k, w);
	}
	s = text_node(&t, n);
	s->tag = n->tag;
	s->style = n->style;
	return s;
}

/* --- lists of texts */

EACH_WITH(join)
{
	struct text t = { .e = e };

	if (n->kind != Y_SEQ)
		eval_fail(e, "cannot join with %s, can only join arrays of scalars", n->tag);
	for (size_t k = 0; k < n->n; k++) {
		if (k && arg)
			text_add(&t, arg->value, arg->len);
		if (!ynode_is_null(n->kid[k]))
			text_add(&t, n->kid[k]->value, n->kid[k]->len);
	}
	return text_node(&t, n);
}

static void
split_add(struct eval *e, struct ynode *to, const char *s, size_t len)
{
	ynode_add(e, to, ynode_text(e, eval_dup(e, s, len), len));
}

struct ynode *
string_split(struct eval *e, struct ynode *to, const struct ynode *s, const struct ynode *by)
{
	size_t from = 0;
	bool bad = false;
	uint32_t r;

	to->kind = Y_SEQ;
	to->tag = "!!seq";
	if (!by->len) {
		for (size_t i = 0, w; i < s->len; i += w) {
			w = s->value[i] ? utf8_next(s->value + i, &r, &bad) : 1;
			split_add(e, to, s->value + i, w);
		}
		return to;
	}
	while (s->len) {
		const char *at = memmem(s->value + from, s->len - from, by->value, by->len);

		split_add(e, to, s->value + from, at ? (size_t)(at - s->value) - from : s->len - from);
		if (!at)
			break;
		from = (size_t)(at - s->value) + by->len;
	}
	return to;
}

EACH_WITH(split)
{
	if (ynode_is_null(n))
		return NULL;
	if (strcmp(ynode_meaning(e, n), "!!str") != 0)
		eval_fail(e, "cannot split %s, can only split strings", n->tag);
	return string_split(e, ynode_replace_new(e, n, Y_SEQ, "!!seq", ""), n, arg ? arg : ynode_text(e, "", 0));
}
