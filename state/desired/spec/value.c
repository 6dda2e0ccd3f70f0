/* Values: make them, find them. */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "state/desired/spec/load.h"

size_t
key_count(const struct key *table)
{
	size_t n = 0;

	while (table[n].name)
		n++;
	return n;
}

struct val *
val_get(const struct val *group, const char *key)
{
	if (group)
		for (size_t i = 0; group->key->sub[i].name; i++)
			if (!strcmp(group->key->sub[i].name, key))
				return group->sub[i];
	return NULL;
}

struct val **
val_slot(struct val *group, const char *key)
{
	size_t i = 0;

	while (strcmp(group->key->sub[i].name, key)) {
		i++;
		assert(group->key->sub[i].name);
	}
	return &group->sub[i];
}

struct val *
val_new(struct load *l, const struct key *k, enum key_type type, struct val *up, const struct node *at)
{
	struct val *v = arena_alloc(l->a, sizeof *v);

	v->key = k;
	v->type = type;
	v->index = -1;
	v->up = up;
	v->at = at;
	if (type == KEY_GROUP)
		v->sub = arena_alloc(l->a, key_count(k->sub) * sizeof *v->sub);
	return v;
}

/* Sets a key of a group to a new value of its type, which the caller fills. */
static struct val *
value_put(struct load *l, struct val *up, const char *key)
{
	struct val **slot = val_slot(up, key);
	const struct key *k = &up->key->sub[slot - up->sub];

	return *slot = val_new(l, k, k->type, up, *slot ? (*slot)->at : NULL);
}

struct val *
val_text(struct load *l, struct val *up, const char *key, const char *s)
{
	struct val *v = value_put(l, up, key);

	v->s = s;
	return v;
}

struct val *
val_int(struct load *l, struct val *up, const char *key, int64_t i)
{
	struct val *v = value_put(l, up, key);

	v->i = i;
	return v;
}

struct val *
val_bool(struct load *l, struct val *up, const char *key, bool b)
{
	struct val *v = value_put(l, up, key);

	v->b = b;
	return v;
}

const char *
val_s(const struct val *group, const char *key)
{
	const struct val *v = val_get(group, key);

	return v ? v->s : "";
}

int64_t
val_i(const struct val *group, const char *key)
{
	const struct val *v = val_get(group, key);

	return v ? v->i : 0;
}

bool
val_b(const struct val *group, const char *key)
{
	const struct val *v = val_get(group, key);

	return v && v->b;
}

bool
val_empty(const struct val *v)
{
	if (!v)
		return true;
	switch (v->type) {
	case KEY_BOOL:
		return !v->b;
	case KEY_INT: case KEY_UINT32:
		return !v->i;
	case KEY_TEXT: case KEY_SIZE: case KEY_IP:
		return !*v->s;
	case KEY_PORTS: case KEY_TEXTS: case KEY_IPS: case KEY_LIST:
		return !v->n;
	case KEY_MAP:
		return !v->npair;
	case KEY_ANY:
		return v->any->kind == NODE_MAP ? !v->any->npair : v->any->kind == NODE_LIST ? !v->any->n : v->any->kind == NODE_NULL;
	case KEY_GROUP:
		for (size_t i = 0; v->key->sub[i].name; i++)
			if (v->sub[i] && !(v->sub[i]->type >= KEY_PORTS && val_empty(v->sub[i])))
				return false;
		return true;
	}
	return true;
}
