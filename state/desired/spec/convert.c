/* Nodes become values of the types that the table of keys wants. */
#include <arpa/inet.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "state/desired/spec/load.h"
#include "state/desired/yaml/scalar.h"

enum { MAX_ITEMS = 1000 };	/* of a list; far more than anybody needs */

static struct val *convert_as(struct load *l, const struct key *k, enum key_type type, const struct node *n,
			      struct val *up, int index);

/* Shows what was written, for a message. */
static const char *
convert_shown(struct load *l, const struct node *n)
{
	if (n->kind == NODE_LIST)
		return "a list";
	if (n->kind == NODE_MAP)
		return "a mapping";
	return arena_printf(l->a, "`%.60s`%s", n->text, n->len > 60 ? "..." : "");
}

static struct val *
convert_refuse(struct load *l, struct val *v, const struct node *n, const char *want)
{
	diag_error(l, v, NULL, "must be %s, got %s", want, convert_shown(l, n));
	return NULL;
}

static struct val *
convert_bool(struct load *l, struct val *v, const struct node *n)
{
	if (scalar_bool(n, &v->b))
		return v;
	if (n->kind == NODE_SCALAR && word_in(n->text, "yes no on off y n Yes No On Off YES NO ON OFF 1 0"))
		diag_error(l, v, NULL, "must be `true` or `false`, got `%s` (in YAML 1.2 that is no boolean; write `%s`)", n->text,
			 strchr("yY1", *n->text) || !strcasecmp(n->text, "on") ? "true" : "false");
	else if (n->kind == NODE_SCALAR && n->style != STYLE_PLAIN && word_in(n->text, "true false True False TRUE FALSE"))
		diag_error(l, v, NULL, "must be `true` or `false` without quotes, got a string");
	else
		convert_refuse(l, v, n, "`true` or `false`");
	return NULL;
}

static struct val *
convert_int(struct load *l, struct val *v, const struct node *n)
{
	if (!scalar_int(n, &v->i))
		return convert_refuse(l, v, n, "an integer");
	if (v->type == KEY_UINT32 && (v->i < 0 || v->i > UINT32_MAX))
		return convert_refuse(l, v, n, "between 0 and 4294967295");
	if (v->type == KEY_INT && (v->i < INT32_MIN || v->i > INT32_MAX))
		return convert_refuse(l, v, n, "between -2147483648 and 2147483647");
	return v;
}

static struct val *
convert_text(struct load *l, struct val *v, const struct node *n)
{
	v->s = n->kind > NODE_SCALAR ? NULL : scalar_text(l->a, n);
	if (v->s)
		return v;
	if (n->kind == NODE_SCALAR)
		diag_error(l, v, NULL, "holds a NUL byte");
	else
		convert_refuse(l, v, n, "a string");
	return NULL;
}

/* IPv4 in IPv6 is IPv4 to everybody who reads it */
static struct val *
convert_ip(struct load *l, struct val *v, const struct node *n)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	unsigned char b[16];
	char text[INET6_ADDRSTRLEN];

	if (!convert_text(l, v, n))
		return NULL;
	if (!*v->s && v->index < 0)	/* not given */
		return NULL;
	if (inet_pton(AF_INET, v->s, b) == 1) {
		inet_ntop(AF_INET, b, text, sizeof text);
	} else if (inet_pton(AF_INET6, v->s, b) == 1) {
		if (!memcmp(b, mapped, sizeof mapped))
			inet_ntop(AF_INET, b + 12, text, sizeof text);
		else
			inet_ntop(AF_INET6, b, text, sizeof text);
	} else {
		return convert_refuse(l, v, n, "an IP address");
	}
	v->s = arena_strdup(l->a, text);
	return v;
}

static void
convert_items(struct load *l, struct val *v, const struct node *n, enum key_type type)
{
	v->item = arena_alloc(l->a, n->n * sizeof *v->item);
	for (size_t i = 0; i < n->n; i++) {
		struct val *item;

		/* A null among texts is a text; among mappings it is an empty mapping. */
		if (n->item[i]->kind == NODE_NULL && type == KEY_GROUP)
			item = val_new(l, v->key, type, v, n->item[i]);
		else
			item = convert_as(l, v->key, type, n->item[i], v, (int)i);
		if (!item)
			continue;
		item->index = (int)v->n;
		v->item[v->n++] = item;
	}
}

/* [] and [0, 0]: not given, as port 0 is */
static bool
no_ports(const struct val *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->item[i]->i)
			return false;
	return v->n == 0 || v->n == 2;
}

static struct val *
convert_list(struct load *l, struct val *v, const struct node *n)
{
	static const enum key_type items[] = {
		[KEY_LIST] = KEY_GROUP, [KEY_TEXTS] = KEY_TEXT, [KEY_IPS] = KEY_IP, [KEY_PORTS] = KEY_INT,
	};
	struct node lone = { .kind = NODE_LIST, .item = (struct node *[]){ (struct node *)n }, .n = 1 };

	if (n->kind == NODE_SCALAR && v->key->flags & KEY_LONE)
		n = &lone;
	if (n->kind != NODE_LIST)
		return convert_refuse(l, v, n, v->key->flags & KEY_LONE ? "a string or a list (a sequence of strings)" :
			      v->type == KEY_PORTS ? "two numbers, `[FIRST, LAST]`" : "a list (`- ` in front of each item)");
	if (n->n > MAX_ITEMS) {
		diag_error(l, v, NULL, "has more than %d items", MAX_ITEMS);
		return NULL;
	}
	convert_items(l, v, n, items[v->type]);
	return v->type == KEY_PORTS && no_ports(v) ? NULL : v;
}

static struct val *
convert_map(struct load *l, struct val *v, const struct node *n)
{
	if (n->kind != NODE_MAP)
		return convert_refuse(l, v, n, "a mapping");
	v->pair = arena_alloc(l->a, n->npair * sizeof *v->pair);
	for (size_t i = 0; i < n->npair; i++) {
		const struct pair *p = &n->pair[i];
		const char *key = scalar_text(l->a, p->key);
		const char *value = p->value->kind > NODE_SCALAR ? NULL : scalar_text(l->a, p->value);

		if (!key || !value)
			diag_error_at(l, v, key, p->value, "must be a string, got %s", p->value->kind == NODE_SCALAR ? "a NUL byte in it" :
				    convert_shown(l, p->value));
		else
			v->pair[v->npair++] = (struct val_pair){ key, value, p->value };
	}
	return v;
}

/* Lists the keys of a table as one text with blanks between them. */
static const char *
key_words(struct load *l, const struct key *table)
{
	AUTO(buf) b = BUF_INIT;

	for (; table->name; table++)
		buf_addf(&b, "%s%s", b.len ? " " : "", table->name);
	return arena_strdup(l->a, b.s);
}

struct elsewhere {
	const char *name;
	char path[120];
};

/* Finds the key whose value was written as a key: `system: ...` for `mode: system`. */
static const struct key *
convert_value_of(const struct key *table, const char *word)
{
	for (; table->name; table++)
		if (table->words && word_in(word, table->words))
			return table;
	return NULL;
}

static void
note_elsewhere(void *ctx, const char *path, const struct key *k)
{
	struct elsewhere *e = ctx;

	if (!*e->path && !strcmp(k->name, e->name) && strlen(path) < sizeof e->path)
		memcpy(e->path, path, strlen(path) + 1);
}

/* Says in brackets what was probably meant; "" when that is unknown. */
static const char *
key_hint(struct load *l, const struct val *v, const struct node *key)
{
	struct elsewhere e = { key->text, "" };
	const struct key *value;
	const char *near;

	if (l->cautions + l->complaints > 100)	/* nobody reads on */
		return "";
	near = nearest_word(l->a, key->text, key_words(l, v->key->sub));
	if (near)
		return nearest_hint(l->a, near);
	value = convert_value_of(v->key->sub, key->text);
	if (value)
		return arena_printf(l->a, " (did you mean `%s: %s`?)", value->name, key->text);
	key_each(note_elsewhere, &e);
	return *e.path ? arena_printf(l->a, " (there is `%s`)", e.path) : "";
}

static void
unknown_key(struct load *l, struct val *v, const struct node *key)
{
	const char *hint;

	if (key->len > 2 && (key->text[0] | 32) == 'x' && key->text[1] == '-')	/* there to be referred to by aliases */
		return;
	hint = key_hint(l, v, key);
	mistake_at(l, v, key->text, key, strncmp(hint, " (there", 7) ? "unknown key" : "unknown key here", hint);
}

static void
convert_key(struct load *l, struct val *v, const struct pair *p)
{
	const struct key *table = v->key->sub;

	for (size_t i = 0; table[i].name; i++)
		if (node_key_is(p, table[i].name)) {
			if (p->value->kind != NODE_NULL || table[i].type == KEY_TEXT)
				v->sub[i] = convert_as(l, &table[i], table[i].type, p->value, v, -1);
			if (v->sub[i] && table[i].instead)
				diag_warn(l, v->sub[i], NULL, "deprecated; use %s", table[i].instead);
			return;
		}
	unknown_key(l, v, p->key);
}

/* "a mapping of `system`, `user` or `archives`" */
static const char *
group_text(struct load *l, const struct key *k)
{
	if (!*k->name)
		return "a mapping of keys";
	return arena_printf(l->a, "%sa mapping with keys %s", k->shorthand ? "a string or " : "", words_text(l->a, key_words(l, k->sub)));
}

static struct val *
convert_group(struct load *l, struct val *v, const struct node *n)
{
	if (n->kind == NODE_SCALAR && v->key->shorthand) {
		struct pair p = { node_text(l->a, v->key->shorthand), (struct node *)n };

		convert_key(l, v, &p);
		return v;
	}
	if (n->kind != NODE_MAP)
		return convert_refuse(l, v, n, group_text(l, v->key));
	for (size_t i = 0; i < n->npair; i++)
		convert_key(l, v, &n->pair[i]);
	return v;
}

static struct val *
convert_as(struct load *l, const struct key *k, enum key_type type, const struct node *n, struct val *up, int index)
{
	struct val *v;

	if (n->kind == NODE_NULL && type != KEY_TEXT)
		return NULL;
	if (n->kind == NODE_NULL && index < 0)
		return NULL;
	v = val_new(l, k, type, up, n);
	v->index = index;
	switch (type) {
	case KEY_BOOL:
		return convert_bool(l, v, n);
	case KEY_INT: case KEY_UINT32:
		return convert_int(l, v, n);
	case KEY_TEXT: case KEY_SIZE:
		return convert_text(l, v, n);
	case KEY_IP:
		return convert_ip(l, v, n);
	case KEY_PORTS: case KEY_TEXTS: case KEY_IPS: case KEY_LIST:
		return convert_list(l, v, n);
	case KEY_MAP:
		return convert_map(l, v, n);
	case KEY_ANY:
		v->any = n;
		return n->kind == NODE_MAP ? v : convert_refuse(l, v, n, "a mapping");
	case KEY_GROUP:
		return convert_group(l, v, n);
	}
	return NULL;
}

struct val *
convert_below(struct load *l, const struct key *k, const struct node *n, struct val *up)
{
	return convert_as(l, k, KEY_GROUP, n, up, -1);
}

struct val *
convert(struct load *l, const struct key *k, const struct node *n)
{
	return convert_as(l, k, KEY_GROUP, n, NULL, -1);
}
