/* Filled values become the typed spec, by the offsets in the table. */
#include <string.h>

#include "base/mem.h"
#include "base/size.h"
#include "state/desired/spec/load.h"

static void
store_words(struct load *l, const struct val *v, char *base)
{
	const char **words = arena_alloc(l->a, (v->n + 1) * sizeof *words);

	for (size_t i = 0; i < v->n; i++)
		words[i] = v->item[i]->s;
	*(const char ***)(base + v->key->at - 1) = words;
	*(size_t *)(base + v->key->count_at - 1) = v->n;
}

static void
store_map(struct load *l, const struct val *v, char *base)
{
	struct spec_pair *pairs = arena_alloc(l->a, (v->npair + 1) * sizeof *pairs);

	for (size_t i = 0; i < v->npair; i++)
		pairs[i] = (struct spec_pair){ v->pair[i].key, v->pair[i].value };
	*(struct spec_pair **)(base + v->key->at - 1) = pairs;
	*(size_t *)(base + v->key->count_at - 1) = v->npair;
}

static void
store_list(struct load *l, const struct val *v, char *base)
{
	char *items = arena_alloc(l->a, (v->n + 1) * v->key->size);

	for (size_t i = 0; i < v->n; i++)
		spec_store(l, v->item[i], items + i * v->key->size);
	*(void **)(base + v->key->at - 1) = items;
	*(size_t *)(base + v->key->count_at - 1) = v->n;
}

/* Strings of the spec are never NULL. */
static void
store_blank(const struct key *k, char *base)
{
	if (k->at && (k->type == KEY_TEXT || k->type == KEY_IP) && !k->size)
		*(const char **)(base + k->at - 1) = "";
	if (k->type == KEY_GROUP)
		for (size_t i = 0; k->sub[i].name; i++)
			store_blank(&k->sub[i], base);
}

static int
word_index(const char *word, const char *words)
{
	size_t len = strlen(word);
	int i = 0;

	for (const char *p = words; *p; p += strspn(p, " "), i++) {
		size_t n = strcspn(p, " ");

		if (n == len && !memcmp(p, word, n))
			break;
		p += n;
	}
	return i;
}

static void
store_val(struct load *l, const struct val *v, char *base)
{
	void *at = base + v->key->at - 1;

	if (v->type == KEY_GROUP) {
		spec_store(l, v, base);
		return;
	}
	if (!v->key->at)
		return;
	switch (v->type) {
	case KEY_BOOL:
		*(bool *)at = v->b;
		break;
	case KEY_INT:
		*(int *)at = (int)v->i;
		break;
	case KEY_UINT32:
		*(uint32_t *)at = (uint32_t)v->i;
		break;
	case KEY_TEXT: case KEY_IP:
		if (v->key->size)	/* a word that is an enum in the spec */
			*(unsigned *)at = (unsigned)word_index(v->s, v->key->words);
		else
			*(const char **)at = v->s;
		break;
	case KEY_SIZE:
		size_parse(at, v->s, NULL);
		break;
	case KEY_PORTS:
		for (size_t i = 0; i < 2 && i < v->n; i++)
			((int *)at)[i] = (int)v->item[i]->i;
		break;
	case KEY_TEXTS: case KEY_IPS:
		store_words(l, v, base);
		break;
	case KEY_MAP:
		store_map(l, v, base);
		break;
	case KEY_LIST:
		store_list(l, v, base);
		break;
	case KEY_ANY: case KEY_GROUP:
		break;
	}
}

void
spec_store(struct load *l, const struct val *group, void *base)
{
	for (size_t i = 0; group->key->sub[i].name; i++)
		if (group->sub[i])
			store_val(l, group->sub[i], base);
		else
			store_blank(&group->key->sub[i], base);
}
