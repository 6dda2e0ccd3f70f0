#include "cli/look/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

void
index_release(struct index *x)
{
	free(x->slot);
	*x = (struct index){ 0 };
}

static struct index_slot *
index_slot_of(const struct index *x, const char *a, const char *b)
{
	uint64_t h = hash_text(hash_text(HASH_START, a) * 31, b);
	size_t at = (size_t)(h ^ h >> 32) & (x->nslots - 1);

	while (x->slot[at].a && (strcmp(x->slot[at].a, a) != 0 || strcmp(x->slot[at].b, b) != 0))
		at = (at + 1) & (x->nslots - 1);
	return &x->slot[at];
}

static void
index_grow(struct index *x)
{
	struct index old = *x;

	x->nslots = old.nslots ? old.nslots * 2 : 64;
	x->slot = xcalloc(x->nslots, sizeof *x->slot);
	for (size_t i = 0; i < old.nslots; i++)
		if (old.slot[i].a)
			*index_slot_of(x, old.slot[i].a, old.slot[i].b) = old.slot[i];
	free(old.slot);
}

size_t *
index_at(struct index *x, const char *a, const char *b)
{
	struct index_slot *s;

	if (2 * x->n >= x->nslots)
		index_grow(x);
	s = index_slot_of(x, a, b);
	if (!s->a) {
		*s = (struct index_slot){ a, b, INDEX_NEW };
		x->n++;
	}
	return &s->place;
}

size_t
index_find(const struct index *x, const char *a, const char *b)
{
	const struct index_slot *s = x->nslots ? index_slot_of(x, a, b) : NULL;

	return s && s->a ? s->place : INDEX_NEW;
}
