#include "state/desired/yaml/emit.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/mem.h"
#include "state/desired/yaml/scalar.h"

enum { MAX_KEY = 1000 };

struct emitter {
	struct buf *out;
	const struct source *main;
	bool expand;			/* anchors cannot be relied on: write aliases out */
	struct origins *origins;
	size_t literal;			/* column of the literal block that was just written: deeper comments would become its text */
};

void
origins_release(struct origins *o)
{
	free(o->v);
	*o = (struct origins){ 0 };
}

/* --- lines and where they are from */

static uint32_t
emit_line_of(const struct node *n, uint32_t at)
{
	const char *text = n->src->text;
	uint32_t line = n->line;

	for (uint32_t i = at; i < n->start; i++)
		line -= text[i] == '\n';
	for (uint32_t i = n->start; i < at; i++)
		line += text[i] == '\n';
	return line;
}

/* Notes that the output's new line is `line` of `src` (NULL: it was made up, near the last one). */
static void
note_line(struct emitter *e, const struct source *src, uint32_t line, int32_t shift)
{
	struct origins *o = e->origins;
	struct origin from = { .file = src ? src->name : NULL, .line = line, .shift = shift };

	if (!o || (e->out->len && e->out->s[e->out->len - 1] != '\n'))
		return;
	if (src && src->origin && line >= 1 && line <= src->norigin && src->origin[line - 1].file) {
		from = src->origin[line - 1];
		from.shift += shift;
	}
	if (!from.file && o->n)
		from = o->v[o->n - 1];
	GROW(o->v, o->n, o->cap);
	o->v[o->n++] = from;
}

static void
emit_blanks(struct buf *out, size_t n)
{
	while (n--)
		buf_addc(out, ' ');
}

static void
end_line(struct emitter *e)
{
	if (e->out->len && e->out->s[e->out->len - 1] != '\n')
		buf_addc(e->out, '\n');
}

/* How many blanks of a comment behind a literal block have to go. */
static uint32_t
too_deep(struct emitter *e, const char *line, uint32_t len, int shift)
{
	uint32_t indent = 0, most = (uint32_t)e->literal - 1;
	int deep;

	while (indent < len && line[indent] == ' ')
		indent++;
	if (indent == len || line[indent] == '\n' || line[indent] == '\r')
		return indent + (shift > 0 ? (uint32_t)shift : 0);
	if (line[indent] != '#') {
		e->literal = 0;
		return 0;
	}
	deep = (int)indent + shift - (int)most;
	return deep <= 0 ? 0 : (uint32_t)deep < indent ? (uint32_t)deep : indent;
}

/* Copies source text, every line but one already begun moved by `shift` columns. `near`: a node to count lines from. */
static void
copy_lines(struct emitter *e, const struct node *near, uint32_t from, uint32_t to, int shift)
{
	const struct source *s = near->src;
	uint32_t line = e->origins ? emit_line_of(near, from) : 0;
	bool begun = e->out->len && e->out->s[e->out->len - 1] != '\n';

	while (from < to) {
		const char *p = s->text + from, *nl = memchr(p, '\n', to - from);
		uint32_t len = nl ? (uint32_t)(nl - p) + 1 : to - from, skip = 0;
		bool blank = *p == '\n' || *p == '\r';
		int by = shift - (e->literal && !begun ? (int)too_deep(e, p, len, shift) : 0);

		note_line(e, s, line++, by);
		if (!begun && by > 0 && !blank)
			emit_blanks(e->out, (size_t)by);
		while (!begun && by < 0 && skip < (uint32_t)-by && skip < len && p[skip] == ' ')
			skip++;
		buf_add(e->out, p + skip, len - skip);
		from += len;
		begun = false;
	}
}

/* --- what can be copied */

static bool
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

		note_line(e, n->flags & NODE_MADE ? NULL : n->src, n->line, 0);
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

/* Writes a scalar anew, in a block (at `col`) or in a flow (col < 0). */
static void
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

/* Tells whether a scalar's text may be copied from a block into a flow, or the other way round; there, `?` and `:` are more often marks. */
static bool
copies_anywhere(const struct node *n)
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
	if (emit_untouched(e, key) && copies_anywhere(key))
		buf_add(e->out, key->src->text + key->start, key->end - key->start);
	else if (key->kind == NODE_NULL)
		buf_adds(e->out, key->len ? key->text : "\"\"");
	else
		emit_scalar(e, key, -1);
}

/* Writes a key with its colon; YAML takes a very long one for a key only behind a `?`. col < 0: in a flow. */
static void
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
		end_line(e);
		note_line(e, key->src, key->line, 0);
		emit_blanks(out, (size_t)col);
	}
	buf_addc(out, ':');
}

/* --- flow */

static void
emit_flow(struct emitter *e, const struct node *n)
{
	const char *sep = "";

	if (n->kind <= NODE_SCALAR) {
		if (emit_untouched(e, n) && (n->flags & NODE_ALIAS || copies_anywhere(n)))
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

/* A changed flow stays one if it is still readable. */
static bool
stays_flow(const struct node *n, int depth)
{
	if (n->kind <= NODE_SCALAR)
		return !memchr(n->text ? n->text : "", '\n', n->len) && n->len < 60;
	if (depth > 2 || n->npair > 6)
		return false;
	for (size_t i = 0; i < (n->kind == NODE_LIST ? n->n : n->npair); i++)
		if (!stays_flow(n->kind == NODE_LIST ? n->item[i] : n->pair[i].value, depth + 1))
			return false;
	return true;
}

/* --- blocks */

static void emit_block(struct emitter *e, const struct node *n, size_t col, bool begun);

static void
emit_note(struct emitter *e, const struct node *head)
{
	const struct source *s = head->src;
	uint32_t end = head->note;

	if (head->flags & NODE_MADE || !head->note)
		return;
	while (end < s->len && s->text[end] != '\n' && s->text[end] != '\r')
		end++;
	if (e->out->s[e->out->len - 1] != ' ')
		buf_addc(e->out, ' ');
	buf_add(e->out, s->text + head->note, end - head->note);
}

static void
emit_word(struct emitter *e, const struct node *head, const struct node *n, size_t col)
{
	buf_addc(e->out, ' ');
	if (emit_untouched(e, n) && (n->flags & NODE_ALIAS || copies_anywhere(n)))
		buf_add(e->out, n->src->text + n->start, n->end - n->start);
	else
		emit_scalar(e, n, (int)col + 2);
	if (e->out->s[e->out->len - 1] != '\n')
		emit_note(e, head);
	end_line(e);
}

static bool
goes_flow(const struct emitter *e, const struct node *n)
{
	size_t count = n->kind == NODE_LIST ? n->n : n->npair;

	if (!count || (n->flags & NODE_ALIAS && emit_untouched(e, n)))
		return true;
	if (n->style == STYLE_BLOCK)
		return false;
	return emit_untouched(e, n) || stays_flow(n, 0);
}

/* The value goes on the line of its key or dash. */
static void
emit_inline(struct emitter *e, const struct node *head, const struct node *n)
{
	buf_addc(e->out, ' ');
	if (emit_untouched(e, n))
		copy_lines(e, n, n->start, n->end, 0);
	else
		emit_flow(e, n);
	emit_note(e, head);
	end_line(e);
}

/* Writes the value of an entry whose key stands at `col`. */
static void
emit_value(struct emitter *e, const struct node *key, const struct node *n, size_t col)
{
	size_t deeper = n->kind == NODE_LIST ? 0 : 2;

	if (n->kind <= NODE_SCALAR) {
		emit_word(e, key, n, col);
		return;
	}
	if (goes_flow(e, n)) {
		emit_inline(e, key, n);
		return;
	}
	if (!((n->flags | key->flags) & (NODE_MADE | NODE_ALIAS)) && n->style == STYLE_BLOCK && n->src == key->src && n->col >= key->col)
		deeper = n->col - key->col;
	emit_note(e, key);
	end_line(e);
	emit_block(e, n, col + deeper, false);
}

/* Tells whether something else stands in front of the entry on its line. */
static bool
in_mid_line(const struct node *head)
{
	return head->lead == head->entry && head->entry > 0 && head->src->text[head->entry - 1] != '\n';
}

static int
column_of(const struct node *head)
{
	uint32_t at = head->entry;

	while (at > 0 && head->src->text[at - 1] != '\n')
		at--;
	return (int)(head->entry - at);
}

/* Tells whether the entry has a place of its own in a source. */
static bool
is_placed(const struct node *head)
{
	return head->stop && !(head->flags & NODE_MADE);
}

/* Moves what stands in front of an entry to where it goes, and begins the entry's line with blanks. */
static void
begin_entry(struct emitter *e, const struct node *head, size_t col)
{
	if (is_placed(head) && !in_mid_line(head))
		copy_lines(e, head, head->lead, head->entry - (uint32_t)column_of(head), (int)col - column_of(head));
	e->literal = 0;
	note_line(e, head->src, head->line, 0);
	emit_blanks(e->out, col);
}

/* The column of the text of the block scalar that a value ends with, moved by `shift`; 0: it ends with none. */
static size_t
literal_at_end(const struct node *n, int shift)
{
	const char *text, *p, *end;
	size_t indent = 0;

	while (n->kind >= NODE_LIST && !(n->flags & NODE_ALIAS) && (n->kind == NODE_LIST ? n->n : n->npair))
		n = n->kind == NODE_LIST ? n->item[n->n - 1] : n->pair[n->npair - 1].value;
	if (n->kind != NODE_SCALAR || n->flags & NODE_ALIAS || (n->style != STYLE_LITERAL && n->style != STYLE_FOLDED))
		return 0;
	text = n->src->text;
	end = text + n->end;
	p = memchr(text + n->start, '\n', n->end - n->start);
	for (const char *q = text + n->start; p && q < p; q++)
		if (*q >= '1' && *q <= '9')
			return 1;	/* the text may begin with blanks of its own */
	for (; p && p < end && (*p == '\n' || *p == '\r' || *p == ' '); p++)
		indent = *p == ' ' ? indent + 1 : 0;
	return (int)indent + shift > 1 ? (size_t)((int)indent + shift) : 1;
}

/* Copies an entry as it stands; its first line may have been begun by a dash. */
static bool
emit_copy_entry(struct emitter *e, const struct node *head, const struct node *value, size_t col, bool begun)
{
	uint32_t from = begun ? head->entry : head->lead;
	int shift;

	if (!is_placed(head) || !emit_untouched(e, head) || !emit_untouched(e, value) || head->src != value->src)
		return false;
	shift = (int)col - column_of(head);
	if (!begun && in_mid_line(head)) {
		note_line(e, head->src, head->line, shift);
		emit_blanks(e->out, col);
	}
	copy_lines(e, head, from, head->stop, shift);
	end_line(e);
	/* The next text to be copied may be a comment of an entry that was removed. */
	e->literal = head->tail == head->stop ? literal_at_end(value, shift) : 0;
	return true;
}

/* Copies the comments behind a block that was written anew. */
static void
emit_tail(struct emitter *e, const struct node *head, size_t col)
{
	if (!is_placed(head) || head->tail >= head->stop)
		return;
	copy_lines(e, head, head->tail, head->stop, (int)col - column_of(head));
	end_line(e);	/* the text may have ended there */
}

static void
emit_map(struct emitter *e, const struct node *n, size_t col, bool begun)
{
	for (size_t i = 0; i < n->npair; i++, begun = false) {
		const struct node *key = n->pair[i].key, *value = n->pair[i].value;

		if (emit_copy_entry(e, key, value, col, begun))
			continue;
		if (!begun)
			begin_entry(e, key, col);
		emit_key(e, key, (int)col);
		emit_value(e, key, value, col);
		emit_tail(e, key, col);
	}
}

static void
emit_list(struct emitter *e, const struct node *n, size_t col, bool begun)
{
	for (size_t i = 0; i < n->n; i++, begun = false) {
		const struct node *item = n->item[i];

		if (emit_copy_entry(e, item, item, col, begun))
			continue;
		if (!begun)
			begin_entry(e, item, col);
		buf_addc(e->out, '-');
		if (item->kind <= NODE_SCALAR) {
			emit_word(e, item, item, col);
		} else if (goes_flow(e, item)) {
			emit_inline(e, item, item);
		} else {
			buf_addc(e->out, ' ');
			emit_block(e, item, col + 2, true);
		}
		emit_tail(e, item, col);
	}
}

static void
emit_block(struct emitter *e, const struct node *n, size_t col, bool begun)
{
	if (n->kind == NODE_MAP)
		emit_map(e, n, col, begun);
	else
		emit_list(e, n, col, begun);
}

void
yaml_emit(struct buf *out, const struct node *root, struct origins *origins)
{
	struct emitter e = { .out = out, .main = root->src, .origins = origins };

	if (root->flags & NODE_MADE)
		e.main = NULL;
	if (emit_untouched(&e, root) && root->src) {
		struct node whole = { .src = root->src, .line = 1 };

		copy_lines(&e, &whole, 0, (uint32_t)root->src->len, 0);
		return;
	}
	e.expand = !e.main || e.main->anchors;
	if (root->kind == NODE_NULL)
		return;
	if (e.main && root->stop) {
		struct node head = { .src = root->src, .line = 1 };

		copy_lines(&e, &head, 0, root->stop, 0);
		end_line(&e);
	}
	if (root->kind == NODE_SCALAR) {
		emit_scalar(&e, root, -1);
		end_line(&e);
	} else if (goes_flow(&e, root)) {
		note_line(&e, root->src, root->line, 0);
		emit_flow(&e, root);
		end_line(&e);
	} else {
		emit_block(&e, root, 0, false);
	}
	if (e.main && root->tail && root->tail < root->end) {
		struct node tail = { .src = root->src, .line = 1 };

		end_line(&e);
		copy_lines(&e, &tail, root->tail, root->end, 0);
	}
}
