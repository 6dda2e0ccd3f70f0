#include "state/desired/yaml.h"

#include <string.h>
#include <yaml.h>

#include "base/auto.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

enum { MAX_ANCHORS = 1000, MAX_MERGED = 1000 };

struct anchor {
	const char *name;
	struct node *node;
};

struct reader {
	yaml_parser_t yaml;
	struct arena *a;
	struct source *src;
	struct error *err;
	size_t nodes;
	struct anchor *anchors;
	size_t nanchors, cap;
	bool ascii;
	size_t chars, bytes;	/* a place, counted both ways; moved by offset() */
};

static int
fail(struct reader *r, size_t line, size_t col, const char *what)
{
	AUTO(buf) b = BUF_INIT;

	source_where(r->src, (uint32_t)line + 1, (uint32_t)col + 1, &b);
	return error_set(r->err, ERR_INVALID, "%s: %s", b.s, what);
}

/* libyaml counts characters; we need bytes */
static uint32_t
offset(struct reader *r, size_t chars)
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

/* libyaml speaks of its productions; people write keys and lists */
static int
fail_syntax(struct reader *r)
{
	static const struct { const char *theirs, *ours; } words[] = {
		{ "could not find expected ':'", "expected `: ` behind the key (is the line indented as those around it?)" },
		{ "did not find expected key", "expected a key of this mapping (is the line indented as the keys above it?)" },
		{ "did not find expected '-' indicator", "expected `- ` before the next list item (check the indentation)" },
		{ "mapping values are not allowed in this context", "a `:` cannot stand here (quote the value, or check the indentation)" },
		{ "did not find expected ',' or ']'", "expected `,` or `]`" },
		{ "did not find expected ',' or '}'", "expected `,` or `}`" },
		{ "block sequence entries are not allowed in this context", "a list item cannot begin here" },
		{ "found unexpected end of stream", "the quote is never closed" },
		{ "did not find expected <document start>", "does not belong to what stands above (is the line indented as those around it?)" },
	};
	const yaml_parser_t *y = &r->yaml;
	const char *what = y->problem ? y->problem : "not YAML";
	size_t line = y->problem_mark.line, col = y->problem_mark.column;
	const char *p;

	/* where the key or the quote begins, rather than where it was missed */
	if (y->error == YAML_SCANNER_ERROR && (!strcmp(what, words[0].theirs) || !strcmp(what, "found unexpected end of stream"))) {
		line = y->context_mark.line;
		col = y->context_mark.column;
	}
	if (y->error == YAML_READER_ERROR) {
		size_t end = y->problem_offset < r->src->len ? y->problem_offset : r->src->len;

		line = col = 0;
		for (p = r->src->text; p < r->src->text + end; p++) {
			col = *p == '\n' ? 0 : col + 1;
			line += *p == '\n';
		}
		return fail(r, line, col, what);
	}
	if (strstr(what, "cannot start any token")) {
		uint32_t at = offset(r, y->problem_mark.index);

		what = at < r->src->len && r->src->text[at] == '\t' ? "a tab cannot indent; use blanks" :
		       "a value cannot begin with this character; quote it";
	}
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(what, words[i].theirs))
			what = words[i].ours;
	return fail(r, line, col, what);
}

static int
next(struct reader *r, yaml_event_t *ev)
{
	return yaml_parser_parse(&r->yaml, ev) ? 0 : fail_syntax(r);
}

static struct node *
new_node(struct reader *r, const yaml_event_t *ev, enum node_kind kind)
{
	struct node *n;

	if (r->nodes++ >= YAML_MAX_NODES) {
		fail(r, ev->start_mark.line, ev->start_mark.column, "too many values (more than 100000, aliases counted)");
		return NULL;
	}
	n = arena_alloc(r->a, sizeof *n);
	n->kind = kind;
	n->src = r->src;
	n->line = (uint32_t)ev->start_mark.line + 1;
	n->col = (uint32_t)ev->start_mark.column + 1;
	n->start = offset(r, ev->start_mark.index);
	n->end = offset(r, ev->end_mark.index);
	return n;
}

static bool
is_null(const char *s, size_t n)
{
	return n == 0 || (n == 1 && *s == '~') ||
	       (n == 4 && (!memcmp(s, "null", 4) || !memcmp(s, "Null", 4) || !memcmp(s, "NULL", 4)));
}

static int
read_scalar(struct reader *r, struct node **out, const yaml_event_t *ev)
{
	static const uint8_t styles[] = {
		[YAML_PLAIN_SCALAR_STYLE] = STYLE_PLAIN, [YAML_SINGLE_QUOTED_SCALAR_STYLE] = STYLE_SINGLE,
		[YAML_DOUBLE_QUOTED_SCALAR_STYLE] = STYLE_DOUBLE, [YAML_LITERAL_SCALAR_STYLE] = STYLE_LITERAL,
		[YAML_FOLDED_SCALAR_STYLE] = STYLE_FOLDED,
	};
	const char *tag = (const char *)ev->data.scalar.tag, *s = (const char *)ev->data.scalar.value;
	struct node *n = new_node(r, ev, NODE_SCALAR);

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
			return fail(r, n->line - 1, n->col - 1, "not base64, though tagged !!binary");
		n->len = b.len;
		n->text = arena_memdup(r->a, b.s, b.len);
		n->flags |= NODE_TEXT;
	}
	if (n->style == STYLE_PLAIN && !(n->flags & NODE_TEXT) && is_null(n->text, n->len))
		n->kind = NODE_NULL;
	/* a block that ends where the text does, or keeps the blank lines behind it: what is put behind it would change it */
	if (n->style == STYLE_LITERAL || n->style == STYLE_FOLDED)
		n->flags |= (n->end == r->src->len && n->len && n->text[n->len - 1] != '\n') ||
			    (n->len > 1 && !memcmp(n->text + n->len - 2, "\n\n", 2)) ? NODE_CHANGED : 0;
	*out = n;
	return 0;
}

static struct node *
copy(struct arena *a, const struct node *n, size_t *count)
{
	struct node *c = arena_alloc(a, sizeof *c);

	if (count && ++*count > YAML_MAX_NODES)
		return c;
	*c = *n;
	if (n->kind == NODE_LIST) {
		c->cap = n->n;
		c->item = arena_alloc(a, n->n * sizeof *c->item);
		for (size_t i = 0; i < n->n; i++)
			c->item[i] = copy(a, n->item[i], count);
	} else if (n->kind == NODE_MAP) {
		c->pcap = n->npair;
		c->pair = arena_alloc(a, n->npair * sizeof *c->pair);
		for (size_t i = 0; i < n->npair; i++)
			c->pair[i] = (struct pair){ copy(a, n->pair[i].key, count), copy(a, n->pair[i].value, count) };
	}
	return c;
}

struct node *
node_copy(struct arena *a, const struct node *n)
{
	return copy(a, n, NULL);
}

/* it stands elsewhere: there is no text to copy for it */
static void
disown(struct node *n)
{
	n->flags = (n->flags & NODE_TEXT) | NODE_MADE;
	for (size_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
		disown(n->item[i]);
	for (size_t i = 0; n->kind == NODE_MAP && i < n->npair; i++) {
		disown(n->pair[i].key);
		disown(n->pair[i].value);
	}
}

static int
read_alias(struct reader *r, struct node **out, const yaml_event_t *ev, int depth)
{
	const char *name = (const char *)ev->data.alias.anchor;
	struct node *n = NULL;

	for (size_t i = r->nanchors; i-- && !n;)
		if (!strcmp(r->anchors[i].name, name))
			n = r->anchors[i].node;
	if (!n)
		return fail(r, ev->start_mark.line, ev->start_mark.column,
			    arena_printf(r->a, "alias `*%s` without an anchor `&%s` before it", name, name));
	if (depth + n->height > YAML_MAX_DEPTH)
		return fail(r, ev->start_mark.line, ev->start_mark.column, "nested too deeply (more than 100 levels)");
	n = copy(r->a, n, &r->nodes);
	if (r->nodes > YAML_MAX_NODES)
		return fail(r, ev->start_mark.line, ev->start_mark.column, "too many values (more than 100000, aliases counted)");
	disown(n);
	n->flags = NODE_ALIAS | (n->flags & NODE_TEXT);
	n->line = (uint32_t)ev->start_mark.line + 1;
	n->col = (uint32_t)ev->start_mark.column + 1;
	n->start = offset(r, ev->start_mark.index);
	n->end = offset(r, ev->end_mark.index);
	*out = n;
	return 0;
}

static bool
is_merge(const struct pair *p)
{
	return p->key->style == STYLE_PLAIN && p->key->len == 2 && !memcmp(p->key->text, "<<", 2);
}

static bool
has_key(const struct node *map, const struct node *key, bool but_merges)
{
	for (size_t i = 0; i < map->npair; i++) {
		const struct node *k = map->pair[i].key;

		if (k->len == key->len && !memcmp(k->text, key->text, k->len) && !(but_merges && is_merge(&map->pair[i])))
			return true;
	}
	return false;
}

/* behind a value; libyaml lets a block end where the next token begins, behind comments */
static uint32_t
block_end(const struct node *v)
{
	const char *text = v->src->text;
	uint32_t end = v->end, line;

	for (;;) {
		while (end > v->start && strchr(" \t\r\n", text[end - 1]))
			end--;
		for (line = end; line > v->start && text[line - 1] != '\n'; line--)
			;
		line += (uint32_t)strspn(text + line, " \t");
		if (v->style != STYLE_BLOCK || v->flags & NODE_ALIAS || line >= end || text[line] != '#')
			return end;
		end = line;
	}
}

/* Puts the pairs that `<<` brings in its place; keys given directly win, then earlier maps. */
static int
resolve_merges(struct reader *r, struct node *map)
{
	struct node *flat, *v;
	size_t n;

	for (n = 0; n < map->npair && !is_merge(&map->pair[n]);)
		n++;
	if (n == map->npair)
		return 0;
	if (map->npair > MAX_MERGED)
		return fail(r, map->line - 1, map->col - 1, "too many keys beside `<<` (more than 1000)");
	flat = arena_alloc(r->a, sizeof *flat);
	for (size_t i = 0; i < map->npair; i++) {
		struct pair *p = &map->pair[i];

		if (!is_merge(p)) {
			node_put(r->a, flat, p->key, p->value);
			continue;
		}
		v = p->value;
		if (block_end(v) > map->tail)
			map->tail = block_end(v);
		disown(v);
		for (size_t k = 0; k < (v->kind == NODE_LIST ? v->n : 1); k++) {
			const struct node *m = v->kind == NODE_LIST ? v->item[k] : v;

			if (m->kind != NODE_MAP)
				return fail(r, v->line - 1, v->col - 1, "`<<` takes a mapping or a list of mappings");
			for (size_t j = 0; j < m->npair && flat->npair <= MAX_MERGED; j++)
				if (!has_key(map, m->pair[j].key, true) && !has_key(flat, m->pair[j].key, false))
					node_put(r->a, flat, m->pair[j].key, m->pair[j].value);
		}
	}
	if (flat->npair > MAX_MERGED)
		return fail(r, map->line - 1, map->col - 1, "`<<` brings too many keys (more than 1000)");
	map->pair = flat->pair;
	map->npair = flat->npair;
	map->pcap = flat->pcap;
	map->flags |= NODE_CHANGED;
	return 0;
}

static int
compare_keys(const void *x, const void *y)
{
	const struct node *a = *(struct node *const *)x, *b = *(struct node *const *)y;
	size_t n = a->len < b->len ? a->len : b->len;
	int c = memcmp(a->text, b->text, n);

	if (!c)
		c = (a->len > b->len) - (a->len < b->len);
	return c ? c : (a->start > b->start) - (a->start < b->start);
}

static int
check_unique(struct reader *r, const struct node *map)
{
	const struct node *few[16], **keys = few;
	auto_free const struct node **many = NULL;

	if (map->npair > ARRAY_LEN(few)) {
		many = xcalloc(map->npair, sizeof *many);
		keys = many;
	}
	for (size_t i = 0; i < map->npair; i++)
		keys[i] = map->pair[i].key;
	qsort(keys, map->npair, sizeof *keys, compare_keys);
	for (size_t i = 1; i < map->npair; i++) {
		const struct node *a = keys[i - 1], *b = keys[i];

		if (a->len == b->len && !memcmp(a->text, b->text, a->len))
			return fail(r, b->line - 1, b->col - 1, arena_printf(r->a, "key `%s` is given twice, first in line %u",
				    b->text, (unsigned)a->line));
	}
	return 0;
}

static int read_node(struct reader *r, struct node **out, yaml_event_t *ev, int depth);

/* A block begins with its first entry; libyaml takes an anchor or tag in front of it for its beginning. */
static void
begin_block(struct reader *r, struct node *n)
{
	const char *s = r->src->text;
	const struct node *first = n->kind == NODE_MAP ? n->pair[0].key : n->item[0];
	uint32_t at = first->start, line = first->line;

	if (n->kind == NODE_LIST) {
		while (at > n->start && !(s[at] == '-' && (s[at + 1] == ' ' || s[at + 1] == '\n' || s[at + 1] == '\r'))) {
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
	struct node *n = new_node(r, ev, NODE_LIST);
	struct node *item;

	if (!n)
		return -1;
	n->style = ev->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE ? STYLE_FLOW : STYLE_BLOCK;
	for (;;) {
		yaml_event_t e;

		if (next(r, &e) < 0)
			return -1;
		if (e.type == YAML_SEQUENCE_END_EVENT) {
			n->end = offset(r, e.end_mark.index);
			yaml_event_delete(&e);
			break;
		}
		if (read_node(r, &item, &e, depth + 1) < 0)
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

/* is the key behind a `?`, perhaps on another line? */
static bool
is_complex(const struct node *map, const struct node *key)
{
	const char *text = key->src->text;
	uint32_t at = key->start;

	while (at > map->start && strchr(" \t\r\n", text[at - 1]))
		at--;
	return key->col != map->col || (at > 0 && text[at - 1] == '?');
}

/* Keys behind a `?` may have no value, or not be there, and libyaml puts those where the next entry is: they are written anew. */
static void
disown_complex(struct node *map)
{
	for (size_t i = 0; i < map->npair; i++) {
		struct pair *p = &map->pair[i];

		if (!is_complex(map, p->key))
			continue;
		map->tail = block_end(p->value);
		map->flags |= NODE_CHANGED;
		disown(p->key);
		disown(p->value);
	}
}

static int
read_map(struct reader *r, struct node **out, yaml_event_t *ev, int depth)
{
	struct node *n = new_node(r, ev, NODE_MAP);
	struct node *key, *value;

	if (!n)
		return -1;
	n->style = ev->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE ? STYLE_FLOW : STYLE_BLOCK;
	for (;;) {
		yaml_event_t e;

		if (next(r, &e) < 0)
			return -1;
		if (e.type == YAML_MAPPING_END_EVENT) {
			n->end = offset(r, e.end_mark.index);
			yaml_event_delete(&e);
			break;
		}
		if (read_node(r, &key, &e, depth + 1) < 0)
			return -1;
		if (key->kind > NODE_SCALAR)
			return fail(r, key->line - 1, key->col - 1, "a key must be a word, not a list or mapping");
		if (next(r, &e) < 0 || read_node(r, &value, &e, depth + 1) < 0)
			return -1;
		node_put(r->a, n, key, value);
		if (value->height >= n->height)
			n->height = value->height + 1;
	}
	if (n->style == STYLE_BLOCK && n->npair && (ev->data.mapping_start.anchor || ev->data.mapping_start.tag))
		begin_block(r, n);
	if (n->style == STYLE_BLOCK)
		disown_complex(n);
	if (check_unique(r, n) < 0 || resolve_merges(r, n) < 0)
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
		return fail(r, n->line - 1, n->col - 1, "too many anchors (more than 1000)");
	GROW(r->anchors, r->nanchors, r->cap);
	r->anchors[r->nanchors++] = (struct anchor){ name, n };
	return 0;
}

/* consumes the event */
static int
read_node(struct reader *r, struct node **out, yaml_event_t *ev, int depth)
{
	const char *anchor = NULL;
	int rc = -1;

	if (depth > YAML_MAX_DEPTH) {
		fail(r, ev->start_mark.line, ev->start_mark.column, "nested too deeply (more than 100 levels)");
	} else if (ev->type == YAML_ALIAS_EVENT) {
		rc = read_alias(r, out, ev, depth);
	} else if (ev->type == YAML_SCALAR_EVENT) {
		anchor = (char *)ev->data.scalar.anchor;
		rc = read_scalar(r, out, ev);
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
read_document(struct reader *r, struct node **out, bool *more)
{
	yaml_event_t ev;
	yaml_event_type_t type;

	do {
		if (next(r, &ev) < 0)
			return -1;
		type = ev.type;
		if (type == YAML_STREAM_END_EVENT)
			*out = new_node(r, &ev, NODE_NULL);
		yaml_event_delete(&ev);
		if (type == YAML_STREAM_END_EVENT)
			return 0;
	} while (type != YAML_DOCUMENT_START_EVENT);
	if (next(r, &ev) < 0 || read_node(r, out, &ev, 0) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {		/* the document's end, and what comes then */
		if (next(r, &ev) < 0)
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

/* libyaml lets one stand in front of any line, whose column it then counts */
static bool
misplaced_mark(struct reader *r)
{
	const char *text = r->src->text, *mark = memmem(text, r->src->len, "\n\xef\xbb\xbf", 4);
	size_t line = 1;

	if (!mark)
		return false;
	for (const char *p = text; p < mark; p++)
		line += *p == '\n';
	fail(r, line, 0, "a byte order mark can only stand at the beginning of a file");
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
	if (misplaced_mark(&r))
		return -1;
	r.ascii = is_ascii(src->text, src->len);
	if (!yaml_parser_initialize(&r.yaml))
		return error_set(err, ERR_INVALID, "%s: no memory for the parser", src->name);
	yaml_parser_set_encoding(&r.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.yaml, (const unsigned char *)src->text, src->len);
	rc = read_document(&r, &n, more);
	yaml_parser_delete(&r.yaml);
	free(r.anchors);
	if (rc == 0)
		*out = n;
	return rc;
}
