/* Members: from names and ranges to one entry each, and who comes up behind whom. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "state/desired/fleet/fleet_file.h"
#include "state/desired/template/name.h"

/* What a member has besides the keys of lima.yaml: those apart, and the rest as it stands. */
static struct val *
members_part(struct fleet_reading *r, const struct pair *p, struct node **rest)
{
	struct arena *a = &r->f->arena;
	struct node *own = node_map(a);
	struct key *named = arena_alloc(a, sizeof *named);

	*rest = node_map(a);
	for (size_t i = 0; p->value->kind == NODE_MAP && i < p->value->npair; i++) {
		const struct pair *q = &p->value->pair[i];
		bool ours = false;

		for (const struct key *k = fleet_member_key.sub; k->name; k++)
			ours |= node_key_is(q, k->name);
		node_put(a, ours ? own : *rest, q->key, q->value);
	}
	own->src = p->key->src;
	own->line = p->key->line;
	own->col = p->key->col;
	*named = fleet_member_key;
	named->name = p->key->text;
	return convert_below(&r->l, named, own, r->instances);
}

static bool
members_taken(const struct fleet *f, const char *name, const struct fleet_member **other)
{
	for (size_t i = 0; i < f->nmembers; i++)
		if (!strcmp(f->members[i].name, name)) {
			*other = &f->members[i];
			return true;
		}
	return false;
}

static void
members_check(struct fleet_reading *r, const struct pair *p, const char *name)
{
	const struct fleet_member *other;
	struct error why = { 0 };

	if (name_check(name, &why) < 0)
		diag_error_at(&r->l, r->instances, p->key->text, p->key, "%s", why.msg);
	else if (members_taken(r->f, name, &other))
		diag_error_at(&r->l, r->instances, p->key->text, p->key, "the name `%s` is also that of `%s`, in line %u", name, other->key,
			      other->place.line);
}

static void
members_grow(struct fleet *f, size_t n)
{
	struct fleet_member *v = arena_alloc(&f->arena, (f->nmembers + n) * sizeof *v);

	if (f->nmembers)
		memcpy(v, f->members, f->nmembers * sizeof *v);
	f->members = v;
}

static void
members_add(struct fleet_reading *r, const struct pair *p, size_t at)
{
	struct arena *a = &r->f->arena;
	struct node *rest;
	struct val *own = r->own[at] = members_part(r, p, &rest);
	const struct val *count = own ? val_get(own, "count") : NULL, *protect = own ? val_get(own, "protected") : NULL;
	const char *pattern = p->key->kind == NODE_SCALAR ? p->key->text : "", *fault;
	struct fleet_placement place = { .host = "", .group = "" };
	struct fleet_names names;

	if (p->value->kind != NODE_MAP && p->value->kind != NODE_NULL) {
		diag_error_at(&r->l, r->instances, pattern, p->value, "must be a mapping with keys of lima.yaml");
		return;
	}
	if (count && count->i < 0)
		diag_error(&r->l, own, "count", "must not be negative");
	fault = fleet_names(a, pattern, count && count->i >= 0 ? (int)count->i : -1, &names);
	if (fault)
		diag_error_at(&r->l, r->instances, pattern, p->key, "%s", fault);
	if (fault || r->f->nmembers + names.n > FLEET_MAX)
		return;
	if (own)
		fleet_read_placement(r, own, &place);
	members_grow(r->f, names.n);
	for (size_t i = 0; i < names.n; i++) {
		const char *name = arena_printf(a, "%s%s", r->prefix, names.v[i]);

		members_check(r, p, name);
		r->f->members[r->f->nmembers++] = (struct fleet_member){
			.name = name, .short_name = names.v[i], .key = pattern, .group = names.group, .index = names.index[i], .count = (int)names.n,
			.protect = protect && protect->b, .is_protect_given = protect, .place = node_place(p->key), .text = rest, .at = place,
		};
	}
}

const char *
fleet_short_name(const struct fleet *f, const struct fleet_member *m)
{
	return f->prefix_len ? m->short_name : "";
}

void
fleet_read_members(struct fleet_reading *r)
{
	const struct node *map = r->instances->any;

	r->own = arena_alloc(&r->f->arena, (map->npair + 1) * sizeof(struct val *));
	for (size_t i = 0; i < map->npair; i++)
		members_add(r, &map->pair[i], i);
	/* The mistakes of `defaults` are told once, and not for each member. */
	for (const struct key *k = fleet_member_key.sub; k->name; k++) {
		const struct node *n = node_get(r->f->defaults, k->name);

		if (n)
			diag_error_at(&r->l, NULL, arena_printf(&r->f->arena, "defaults.%s", k->name), n, "is said of a member, not of all");
	}
}

/* --- dependsOn */

static bool
depends_matches(const struct fleet_member *m, const char *name, bool by_name)
{
	return by_name ? !strcmp(m->short_name, name) : !strcmp(m->group, name) || !strcmp(m->key, name);
}

/* Adds those that `name` means; a member of that name comes before a group of it. How many there are. */
static size_t
depends_add(struct fleet *f, struct fleet_member *m, const char *name, bool restart)
{
	struct spec_depend *v;
	size_t found = 0;
	bool by_name = false;

	for (size_t i = 0; i < f->nmembers; i++)
		by_name |= depends_matches(&f->members[i], name, true);
	for (size_t i = 0; i < f->nmembers; i++)
		found += depends_matches(&f->members[i], name, by_name);
	v = arena_alloc(&f->arena, (m->ndepends + found + 1) * sizeof *v);
	if (m->ndepends)
		memcpy(v, m->depends, m->ndepends * sizeof *v);
	m->depends = v;
	for (size_t i = 0; i < f->nmembers; i++)
		if (depends_matches(&f->members[i], name, by_name))
			v[m->ndepends++] = (struct spec_depend){ f->members[i].name, restart };
	return found;
}

static const char *
depends_near(struct fleet_reading *r, const char *name)
{
	AUTO(buf) words = BUF_INIT;
	const char *near;

	for (size_t i = 0; i < r->f->nmembers && i < 1000; i++)
		buf_addf(&words, "%s%s %s", i ? " " : "", r->f->members[i].group, r->f->members[i].short_name);
	near = nearest_word(&r->f->arena, name, words.s);
	return nearest_hint(&r->f->arena, near);
}

static void
depends_of_key(struct fleet_reading *r, const struct pair *p, const struct val *own)
{
	const struct val *list = own ? val_get(own, "dependsOn") : NULL;

	for (size_t k = 0; list && k < list->n; k++) {
		const char *name = val_s(list->item[k], "name");
		bool known = true;

		for (size_t i = 0; i < r->f->nmembers; i++)
			if (!strcmp(r->f->members[i].key, p->key->text))
				known &= r->f->members[i].ndepends > FLEET_MAX_EDGES || depends_add(r->f, &r->f->members[i], name, val_b(list->item[k], "restart")) > 0;
		if (!known)
			diag_error(&r->l, list->item[k], NULL, "there is no member and no group `%s`%s", name, depends_near(r, name));
	}
}

struct circle {
	struct fleet_reading *r;
	unsigned char *mark;	/* 1: being followed, 2: done */
	size_t *path, npath;
	bool told;
};

static size_t
circle_find(const struct fleet *f, const char *name)
{
	size_t i = 0;

	while (i < f->nmembers && strcmp(f->members[i].name, name) != 0)
		i++;
	return i;
}

static void
circle_tell(struct circle *c, size_t to)
{
	const struct fleet *f = c->r->f;
	const struct node *map = c->r->instances->any, *at = map;
	AUTO(buf) b = BUF_INIT;
	size_t k = c->npath;

	while (k && c->path[k - 1] != to)
		k--;
	for (k = k ? k - 1 : 0; k < c->npath; k++)
		buf_addf(&b, "%s -> ", f->members[c->path[k]].short_name);
	for (size_t i = 0; i < map->npair; i++)
		if (!strcmp(map->pair[i].key->text, f->members[to].key))
			at = node_get(map->pair[i].value, "dependsOn");
	diag_error_at(&c->r->l, c->r->instances, arena_printf(&c->r->f->arena, "%s.dependsOn", f->members[to].key), at ? at : map,
		      "runs in a circle: %s%s", b.s, f->members[to].short_name);
	c->told = true;
}

static void
circle_follow(struct circle *c, size_t i)
{
	const struct fleet_member *m = &c->r->f->members[i];

	c->mark[i] = 1;
	c->path[c->npath++] = i;
	for (size_t k = 0; k < m->ndepends && !c->told; k++) {
		size_t to = circle_find(c->r->f, m->depends[k].name);

		if (c->mark[to] == 1)
			circle_tell(c, to);
		else if (!c->mark[to])
			circle_follow(c, to);
	}
	c->npath--;
	c->mark[i] = 2;
}

void
fleet_read_depends(struct fleet_reading *r)
{
	const struct node *map = r->instances ? r->instances->any : NULL;
	struct circle c = { .r = r };
	size_t edges = 0;

	if (!map || r->l.complaints)
		return;
	for (size_t i = 0; i < map->npair; i++)
		depends_of_key(r, &map->pair[i], r->own[i]);
	for (size_t i = 0; i < r->f->nmembers; i++)
		edges += r->f->members[i].ndepends;
	if (edges > FLEET_MAX_EDGES)
		diag_error(&r->l, r->instances, NULL, "`dependsOn` stands for %zu edges; more than %d are too many", edges, FLEET_MAX_EDGES);
	if (r->l.complaints)
		return;
	c.mark = arena_alloc(&r->f->arena, r->f->nmembers + 1);
	c.path = arena_alloc(&r->f->arena, (r->f->nmembers + 1) * sizeof *c.path);
	for (size_t i = 0; i < r->f->nmembers && !c.told; i++)
		if (!c.mark[i])
			circle_follow(&c, i);
}
