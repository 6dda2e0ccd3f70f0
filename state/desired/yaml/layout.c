/* Which comment belongs to which entry of a YAML text. */
#include <string.h>

#include "state/desired/yaml/emit.h"

static uint32_t
line_start(const struct source *s, uint32_t at)
{
	while (at > 0 && s->text[at - 1] != '\n')
		at--;
	return at;
}

static uint32_t
line_end(const struct source *s, uint32_t at)
{
	const char *nl = at < s->len ? memchr(s->text + at, '\n', s->len - at) : NULL;

	return nl ? (uint32_t)(nl - s->text) + 1 : (uint32_t)s->len;
}

/* Finds the column where a line's text begins; *first is its first character, '\0' for a blank line. */
static uint32_t
indent_of(const struct source *s, uint32_t at, char *first)
{
	uint32_t n = 0;

	while (at + n < s->len && (s->text[at + n] == ' ' || s->text[at + n] == '\t'))
		n++;
	*first = at + n >= s->len || s->text[at + n] == '\n' || s->text[at + n] == '\r' ? '\0' : s->text[at + n];
	return n;
}

/* Comment lines behind the last entry belong to a block if they are indented more than what the block stands in. */
static uint32_t
layout_absorb(const struct source *s, uint32_t stop, int outer)
{
	uint32_t at = stop;

	while (at < s->len) {
		char first;
		uint32_t indent = indent_of(s, at, &first);

		if (first && first != '#')
			break;
		at = line_end(s, at);
		if (first == '#' && (int)indent <= outer)
			break;
		if (first == '#')
			stop = at;
	}
	return stop;
}

/* Finds where a block scalar ends; blank lines behind it are not its own, unless kept by a `+`. */
static uint32_t
block_scalar_end(const struct node *n)
{
	const struct source *s = n->src;
	uint32_t end = n->end < s->len ? n->end : (uint32_t)s->len, head = line_end(s, n->start);
	bool keep = false;

	for (uint32_t i = n->start; i < head; i++)
		keep |= s->text[i] == '+';
	if (end > 0 && s->text[end - 1] != '\n')
		end = line_end(s, end);
	while (!keep && end > head) {
		uint32_t start = line_start(s, end - 1);
		char first;

		indent_of(s, start, &first);
		if (first || start < head)
			break;
		end = start;
	}
	return end;
}

static uint32_t layout(struct node *n, int outer);

/* Finds the end of the line on which a value ends. */
static uint32_t
value_stop(struct node *n, int outer)
{
	if (n->kind == NODE_SCALAR && (n->style == STYLE_LITERAL || n->style == STYLE_FOLDED) && !(n->flags & NODE_ALIAS))
		return block_scalar_end(n);
	if (n->kind >= NODE_LIST && n->style == STYLE_BLOCK && !(n->flags & NODE_ALIAS))
		return layout(n, outer);
	return line_end(n->src, n->end);
}

/* Finds a comment behind the value, or behind the key of a block. */
static uint32_t
find_note(const struct node *key, const struct node *value)
{
	const struct source *s = value->src;
	bool block = value->style >= STYLE_LITERAL && value->style <= STYLE_BLOCK && !(value->flags & NODE_ALIAS) &&
		     !(value->kind == NODE_NULL);
	uint32_t at = !block ? value->end : value->kind == NODE_SCALAR ? value->start : key->end;
	uint32_t end = line_end(s, at);

	if (key == value && value->kind >= NODE_LIST && value->style == STYLE_BLOCK)
		return 0;
	for (; at < end; at++)
		if (s->text[at] == '#' && at > 0 && (s->text[at - 1] == ' ' || s->text[at - 1] == '\t'))
			return at;
	return 0;
}

/* Finds comments and blank lines in front of the first entry of a block below a key. */
static uint32_t
lead_of_first(const struct source *s, uint32_t start)
{
	uint32_t at = line_start(s, start);
	char first;

	indent_of(s, at, &first);
	for (uint32_t i = at; i < start; i++)
		if (s->text[i] != ' ')
			return start;	/* on a line with something else: "- key:" */
	while (at > 0) {
		uint32_t before = line_start(s, at - 1);

		indent_of(s, before, &first);
		if (first && first != '#')
			break;
		at = before;
	}
	return at;
}

/* An entry begins at the dash of an item or the key of a pair. */
static uint32_t
entry_start(const struct node *block, const struct node *head)
{
	uint32_t at = head->start;

	if (block->kind == NODE_LIST)
		while (at > block->start && !(block->src->text[at] == '-' && at - line_start(block->src, at) == block->col - 1))
			at--;
	return at;
}

static void
layout_entry(struct node *head, struct node *value, uint32_t entry, uint32_t lead, int col)
{
	head->entry = entry;
	head->lead = lead;
	head->tail = head->stop = value_stop(value, col);
	head->note = find_note(head, value);
}

/* Lays out a block in another one at column `outer`; returns where it stops. */
static uint32_t
layout(struct node *n, int outer)
{
	uint32_t merged = n->tail ? line_end(n->src, n->tail) : 0, stop = merged ? merged : n->end;
	bool behind = false;	/* does the entry before this one stand in the text? What `<<` brought does not */
	size_t count = n->kind == NODE_MAP ? n->npair : n->n;

	for (size_t i = 0; i < count; i++) {
		struct node *head = n->kind == NODE_MAP ? n->pair[i].key : n->item[i];
		struct node *value = n->kind == NODE_MAP ? n->pair[i].value : head;
		uint32_t entry;

		if (head->flags & NODE_MADE) {
			behind = false;
			continue;
		}
		entry = entry_start(n, head);
		layout_entry(head, value, entry, behind ? stop : lead_of_first(n->src, entry), (int)n->col - 1);
		behind = true;
		stop = head->stop;
		if (i + 1 == count && outer >= 0)
			stop = head->stop = layout_absorb(n->src, stop, outer);
	}
	return merged > stop ? merged : stop;
}

/* The comment of the first key, if a blank line divides it from that of the file. */
static uint32_t
head_end(const struct source *s, uint32_t key)
{
	uint32_t at = key;
	char first = '#';

	while (at > 0 && first == '#') {
		uint32_t before = line_start(s, at - 1);

		indent_of(s, before, &first);
		if (first == '#')
			at = before;
	}
	return first ? key : at;
}

void
yaml_layout(struct node *root)
{
	if (root->kind < NODE_LIST || root->style != STYLE_BLOCK)
		return;
	if (root->kind == NODE_MAP && !root->npair) {	/* made of a file of comments */
		root->stop = line_end(root->src, root->src->len ? (uint32_t)root->src->len - 1 : 0);
		return;
	}
	root->tail = layout(root, -1);
	root->stop = 0;
	root->end = layout_absorb(root->src, root->tail, -1);
	/* Comments at the beginning and end of the file belong to the file, not to its first and last key. */
	if (root->kind == NODE_MAP && !(root->pair[0].key->flags & NODE_MADE))
		root->stop = root->pair[0].key->lead = head_end(root->src, line_start(root->src, root->pair[0].key->start));
}
