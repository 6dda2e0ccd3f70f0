#include "state/desired/yaml/yaml.h"

#include <string.h>

#include "base/auto.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "state/desired/yaml/yaml_problem.h"
#include "state/desired/yaml/yaml_reader.h"

enum { MAX_ANCHORS = 1000 };

/* libyaml counts characters, but bytes are needed. */
uint32_t
reader_offset(struct reader *r, size_t chars)
{
	const char *s = r->src->text;

	if (r->ascii)
		return (uint32_t)(chars < r->src->len ? chars : r->src->len);
	while (r->chars < chars && r->bytes < r->src->len) {
		r->bytes++;
		while (r->bytes < r->src->len && (s[r->bytes] & 0xc0) == 0x80)
			r->bytes++;
		r->chars++;
	}
	while (r->chars > chars && r->bytes > 0) {
		r->bytes--;
		while (r->bytes > 0 && (s[r->bytes] & 0xc0) == 0x80)
			r->bytes--;
		r->chars--;
	}
	return (uint32_t)r->bytes;
}

static int
yaml_next(struct reader *r, yaml_event_t *ev)
{
	return yaml_parser_parse(&r->yaml, ev) ? 0 : reader_fail_syntax(r);
}

static struct node *
yaml_new_node(struct reader *r, const yaml_event_t *ev, enum node_kind kind)
{
	struct node *n;

	if (r->nodes++ >= YAML_MAX_NODES) {
		reader_fail(r, ev->start_mark.line, ev->start_mark.column, "too many values (more than 100000, aliases counted)");
		return NULL;
	}
	n = arena_alloc(r->a, sizeof *n);
	n->kind = kind;
	n->src = r->src;
	n->line = (uint32_t)ev->start_mark.line + 1;
	n->col = (uint32_t)ev->start_mark.column + 1;
	n->start = reader_offset(r, ev->start_mark.index);
	n->end = reader_offset(r, ev->end_mark.index);
	return n;
}

static bool
is_null(const char *s, size_t n)
{
	return n == 0 || (n == 1 && *s == '~') ||
	       (n == 4 && (!memcmp(s, "null", 4) || !memcmp(s, "Null", 4) || !memcmp(s, "NULL", 4)));
}

static int
yaml_read_scalar(struct reader *r, struct node **out, const yaml_event_t *ev)
{
	static const uint8_t styles[] = {
		[YAML_PLAIN_SCALAR_STYLE] = STYLE_PLAIN, [YAML_SINGLE_QUOTED_SCALAR_STYLE] = STYLE_SINGLE,
		[YAML_DOUBLE_QUOTED_SCALAR_STYLE] = STYLE_DOUBLE, [YAML_LITERAL_SCALAR_STYLE] = STYLE_LITERAL,
		[YAML_FOLDED_SCALAR_STYLE] = STYLE_FOLDED,
	};
	const char *tag = (const char *)ev->data.scalar.tag, *s = (const char *)ev->data.scalar.value;
	struct node *n = yaml_new_node(r, ev, NODE_SCALAR);

	if (!n)
		return -1;
	n->style = styles[ev->data.scalar.style];
	n->len = ev->data.scalar.length;
	n->text = arena_memdup(r->a, s, n->len);
	if (tag && !strcmp(tag, YAML_STR_TAG))
		n->flags |= NODE_TEXT;
	if (tag && !strcmp(tag, "tag:yaml.org,2002:binary")) {
		AUTO(buf) b = BUF_INIT;

		if (base64_decode(&b, n->text, n->len) < 0)
			return reader_fail(r, n->line - 1, n->col - 1, "not base64, though tagged !!binary");
		n->len = b.len;
		n->text = arena_memdup(r->a, b.s, b.len);
		n->flags |= NODE_TEXT;
	}
	if (n->style == STYLE_PLAIN && !(n->flags & NODE_TEXT) && is_null(n->text, n->len))
		n->kind = NODE_NULL;
	if ((n->style == STYLE_LITERAL || n->style == STYLE_FOLDED) && yaml_depends_on_place(n))
		n->flags |= NODE_CHANGED;
	*out = n;
	return 0;
}

static int
yaml_read_alias(struct reader *r, struct node **out, const yaml_event_t *ev, int depth)
{
	const char *name = (const char *)ev->data.alias.anchor;
	struct node *n = NULL;

	for (size_t i = r->nanchors; i-- && !n;)
		if (!strcmp(r->anchors[i].name, name))
			n = r->anchors[i].node;
	if (!n)
		return reader_fail(r, ev->start_mark.line, ev->start_mark.column,
			    arena_printf(r->a, "alias `*%s` without an anchor `&%s` before it", name, name));
	if (depth + n->height > YAML_MAX_DEPTH)
		return reader_fail(r, ev->start_mark.line, ev->start_mark.column, "nested too deeply (more than 100 levels)");
	n = yaml_copy(r->a, n, &r->nodes);
	if (r->nodes > YAML_MAX_NODES)
		return reader_fail(r, ev->start_mark.line, ev->start_mark.column, "too many values (more than 100000, aliases counted)");
	node_disown(n);
	n->flags = NODE_ALIAS | (n->flags & NODE_TEXT);
	n->line = (uint32_t)ev->start_mark.line + 1;
	n->col = (uint32_t)ev->start_mark.column + 1;
	n->start = reader_offset(r, ev->start_mark.index);
	n->end = reader_offset(r, ev->end_mark.index);
	*out = n;
	return 0;
}

static int yaml_read_node(struct reader *r, struct node **out, yaml_event_t *ev, int depth);

static bool
is_dash(const struct source *s, uint32_t at)
{
	return s->text[at] == '-' && (at + 1 == s->len || memchr(" \t\r\n", s->text[at + 1], 4));
}

/* A block begins with its first entry; libyaml takes an anchor or tag in front of it for its beginning. */
static void
begin_block(struct reader *r, struct node *n)
{
	const char *s = r->src->text;
	const struct node *first = n->kind == NODE_MAP ? n->pair[0].key : n->item[0];
	uint32_t at = first->start, line = first->line;

	if (n->kind == NODE_LIST && at > n->start) {	/* the dash of the first item, which may begin with a dash itself */
		line -= s[--at] == '\n';
		while (at > n->start && !is_dash(r->src, at)) {
			at--;
			line -= s[at] == '\n';
		}
	}
	n->start = at;
	n->line = line;
	for (n->col = 1; at > 0 && s[at - 1] != '\n'; at--)
		n->col++;
}

static int
read_list(struct reader *r, struct node **out, yaml_event_t *ev, int depth)
{
	struct node *n = yaml_new_node(r, ev, NODE_LIST);
	struct node *item;

	if (!n)
		return -1;
	n->style = ev->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE ? STYLE_FLOW : STYLE_BLOCK;
	for (;;) {
		yaml_event_t e;

		if (yaml_next(r, &e) < 0)
			return -1;
		if (e.type == YAML_SEQUENCE_END_EVENT) {
			n->end = reader_offset(r, e.end_mark.index);
			yaml_event_delete(&e);
			break;
		}
		if (yaml_read_node(r, &item, &e, depth + 1) < 0)
			return -1;
		node_push(r->a, n, n->n, item);
		if (item->height >= n->height)
			n->height = item->height + 1;
	}
	n->flags &= ~NODE_CHANGED;
	if (n->style == STYLE_BLOCK && n->n && (ev->data.sequence_start.anchor || ev->data.sequence_start.tag))
		begin_block(r, n);
	*out = n;
	return 0;
}

static int
read_map(struct reader *r, struct node **out, yaml_event_t *ev, int depth)
{
	struct node *n = yaml_new_node(r, ev, NODE_MAP);
	struct node *key, *value;

	if (!n)
		return -1;
	n->style = ev->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE ? STYLE_FLOW : STYLE_BLOCK;
	for (;;) {
		yaml_event_t e;

		if (yaml_next(r, &e) < 0)
			return -1;
		if (e.type == YAML_MAPPING_END_EVENT) {
			n->end = reader_offset(r, e.end_mark.index);
			yaml_event_delete(&e);
			break;
		}
		if (yaml_read_node(r, &key, &e, depth + 1) < 0)
			return -1;
		if (key->kind > NODE_SCALAR)
			return reader_fail(r, key->line - 1, key->col - 1, "a key must be a word, not a list or mapping");
		if (yaml_next(r, &e) < 0 || yaml_read_node(r, &value, &e, depth + 1) < 0)
			return -1;
		node_put(r->a, n, key, value);
		if (value->height >= n->height)
			n->height = value->height + 1;
	}
	if (n->style == STYLE_BLOCK && n->npair && (ev->data.mapping_start.anchor || ev->data.mapping_start.tag))
		begin_block(r, n);
	if (reader_end_map(r, n) < 0)
		return -1;
	*out = n;
	return 0;
}

static int
remember_anchor(struct reader *r, const char *name, struct node *n)
{
	r->src->anchors = true;
	n->flags |= NODE_ANCHOR;
	if (r->nanchors == MAX_ANCHORS)
		return reader_fail(r, n->line - 1, n->col - 1, "too many anchors (more than 1000)");
	GROW(r->anchors, r->nanchors, r->cap);
	r->anchors[r->nanchors++] = (struct anchor){ name, n };
	return 0;
}

/* The event is consumed. */
static int
yaml_read_node(struct reader *r, struct node **out, yaml_event_t *ev, int depth)
{
	const char *anchor = NULL;
	int rc = -1;

	if (depth > YAML_MAX_DEPTH) {
		reader_fail(r, ev->start_mark.line, ev->start_mark.column, "nested too deeply (more than 100 levels)");
	} else if (ev->type == YAML_ALIAS_EVENT) {
		rc = yaml_read_alias(r, out, ev, depth);
	} else if (ev->type == YAML_SCALAR_EVENT) {
		anchor = (char *)ev->data.scalar.anchor;
		rc = yaml_read_scalar(r, out, ev);
	} else if (ev->type == YAML_SEQUENCE_START_EVENT) {
		anchor = (char *)ev->data.sequence_start.anchor;
		rc = read_list(r, out, ev, depth);
	} else if (ev->type == YAML_MAPPING_START_EVENT) {
		anchor = (char *)ev->data.mapping_start.anchor;
		rc = read_map(r, out, ev, depth);
	}
	if (rc == 0 && anchor)
		rc = remember_anchor(r, arena_strdup(r->a, anchor), *out);
	yaml_event_delete(ev);
	return rc;
}

static int
yaml_read_document(struct reader *r, struct node **out, bool *more)
{
	yaml_event_t ev;
	yaml_event_type_t type;

	do {
		if (yaml_next(r, &ev) < 0)
			return -1;
		type = ev.type;
		if (type == YAML_STREAM_END_EVENT)
			*out = yaml_new_node(r, &ev, NODE_NULL);
		yaml_event_delete(&ev);
		if (type == YAML_STREAM_END_EVENT)
			return 0;
	} while (type != YAML_DOCUMENT_START_EVENT);
	if (yaml_next(r, &ev) < 0 || yaml_read_node(r, out, &ev, 0) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {		/* the document's end, and what comes then */
		if (yaml_next(r, &ev) < 0)
			return -1;
		if (more && ev.type == YAML_DOCUMENT_START_EVENT)
			*more = true;
		yaml_event_delete(&ev);
	}
	return 0;
}

/* A carriage return by itself breaks a line, too; the rest of us need not know. */
static void
plain_breaks(struct arena *a, struct source *src)
{
	const char *p = memchr(src->text, '\r', src->len);
	char *text = NULL;

	for (size_t i = p ? (size_t)(p - src->text) : src->len; i < src->len; i++) {
		if (src->text[i] != '\r' || (i + 1 < src->len && src->text[i + 1] == '\n'))
			continue;
		if (!text)
			src->text = text = arena_memdup(a, src->text, src->len);
		text[i] = '\n';
	}
}

/* libyaml accepts a byte order mark in front of any line, and then counts its column. */
static bool
misplaced_mark(struct reader *r)
{
	const char *text = r->src->text, *mark = memmem(text, r->src->len, "\n\xef\xbb\xbf", 4);
	size_t line = 1;

	if (!mark)
		return false;
	for (const char *p = text; p < mark; p++)
		line += *p == '\n';
	reader_fail(r, line, 0, "a byte order mark can only stand at the beginning of a file");
	return true;
}

static bool
is_ascii(const char *s, size_t len)
{
	uint64_t any = 0, word;

	for (; len >= sizeof word; s += sizeof word, len -= sizeof word) {
		memcpy(&word, s, sizeof word);
		any |= word;
	}
	for (; len; s++, len--)
		any |= (unsigned char)*s;
	return !(any & UINT64_C(0x8080808080808080));
}

int
yaml_read(struct node **out, struct arena *a, struct source *src, bool *more, struct error *err)
{
	struct reader r = { .a = a, .src = src, .err = err, .ascii = true };
	struct node *n;
	int rc;

	if (more)
		*more = false;
	if (src->len > YAML_MAX_TEXT)
		return error_set(err, ERR_INVALID, "%s: more than 4 MiB of text", src->name);
	if (src->len >= 3 && !memcmp(src->text, "\xef\xbb\xbf", 3)) {	/* a byte order mark says nothing here */
		src->text += 3;
		src->len -= 3;
	}
	plain_breaks(a, src);
	r.ascii = is_ascii(src->text, src->len);
	if (!r.ascii && misplaced_mark(&r))
		return -1;
	if (!yaml_open(&r.yaml, src->text, src->len))
		return error_set(err, ERR_INVALID, "%s: no memory for the parser", src->name);
	rc = yaml_read_document(&r, &n, more);
	yaml_parser_delete(&r.yaml);
	free(r.anchors);
	if (rc == 0)
		*out = n;
	return rc;
}
