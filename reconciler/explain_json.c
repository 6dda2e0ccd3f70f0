/*
 * A plan for programs: Terraform's names where they fit, so that what reads its plans reads ours, and further fields beside
 * them. docs/plan.schema.json says all that may be in it.
 */
#include <cjson/cJSON.h>
#include <string.h>

#include "base/auto.h"
#include "reconciler/address.h"
#include "reconciler/drift.h"
#include "reconciler/explain.h"
#include "reconciler/price.h"
#include "reconciler/told.h"

static cJSON *
text_or_null(const char *s)
{
	return s ? cJSON_CreateString(s) : cJSON_CreateNull();
}

static cJSON *
json_actions(enum sign s)
{
	static const char *const words[][2] = {
		[SIGN_NONE] = { "no-op" }, [SIGN_CREATE] = { "create" }, [SIGN_CHANGE] = { "update" }, [SIGN_REMAKE] = { "delete", "create" },
		[SIGN_REMOVE] = { "delete" },
	};

	return cJSON_CreateStringArray(words[s], words[s][1] ? 2 : 1);
}

/* Terraform's words for a reason; NULL where it has none. */
static const char *
json_action_reason(enum sign s, const struct reason *why)
{
	if (s == SIGN_REMOVE)
		return why->kind == REASON_UNWANTED ? "delete_because_no_resource_config" : NULL;
	if (s != SIGN_REMAKE)
		return NULL;
	switch (why->kind) {
	case REASON_UNFINISHED:
		return "replace_because_tainted";
	case REASON_ASKED:
		return "replace_by_request";
	case REASON_FOLLOWS:
		return "replace_by_triggers";
	default:
		return "replace_because_cannot_update";
	}
}

/* What people may see of the attributes; of what is to come, those that are found when it is there are not known yet. */
static cJSON *
json_attributes(const struct resource *r, bool after)
{
	cJSON *o = cJSON_CreateObject();

	for (const struct attr *at = r->type->attrs; at && at->name; at++) {
		const char *have = facts_get(&r->have, at->name), *want = facts_get(&r->want, at->name);
		const char *v = after && want ? want : r->present ? have : NULL;

		if (v && !at->each && at->show != SHOW_NEVER && (at->cost != COST_NONE || at->judge))
			cJSON_AddStringToObject(o, at->name, v);
	}
	return o;
}

static cJSON *
json_change(const struct resource *r, enum sign s)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToObject(o, "actions", json_actions(s));
	cJSON_AddItemToObject(o, "before", r->present ? json_attributes(r, false) : cJSON_CreateNull());
	cJSON_AddItemToObject(o, "after", s == SIGN_REMOVE ? cJSON_CreateNull() : json_attributes(r, true));
	return o;
}

static void
json_key(void *ctx, const struct detail *d)
{
	cJSON *c = cJSON_CreateObject();

	cJSON_AddStringToObject(c, "key", d->what);
	cJSON_AddItemToObject(c, "before", text_or_null(d->had || d->wanted ? d->had : d->have));
	cJSON_AddItemToObject(c, "after", text_or_null(d->had || d->wanted ? d->wanted : d->want));
	cJSON_AddStringToObject(c, "class", change_class_word(d->cls));
	if (d->cost)
		cJSON_AddStringToObject(c, "cost", d->cost);
	cJSON_AddItemToArray(ctx, c);
}

struct json_part {
	cJSON *list;
	enum change_class cls;
};

static void
json_part(void *ctx, const struct detail *d)
{
	const struct json_part *p = ctx;
	struct detail with = *d;

	with.cls = p->cls;
	json_key(p->list, &with);
}

/* Keys of lima.yaml and attributes, each with its price; every difference is told once. */
static cJSON *
json_changes(const struct told *t, const struct resource *r)
{
	cJSON *list = cJSON_CreateArray(), *c;

	for (const struct attr *at = r->type->attrs; r->present && at && at->name; at++) {
		if (attr_differs(r, at) == COST_NONE || told_is(t, r, at->key))
			continue;
		if (at->each) {
			told_each_other(t, r, at, json_part, &(struct json_part){ list, attr_class(r, at) });
			continue;
		}
		c = cJSON_CreateObject();
		cJSON_AddStringToObject(c, "attribute", at->name);
		cJSON_AddItemToObject(c, "before", at->show == SHOW_NEVER ? cJSON_CreateNull() : text_or_null(facts_get(&r->have, at->name)));
		cJSON_AddItemToObject(c, "after", at->show == SHOW_NEVER ? cJSON_CreateNull() : text_or_null(facts_get(&r->want, at->name)));
		cJSON_AddStringToObject(c, "class", change_class_word(attr_class(r, at)));
		cJSON_AddItemToArray(list, c);
	}
	if (told_has_details(r))
		r->type->detail(r, json_key, list);
	return list;
}

static cJSON *
json_address(struct arena *a, const struct resource *r)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "address", address_of(a, r));
	cJSON_AddStringToObject(o, "mode", "managed");
	cJSON_AddStringToObject(o, "type", r->type->name);
	cJSON_AddStringToObject(o, "name", r->name);
	if (*r->owner)
		cJSON_AddStringToObject(o, "instance", r->owner);
	return o;
}

/* What it needs, for who draws the plan: addresses, of what is not in the plan, too. */
static cJSON *
json_needs(struct arena *a, const struct resource *r)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < r->nneeds; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(address_of(a, r->needs[i].to)));
	return list;
}

static cJSON *
json_resource(struct arena *a, const struct told *t, const struct step *step)
{
	const struct resource *r = step->res;
	enum sign s = resource_sign(r);
	cJSON *o = json_address(a, r);
	const char *reason = json_action_reason(s, &step->why);
	enum change_class cls;

	cJSON_AddItemToObject(o, "change", json_change(r, s));
	if (reason)
		cJSON_AddStringToObject(o, "action_reason", reason);
	if (resource_class(r, &cls))
		cJSON_AddStringToObject(o, "class", change_class_word(cls));
	if (r->type->precious && r->down)
		cJSON_AddNumberToObject(o, "bytes_at_risk", (double)r->at_stake);
	cJSON_AddStringToObject(o, "why", reason_text(a, r, &step->why));
	cJSON_AddItemToObject(o, "reason", reason_json(&step->why));
	cJSON_AddItemToObject(o, "changes", json_changes(t, r));
	cJSON_AddItemToObject(o, "needs", json_needs(a, r));
	return o;
}

struct json_fields {
	cJSON *list;
	const struct resource *r;
};

static void
json_field(void *ctx, const struct drift *d)
{
	const struct json_fields *f = ctx;
	bool hidden = d->at->show == SHOW_NEVER;
	cJSON *o = cJSON_CreateObject();
	AUTO(arena) a = { 0 };

	cJSON_AddStringToObject(o, "attribute", d->at->name);
	cJSON_AddItemToObject(o, "before", hidden ? cJSON_CreateNull() : text_or_null(d->was));
	cJSON_AddItemToObject(o, "after", hidden ? cJSON_CreateNull() : text_or_null(d->is));
	cJSON_AddItemToObject(o, "adopt", text_or_null(d->at->adopt ? d->at->adopt(f->r, &a) : NULL));
	cJSON_AddBoolToObject(o, "revertible", !d->at->stays);
	cJSON_AddItemToArray(f->list, o);
}

/* What was found otherwise than it was left: it is there, and was not, or the other way round, or what decides of it is another. */
static cJSON *
json_drift_one(struct arena *a, const struct resource *r)
{
	struct facts was = { 0 };
	cJSON *o, *change, *before, *after, *fields;
	bool any = r->present != r->was_present || drift_of(r) != DRIFT_NONE;

	if (!r->was || facts_unpack(&was, a, r->was, r->was_len) < 0)
		return NULL;
	before = cJSON_CreateObject();
	after = cJSON_CreateObject();
	for (const struct attr *at = r->type->attrs; at && at->name; at++) {
		const char *then = facts_get(&was, at->name), *now = facts_get(&r->have, at->name);

		if (at->each || at->show == SHOW_NEVER || (at->cost == COST_NONE && !at->judge))
			continue;
		any |= r->present && r->was_present && strcmp(then ? then : "", now ? now : "") != 0;
		if (then)
			cJSON_AddStringToObject(before, at->name, then);
		if (now)
			cJSON_AddStringToObject(after, at->name, now);
	}
	if (!any) {
		cJSON_Delete(before);
		cJSON_Delete(after);
		return NULL;
	}
	o = json_address(a, r);
	change = cJSON_AddObjectToObject(o, "change");
	cJSON_AddItemToObject(change, "actions", json_actions(!r->present ? SIGN_REMOVE : !r->was_present ? SIGN_CREATE : SIGN_CHANGE));
	cJSON_AddItemToObject(change, "before", before);
	cJSON_AddItemToObject(change, "after", after);
	fields = cJSON_AddArrayToObject(o, "fields");
	if (drift_of(r) == DRIFT_CHANGED)
		drift_each(r, json_field, &(struct json_fields){ fields, r });
	cJSON_AddBoolToObject(o, "follows", drift_follows(r));
	return o;
}

static void
json_drift(struct arena *a, cJSON *list, const struct graph *g)
{
	for (size_t i = 0; i < g->n; i++) {
		cJSON *o = json_drift_one(a, g->v[i]);

		if (o)
			cJSON_AddItemToArray(list, o);
	}
}

struct cJSON *
explain_json(const struct plan *p, const struct graph *g)
{
	cJSON *root = cJSON_CreateObject(), *list, *sum;
	struct plan_counts n;
	AUTO(arena) a = { 0 };
	AUTO(told) told = { 0 };

	cJSON_AddStringToObject(root, "format_version", "1.0");
	list = cJSON_AddArrayToObject(root, "resource_changes");
	told_gather(&told, p);
	for (size_t i = 0; i < p->n; i++)
		if (step_is_first(p->v[i]))
			cJSON_AddItemToArray(list, json_resource(&a, &told, p->v[i]));
	json_drift(&a, cJSON_AddArrayToObject(root, "resource_drift"), g);
	plan_count(p, &n);
	sum = cJSON_AddObjectToObject(root, "summary");
	cJSON_AddNumberToObject(sum, "create", (double)n.create);
	cJSON_AddNumberToObject(sum, "change", (double)n.change);
	cJSON_AddNumberToObject(sum, "remake", (double)n.remake);
	cJSON_AddNumberToObject(sum, "remove", (double)n.remove);
	return root;
}
