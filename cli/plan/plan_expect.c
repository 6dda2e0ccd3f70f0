#include "cli/plan/plan_expect.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "cli/view/json_index.h"
#include "reconciler/address.h"
#include "reconciler/engine.h"
#include "reconciler/explain.h"
#include "state/desired/spec/secrets.h"

enum { SALT_LEN = 16, DIGEST_LEN = 16 };

const char *
expect_salt(struct arena *a)
{
	unsigned char raw[SALT_LEN] = { 0 };
	char *hex = arena_alloc(a, 2 * SALT_LEN + 1);

	(void)!getrandom(raw, sizeof raw, 0);
	for (size_t i = 0; i < SALT_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", raw[i]);
	return hex;
}

static void
expect_add_value(cJSON *o, const struct attr *at, const char *value, const char *salt)
{
	AUTO(buf) salted = BUF_INIT;
	char hex[65];

	if (!value)
		return;
	if (!at->each && at->show != SHOW_NEVER) {
		cJSON_AddStringToObject(o, at->name, value);
		return;
	}
	buf_addf(&salted, "%s\n%s", salt, value);
	sha256_hex(salted.s, salted.len, hex);
	hex[DIGEST_LEN] = '\0';
	cJSON_AddStringToObject(o, at->name, hex);
}

static void
expect_add_reads(cJSON *o, const struct env *env, const struct resource *r)
{
	struct facts files = { 0 };
	AUTO(arena) a = { 0 };
	cJSON *list;

	if (!r->up || !r->type->reads)
		return;
	r->type->reads(env, r, &files, &a);
	list = files.n ? cJSON_AddObjectToObject(o, "reads") : NULL;
	for (size_t i = 0; i < files.n; i++)
		cJSON_AddStringToObject(list, files.v[i].name, files.v[i].value);
}

static cJSON *
expect_resource(const struct env *env, const struct resource *r, const char *salt)
{
	cJSON *o = cJSON_CreateObject(), *have, *want;

	cJSON_AddStringToObject(o, "instance", r->owner);
	cJSON_AddStringToObject(o, "step", sign_word(resource_sign(r)));
	cJSON_AddBoolToObject(o, "present", r->present);
	have = cJSON_AddObjectToObject(o, "have");
	want = cJSON_AddObjectToObject(o, "want");
	for (const struct attr *at = r->type->attrs; at && at->name; at++) {
		const char *wanted = facts_get(&r->want, at->name);

		/* what nobody wants to be so or so decides nothing */
		if (!wanted || (at->cost == COST_NONE && !at->judge))
			continue;
		expect_add_value(want, at, wanted, salt);
		if (r->present)
			expect_add_value(have, at, facts_get(&r->have, at->name), salt);
	}
	expect_add_reads(o, env, r);
	return o;
}

static void
expect_add_instance(cJSON *list, const struct request *a, const char *salt)
{
	static const char *const goals[] = { [GOAL_ABSENT] = "absent", [GOAL_STOPPED] = "stopped", [GOAL_RUNNING] = "running",
						[GOAL_SUSPENDED] = "suspended" };
	const struct spec *spec = a->spec ? a->spec : a->loaded;
	const char *json = spec && spec->json ? spec->json : "";
	auto_free char *masked = secrets_masked(json, salt);
	cJSON *o = cJSON_AddObjectToObject(list, a->name);

	cJSON_AddStringToObject(o, "goal", goals[a->goal]);
	if (a->declared && *json)
		cJSON_AddStringToObject(o, "config", masked ? masked : json);
}

cJSON *
expect_make(const struct engine *e, const char *salt)
{
	cJSON *root = cJSON_CreateObject(), *instances, *wrong, *resources, *there;
	AUTO(arena) a = { 0 };

	cJSON_AddStringToObject(root, "salt", salt);
	instances = cJSON_AddObjectToObject(root, "instances");
	wrong = cJSON_AddObjectToObject(root, "wrong");
	resources = cJSON_AddObjectToObject(root, "resources");
	there = cJSON_AddArrayToObject(root, "there");
	for (size_t i = 0; i < e->nrequests; i++)
		expect_add_instance(instances, &e->requests[i], salt);
	for (size_t i = 0; i < e->nwrong; i++)
		cJSON_AddStringToObject(wrong, e->requests[e->nrequests + i].name, e->requests[e->nrequests + i].wrong->msg);
	for (size_t i = 0; i < e->graph.n; i++) {
		const struct resource *r = e->graph.v[i];
		const char *address = address_of(&a, r);

		if (r->down || r->up)
			cJSON_AddItemToObject(resources, address, expect_resource(e->env, r, salt));
		else if (r->present)
			cJSON_AddItemToArray(there, cJSON_CreateString(address));
	}
	return root;
}

/* --- what is another now */

enum moved_list { MOVED_INSTANCES, MOVED_WRONG, MOVED_RESOURCES, MOVED_THERE, MOVED_LISTS };
static const char *const moved_lists[] = { [MOVED_INSTANCES] = "instances", [MOVED_WRONG] = "wrong", [MOVED_RESOURCES] = "resources",
					   [MOVED_THERE] = "there" };

/* What one of the two says. A fleet's lists are long. */
struct moved_side {
	const cJSON *all;
	struct json_index of[MOVED_LISTS];
};

struct moved {
	const struct engine *e;
	struct moved_side then, now;
	void (*say)(void *ctx, const char *line);
	void *ctx;
	size_t n;
	struct arena a;
};

static void moved_say(struct moved *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
moved_say(struct moved *m, const char *fmt, ...)
{
	AUTO(buf) b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	m->n++;
	m->say(m->ctx, b.s);
}

static const cJSON *
moved_find(struct moved_side *s, enum moved_list list, const char *name)
{
	s->of[list].of = cjson_get(s->all, moved_lists[list]);
	return json_index_find(&s->of[list], name);
}

static void
moved_release(struct moved *m)
{
	for (int i = 0; i < MOVED_LISTS; i++) {
		json_index_release(&m->then.of[i]);
		json_index_release(&m->now.of[i]);
	}
	arena_release(&m->a);
}

/* The text of an instance: what it was to become, key by key. */
static size_t
moved_config(struct moved *m, const char *name, const char *then, const char *now)
{
	struct spec_change *v = NULL;
	size_t n = 0;

	if (!then || !now || !strcmp(then, now) || spec_diff(&m->a, then, now, &v, &n, NULL) < 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		moved_say(m, "%s: %s: %s -> %s (its text says so now)", name, v[i].path, v[i].have ? v[i].have : "unset", v[i].want ? v[i].want : "unset");
	return n;
}

static void
moved_instance(struct moved *m, const char *name)
{
	const cJSON *then = moved_find(&m->then, MOVED_INSTANCES, name), *now = moved_find(&m->now, MOVED_INSTANCES, name);
	const char *goal = cjson_text(then, "goal"), *goal_now = cjson_text(now, "goal");
	const char *wrong = cJSON_GetStringValue(moved_find(&m->now, MOVED_WRONG, name));
	bool was_wrong = moved_find(&m->then, MOVED_WRONG, name);

	if (wrong && !was_wrong)
		moved_say(m, "%s: cannot be planned now: %s", name, wrong);
	else if (!wrong && was_wrong)
		moved_say(m, "%s: can be planned now", name);
	else if (!then && now)
		moved_say(m, "%s: is asked for now, and was not", name);
	else if (then && !now && !wrong)
		moved_say(m, "%s: is not asked for any more", name);
	else if (goal && goal_now && strcmp(goal, goal_now) != 0)
		moved_say(m, "%s: was to be %s, and is to be %s now", name, goal, goal_now);
	else
		moved_config(m, name, cjson_text(then, "config"), cjson_text(now, "config"));
}

static const struct attr *
moved_attr(const struct moved *m, const char *address, const char *name)
{
	const char *dot = strchr(address, '.');
	auto_free char *type = xstrndup(address, dot ? (size_t)(dot - address) : 0);
	const struct resource_type *t = engine_type(m->e, type);

	for (const struct attr *at = t ? t->attrs : NULL; at && at->name; at++)
		if (!strcmp(at->name, name))
			return at;
	return NULL;
}

static bool
moved_value(struct moved *m, const char *address, const char *name, const char *then, const char *now, const char *how)
{
	const struct attr *at = moved_attr(m, address, name);

	if (then == now || (then && now && !strcmp(then, now)))
		return false;
	if (!at || at->each || at->show == SHOW_NEVER)
		moved_say(m, "%s: %s: is another now (%s)", address, name, how);
	else
		moved_say(m, "%s: %s: %s -> %s (%s)", address, name, attr_text(&m->a, at, then), attr_text(&m->a, at, now), how);
	return true;
}

static bool
moved_values(struct moved *m, const char *address, const cJSON *then, const cJSON *now, const char *how)
{
	bool any = false;
	const cJSON *i;

	cJSON_ArrayForEach(i, then)
		any |= moved_value(m, address, i->string, cjson_text(then, i->string), cjson_text(now, i->string), how);
	cJSON_ArrayForEach(i, now)
		if (!cjson_get(then, i->string))
			any |= moved_value(m, address, i->string, NULL, cjson_text(now, i->string), how);
	return any;
}

/* What is to be made of a file is not what was seen by who said yes, once that is another. Which files are read, the texts say. */
static bool
moved_reads(struct moved *m, const char *address, const cJSON *then, const cJSON *now)
{
	bool any = false;
	const cJSON *i;

	cJSON_ArrayForEach(i, then) {
		const char *is = cjson_text(now, i->string);

		if (!is || !cJSON_IsString(i) || !strcmp(i->valuestring, is))
			continue;
		moved_say(m, "%s: %s, which it is to be made of, is another file now (found)", address, i->string);
		any = true;
	}
	return any;
}

static bool
moved_is_there(struct moved_side *s, const char *address)
{
	const cJSON *r = moved_find(s, MOVED_RESOURCES, address);

	return r ? cjson_is_true(r, "present") : moved_find(s, MOVED_THERE, address) != NULL;
}

static const char *
moved_step_text(const char *word)
{
	return word ? word : "left as it is";
}

/* One of the resources that have a step in one of the two. `texts`: the texts of its instance say otherwise, which was told. */
static void
moved_resource(struct moved *m, const char *address, bool texts)
{
	const cJSON *then = moved_find(&m->then, MOVED_RESOURCES, address), *now = moved_find(&m->now, MOVED_RESOURCES, address);
	const char *step = cjson_text(then, "step"), *step_now = cjson_text(now, "step");
	bool was = moved_is_there(&m->then, address), is = moved_is_there(&m->now, address), any = was != is;

	if (was != is)
		moved_say(m, is ? "%s: is there now, and was not (found)" : "%s: was there, and is not now (found)", address);
	else if (then && now)
		any = moved_values(m, address, cjson_get(then, "have"), cjson_get(now, "have"), "found");
	any |= moved_reads(m, address, cjson_get(then, "reads"), cjson_get(now, "reads"));
	if (then && now && !texts)
		any |= moved_values(m, address, cjson_get(then, "want"), cjson_get(now, "want"), "wanted");
	if (!any && !texts && (!step != !step_now || (step && strcmp(step, step_now) != 0)))
		moved_say(m, "%s: planned: %s; now: %s", address, moved_step_text(step), moved_step_text(step_now));
}

static bool
moved_texts(struct moved *m, const cJSON *resource)
{
	const char *owner = cjson_text_or(resource, "instance", "");
	const char *then = cjson_text(moved_find(&m->then, MOVED_INSTANCES, owner), "config");
	const char *now = cjson_text(moved_find(&m->now, MOVED_INSTANCES, owner), "config");

	return then && now && strcmp(then, now) != 0;
}

/* Both have their members in one order, so that what is the same in both is passed over side by side, without a search. */
static void
moved_each(struct moved *m, enum moved_list list, void (*each)(struct moved *m, const char *name))
{
	const cJSON *then = cjson_get(m->then.all, moved_lists[list]), *now = cjson_get(m->now.all, moved_lists[list]);
	const cJSON *i, *k = now ? now->child : NULL;

	cJSON_ArrayForEach(i, then) {
		if (!k || strcmp(i->string, k->string) != 0 || !cJSON_Compare(i, k, true))
			each(m, i->string);
		k = k ? k->next : NULL;
	}
	k = then ? then->child : NULL;
	cJSON_ArrayForEach(i, now) {
		if ((!k || strcmp(i->string, k->string) != 0) && !moved_find(&m->then, list, i->string))
			each(m, i->string);
		k = k ? k->next : NULL;
	}
}

static void
moved_one(struct moved *m, const char *address)
{
	const cJSON *r = moved_find(&m->then, MOVED_RESOURCES, address);

	moved_resource(m, address, moved_texts(m, r ? r : moved_find(&m->now, MOVED_RESOURCES, address)));
}

static void
moved_wrong(struct moved *m, const char *name)
{
	if (!moved_find(&m->then, MOVED_INSTANCES, name) && !moved_find(&m->now, MOVED_INSTANCES, name))
		moved_instance(m, name);
}

size_t
expect_compare(const struct engine *e, const cJSON *then, const cJSON *now, void (*say)(void *ctx, const char *line), void *ctx)
{
	struct moved m = { .e = e, .then = { .all = then }, .now = { .all = now }, .say = say, .ctx = ctx };

	moved_each(&m, MOVED_INSTANCES, moved_instance);
	moved_each(&m, MOVED_WRONG, moved_wrong);
	moved_each(&m, MOVED_RESOURCES, moved_one);
	moved_release(&m);
	return m.n;
}
