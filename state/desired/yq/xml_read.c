/* XML as yq reads it: attributes are `+@NAME`, text beside elements is `+content`, <?...?> is `+p_NAME`. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/utf8.h"
#include "state/desired/yq/formats.h"

struct xml_in {
	struct eval *e;
	const char *s, *end;
};

/* an element that is being read, or the whole */
struct element {
	struct ynode *map, *data;	/* attributes and elements in it; its text */
	const char *head, *note;	/* comments before what is in it, and behind its text */
	enum { SAW_NOTHING, SAW_ELEMENT, SAW_TEXT } last;
};

static void __attribute__((noreturn))
xml_fail(struct xml_in *x, const char *what)
{
	eval_fail(x->e, "XML syntax error: %s", what);
}

static size_t
entity_read(struct xml_in *x, const char *s, struct text *t)
{
	static const struct { const char *name; char c; } names[] = { { "lt", '<' }, { "gt", '>' }, { "amp", '&' }, { "apos", '\'' }, { "quot", '"' } };
	const char *end = memchr(s, ';', (size_t)(x->end - s) < 12 ? (size_t)(x->end - s) : 12);
	size_t len = end ? (size_t)(end - s) : 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (len == strlen(names[i].name) && memcmp(names[i].name, s, len) == 0) {
			text_addc(t, names[i].c);
			return len + 1;
		}
	if (len > 1 && *s == '#') {
		long r = strtol(s + (s[1] == 'x' ? 2 : 1), NULL, s[1] == 'x' ? 16 : 10);
		char utf8[4];

		text_add(t, utf8, utf8_put(utf8, r < 0 || r > 0x10ffff ? 0xfffd : (uint32_t)r));
		return len + 1;
	}
	text_addc(t, '&');
	return 0;
}

static const char *
xml_name(struct xml_in *x)
{
	const char *from = x->s;

	while (x->s < x->end && (isalnum((unsigned char)*x->s) || strchr("_:.-", *x->s) || (unsigned char)*x->s >= 0x80) && *x->s)
		x->s++;
	if (x->s == from)
		xml_fail(x, "expected a name");
	return eval_dup(x->e, from, (size_t)(x->s - from));
}

static void
xml_blank(struct xml_in *x)
{
	while (x->s < x->end && isspace((unsigned char)*x->s))
		x->s++;
}

/* Text without the blanks around it; a second child of a name makes a list of them. */
static void
child_add(struct xml_in *x, struct ynode *map, const char *name, struct ynode *value)
{
	for (size_t i = 0; i + 1 < map->n; i += 2) {
		if (strcmp(map->kid[i]->value, name) != 0)
			continue;
		if (map->kid[i + 1]->kind != Y_SEQ) {
			struct ynode *list = ynode_new(x->e, Y_SEQ, "!!seq", "");

			ynode_add(x->e, list, map->kid[i + 1]);
			list->parent = map;
			list->key = map->kid[i];
			map->kid[i + 1] = list;
		}
		ynode_add(x->e, map->kid[i + 1], value);
		return;
	}
	ynode_add_pair(x->e, map, ynode_text(x->e, name, strlen(name)), value);
}

static void
data_add(struct xml_in *x, struct element *el, struct text *t)
{
	size_t from = 0, to = t->len;

	text_end(t);
	while (from < to && isspace((unsigned char)t->s[from]))
		from++;
	while (to > from && isspace((unsigned char)t->s[to - 1]))
		to--;
	if (to > from) {
		ynode_add(x->e, el->data, ynode_text(x->e, eval_dup(x->e, t->s + from, to - from), to - from));
		el->last = SAW_TEXT;
	}
	*t = (struct text){ .e = x->e };
}

static struct ynode *element_read(struct xml_in *x, const char *name);

static void
attributes_read(struct xml_in *x, struct ynode *map)
{
	for (xml_blank(x); x->s < x->end && *x->s != '>' && *x->s != '/'; xml_blank(x)) {
		struct text t = { .e = x->e };
		const char *name = xml_name(x);
		char quote;

		xml_blank(x);
		if (x->s < x->end && *x->s == '=') {
			x->s++;
			xml_blank(x);
			quote = x->s < x->end ? *x->s : '\0';
			if (quote != '"' && quote != '\'')
				xml_fail(x, "expected a quoted attribute");
			for (x->s++; x->s < x->end && *x->s != quote;) {
				if (*x->s == '&')
					x->s += 1 + entity_read(x, x->s + 1, &t);
				else
					text_addc(&t, *x->s++);
			}
			if (x->s >= x->end)
				xml_fail(x, "an attribute's quote is never closed");
			x->s++;
		} else {
			text_adds(&t, name);
		}
		text_end(&t);
		child_add(x, map, eval_printf(x->e, "+@%s", name), ynode_text(x->e, t.s, t.len));
	}
}

static const char *
xml_until(struct xml_in *x, const char *end, size_t *len)
{
	const char *from = x->s, *at = memmem(x->s, (size_t)(x->end - x->s), end, strlen(end));

	if (!at)
		xml_fail(x, "unexpected end of what begins with `<!` or `<?`");
	*len = (size_t)(at - from);
	x->s = at + strlen(end);
	return from;
}

/* <! >: others may stand in it, and texts in quotes, as in a DOCTYPE with entities */
static const char *
xml_directive(struct xml_in *x, size_t *len)
{
	const char *from = x->s;
	size_t depth = 1;
	char quote = '\0';

	for (; x->s < x->end; x->s++) {
		char c = *x->s;

		if (quote) {
			quote = c == quote ? '\0' : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '<' && (size_t)(x->end - x->s) > 3 && memcmp(x->s, "<!--", 4) == 0) {
			size_t skipped;

			x->s += 4;
			xml_until(x, "-->", &skipped);
			x->s--;
		} else if (c == '<' || c == '>') {
			if (c == '<') {
				depth++;
			} else if (--depth == 0) {
				*len = (size_t)(x->s++ - from);
				return from;
			}
		}
	}
	xml_fail(x, "unexpected end of what begins with `<!`");
}

static const char *
comments_add(struct xml_in *x, const char *to, const char *more, const char *by)
{
	return *to && *more ? eval_printf(x->e, "%s%s%s", to, by, more) : *to ? to : more;
}

/* A comment is about what is behind it, about the text or about the element before it. */
static void
comment_add(struct xml_in *x, struct element *el, const char *s)
{
	struct ynode *last = el->map->n ? el->map->kid[el->map->n - 1] : NULL;

	if (el->last == SAW_TEXT) {
		el->note = comments_add(x, el->note, s, " ");
	} else if (el->last == SAW_NOTHING || !last) {
		el->head = comments_add(x, el->head, s, " ");
	} else if (last->kind == Y_MAP || (last->kind == Y_SEQ && last->kid[0]->kind == Y_MAP)) {
		el->map->kid[el->map->n - 2]->foot = s;
	} else {
		last = last->kind == Y_SEQ ? last->kid[last->n - 1] : last;
		last->foot = comments_add(x, last->foot, s, " ");
	}
}

/* as YAML has comments */
static const char *
comment_lines(struct xml_in *x, const char *s)
{
	struct text t = { .e = x->e };
	size_t len = strlen(s);

	if (!*s)
		return s;
	while (len && s[len - 1] == ' ')
		len--;
	for (size_t i = 0; i < len || !i; i++) {
		if (!i || s[i - 1] == '\n')
			text_adds(&t, isalpha((unsigned char)s[i]) ? "# " : "#");
		text_add(&t, s + i, i < len);
	}
	if (len && s[len - 1] == '\n')
		text_addc(&t, '#');
	return text_end(&t);
}

/* <!-- -->, <![CDATA[ ]]>, <! > and <? ?> */
static void
markup_read(struct xml_in *x, struct element *el, struct text *t)
{
	const char *s;
	size_t len;

	if (strncmp(x->s, "<!--", 4) == 0) {
		x->s += 4;
		s = xml_until(x, "-->", &len);
		comment_add(x, el, eval_dup(x->e, s, len));
	} else if (strncmp(x->s, "<![CDATA[", 9) == 0) {
		x->s += 9;
		s = xml_until(x, "]]>", &len);
		text_add(t, s, len);
	} else if (x->s[1] == '!') {
		x->s += 2;
		s = xml_directive(x, &len);
		child_add(x, el->map, "+directive", ynode_text(x->e, eval_dup(x->e, s, len), len));
	} else {
		const char *name;

		x->s += 2;
		name = xml_name(x);
		xml_blank(x);
		s = xml_until(x, "?>", &len);
		child_add(x, el->map, eval_printf(x->e, "+p_%s", name), ynode_text(x->e, eval_dup(x->e, s, len), len));
	}
}

/* what is in an element, up to its end tag, or (name NULL) in the whole text */
static void
inside_read(struct xml_in *x, const char *name, struct element *el)
{
	struct text t = { .e = x->e };

	while (x->s < x->end) {
		const char *inner;

		if (*x->s == '&') {
			x->s += 1 + entity_read(x, x->s + 1, &t);
		} else if (*x->s != '<') {
			text_addc(&t, *x->s++);
		} else if (x->s + 1 < x->end && (x->s[1] == '!' || x->s[1] == '?')) {
			data_add(x, el, &t);
			markup_read(x, el, &t);
			data_add(x, el, &t);
		} else if (x->s + 1 < x->end && x->s[1] == '/') {
			data_add(x, el, &t);
			x->s += 2;
			inner = xml_name(x);
			xml_blank(x);
			if (!name || strcmp(name, inner) != 0 || x->s >= x->end || *x->s++ != '>')
				xml_fail(x, eval_printf(x->e, "element <%s> closed by </%s>", name ? name : "", inner));
			return;
		} else {
			data_add(x, el, &t);
			if (!name && el->data->n)
				xml_fail(x, "text outside of elements");
			x->s++;
			inner = xml_name(x);
			el->last = SAW_ELEMENT;
			child_add(x, el->map, inner, element_read(x, inner));
		}
	}
	if (name)
		xml_fail(x, "unexpected EOF");
	data_add(x, el, &t);
}

/* The comments of a pair: what is said before a single text stands before its name. */
static void
pair_comments(struct xml_in *x, struct ynode *key, struct ynode *value)
{
	key->foot = comment_lines(x, key->foot);
	if (value->kind == Y_SCALAR && *value->head) {
		struct text t = { .e = x->e };

		if (!ynode_is_null(value)) {
			text_adds(&t, value->head + strspn(value->head, " \t\r\n"));
			while (t.len && isspace((unsigned char)t.s[t.len - 1]))
				t.s[--t.len] = '\0';
			key->head = comments_add(x, key->head, text_end(&t), "\n");
		} else {
			value->note = comment_lines(x, value->head);
		}
		value->head = "";
	}
	for (size_t i = 0; value->kind == Y_SEQ && i < value->n; i++) {
		value->kid[i]->head = comment_lines(x, value->kid[i]->head);
		value->kid[i]->foot = comment_lines(x, value->kid[i]->foot);
	}
	value->foot = comment_lines(x, value->foot);
}

/* an element without attributes and elements in it is its text */
static struct ynode *
content_of(struct xml_in *x, struct element *el)
{
	struct ynode *data = el->data, *map = el->map, *key;
	struct ynode *content = data->n > 1 ? data : data->n ? data->kid[0] : ynode_new(x->e, Y_SCALAR, "!!null", "");

	if (!map->n) {
		if (content->kind == Y_SEQ)
			content->kid[0]->head = el->note;
		else
			content->note = comment_lines(x, el->note);
		content->head = el->head;
		return content;
	}
	for (size_t i = 0; i + 1 < map->n; i += 2)
		pair_comments(x, map->kid[i], map->kid[i + 1]);
	key = map->kid[0];
	key->head = comments_add(x, comment_lines(x, el->head), key->head, "\n");
	if (!data->n)
		return map;
	map = ynode_new(x->e, Y_MAP, "!!map", "");
	ynode_add_pair(x->e, map, ynode_text(x->e, "+content", 8), content);
	map->kid[0]->head = comment_lines(x, el->head);
	map->kid[0]->note = comment_lines(x, el->note);
	ynode_add_all(x->e, map, el->map->kid, el->map->n);
	return map;
}

static struct ynode *
element_read(struct xml_in *x, const char *name)
{
	struct element el = { ynode_new(x->e, Y_MAP, "!!map", ""), ynode_new(x->e, Y_SEQ, "!!seq", ""), "", "", SAW_NOTHING };

	eval_enter(x->e);
	attributes_read(x, el.map);
	if (x->s + 1 < x->end && *x->s == '/' && x->s[1] == '>') {
		x->s += 2;
	} else if (x->s < x->end && *x->s == '>') {
		x->s++;
		inside_read(x, name, &el);
	} else {
		xml_fail(x, "expected `>`");
	}
	eval_leave(x->e);
	return content_of(x, &el);
}

struct ynode *
xml_read(struct eval *e, const char *s, size_t len)
{
	struct xml_in x = { e, eval_dup(e, s, len), NULL };
	struct element el = { ynode_new(e, Y_MAP, "!!map", ""), ynode_new(e, Y_SEQ, "!!seq", ""), "", "", SAW_NOTHING };

	x.end = x.s + len;
	inside_read(&x, NULL, &el);
	if (el.data->n)
		xml_fail(&x, "text outside of elements");
	return content_of(&x, &el);
}
