/* Nodes of a YAML tree: look up, make, change. */
#include "state/desired/yaml/yaml.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

bool
node_key_is(const struct pair *p, const char *key)
{
	size_t n = strlen(key);

	return p->key->len == n && !memcmp(p->key->text, key, n);
}

struct node *
node_get(const struct node *map, const char *key)
{
	if (map && map->kind == NODE_MAP)
		for (size_t i = 0; i < map->npair; i++)
			if (node_key_is(&map->pair[i], key))
				return map->pair[i].value;
	return NULL;
}

static struct node *
yaml_node_make(struct arena *a, enum node_kind kind, enum node_style style)
{
	struct node *n = arena_alloc(a, sizeof *n);

	n->kind = kind;
	n->style = style;
	n->flags = NODE_MADE | NODE_CHANGED;
	return n;
}

struct node *
node_text(struct arena *a, const char *text)
{
	struct node *n = yaml_node_make(a, NODE_SCALAR, STYLE_DOUBLE);

	n->text = arena_strdup(a, text);
	n->len = strlen(text);
	return n;
}

struct node *
node_plain(struct arena *a, const char *text)
{
	struct node *n = node_text(a, text);

	n->style = STYLE_PLAIN;
	if (!*text || !strcmp(text, "null"))
		n->kind = NODE_NULL;
	return n;
}

struct node *
node_list(struct arena *a)
{
	return yaml_node_make(a, NODE_LIST, STYLE_BLOCK);
}

struct node *
node_map(struct arena *a)
{
	return yaml_node_make(a, NODE_MAP, STYLE_BLOCK);
}

void
node_push(struct arena *a, struct node *list, size_t at, struct node *item)
{
	if (list->n == list->cap) {
		struct node **v;

		list->cap = list->cap ? list->cap * 2 : 4;
		v = arena_alloc(a, list->cap * sizeof *v);
		if (list->n)
			memcpy(v, list->item, list->n * sizeof *v);
		list->item = v;
	}
	memmove(list->item + at + 1, list->item + at, (list->n - at) * sizeof *list->item);
	list->item[at] = item;
	list->n++;
	list->flags |= NODE_CHANGED;
}

void
node_drop(struct node *list, size_t at)
{
	memmove(list->item + at, list->item + at + 1, (list->n - at - 1) * sizeof *list->item);
	list->n--;
	list->flags |= NODE_CHANGED;
}

void
node_put(struct arena *a, struct node *map, struct node *key, struct node *value)
{
	if (map->npair == map->pcap) {
		struct pair *p;

		map->pcap = map->pcap ? map->pcap * 2 : 4;
		p = arena_alloc(a, map->pcap * sizeof *p);
		if (map->npair)
			memcpy(p, map->pair, map->npair * sizeof *p);
		map->pair = p;
	}
	map->pair[map->npair++] = (struct pair){ key, value };
}

void
node_set(struct arena *a, struct node *map, const char *key, struct node *value)
{
	map->flags |= NODE_CHANGED;
	for (size_t i = 0; i < map->npair; i++)
		if (node_key_is(&map->pair[i], key)) {
			map->pair[i].value = value;
			return;
		}
	node_put(a, map, node_text(a, key), value);
}

bool
node_unset(struct node *map, const char *key)
{
	for (size_t i = 0; i < map->npair; i++)
		if (node_key_is(&map->pair[i], key)) {
			memmove(map->pair + i, map->pair + i + 1, (map->npair - i - 1) * sizeof *map->pair);
			map->npair--;
			map->flags |= NODE_CHANGED;
			return true;
		}
	return false;
}

void
node_disown(struct node *n)
{
	n->flags = (n->flags & NODE_TEXT) | NODE_MADE;
	for (size_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
		node_disown(n->item[i]);
	for (size_t i = 0; n->kind == NODE_MAP && i < n->npair; i++) {
		node_disown(n->pair[i].key);
		node_disown(n->pair[i].value);
	}
}

struct text_place
source_place(const struct source *s, uint32_t line, uint32_t col)
{
	const struct origin *o;
	long c;

	if (!s->origin || line < 1 || line > s->norigin || !s->origin[line - 1].file)
		return (struct text_place){ s->name, line, col };
	o = &s->origin[line - 1];
	c = (long)col - o->shift;
	return (struct text_place){ o->file, o->line, c > 0 ? (uint32_t)c : 1 };
}

struct text_place
node_place(const struct node *n)
{
	if (!n->src)
		return (struct text_place){ "(made)", 1, 1 };
	return source_place(n->src, n->line ? n->line : 1, n->col ? n->col : 1);
}

static void
add_place(struct text_place p, struct buf *out)
{
	buf_addf(out, "%s:%u:%u", p.file, p.line, p.col);
}

void
source_where(const struct source *s, uint32_t line, uint32_t col, struct buf *out)
{
	add_place(source_place(s, line, col), out);
}

void
node_where(const struct node *n, struct buf *out)
{
	add_place(node_place(n), out);
}
