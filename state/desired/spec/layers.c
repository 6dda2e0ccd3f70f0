/* default.yaml, lima.yaml and override.yaml become one, by the rules in the table. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "state/desired/spec/load.h"

static struct val *
layers_join(struct load *l, const struct key *k, struct val *a, struct val *b, struct val *c)
{
	struct val *parts[] = { a, b, c }, *v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		if (!parts[i])
			continue;
		n += parts[i]->n;
		if (!v)
			v = val_new(l, k, k->type, parts[i]->up, parts[i]->at);
	}
	if (!v)
		return NULL;
	v->item = arena_alloc(l->a, n * sizeof *v->item);
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; parts[i] && j < parts[i]->n; j++) {
			struct val *item = parts[i]->item[j];

			item->up = v;
			item->index = (int)v->n;
			v->item[v->n++] = item;
		}
	return v;
}

static int
compare_pairs(const void *x, const void *y)
{
	const struct val_pair *a = x, *b = y;
	int c = strcmp(a->key, b->key);

	return c ? c : (a->layer > b->layer) - (a->layer < b->layer);
}

/* The result is sorted by name; of one name the highest layer stays. */
static struct val *
mix_maps(struct load *l, const struct key *k, struct val *d, struct val *y, struct val *o)
{
	struct val *parts[] = { d, y, o }, *v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		n += parts[i] ? parts[i]->npair : 0;
		v = v ? v : parts[i];
	}
	if (!v)
		return NULL;
	v = val_new(l, k, k->type, NULL, y ? y->at : v->at);
	v->pair = arena_alloc(l->a, n * sizeof *v->pair);
	n = 0;
	for (unsigned i = 0; i < 3; i++)
		for (size_t j = 0; parts[i] && j < parts[i]->npair; j++) {
			v->pair[n] = parts[i]->pair[j];
			v->pair[n++].layer = i;
		}
	qsort(v->pair, n, sizeof *v->pair, compare_pairs);
	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || strcmp(v->pair[i].key, v->pair[i + 1].key))
			v->pair[v->npair++] = v->pair[i];
	return v;
}

/* Free-form mappings are merged by their first level only. */
static struct val *
mix_any(struct load *l, const struct key *k, struct val *d, struct val *y, struct val *o)
{
	struct val *parts[] = { d, y, o }, *v = NULL;
	struct node *map = node_map(l->a);

	for (size_t i = 0; i < 3; i++) {
		if (!parts[i])
			continue;
		v = val_new(l, k, k->type, parts[i]->up, y ? y->at : parts[i]->at);
		for (size_t j = 0; j < parts[i]->any->npair; j++)
			node_set(l->a, map, parts[i]->any->pair[j].key->text, parts[i]->any->pair[j].value);
	}
	if (v)
		v->any = map;
	return v;
}

static struct val *
mix_groups(struct load *l, const struct key *k, struct val *d, struct val *y, struct val *o)
{
	const struct node *at = y ? y->at : o ? o->at : d ? d->at : NULL;
	struct val *v;

	if (!d && !y && !o)
		return NULL;
	v = val_new(l, k, KEY_GROUP, NULL, at);
	for (size_t i = 0; k->sub[i].name; i++)
		v->sub[i] = layers_merge(l, &k->sub[i], d ? d->sub[i] : NULL, y ? y->sub[i] : NULL, o ? o->sub[i] : NULL, v);
	return v;
}

struct val *
layers_merge(struct load *l, const struct key *k, struct val *d, struct val *y, struct val *o, struct val *up)
{
	struct val *v = NULL;

	if (k->mix == MIX_OWN)
		v = y;
	else if (k->type == KEY_GROUP)
		v = mix_groups(l, k, d, y, o);
	else if (k->mix == MIX_JOIN)
		v = layers_join(l, k, o, y, d);
	else if (k->mix == MIX_JOIN_UP)
		v = layers_join(l, k, d, y, o);
	else if (k->mix == MIX_MAP)
		v = k->type == KEY_ANY ? mix_any(l, k, d, y, o) : mix_maps(l, k, d, y, o);
	else if (k->mix == MIX_FIRST)
		v = !val_empty(o) ? o : !val_empty(y) ? y : d;
	else
		v = o ? o : y ? y : d;	/* one that is blank covers those below it, too, and then the default is taken */
	if (v)
		v->up = up;
	return v;
}
