#include "cli/view/starts.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "reconciler/env.h"
#include "reconciler/plan.h"
#include "resources/warm.h"
#include "state/desired/spec/spec.h"

struct begun {
	const char *how;	/* "cold", "restored", "saves"; NULL: as any other */
	const char *key;	/* of the saved machine; NULL */
	const char *why;	/* it is cold */
	const char *took;	/* the last of its kind to be restored; NULL */
};

/* Its disk is made by the same plan, or was made by one before and waits for its first start. */
static const char *
starts_key(const struct env *env, const struct resource *vm, struct arena *a, enum warm *what)
{
	const struct resource *disk = resource_needed(vm, "disk");
	struct warm_note n;
	const char *key;

	*what = WARM_NOT;
	if (disk && disk->present && warm_read(vm->spec->dir, a, &n, NULL) == 0 && n.what != WARM_PARKED)
		*what = n.what;
	if (!disk || disk->present)
		return *what ? n.key : NULL;
	key = warm_key(env, disk, a);
	*what = key && warm_saved_look(env->home, key, NULL) == 0 ? WARM_TO_RESTORE : WARM_TO_SAVE;
	return key;
}

static struct begun
starts_of(const struct env *env, const struct step *s, struct arena *a)
{
	const struct resource *r = s->res;
	struct begun b = { 0 };
	enum warm what;

	if (s->verb != ENSURE || r->present || strcmp(r->type->name, "vm") != 0 || !r->spec || !r->spec->warm_start || r->spec->goal != GOAL_RUNNING)
		return b;
	b.why = warm_why_cold(r->spec);
	if (b.why) {
		b.how = "cold";
		return b;
	}
	b.key = starts_key(env, r, a, &what);
	b.how = what == WARM_TO_RESTORE ? "restored" : what == WARM_TO_SAVE ? "saves" : NULL;
	b.took = what == WARM_TO_RESTORE ? warm_took(env->home, b.key, a) : NULL;
	return b;
}

static void
starts_line(struct buf *out, const char *name, const struct begun *b)
{
	if (!strcmp(b->how, "cold"))
		buf_addf(out, "%s: starts cold, in spite of `warmStart`: %s.\n", name, b->why);
	else if (!strcmp(b->how, "saves"))
		buf_addf(out, "%s: boots, and is saved on the way for later ones, if its guest can wait for that (`warmStart`).\n", name);
	else if (b->took)
		buf_addf(out, "%s: restored from a saved machine (%s s the last time), identities renewed.\n", name, b->took);
	else
		buf_addf(out, "%s: restored from a saved machine, identities renewed.\n", name);
}

void
starts_text(struct buf *out, const struct env *env, const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		AUTO(arena) a = { 0 };
		struct begun b = starts_of(env, p->v[i], &a);

		if (b.how)
			starts_line(out, p->v[i]->res->owner, &b);
	}
}

void
starts_json(cJSON *root, const struct env *env, const struct plan *p)
{
	cJSON *all = NULL;

	for (size_t i = 0; i < p->n; i++) {
		AUTO(arena) a = { 0 };
		struct begun b = starts_of(env, p->v[i], &a);
		cJSON *o;

		if (!b.how)
			continue;
		if (!all)
			all = cJSON_AddObjectToObject(root, "starts");
		o = cJSON_AddObjectToObject(all, p->v[i]->res->owner);
		cJSON_AddStringToObject(o, "how", b.how);
		if (b.key)
			cJSON_AddStringToObject(o, "machine", b.key);
		if (b.why)
			cJSON_AddStringToObject(o, "why", b.why);
	}
}
