/* XML as yq sees it: attributes are `+@NAME`, text beside elements is `+content`, <?...?> is `+p_NAME`. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "state/desired/yq/formats.h"

struct xml {
	struct text *t;
	int indent, depth;
	bool after_start, any;	/* the last was a start tag; something has been written */
};

static void
xml_escape(struct text *t, const char *s, size_t len, bool attribute)
{
	static const struct { char c; const char *to; } signs[] = {
		{ '"', "&#34;" }, { '\'', "&#39;" }, { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '\t', "&#x9;" },
		{ '\n', "&#xA;" }, { '\r', "&#xD;" },
	};

	for (size_t i = 0; i < len; i++) {
		const char *to = NULL;

		for (size_t k = 0; k < ARRAY_LEN(signs) && !to; k++)
			if (signs[k].c == s[i] && (attribute || s[i] != '\n'))
				to = signs[k].to;
		if (to)
			text_adds(t, to);
		else
			text_addc(t, s[i]);
	}
}

static void
xml_line(struct xml *x)
{
	if (!x->indent || !x->any)
		return;
	text_addc(x->t, '\n');
	for (int i = 0; i < x->indent * x->depth; i++)
		text_addc(x->t, ' ');
}

static bool
is_attribute(const struct ynode *key)
{
	return strncmp(key->value, "+@", 2) == 0;
}

static void
xml_start(struct xml *x, const char *name, const struct ynode *n)
{
	if (!*name)
		eval_fail(x->t->e, "xml: start tag with no name");
	xml_line(x);
	text_addc(x->t, '<');
	text_adds(x->t, name);
	for (size_t i = 0; n->kind == Y_MAP && i + 1 < n->n; i += 2) {
		if (!is_attribute(n->kid[i]))
			continue;
		if (n->kid[i + 1]->kind != Y_SCALAR)
			eval_fail(x->t->e, "cannot use %s as attribute, only scalars are supported", n->kid[i + 1]->tag);
		text_addc(x->t, ' ');
		text_adds(x->t, n->kid[i]->value + 2);
		text_adds(x->t, "=\"");
		xml_escape(x->t, n->kid[i + 1]->value, n->kid[i + 1]->len, true);
		text_addc(x->t, '"');
	}
	text_addc(x->t, '>');
	x->any = x->after_start = true;
	x->depth++;
}

static void
xml_end(struct xml *x, const char *name, bool inline_text)
{
	x->depth--;
	if (!x->after_start && !inline_text)
		xml_line(x);
	text_adds(x->t, "</");
	text_adds(x->t, name);
	text_addc(x->t, '>');
	x->after_start = false;
}

static void xml_node(struct xml *x, const char *name, const struct ynode *n);

/* what stands in an element; true: it ended with text */
static bool
xml_inside(struct xml *x, const struct ynode *n)
{
	bool text = false;

	for (size_t i = 0; i + 1 < n->n; i += 2) {
		const struct ynode *k = n->kid[i], *v = n->kid[i + 1];

		text = strcmp(k->value, "+content") == 0;
		if (text) {
			xml_escape(x->t, v->value, v->len, false);
		} else if (strncmp(k->value, "+p_", 3) == 0 || strcmp(k->value, "+directive") == 0) {
			bool directive = k->value[1] == 'd';

			text_addf(x->t, directive ? "<!%.0s" : "<?%.100s ", directive ? "" : k->value + 3);
			text_add(x->t, v->value, v->len);
			text_adds(x->t, directive ? ">" : "?>");
			if (!x->depth)
				text_addc(x->t, '\n');
		} else if (!is_attribute(k)) {
			xml_node(x, k->value, v);
		}
	}
	return text;
}

static void
xml_node(struct xml *x, const char *name, const struct ynode *n)
{
	bool text = true;

	eval_enter(x->t->e);
	if (n->kind == Y_SEQ) {
		for (size_t i = 0; i < n->n; i++)
			xml_node(x, name, n->kid[i]);
		eval_leave(x->t->e);
		return;
	}
	if (n->kind != Y_MAP && n->kind != Y_SCALAR)
		eval_fail(x->t->e, "unsupported type %s", n->tag);
	xml_start(x, name, n);
	if (n->kind == Y_SCALAR)
		xml_escape(x->t, n->value, n->len, false);
	else
		text = xml_inside(x, n);
	xml_end(x, name, text);
	eval_leave(x->t->e);
}

void
xml_print(struct text *t, const struct ynode *n, int indent)
{
	struct xml x = { .t = t, .indent = indent };

	if (n->kind == Y_SCALAR) {
		xml_escape(t, n->value, n->len, false);
		return;
	}
	if (n->kind != Y_MAP)
		eval_fail(t->e, "cannot encode %s to XML - only maps can be encoded", n->tag);
	xml_inside(&x, n);
	text_addc(t, '\n');
}
