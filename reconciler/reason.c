#include "reconciler/reason.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/size.h"
#include "reconciler/resource.h"

static const char *const kind_word[] = {
	[REASON_MISSING] = "missing", [REASON_UNFINISHED] = "unfinished", [REASON_UNWANTED] = "unwanted",
	[REASON_UNUSED] = "unused",
	[REASON_ASKED] = "asked", [REASON_DIFFERS] = "differs", [REASON_FOLLOWS] = "follows",
};
static const struct {
	const char *word, *text;
} how_word[] = {
	[CAUSE_CHANGES] = { "changes", "changes" }, [CAUSE_GONE] = { "gone", "is gone" },
	[CAUSE_REMADE] = { "remade", "is remade" }, [CAUSE_GOES] = { "goes", "goes" },
};

const char *
attr_text(struct arena *a, const struct attr *at, const char *value)
{
	if (!value)
		return "unset";
	if (at->show == SHOW_BYTES)
		return size_text(a, strtoull(value, NULL, 10));
	return at->show == SHOW_DIGEST ? arena_printf(a, "%.12s", value) : value;
}

static void
add_part(void *ctx, const struct detail *d)
{
	struct buf *b = ctx;

	buf_addf(b, "%s%s: %s -> %s", b->len ? ", " : "", d->what, or_unset(d->have), or_unset(d->want));
}

static const char *
parts_text(struct arena *a, const struct resource *r, const struct attr *at)
{
	const char *have = facts_get(&r->have, at->name), *want = facts_get(&r->want, at->name);
	AUTO(buf) b = BUF_INIT;

	at->each(have ? have : "", want, add_part, &b);
	return b.len ? arena_strdup(a, b.s) : at->name;
}

static const char *
difference_text(struct arena *a, const struct resource *r, const struct attr *at)
{
	if (at->each)
		return parts_text(a, r, at);
	if (at->show == SHOW_NEVER)
		return arena_printf(a, "%s changed", at->name);
	return arena_printf(a, "%s: %s -> %s", at->name, attr_text(a, at, facts_get(&r->have, at->name)),
			    attr_text(a, at, facts_get(&r->want, at->name)));
}

const char *
reason_text(struct arena *a, const struct resource *r, const struct reason *why)
{
	switch (why->kind) {
	case REASON_MISSING:
		return "missing";
	case REASON_UNFINISHED:
		return "left unfinished";
	case REASON_UNWANTED:
		return "not wanted";
	case REASON_UNUSED:
		return "nothing uses it any more";
	case REASON_ASKED:
		return "asked for";
	case REASON_DIFFERS:
		return difference_text(a, r, why->attr);
	case REASON_FOLLOWS:
		break;
	}
	return arena_printf(a, "%s %s", why->cause->type->name, how_word[why->how].text);
}

struct cJSON *
reason_json(const struct reason *why)
{
	cJSON *o = cJSON_CreateObject(), *cause;

	cJSON_AddStringToObject(o, "kind", kind_word[why->kind]);
	if (why->kind == REASON_DIFFERS)
		cJSON_AddStringToObject(o, "attribute", why->attr->name);
	if (why->kind != REASON_FOLLOWS)
		return o;
	cause = cJSON_AddObjectToObject(o, "cause");
	cJSON_AddStringToObject(cause, "type", why->cause->type->name);
	cJSON_AddStringToObject(cause, "name", why->cause->name);
	cJSON_AddStringToObject(o, "how", how_word[why->how].word);
	return o;
}
