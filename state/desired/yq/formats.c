/* Formats other than YAML and JSON: tables, properties, words of a shell and of a URI, base64. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/base64.h"
#include "base/buf.h"
#include "state/desired/yq/formats.h"
#include "state/desired/yq/ops.h"
#include "state/desired/yq/yq.h"

int
yq_format_of(const char *name)
{
	static const struct { const char *name, *shorter; enum yq_format format; } names[] = {
		{ "yaml", "y", YQ_YAML }, { "yml", "y", YQ_YAML }, { "json", "j", YQ_JSON }, { "props", "p", YQ_PROPS },
		{ "properties", "p", YQ_PROPS }, { "csv", "c", YQ_CSV }, { "tsv", "t", YQ_TSV }, { "xml", "x", YQ_XML },
		{ "base64", "base64", YQ_BASE64 }, { "uri", "uri", YQ_URI }, { "shell", "s", YQ_SHELL }, { "sh", "s", YQ_SHELL },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i].name, name) == 0 || strcmp(names[i].shorter, name) == 0)
			return names[i].format;
	return -1;
}

/* --- tables */

static void
cell_print(struct text *t, const struct ynode *n, char sep)
{
	const char *s = n->value;
	bool quote = n->len && (memchr(s, sep, n->len) || strpbrk(s, "\"\r\n") || *s == ' ' || *s == '\t' || strcmp(s, "\\.") == 0);

	if (!quote) {
		text_add(t, s, n->len);
		return;
	}
	text_addc(t, '"');
	for (size_t i = 0; i < n->len; i++) {
		if (s[i] == '"')
			text_addc(t, '"');
		text_addc(t, s[i]);
	}
	text_addc(t, '"');
}

static void
row_print(struct text *t, struct ynode *const *kid, size_t n, size_t step, char sep)
{
	for (size_t i = 0; i < n; i += step) {
		if (kid[i]->kind != Y_SCALAR)
			eval_fail(t->e, "csv encoding only works for arrays of scalars (string/numbers/booleans), child[%zu] is a %s", i / step,
				  kid[i]->tag);
		if (i)
			text_addc(t, sep);
		cell_print(t, kid[i], sep);
	}
	text_addc(t, '\n');
}

static void
objects_print(struct text *t, const struct ynode *n, char sep)
{
	const struct ynode *head = n->kid[0];

	row_print(t, head->kid, head->n, 2, sep);
	for (size_t i = 0; i < n->n; i++) {
		struct ynode **row = eval_alloc(t->e, (head->n + 1) * sizeof(*row));

		if (n->kid[i]->kind != Y_MAP)
			eval_fail(t->e, "csv object encoding only works for arrays of flat objects (string key => string/numbers/boolean value), child[%zu] is a %s",
				  i, n->kid[i]->tag);
		for (size_t k = 0; k < head->n; k += 2) {
			long at = ynode_find(t->e, n->kid[i], head->kid[k], 2);

			row[k / 2] = at < 0 ? ynode_new(t->e, Y_SCALAR, "!!null", "") : n->kid[i]->kid[at + 1];
		}
		row_print(t, row, head->n / 2, 1, sep);
	}
}

void
csv_print(struct text *t, const struct ynode *n, char sep)
{
	if (n->kind == Y_SCALAR) {
		text_add(t, n->value, n->len);
		text_addc(t, '\n');
		return;
	}
	if (n->kind != Y_SEQ)
		eval_fail(t->e, "csv encoding only works for arrays, got: %s", n->tag);
	if (!n->n)
		return;
	if (n->kid[0]->kind == Y_SCALAR) {
		row_print(t, n->kid, n->n, 1, sep);
	} else if (n->kid[0]->kind == Y_MAP) {
		objects_print(t, n, sep);
	} else {
		for (size_t i = 0; i < n->n; i++) {
			if (n->kid[i]->kind != Y_SEQ)
				eval_fail(t->e, "csv encoding only works for arrays of scalars (string/numbers/booleans), child[%zu] is a %s", i,
					  n->kid[i]->tag);
			row_print(t, n->kid[i]->kid, n->kid[i]->n, 1, sep);
		}
	}
}

/* the cells of one line, in quotes or not; NULL: there are no more lines */
static struct nodes *
row_read(struct eval *e, const char *s, size_t len, size_t *at, char sep)
{
	struct nodes *row = nodes_new(e);

	while (*at < len && (s[*at] == '\n' || (s[*at] == '\r' && *at + 1 < len && s[*at + 1] == '\n')))
		++*at;
	if (*at >= len)
		return NULL;
	for (;;) {
		struct text t = { .e = e };
		bool quoted = s[*at] == '"' && *at < len;

		*at += quoted;
		while (*at < len && (quoted || (s[*at] != sep && s[*at] != '\n'))) {
			if (quoted && s[*at] == '"') {
				if (*at + 1 >= len || s[*at + 1] != '"') {
					quoted = false;
					++*at;
					break;
				}
				++*at;
			} else if (s[*at] == '"' && !quoted) {
				eval_fail(e, "a `\"` in a cell that does not begin with one");
			}
			text_addc(&t, s[(*at)++]);
		}
		if (quoted)
			eval_fail(e, "a cell's `\"` is never closed");
		if (*at < len && s[*at] != sep && s[*at] != '\n' && s[*at] != '\r')
			eval_fail(e, "text behind the closing `\"` of a cell");
		if (t.len && t.s[t.len - 1] == '\r' && (*at >= len || s[*at] == '\n'))
			t.s[--t.len] = '\0';
		*at += *at < len && s[*at] == '\r';
		text_end(&t);
		nodes_push(e, row, ynode_text(e, t.s, t.len));
		if (*at >= len || s[(*at)++] == '\n')
			return row;
	}
}

struct ynode *
csv_read(struct eval *e, const char *s, size_t len, char sep)
{
	struct ynode *list = ynode_new(e, Y_SEQ, "!!seq", "");
	size_t at = len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	struct nodes *head = row_read(e, s, len, &at, sep), *row;

	if (!head)
		return NULL;
	while ((row = row_read(e, s, len, &at, sep))) {
		struct ynode *map = ynode_new(e, Y_MAP, "!!map", "");

		if (row->n != head->n)
			eval_fail(e, "a row of %zu cells below a head of %zu: wrong number of fields", row->n, head->n);
		for (size_t i = 0; i < row->n; i++) {
			struct ynode *v = snippet_try(e, row->v[i]->value, row->v[i]->len);

			ynode_add_pair(e, map, head->v[i], v ? v : row->v[i]);
		}
		ynode_add(e, list, map);
	}
	return list;
}
