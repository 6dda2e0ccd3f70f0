#include "state/desired/yaml/emit.h"

#include <string.h>

#include "base/buf.h"
#include "state/desired/yaml/emitter.h"

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
	if (emit_untouched(e, n) && (n->flags & NODE_ALIAS || emit_copies_anywhere(n)))
		buf_add(e->out, n->src->text + n->start, n->end - n->start);
	else
		emit_scalar(e, n, (int)col + 2);
	if (e->out->s[e->out->len - 1] != '\n')
		emit_note(e, head);
	emit_end_line(e);
}

static bool
goes_flow(const struct emitter *e, const struct node *n)
{
	size_t count = n->kind == NODE_LIST ? n->n : n->npair;

	if (!count || (n->flags & NODE_ALIAS && emit_untouched(e, n)))
		return true;
	if (n->style == STYLE_BLOCK)
		return false;
	return emit_untouched(e, n) || emit_stays_flow(n, 0);
}

/* The value goes on the line of its key or dash. */
static void
emit_inline(struct emitter *e, const struct node *head, const struct node *n)
{
	buf_addc(e->out, ' ');
	if (emit_untouched(e, n))
		emit_copy_lines(e, n, n->start, n->end, 0);
	else
		emit_flow(e, n);
	emit_note(e, head);
	emit_end_line(e);
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
	emit_end_line(e);
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
		emit_copy_lines(e, head, head->lead, head->entry - (uint32_t)column_of(head), (int)col - column_of(head));
	e->literal = 0;
	emit_note_line(e, head->src, head->line, 0);
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
		emit_note_line(e, head->src, head->line, shift);
		emit_blanks(e->out, col);
	}
	emit_copy_lines(e, head, from, head->stop, shift);
	emit_end_line(e);
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
	emit_copy_lines(e, head, head->tail, head->stop, (int)col - column_of(head));
	emit_end_line(e);	/* the text may have ended there */
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

		emit_copy_lines(&e, &whole, 0, (uint32_t)root->src->len, 0);
		return;
	}
	e.expand = !e.main || e.main->anchors;
	if (root->kind == NODE_NULL)
		return;
	if (e.main && root->stop) {
		struct node head = { .src = root->src, .line = 1 };

		emit_copy_lines(&e, &head, 0, root->stop, 0);
		emit_end_line(&e);
	}
	if (root->kind == NODE_SCALAR) {
		emit_scalar(&e, root, -1);
		emit_end_line(&e);
	} else if (goes_flow(&e, root)) {
		emit_note_line(&e, root->src, root->line, 0);
		emit_flow(&e, root);
		emit_end_line(&e);
	} else {
		emit_block(&e, root, 0, false);
	}
	if (e.main && root->tail && root->tail < root->end) {
		struct node tail = { .src = root->src, .line = 1 };

		emit_end_line(&e);
		emit_copy_lines(&e, &tail, root->tail, root->end, 0);
	}
}
