#include "cli/view/medians.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reconciler/plan.h"
#include "reconciler/price.h"
#include "state/observed/state.h"

struct median {
	const struct resource_type *type;
	enum verb verb;
	const char *sort;
	const char *name;	/* of one whose own steps count first: how long a guest boots is its own; NULL */
	int64_t ms;
	size_t runs;
};

void
medians_release(struct medians *m)
{
	free(m->v);
	arena_release(&m->a);
}

int64_t
medians_typical(void *medians, const struct step *s, size_t *runs)
{
	struct medians *m = medians;
	AUTO(arena) a = { 0 };
	const char *sort = step_sort(&a, s->res), *name = s->res->type->boots ? s->res->name : NULL;
	struct median *k;

	for (size_t i = m->n; i-- > 0;)
		if (m->v[i].type == s->res->type && m->v[i].verb == s->verb && m->v[i].name == name && !strcmp(m->v[i].sort, sort)) {
			*runs = m->v[i].runs;
			return m->v[i].ms;
		}
	GROW(m->v, m->n, m->cap);
	k = &m->v[m->n++];
	*k = (struct median){ s->res->type, s->verb, arena_strdup(&m->a, sort), name, -1, 0 };
	k->ms = state_typical_ms(m->state, s->res->type->name, s->verb == REMOVE ? "remove" : "ensure", name, sort, &k->runs);
	*runs = k->runs;
	return k->ms;
}
