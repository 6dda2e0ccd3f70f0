#include "cli/view/disagree.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "cli/args/fleet_args.h"
#include "cli/cli.h"
#include "reconciler/engine.h"
#include "reconciler/graph.h"
#include "resources/applied_config.h"
#include "resources/set_by.h"
#include "state/desired/spec/spec.h"

enum { MOST_TOLD = 5 };

struct disagree {
	const struct request *a;
	const struct spec *spec;
	const char *fleet, *file;	/* whose it is; "" */
	struct set_by *v;
	size_t n;
	struct spec_change *change;
	size_t nchange;
	struct arena mem;
};

static void
disagree_release(struct disagree *d)
{
	arena_release(&d->mem);
}

static bool
disagree_is(const char *by, const char *word)
{
	size_t n = strlen(word);

	return !strncmp(by, word, n) && (!by[n] || by[n] == ' ');
}

static void
disagree_look(struct cli *c, const struct request *a, struct disagree *d)
{
	struct fleet_note note;

	*d = (struct disagree){ .a = a, .spec = a->spec ? a->spec : a->loaded, .fleet = "", .file = "" };
	if (!d->spec || a->goal == GOAL_ABSENT || applied_changes(&d->mem, d->spec, &d->change, &d->nchange) != 1) {
		d->nchange = 0;
		return;
	}
	if (fleet_note(c, a->name, &note, NULL) == 0) {
		d->fleet = note.fleet;
		d->file = note.file;
	}
	set_by_read(d->spec->dir, &d->mem, &d->v, &d->n);
}

static const char *
disagree_now(const struct disagree *d, const struct spec_change *change)
{
	return set_by_now(facts_get(&d->a->how, SET_BY_HOW), d->spec, change->path);
}

/* Who set the value that goes, and when ("": nobody knows); NULL: nobody who would mind. */
static const char *
disagree_was(struct disagree *d, const struct spec_change *change, const char *now, const char **at)
{
	const struct set_by *s = set_by_find(d->v, d->n, change->path, change->have);

	*at = s ? s->at : "";
	/* The copy and the file are told of by themselves; and what the same hand does twice is nobody's quarrel. */
	if (s && (disagree_is(s->by, SET_BY_FILE_WORD) || disagree_is(s->by, SET_BY_DEFAULT) || disagree_is(now, s->by) || disagree_is(s->by, now)))
		return NULL;
	if (s)
		return s->by;
	/* What nobody has touched since is as the fleet has made it. */
	return *d->fleet && !disagree_is(now, SET_BY_FLEET) ? arena_printf(&d->mem, SET_BY_FLEET " %s", d->file) : NULL;
}

static void
disagree_line(struct disagree *d, const struct spec_change *change, const char *by, const char *at, const char *now, struct buf *out)
{
	const char *fleet = disagree_is(now, SET_BY_FLEET) ? strchr(now, ' ') + 1 : NULL;

	buf_addf(out, "%s: %s set %s=%s%s%s; %s wants %s", d->a->name, set_by_words(by, &d->mem), change->path, or_unset(change->have), *at ? ", " : "",
		 at, set_by_words(now, &d->mem), or_unset(change->want));
	if (fleet)
		buf_addf(out, ": `limactl apply` makes it that; to keep %s, write it for %s in %s.\n", or_unset(change->have), d->a->name, fleet);
	else if (*d->fleet)
		buf_addf(out, ": it holds until the next `limactl apply %s`; to keep it, write it for %s in that file.\n", d->file, d->a->name);
	else
		buf_addf(out, ": `limactl apply` makes it that; `limactl edit %s` puts back %s.\n", d->a->name, or_unset(change->have));
}

static void
disagree_text_one(struct cli *c, const struct request *a, struct buf *out)
{
	AUTO(disagree) d = { 0 };
	size_t told = 0, more = 0;

	disagree_look(c, a, &d);
	for (size_t i = 0; i < d.nchange; i++) {
		const char *now = disagree_now(&d, &d.change[i]), *at, *by = disagree_was(&d, &d.change[i], now, &at);

		if (by && told++ < MOST_TOLD)
			disagree_line(&d, &d.change[i], by, at, now, out);
		else if (by)
			more++;
	}
	if (more)
		buf_addf(out, "%s: and %zu more keys that somebody else has set.\n", a->name, more);
}

static void
disagree_put(cJSON *o, const char *key, const char *text)
{
	cJSON_AddItemToObject(o, key, text && *text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static void
disagree_json_one(struct cli *c, const struct request *a, cJSON *list)
{
	AUTO(disagree) d = { 0 };

	disagree_look(c, a, &d);
	for (size_t i = 0; i < d.nchange; i++) {
		const char *now = disagree_now(&d, &d.change[i]), *at, *by = disagree_was(&d, &d.change[i], now, &at);
		cJSON *k;

		if (!by)
			continue;
		k = cJSON_CreateObject();
		disagree_put(k, "instance", a->name);
		disagree_put(k, "key", d.change[i].path);
		disagree_put(k, "set", d.change[i].have);
		disagree_put(k, "set_by", by);
		disagree_put(k, "set_at", at);
		disagree_put(k, "wanted", d.change[i].want);
		disagree_put(k, "wanted_by", now);
		cJSON_AddItemToArray(list, k);
	}
}

/* Is its lima.yaml, or what that comes to, another one after this plan, of an instance that was there before? */
static bool
disagree_may(const struct engine *e, const struct request *a)
{
	const struct resource *dir = graph_find(&e->graph, "dir", a->name);

	return dir && dir->present && dir->up;
}

void
disagree_text(struct cli *c, const struct engine *e, struct buf *out)
{
	auto_free struct request **v = engine_in_order(e);

	for (size_t i = 0; v[i]; i++)
		if (disagree_may(e, v[i]))
			disagree_text_one(c, v[i], out);
}

void
disagree_json(struct cli *c, const struct engine *e, struct cJSON *root)
{
	auto_free struct request **v = engine_in_order(e);
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; v[i]; i++)
		if (disagree_may(e, v[i]))
			disagree_json_one(c, v[i], list);
	if (list->child)
		cJSON_AddItemToObject(root, "disagreements", list);
	else
		cJSON_Delete(list);
}
