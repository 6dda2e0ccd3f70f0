#include "reconciler/explain.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"

#define INDENT "              "		/* below a resource's name */

static const struct {
	const char *sign, *word, *color;
} look[] = {
	[SIGN_NONE] = { " ", "none", "" },
	[SIGN_CREATE] = { "  +", "create", "\033[32m" },
	[SIGN_CHANGE] = { "  ~", "change", "\033[33m" },
	[SIGN_REMAKE] = { "-/+", "remake", "\033[35m" },
	[SIGN_REMOVE] = { "  -", "remove", "\033[31m" },
};

const char *
sign_word(enum sign s)
{
	return look[s].word;
}

/* A resource with two steps is told of at its first one. */
static bool
first_step(const struct step *s)
{
	return s->verb == REMOVE || !s->res->down;
}

void
plan_count(const struct plan *p, struct plan_counts *out)
{
	*out = (struct plan_counts){ 0 };
	for (size_t i = 0; i < p->n; i++) {
		if (!first_step(p->v[i]))
			continue;
		switch (resource_sign(p->v[i]->res)) {
		case SIGN_CREATE: out->create++; break;
		case SIGN_CHANGE: out->change++; break;
		case SIGN_REMAKE: out->remake++; break;
		case SIGN_REMOVE: out->remove++; break;
		case SIGN_NONE: break;
		}
	}
}

void
explain_counts(struct buf *out, const struct plan_counts *n)
{
	const struct { size_t n; const char *word; } part[] = {
		{ n->create, "create" }, { n->change, "change" }, { n->remake, "remake" }, { n->remove, "remove" },
	};
	const char *sep = "";

	for (size_t i = 0; i < ARRAY_LEN(part); i++) {
		if (!part[i].n)
			continue;
		buf_addf(out, "%s%zu to %s", sep, part[i].n, part[i].word);
		sep = ", ";
	}
}

/* What type->detail tells somewhere in the plan, by owner: nobody else tells it again. */
struct told {
	struct arena a;
	struct told_key {
		const char *owner, *key;
	} *v;
	size_t n, cap;
	const char *owner;		/* of whom keys are being gathered */
};

static void
told_release(struct told *t)
{
	free(t->v);
	arena_release(&t->a);
}

static bool
has_details(const struct resource *r)
{
	return r->type->detail && r->present && r->up && r->spec;
}

static void
told_add(void *ctx, const struct detail *d)
{
	struct told *t = ctx;

	GROW(t->v, t->n, t->cap);
	t->v[t->n++] = (struct told_key){ t->owner, arena_strdup(&t->a, d->what) };
}

static void
told_gather(struct told *t, const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct resource *r = p->v[i]->res;

		t->owner = r->owner;
		if (first_step(p->v[i]) && has_details(r))
			r->type->detail(r, told_add, t);
	}
}

/* "probes[0]", and "probes[0].script" */
static bool
is_within(const char *key, const char *group)
{
	size_t len = strlen(group);

	return strncmp(key, group, len) == 0 && (!key[len] || key[len] == '.' || key[len] == '[');
}

/* Is that key told, or something within it, or what it is in? */
static bool
is_told(const struct told *t, const struct resource *r, const char *key)
{
	for (size_t i = 0; key && i < t->n; i++)
		if (!strcmp(t->v[i].owner, r->owner) && (is_within(key, t->v[i].key) || is_within(t->v[i].key, key)))
			return true;
	return false;
}

static void
detail_line(void *ctx, const struct detail *d)
{
	buf_addf(ctx, INDENT "%s: %s -> %s", d->what, or_unset(d->have), or_unset(d->want));
	if (d->cost)
		buf_addf(ctx, "  (%s)", d->cost);
	buf_addc(ctx, '\n');
}

/* Passes on what is not told yet. */
struct untold {
	const struct told *told;
	const struct resource *r;
	detail_say *say;
	void *ctx;
};

static void
untold_say(void *ctx, const struct detail *d)
{
	const struct untold *u = ctx;

	if (!is_told(u->told, u->r, d->what))
		u->say(u->ctx, d);
}

static void
each_untold(const struct told *t, const struct resource *r, const struct attr *at, detail_say *say, void *ctx)
{
	const char *have = facts_get(&r->have, at->name);

	at->each(have ? have : "", facts_get(&r->want, at->name), untold_say, &(struct untold){ t, r, say, ctx });
}

/* `hidden`: also say that of attributes whose values are not for people */
static void
explain_changes(struct buf *out, const struct told *t, const struct resource *r, bool hidden)
{
	AUTO(arena) a = { 0 };

	for (const struct attr *at = r->type->attrs; r->present && at && at->name; at++) {
		if (attr_differs(r, at) == COST_NONE || is_told(t, r, at->key))
			continue;
		if (at->each)
			each_untold(t, r, at, detail_line, out);
		else if (at->show != SHOW_NEVER)
			buf_addf(out, INDENT "%s: %s -> %s\n", at->name, attr_text(&a, at, facts_get(&r->have, at->name)),
				 attr_text(&a, at, facts_get(&r->want, at->name)));
		else if (hidden)
			buf_addf(out, INDENT "%s changed\n", at->name);
	}
}

struct moot {
	const struct resource *r;
	void (*say)(void *ctx, const char *line);
	void *ctx;
};

static void
moot_line(void *ctx, const struct detail *d)
{
	const struct moot *m = ctx;
	AUTO(buf) b = BUF_INIT;

	if (!d->moot)
		return;
	buf_addf(&b, "%s: %s: %s -> %s: %s", m->r->owner, d->what, or_unset(d->have), or_unset(d->want), d->cost);
	m->say(m->ctx, b.s);
}

void
explain_moot(const struct plan *p, void (*say)(void *ctx, const char *line), void *ctx)
{
	for (size_t i = 0; i < p->n; i++) {
		struct moot m = { p->v[i]->res, say, ctx };

		if (has_details(m.r) && first_step(p->v[i]))
			m.r->type->detail(m.r, moot_line, &m);
	}
}

/* A reason that the sign tells already is left out, and differences are told one by one below. */
static bool
worth_saying(const struct reason *why)
{
	return why->kind != REASON_MISSING && why->kind != REASON_UNWANTED && why->kind != REASON_DIFFERS;
}

static void
explain_one(struct buf *out, const struct told *t, const struct resource *r, bool color)
{
	enum sign s = resource_sign(r);
	const struct step *step = r->down ? r->down : r->up;
	AUTO(buf) details = BUF_INIT;
	AUTO(arena) a = { 0 };

	buf_addf(out, "%s%s%s %-9s %s", color ? look[s].color : "", look[s].sign, color ? "\033[0m" : "", r->type->name,
		 r->name);
	if (worth_saying(&step->why))
		buf_addf(out, "  (%s)", reason_text(&a, r, &step->why));
	buf_addc(out, '\n');
	if (has_details(r))
		r->type->detail(r, detail_line, &details);
	explain_changes(out, t, r, !details.len);
	buf_adds(out, details.s);
}

/* A resource of the plan, and the position at which its instance comes first. */
struct line {
	const struct resource *r;
	size_t at, group;
};

static int
by_owner(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int c = strcmp(x->r->owner, y->r->owner);

	return c ? c : (x->at > y->at) - (x->at < y->at);
}

static int
by_group(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return x->group != y->group ? (x->group > y->group) - (x->group < y->group) : (x->at > y->at) - (x->at < y->at);
}

/* What is shared comes first; then each instance's lines stand together, in the order of its steps. */
static size_t
in_groups(const struct plan *p, struct line *v)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		if (first_step(p->v[i])) {
			v[n] = (struct line){ p->v[i]->res, i, *p->v[i]->res->owner ? i + 1 : 0 };
			n++;
		}
	qsort(v, n, sizeof *v, by_owner);
	for (size_t i = 1; i < n; i++)
		if (*v[i].r->owner && !strcmp(v[i].r->owner, v[i - 1].r->owner))
			v[i].group = v[i - 1].group;
	qsort(v, n, sizeof *v, by_group);
	return n;
}

void
explain_plan(struct buf *out, const struct plan *p, bool color)
{
	auto_free struct line *v = xcalloc(p->n + 1, sizeof *v);
	size_t count = in_groups(p, v);
	AUTO(told) told = { 0 };
	struct plan_counts n;

	told_gather(&told, p);
	for (size_t i = 0; i < count; i++)
		explain_one(out, &told, v[i].r, color);
	plan_count(p, &n);
	buf_adds(out, "Plan: ");
	explain_counts(out, &n);
	buf_addc(out, '\n');
}

static cJSON *
text_or_null(const char *s)
{
	return s ? cJSON_CreateString(s) : cJSON_CreateNull();
}

static void
detail_json(void *ctx, const struct detail *d)
{
	cJSON *c = cJSON_CreateObject();

	cJSON_AddStringToObject(c, "key", d->what);
	cJSON_AddItemToObject(c, "have", text_or_null(d->have));
	cJSON_AddItemToObject(c, "want", text_or_null(d->want));
	if (d->cost)
		cJSON_AddStringToObject(c, "cost", d->cost);
	cJSON_AddItemToArray(ctx, c);
}

static cJSON *
changes_json(const struct told *t, const struct resource *r)
{
	cJSON *list = cJSON_CreateArray();

	for (const struct attr *at = r->type->attrs; r->present && at && at->name; at++) {
		const char *have = facts_get(&r->have, at->name);
		cJSON *c;

		if (attr_differs(r, at) == COST_NONE || is_told(t, r, at->key))
			continue;
		if (at->each) {
			each_untold(t, r, at, detail_json, list);
			continue;
		}
		c = cJSON_CreateObject();
		cJSON_AddStringToObject(c, "attribute", at->name);
		cJSON_AddItemToObject(c, "have", text_or_null(have));
		cJSON_AddStringToObject(c, "want", facts_get(&r->want, at->name));
		cJSON_AddItemToArray(list, c);
	}
	if (has_details(r))
		r->type->detail(r, detail_json, list);
	return list;
}

struct cJSON *
explain_json(const struct plan *p)
{
	cJSON *root = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(root, "resources"), *sum;
	struct plan_counts n;
	AUTO(arena) a = { 0 };
	AUTO(told) told = { 0 };

	told_gather(&told, p);
	for (size_t i = 0; i < p->n; i++) {
		const struct resource *r = p->v[i]->res;
		cJSON *o;

		if (!first_step(p->v[i]))
			continue;
		o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "action", look[resource_sign(r)].word);
		cJSON_AddStringToObject(o, "type", r->type->name);
		cJSON_AddStringToObject(o, "name", r->name);
		if (*r->owner)
			cJSON_AddStringToObject(o, "instance", r->owner);
		cJSON_AddStringToObject(o, "why", reason_text(&a, r, &p->v[i]->why));
		cJSON_AddItemToObject(o, "reason", reason_json(&p->v[i]->why));
		cJSON_AddItemToObject(o, "changes", changes_json(&told, r));
		cJSON_AddItemToArray(list, o);
	}
	plan_count(p, &n);
	sum = cJSON_AddObjectToObject(root, "summary");
	cJSON_AddNumberToObject(sum, "create", (double)n.create);
	cJSON_AddNumberToObject(sum, "change", (double)n.change);
	cJSON_AddNumberToObject(sum, "remake", (double)n.remake);
	cJSON_AddNumberToObject(sum, "remove", (double)n.remove);
	return root;
}

/* Each type once. */
static void
estimate_lacks(struct buf *unknown, const char *type)
{
	size_t len = strlen(type);

	for (const char *p = unknown->len ? unknown->s : ""; *p; p += strcspn(p, ","), p += strspn(p, ", "))
		if (strncmp(p, type, len) == 0 && (p[len] == ',' || !p[len]))
			return;
	buf_addf(unknown, "%s%s", unknown->len ? ", " : "", type);
}

int64_t
plan_estimate_ms(const struct plan *p, int64_t (*typical)(void *ctx, const struct step *s), void *ctx, struct buf *unknown)
{
	int64_t *begin = xcalloc(p->n, sizeof *begin), longest = -1;

	/* Steps stand behind what they wait for, so each value is final when it is reached. */
	for (size_t i = 0; i < p->n; i++)
		p->v[i]->place = i;
	for (size_t i = 0; i < p->n; i++) {
		int64_t ms = typical(ctx, p->v[i]), end;

		if (ms < 0)
			estimate_lacks(unknown, p->v[i]->res->type->name);
		/* It is on the way all the same. */
		end = begin[i] + (ms < 0 ? 0 : ms);
		longest = ms >= 0 && end > longest ? end : longest;
		for (size_t j = 0; j < p->v[i]->nthen; j++) {
			int64_t *b = &begin[p->v[i]->then[j]->place];

			*b = end > *b ? end : *b;
		}
	}
	free(begin);
	return longest;
}
