/* What stands in a line of a written tree: scalars, keys, flows; and which of them can be copied as they stand. */
#include <string.h>

#include "base/auto.h"
#include "base/base64.h"
#include "base/buf.h"
#include "state/desired/yaml/emit.h"
#include "state/desired/yaml/emitter.h"
#include "state/desired/yaml/scalar.h"

enum { MAX_KEY = 1000 };

/* --- what can be copied */

bool
emit_untouched(const struct emitter *e, const struct node *n)
{
	if (n->flags & (NODE_MADE | NODE_CHANGED))
		return false;
	if (n->flags & (NODE_ANCHOR | NODE_ALIAS) && (e->expand || n->src != e->main))
		return false;
	if (n->flags & NODE_ALIAS)
		return true;
	for (size_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
		if (!emit_untouched(e, n->item[i]))
			return false;
	for (size_t i = 0; n->kind == NODE_MAP && i < n->npair; i++)
		if (!emit_untouched(e, n->pair[i].key) || !emit_untouched(e, n->pair[i].value))
			return false;
	return true;
}

/* --- scalars */

static void
emit_literal(struct emitter *e, const struct node *n, size_t col)
{
	size_t len = n->len, ends = 0;

	while (ends < len && n->text[len - 1 - ends] == '\n')
		ends++;
	e->literal = col;
	buf_adds(e->out, ends == 0 ? "|-\n" : "|\n");
	for (size_t at = 0; at < len;) {
		const char *p = n->text + at, *nl = memchr(p, '\n', len - at);
		size_t k = nl ? (size_t)(nl - p) : len - at;

		emit_note_line(e, n->flags & NODE_MADE ? NULL : n->src, n->line, 0);
		if (k)
			emit_blanks(e->out, col);
		buf_add(e->out, p, k);
		buf_addc(e->out, '\n');
		at += k + 1;
	}
}

static void
emit_binary(struct emitter *e, const struct node *n)
{
	buf_adds(e->out, "!!binary ");
	base64_encode(e->out, n->text, n->len);
}

void
emit_scalar(struct emitter *e, const struct node *n, int col)
{
	if (n->kind == NODE_NULL)
		buf_adds(e->out, "null");
	else if (n->style == STYLE_PLAIN && !(n->flags & NODE_TEXT) && scalar_of(n).kind != SCALAR_TEXT)
		buf_add(e->out, n->text, n->len);
	else if (!yaml_is_utf8(n->text, n->len))
		emit_binary(e, n);
	else if (col >= 0 && yaml_fits_literal(n->text, n->len))
		emit_literal(e, n, (size_t)col);
	else
		yaml_emit_word(e->out, n->text, n->len);
}

static bool
emit_one_line(const struct node *n)
{
	return !memchr(n->src->text + n->start, '\n', n->end - n->start);
}

bool
emit_copies_anywhere(const struct node *n)
{
	if (n->style == STYLE_SINGLE || n->style == STYLE_DOUBLE)
		return emit_one_line(n);
	return n->style == STYLE_PLAIN && n->len && n->end > n->start && emit_one_line(n) && !strpbrk(n->text, "[]{},") &&
	       !strchr("?:", *n->text) && !strstr(n->text, ":?");
}

/* Writes a key by its text, whatever else that would mean. */
static void
emit_key_word(struct emitter *e, const struct node *key)
{
	if (emit_untouched(e, key) && emit_copies_anywhere(key))
		buf_add(e->out, key->src->text + key->start, key->end - key->start);
	else if (key->kind == NODE_NULL)
		buf_adds(e->out, key->len ? key->text : "\"\"");
	else
		emit_scalar(e, key, -1);
}

void
emit_key(struct emitter *e, const struct node *key, int col)
{
	AUTO(buf) word = BUF_INIT;
	struct buf *out = e->out;

	e->out = &word;
	emit_key_word(e, key);
	e->out = out;
	if (word.len > MAX_KEY)
		buf_adds(out, "? ");
	buf_add(out, word.s, word.len);
	if (word.len > MAX_KEY && col < 0) {
		buf_addc(out, ' ');
	} else if (word.len > MAX_KEY) {
		emit_end_line(e);
		emit_note_line(e, key->src, key->line, 0);
		emit_blanks(out, (size_t)col);
	}
	buf_addc(out, ':');
}

/* --- flow */

void
emit_flow(struct emitter *e, const struct node *n)
{
	const char *sep = "";

	if (n->kind <= NODE_SCALAR) {
		if (emit_untouched(e, n) && (n->flags & NODE_ALIAS || emit_copies_anywhere(n)))
			buf_add(e->out, n->src->text + n->start, n->end - n->start);
		else
			emit_scalar(e, n, -1);
		return;
	}
	buf_addc(e->out, n->kind == NODE_LIST ? '[' : '{');
	for (size_t i = 0; i < (n->kind == NODE_LIST ? n->n : n->npair); i++, sep = ", ") {
		buf_adds(e->out, sep);
		if (n->kind == NODE_MAP) {
			emit_key(e, n->pair[i].key, -1);
			buf_addc(e->out, ' ');
		}
		emit_flow(e, n->kind == NODE_LIST ? n->item[i] : n->pair[i].value);
	}
	buf_addc(e->out, n->kind == NODE_LIST ? ']' : '}');
}

bool
emit_stays_flow(const struct node *n, int depth)
{
	if (n->kind <= NODE_SCALAR)
		return !memchr(n->text ? n->text : "", '\n', n->len) && n->len < 60;
	if (depth > 2 || n->npair > 6)
		return false;
	for (size_t i = 0; i < (n->kind == NODE_LIST ? n->n : n->npair); i++)
		if (!emit_stays_flow(n->kind == NODE_LIST ? n->item[i] : n->pair[i].value, depth + 1))
			return false;
	return true;
}
