#include "reconciler/mates.h"

#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "reconciler/address.h"
#include "reconciler/far.h"
#include "reconciler/resource.h"
#include "reconciler/step_locks.h"
#include "reconciler/walk.h"

/* What is being done together, and where its steps are. */
struct mates {
	struct many many;
	struct step **steps;
	bool *told;			/* what became of it */
	struct far_notes *far;
};

bool
mates_are(const struct step *a, const struct step *b)
{
	const struct resource_type *t = a->res->type;

	return t->together && t->together(a->res, b->res, a->verb == REMOVE);
}

static void
mates_over(struct many *m, size_t i, enum many_end end, const struct error *why)
{
	struct mates *x = (struct mates *)m;
	struct step *s = x->steps[i];

	if (x->told[i])
		return;
	x->told[i] = true;
	if (end == MANY_FAILED) {
		s->err = *why;
		error_of(s->res, &s->err);
	}
	walk_step_over(s, end == MANY_DONE ? DONE : end == MANY_FAILED ? FAILED : SKIPPED);
}

static void
mates_far(struct many *m, const struct far_step *s)
{
	far_add(((struct mates *)m)->far, s);
}

/* They need the same shared things, so the locks of the first are those of all. */
void
mates_run(const struct env *env, struct step *first, struct far_notes *far)
{
	struct mates x = { .many = { .removes = first->verb == REMOVE, .over = mates_over, .far = mates_far }, .far = far };
	auto_free struct many_one *v = NULL;
	auto_free struct step **steps = NULL;
	auto_free bool *told = NULL;
	struct step_locks locks = { 0 };
	size_t n = 0;
	struct error why = { 0 };
	int done;

	for (const struct step *s = first; s; s = s->mate)
		n++;
	v = xcalloc(n, sizeof *v);
	x.told = told = xcalloc(n, sizeof *told);
	x.steps = steps = xcalloc(n, sizeof(struct step *));
	for (struct step *s = first; s; s = s->mate) {
		s->have = (struct facts){ 0 };
		if (s->verb == ENSURE)
			facts_copy(&s->have, &s->arena, &s->res->have);
		v[x.many.n] = (struct many_one){ .r = s->res, .have = &s->have, .a = &s->arena };
		steps[x.many.n++] = s;
	}
	x.many.v = v;
	done = step_locks_take(&locks, env, first, NULL, &why);
	if (done == 0)
		done = first->res->type->many(env, &x.many, &why);
	step_locks_release(&locks);
	for (size_t i = 0; done < 0 && i < n; i++)
		mates_over(&x.many, i, MANY_FAILED, &why);
}
