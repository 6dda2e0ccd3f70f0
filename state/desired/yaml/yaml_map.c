/* Mappings: keys given twice, merge keys, keys behind a `?`. */
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "state/desired/yaml/yaml_reader.h"

enum { MAX_MERGED = 1000 };

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

/* Finds the end of a value; libyaml ends a block where the next token begins, behind comments. */
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
		return reader_fail(r, map->line - 1, map->col - 1, "too many keys beside `<<` (more than 1000)");
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
		node_disown(v);
		for (size_t k = 0; k < (v->kind == NODE_LIST ? v->n : 1); k++) {
			const struct node *m = v->kind == NODE_LIST ? v->item[k] : v;

			if (m->kind != NODE_MAP)
				return reader_fail(r, v->line - 1, v->col - 1, "`<<` takes a mapping or a list of mappings");
			for (size_t j = 0; j < m->npair && flat->npair <= MAX_MERGED; j++)
				if (!has_key(map, m->pair[j].key, true) && !has_key(flat, m->pair[j].key, false))
					node_put(r->a, flat, m->pair[j].key, m->pair[j].value);
		}
	}
	if (flat->npair > MAX_MERGED)
		return reader_fail(r, map->line - 1, map->col - 1, "`<<` brings too many keys (more than 1000)");
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
			return reader_fail(r, b->line - 1, b->col - 1, arena_printf(r->a, "key `%s` is given twice, first in line %u",
				    b->text, (unsigned)a->line));
	}
	return 0;
}

/* Tells whether the key is behind a `?`, perhaps on another line; a `?` that ends a value is not alone on its line. */
static bool
is_complex(const struct node *map, const struct node *key)
{
	const char *text = key->src->text;
	uint32_t at = key->start;

	if (key->col != map->col)
		return true;
	while (at > 0 && strchr(" \t\r\n", text[at - 1]))
		at--;
	if (!at || text[--at] != '?')
		return false;
	while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '-'))
		at--;
	return !at || text[at - 1] == '\n';
}

/* Where a pair ends whose key is behind a `?`. A value that is not there is said to be where the next entry is. */
static uint32_t
complex_end(const struct pair *p)
{
	const struct node *v = p->value;
	bool there = v->end > v->start || (v->start > p->key->end && v->src->text[v->start - 1] == ':');

	return there || v->kind != NODE_NULL ? block_end(v) : p->key->end;
}

/* Keys behind a `?` may have no value, or not be there, and libyaml puts those where the next entry is: they are written anew. */
static void
disown_complex(struct node *map)
{
	for (size_t i = 0; i < map->npair; i++) {
		struct pair *p = &map->pair[i];

		if (!is_complex(map, p->key))
			continue;
		map->tail = complex_end(p);
		map->flags |= NODE_CHANGED;
		node_disown(p->key);
		node_disown(p->value);
	}
}

int
reader_end_map(struct reader *r, struct node *map)
{
	if (map->style == STYLE_BLOCK)
		disown_complex(map);
	if (check_unique(r, map) < 0)
		return -1;
	return resolve_merges(r, map);
}
