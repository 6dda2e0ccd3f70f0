/* XML as yq sees it: attributes are `+@NAME`, text beside elements is `+content`, <?...?> is `+p_NAME`. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "state/desired/yq/formats.h"

struct xml {
	struct text *t;
	int indent, depth;
	bool after_start, any;	/* an end tag would stand behind its start tag; an element has been written */
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
		if (!to && (unsigned char)s[i] < ' ' && s[i] != '\n')
			to = "\xef\xbf\xbd";	/* a control character, which XML has no way to say */
		if (to)
			text_adds(t, to);
		else
			text_addc(t, s[i]);
	}
}

static void
xml_line(struct xml *x)
{
	if (!x->indent)
		return;
	if (x->any)
		text_addc(x->t, '\n');
	for (int i = 0; i < x->indent * x->depth; i++)
		text_addc(x->t, ' ');
	x->any = true;
}

/* Comments of YAML as one of XML, without the signs that their lines begin with. */
static bool
xml_comment_text(struct xml *x, struct text *c)
{
	const char *s = text_end(c);
	bool lines = c->len > 2 && memchr(s + 1, '\n', c->len - 2);

	if (!c->len)
		return false;
	if (lines || s[strspn(s, " \t\r\n")] == '#')
		text_chomp(c, 1);
	text_adds(x->t, "<!--");
	for (bool begins = true, first = lines; *s; s++) {
		const char *p = s + strspn(s, lines ? " " : " \t\r\n");

		if (begins && *p == '#')
			s = p + 1 + (lines && p[1] == ' ');
		if (!*s)
			break;
		if (first && *s != '\n' && *s != ' ')
			text_addc(x->t, ' ');
		first = false;
		text_addc(x->t, *s);
		begins = lines && *s == '\n';
	}
	text_adds(x->t, strchr(" \n", x->t->s[x->t->len - 1]) ? "-->" : " -->");
	return true;
}

static bool
xml_comment(struct xml *x, const char *head, const char *note)
{
	struct text c = { .e = x->t->e };
	const char *of[] = { head, note };

	for (size_t i = 0; i < ARRAY_LEN(of); i++) {
		const char *hash = strchr(of[i], '#');

		text_add(&c, of[i], hash ? (size_t)(hash - of[i]) : strlen(of[i]));
		text_adds(&c, hash ? hash + 1 : "");
	}
	return xml_comment_text(x, &c);
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
	x->after_start = true;
	x->depth++;
	xml_comment(x, n->head, "");
}

static void
xml_end(struct xml *x, const char *name, const struct ynode *n)
{
	x->depth--;
	if (!x->after_start)
		xml_line(x);
	text_adds(x->t, "</");
	text_adds(x->t, name);
	text_addc(x->t, '>');
	x->after_start = false;
	xml_comment(x, n->foot, "");
}

static void xml_node(struct xml *x, const char *name, const struct ynode *n);

/* <?...?> and <!...> */
static void
xml_markup(struct xml *x, const struct ynode *k, const struct ynode *v)
{
	bool directive = k->value[1] == 'd';

	text_addf(x->t, directive ? "<!%.0s" : "<?%.100s ", directive ? "" : k->value + 3);
	text_add(x->t, v->value, v->len);
	text_adds(x->t, directive ? ">" : "?>");
	if (!x->depth)
		text_addc(x->t, '\n');
}

/* what stands in an element, or in the whole */
static void
xml_inside(struct xml *x, const struct ynode *n)
{
	for (size_t i = 0; i + 1 < n->n; i += 2) {
		const struct ynode *k = n->kid[i], *v = n->kid[i + 1];

		if (xml_comment(x, k->head, k->note) && !x->depth)
			text_addc(x->t, '\n');
		if (x->depth && strcmp(k->value, "+content") == 0) {
			xml_comment(x, v->head, v->note);
			xml_escape(x->t, v->value, v->len, false);
			xml_comment(x, v->foot, "");
		} else if (strncmp(k->value, "+p_", 3) == 0 || strcmp(k->value, "+directive") == 0) {
			if (x->depth || strcmp(k->value, "+p_xml") != 0)	/* that one stands before all */
				xml_markup(x, k, v);
		} else if (!x->depth || !is_attribute(k)) {
			xml_node(x, k->value, v);
		}
		xml_comment(x, k->foot, "");
	}
}

static void
xml_node(struct xml *x, const char *name, const struct ynode *n)
{
	eval_enter(x->t->e);
	if (n->kind == Y_SEQ) {
		xml_comment(x, n->head, n->note);
		for (size_t i = 0; i < n->n; i++)
			xml_node(x, name, n->kid[i]);
		xml_comment(x, n->foot, "");
		eval_leave(x->t->e);
		return;
	}
	if (n->kind != Y_MAP && n->kind != Y_SCALAR)
		eval_fail(x->t->e, "unsupported type %s", n->tag);
	xml_start(x, name, n);
	if (n->kind == Y_MAP) {
		xml_inside(x, n);
	} else {
		xml_escape(x->t, n->value, n->len, false);
		xml_comment(x, n->note, "");
	}
	xml_end(x, name, n);
	eval_leave(x->t->e);
}

void
xml_print(struct text *t, const struct ynode *n, int indent)
{
	struct xml x = { .t = t, .indent = indent };
	struct text lead = { .e = t->e };

	for (size_t i = 0; ynode_has_tag(n, "!!map") && i + 1 < n->n; i += 2)
		if (strcmp(n->kid[i]->value, "+p_xml") == 0)
			xml_markup(&x, n->kid[i], n->kid[i + 1]);
	text_adds(&lead, n->lead);
	if (xml_comment_text(&x, &lead))
		text_addc(t, '\n');
	if (n->kind == Y_SCALAR) {
		xml_escape(t, n->value, n->len, false);
		return;
	}
	if (n->kind != Y_MAP)
		eval_fail(t->e, "cannot encode %s to XML - only maps can be encoded", n->tag);
	xml_comment(&x, n->head, n->note);
	xml_inside(&x, n);
	xml_comment(&x, n->foot, "");
	text_addc(t, '\n');
}
