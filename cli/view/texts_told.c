/*
 * The texts of the instances of a plan, compared by a process of its own: a user's file may lie on a drive that does not answer,
 * and nobody could end whoever waits for it.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "cli/cli.h"
#include "cli/view/texts.h"
#include "reconciler/engine.h"
#include "reconciler/lookers.h"
#include "resources/made_from.h"

enum { SLOW_MS = 100, DEADLINE_MS = 2000 };

struct texts_told {
	struct cli *c;
	struct request **named;	   /* TEXTS_NAMED: in their order */
	const struct resource **v; /* TEXTS_ALL: their folders */
	size_t n;
	bool has_base; /* what _config/base.yaml says is in each file, so that no stamp speaks of all of it */
	cJSON *list;   /* NULL: as text */
	struct buf *out;
};

static const char *
texts_told_name(const struct texts_told *k, size_t i)
{
	return k->named ? k->named[i]->name : k->v[i]->owner;
}

/* Neither the file nor the copy was touched since the one was made of the other. */
static bool
texts_are_untouched(const struct texts_told *k, const struct resource *dir)
{
	const char *made = facts_get(&dir->have, "file text"), *copy = facts_get(&dir->have, "lima.yaml");
	const char *stamp = facts_get(&dir->have, "file stamp"), *now;
	AUTO(arena) a = {0};

	if (k->has_base || !made || !copy || !stamp || strcmp(made, copy) != 0)
		return false;
	now = fs_stamp(&a, facts_get(&dir->have, "file"));
	return now && !strcmp(now, stamp);
}

static void
texts_told_look(void *ctx, size_t i, looker_place *at, struct buf *out)
{
	const struct texts_told *k = ctx;

	*at = (uint32_t)i;
	if (k->named)
		texts_tell(k->c, k->named[i], k->list, out);
	else if (!texts_are_untouched(k, k->v[i]))
		texts_tell_differing(k->c, k->v[i]->owner, k->list, out);
}

static int
texts_told_one(void *ctx, size_t i, const char *p, size_t len)
{
	struct texts_told *k = ctx;

	(void)i;
	if (len && k->list)
		cJSON_AddItemToArray(k->list, cJSON_ParseWithLength(p, len));
	else
		buf_add(k->out, p, len);
	return 0;
}

static void
texts_told_lost(void *ctx, size_t i, uint32_t at, int after_ms)
{
	struct texts_told *k = ctx;
	cJSON *o;

	(void)at, (void)after_ms;
	if (!k->list) {
		buf_addf(k->out, "%s: the file that made it does not answer, and is not compared: is a drive away?\n",
			 texts_told_name(k, i));
		return;
	}
	o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "instance", texts_told_name(k, i));
	cJSON_AddStringToObject(o, "error", "the file that made it does not answer");
	cJSON_AddItemToArray(k->list, o);
}

static int
texts_told_by_owner(const void *a, const void *b)
{
	return strcmp((*(const struct resource *const *)a)->owner, (*(const struct resource *const *)b)->owner);
}

/* Those that were made from a file of the user's, by what is recorded: nothing is looked at yet. */
static void
texts_told_collect(struct texts_told *k, const struct engine *e)
{
	const struct resource_type *dir = engine_type(e, "dir");

	k->v = xcalloc(e->nrequests + 1, sizeof(struct resource *));
	for (size_t i = 0; i < e->graph.n && k->n < e->nrequests; i++) {
		const struct resource *r = e->graph.v[i];
		const char *file = r->type == dir && r->present ? facts_get(&r->have, "file") : NULL;

		if (file && *file == '/')
			k->v[k->n++] = r;
	}
	if (k->n)
		qsort(k->v, k->n, sizeof *k->v, texts_told_by_owner);
}

static void
texts_told_run(struct texts_told *k, const struct engine *e, enum texts_of which)
{
	auto_free char *base = xasprintf("%s/_config/base.yaml", e->env->home);
	struct looking l = {.workers = 1,
			    .slow_ms = SLOW_MS,
			    .deadline_ms = e->look_ms && e->look_ms < DEADLINE_MS ? e->look_ms : DEADLINE_MS,
			    .cancel = e->env->cancel,
			    .ctx = k,
			    .look = texts_told_look,
			    .told = texts_told_one,
			    .lost = texts_told_lost};

	if (which == TEXTS_NAMED) {
		k->named = engine_in_order(e);
		k->n = e->nrequests;
	} else if (which == TEXTS_ALL) {
		k->has_base = fs_exists(base);
		texts_told_collect(k, e);
	}
	l.ngroups = k->n;
	lookers_run(&l, NULL);
	free(k->named);
	free(k->v);
}

void
texts_text(struct cli *c, const struct engine *e, enum texts_of which, struct buf *out)
{
	texts_told_run(&(struct texts_told){.c = c, .out = out}, e, which);
}

void
texts_json(struct cli *c, const struct engine *e, enum texts_of which, struct cJSON *root)
{
	texts_told_run(&(struct texts_told){.c = c, .list = cJSON_AddArrayToObject(root, "texts")}, e, which);
}
