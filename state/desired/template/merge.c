/* A base is merged into a template: what is there wins. */
#include <string.h>

#include "base/semver.h"
#include "state/desired/template/template_tree.h"

enum place { TOP, DEEPER };

static bool
merge_is_one_of(const struct node *key, const char *words[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (key->len == strlen(words[i]) && !memcmp(key->text, words[i], key->len))
			return true;
	return false;
}
#define KEY_IN(key, ...) merge_is_one_of(key, (const char *[]){ __VA_ARGS__ }, sizeof (const char *[]){ __VA_ARGS__ } / sizeof(char *))

static bool
same_scalar(const struct node *x, const struct node *y)
{
	return x->kind == NODE_SCALAR && y->kind == NODE_SCALAR && x->len == y->len && !memcmp(x->text, y->text, x->len);
}

static void
merge_drop_duplicates(struct node *list)
{
	for (size_t i = 1; i < list->n;) {
		size_t k = 0;

		while (k < i && !same_scalar(list->item[k], list->item[i]))
			k++;
		if (k < i)
			node_drop(list, i);
		else
			i++;
	}
}

/* Scripts of a base come first, because those of the template build on them; other lists are in order of precedence. */
static void
merge_join(struct arena *a, const struct node *key, struct node *to, const struct node *from, enum place place)
{
	bool in_front = place == TOP && KEY_IN(key, "provision", "probes");

	if (place == TOP && KEY_IN(key, "dns") && to->n)
		return;
	for (size_t i = 0; i < from->n; i++)
		node_push(a, to, in_front ? i : to->n, from->item[i]);
}

/* Tells whether the base's version wins, also if one is no version, so that the check of the template sees it. */
static bool
is_newer(const struct node *base, const struct node *own)
{
	struct semver a, b;

	if (base->kind != NODE_SCALAR || own->kind != NODE_SCALAR)
		return false;
	return semver_parse(&a, base->text) < 0 || semver_parse(&b, own->text) < 0 || semver_compare(&a, &b) > 0;
}

static void merge_maps(struct arena *a, struct node *to, struct node *from, enum place place);

static struct pair *
merge_find(struct node *map, const struct node *key)
{
	for (size_t i = 0; i < map->npair; i++) {
		const struct node *k = map->pair[i].key;

		if (k->len == key->len && !memcmp(k->text, key->text, k->len))
			return &map->pair[i];
	}
	return NULL;
}

static void
merge_pair(struct arena *a, struct node *to, struct pair *p, enum place place)
{
	struct pair *mine = merge_find(to, p->key);
	struct node *value = mine ? mine->value : NULL;

	if (!mine) {
		node_put(a, to, p->key, p->value);
		to->flags |= NODE_CHANGED;
	} else if (value->kind == NODE_MAP && p->value->kind == NODE_MAP) {
		merge_maps(a, value, p->value, DEEPER);
	} else if (value->kind == NODE_LIST && p->value->kind == NODE_LIST) {
		merge_join(a, p->key, value, p->value, place);
	} else if (KEY_IN(p->key, "minimumLimaVersion", "minimumVersion") && is_newer(p->value, value)) {
		mine->value = p->value;
		to->flags |= NODE_CHANGED;
	}
}

static void
merge_maps(struct arena *a, struct node *to, struct node *from, enum place place)
{
	for (size_t i = 0; i < from->npair; i++)
		if (!(place == TOP && KEY_IN(from->pair[i].key, "base")))
			merge_pair(a, to, &from->pair[i], place);
}

void
merge_base(struct arena *a, struct node *to, struct node *from)
{
	struct node *unsupported;

	merge_maps(a, to, from, TOP);
	unsupported = node_get(to, "mountTypesUnsupported");
	if (unsupported && unsupported->kind == NODE_LIST)
		merge_drop_duplicates(unsupported);
}
