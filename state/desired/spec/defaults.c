/* Defaults: what was not given gets its value; expressions are expanded on the way. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "state/desired/spec/load.h"
#include "state/desired/yaml/scalar.h"

/* Makes the default of a row from its text. */
static struct val *
from_text(struct load *l, const struct key *k, struct val *up)
{
	struct val *v = val_new(l, k, k->type, up, NULL);

	switch (k->type) {
	case KEY_BOOL:
		v->b = !strcmp(k->def, "true");
		break;
	case KEY_INT: case KEY_UINT32:
		v->i = atoll(k->def);
		break;
	default:
		v->s = k->def;
	}
	return v;
}

static void fill_val(struct load *l, struct val *v);

static void
fill_slot(struct load *l, struct val *up, size_t i)
{
	const struct key *k = &up->key->sub[i];
	struct val *v = up->sub[i];

	if (v && v->filled)
		return;
	if (v && k->flags & KEY_BLANK_UNSET && val_empty(v))
		v = NULL;
	if (!v && k->make)
		v = k->make(l, up);
	if (!v && k->def)
		v = from_text(l, k, up);
	if (!v && k->type == KEY_GROUP && !(k->flags & KEY_OPTIONAL))
		v = val_new(l, k, KEY_GROUP, up, NULL);
	up->sub[i] = v;
	if (v)
		fill_val(l, v);
}

static void
fill_val(struct load *l, struct val *v)
{
	const struct key *k = v->key;

	if (v->type == KEY_GROUP)
		for (size_t i = 0; k->sub[i].name; i++)
			fill_slot(l, v, i);
	else if (v->type == KEY_LIST)
		for (size_t i = 0; i < v->n; i++)
			fill_val(l, v->item[i]);
	else if (v->type == KEY_TEXT && k->expr != EXPR_NONE)
		expand(l, v);
	if (k->finish && v->index < 0)
		k->finish(l, v);
	v->filled = true;
}

void
fill_one(struct load *l, struct val *group, const char *key)
{
	fill_slot(l, group, (size_t)(val_slot(group, key) - group->sub));
}

void
defaults_fill(struct load *l, struct val *root)
{
	fill_val(l, root);
}
