/* Ways down a tree. */
#include <string.h>

#include "state/desired/yq/ops.h"

/* Does a name match a pattern of * and ?; in time that is linear in both. */
bool
key_matches(const char *name, size_t len, const char *pattern)
{
	size_t n = 0, p = 0, next_p = 0, next_n = 0, plen = strlen(pattern);

	if (!plen)
		return !len;
	while (p < plen || n < len) {
		if (p < plen && pattern[p] == '*') {
			next_p = p++;
			next_n = n + 1;
			continue;
		}
		if (p < plen && n < len && (pattern[p] == '?' || pattern[p] == name[n])) {
			p++;
			n++;
			continue;
		}
		if (!next_n || next_n > len)
			return false;
		p = next_p;
		n = next_n;
	}
	return true;
}

/* --- mappings */

/* Results are by where they are: what comes later at the same place takes the earlier one's. */
struct found {
	struct nodes *list;
	struct eval *e;
};

static bool
path_is_same_place(const struct ynode *x, const struct ynode *y)
{
	const struct ynode *k = x->key, *l = y->key;

	if (x->is_key != y->is_key || ynode_root(x)->doc != ynode_root(y)->doc)
		return false;
	if (x->is_key && !ynode_reads_as(x, y))
		return false;
	if (!k || !l)
		return (!k || !k->len) && (!l || !l->len);
	return ynode_reads_as(k, l);
}

static void
found_set(struct found *f, struct ynode *n, bool merged)
{
	for (size_t i = 0; merged && i < f->list->n; i++) {
		eval_step(f->e);
		if (path_is_same_place(f->list->v[i], n)) {
			f->list->v[i] = n;
			return;
		}
	}
	nodes_push(f->e, f->list, n);
}

static void find_in_map(struct found *f, struct ynode *map, const char *key, struct traverse_how how, bool splat, bool merged);

static void
find_in_merge(struct found *f, struct ynode *merge, const char *key, struct traverse_how how, bool splat)
{
	if (merge->kind == Y_ALIAS)
		merge = merge->alias;
	eval_enter(f->e);
	if (merge && merge->kind == Y_MAP) {
		find_in_map(f, merge, key, how, splat, true);
	} else if (merge && merge->kind == Y_SEQ) {
		for (size_t i = 0; i < merge->n; i++) {
			struct ynode *m = merge->kid[i]->kind == Y_ALIAS ? merge->kid[i]->alias : merge->kid[i];

			if (!m || m->kind != Y_MAP)
				break;
			find_in_map(f, m, key, how, splat, true);
		}
	}
	eval_leave(f->e);
}

static bool
has_merges(const struct ynode *map)
{
	for (size_t i = 0; i + 1 < map->n; i += 2)
		if (ynode_has_tag(map->kid[i], "!!merge"))
			return true;
	return false;
}

static void
find_in_map(struct found *f, struct ynode *map, const char *key, struct traverse_how how, bool splat, bool merged)
{
	for (size_t i = 0; i + 1 < map->n; i += 2) {
		struct ynode *k = map->kid[i], *v = map->kid[i + 1];

		eval_step(f->e);
		if (ynode_has_tag(k, "!!merge") && !how.no_alias && !ynode_says(k, key)) {
			find_in_merge(f, v, key, how, splat);
		} else if (splat || key_matches(k->value, k->len, key)) {
			if (how.keys)
				found_set(f, k, merged);
			if (!how.no_values)
				found_set(f, v, merged);
		}
	}
}

/* keys that are there twice are found once, where the first one is */
static bool
may_repeat(struct eval *e, const struct ynode *map)
{
	if (has_merges(map))
		return true;
	if (map->n > 200)
		return false;
	for (size_t i = 0; i + 1 < map->n; i += 2)
		for (size_t k = i + 2; k + 1 < map->n; k += 2)
			if (ynode_reads_as(map->kid[i], map->kid[k]))
				return true;
	eval_step(e);
	return false;
}

struct nodes *
map_traverse(struct eval *e, const struct context *c, struct ynode *map, struct ynode *key, struct traverse_how how, bool splat)
{
	struct found f = { nodes_new(e), e };
	struct ynode *v;

	find_in_map(&f, map, key->value, how, splat, may_repeat(e, map));
	if (splat || how.read_only || c->read_only || f.list->n)
		return f.list;
	if (!map->n)
		map->style = 0;
	v = ynode_add_pair(e, map, key, ynode_new(e, Y_SCALAR, "!!null", "null"));
	if (how.keys)
		nodes_push(e, f.list, v->key);
	if (!how.no_values)
		nodes_push(e, f.list, v);
	return f.list;
}

/* --- lists */

static void
list_index(struct eval *e, struct ynode *list, const struct ynode *index, struct traverse_how how, struct nodes *out)
{
	long long i;
	char format;

	if (!number_int(index->value, &i, &format)) {
		if (how.optional)
			return;
		eval_fail(e, "cannot index array with '%s'", index->value);
	}
	if (i >= 0 && (unsigned long long)i >= list->n && !list->n)
		list->style = 0;
	while (i >= 0 && (unsigned long long)i >= list->n)
		ynode_add(e, list, ynode_new(e, Y_SCALAR, "!!null", "null"));
	if (i < 0 && (unsigned long long)-i > list->n)
		eval_fail(e, "index [%lld] out of range, array size is %zu", i, list->n);
	nodes_push(e, out, list->kid[i < 0 ? (size_t)((long long)list->n + i) : (size_t)i]);
}

static struct ynode *
alias_target(struct eval *e, struct ynode *n)
{
	for (int i = 0; n->kind == Y_ALIAS; i++) {
		if (!n->alias || i == 100)
			eval_fail(e, "alias `*%s` has no anchor", n->value);
		n = n->alias;
	}
	return n;
}

/* by the indices, or (none given) all */
static void
traverse_indices(struct eval *e, const struct context *c, struct ynode *n, struct ynode *const *index, size_t count,
		 struct traverse_how how, struct nodes *out)
{
	if (ynode_is_null(n)) {
		n->tag = "";
		n->kind = count && !ynode_has_tag(index[0], "!!int") ? Y_MAP : Y_SEQ;
	}
	n = alias_target(e, n);
	if (n->kind == Y_SEQ) {
		if (!count)
			for (size_t i = 0; i < n->n; i++)
				nodes_push(e, out, n->kid[i]);
		for (size_t i = 0; i < count; i++)
			list_index(e, n, index[i], how, out);
	} else if (n->kind == Y_MAP) {
		if (!count)
			nodes_push_all(e, out, map_traverse(e, c, n, ynode_text(e, "", 0), how, true));
		for (size_t i = 0; i < count; i++)
			nodes_push_all(e, out, map_traverse(e, c, n, index[i], how, false));
	}
}

struct nodes *
nodes_splat(struct eval *e, const struct context *c, struct traverse_how how)
{
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c->at->n; i++)
		traverse_indices(e, c, c->at->v[i], NULL, 0, how, out);
	return out;
}

struct nodes *
nodes_of_kids(struct eval *e, const struct context *c, struct ynode *n)
{
	struct context one = context_one(e, c, n);

	return nodes_splat(e, &one, (struct traverse_how){ 0 });
}

/* .key; a number where a path is followed */
RUN(traverse)
{
	struct nodes *out = nodes_new(e);
	struct ynode *key = x->value ? x->value : ynode_text(e, x->text, strlen(x->text));

	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i];

		if (ynode_is_null(n) && strcmp(key->value, "[]") != 0 && !c.read_only) {
			n->kind = ynode_has_tag(key, "!!int") ? Y_SEQ : Y_MAP;
			n->tag = "";
		}
		n = alias_target(e, n);
		if (n->kind == Y_MAP)
			nodes_push_all(e, out, map_traverse(e, &c, n, ynode_text(e, key->value, key->len), x->traverse, false));
		else if (n->kind == Y_SEQ)
			list_index(e, n, key, x->traverse, out);
		else if (!ynode_is_null(n))
			e->blocked = x;
	}
	return context_with(e, &c, out);
}

static long
slice_number(struct eval *e, struct context c, struct ynode *n, struct expr *x)
{
	struct context r = expr_run(e, context_one(e, &c, n), x);
	long long i;
	char format;

	if (r.at->n != 1 || !number_int(r.at->v[0]->value, &i, &format))
		eval_fail(e, "column %u: expected one number in `[FROM:TO]`", x->at + 1);
	return (long)i;
}

static struct context
list_slice(struct eval *e, struct context c, struct expr *x)
{
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i], *s;
		long len = (long)n->n, from = slice_number(e, c, n, x->lhs), to = slice_number(e, c, n, x->rhs);

		from += from < 0 ? len : 0;
		to = to < 0 ? len + to : to > len ? len : to;
		if (from < 0 && from < to)
			eval_fail(e, "index [%ld] out of range, array size is %ld", from - len, len);
		s = ynode_replace_new(e, n, Y_SEQ, n->tag, "");
		for (long k = from; k < to; k++)
			ynode_add(e, s, n->kid[k]);
		nodes_push(e, out, s);
	}
	return context_with(e, &c, out);
}

RUN(traverse_array)
{
	struct context l, r;
	struct nodes *out = nodes_new(e);
	const struct ynode *index;

	if (x->rhs && x->rhs->rhs && x->rhs->rhs->op == &op_create_map)
		return list_slice(e, c, x->rhs->rhs);	/* of what is here, whatever stands on the left: so has yq it */
	l = expr_run(e, c, x->lhs);
	r = expr_run(e, context_read_only(e, &c), x->rhs);
	if (l.at->n && l.at->v[0]->kind == Y_SCALAR && !ynode_is_null(l.at->v[0]))
		e->blocked = x;
	index = nodes_first(r.at);
	if (!index)
		return context_with(e, &c, out);
	for (size_t i = 0; i < l.at->n; i++)
		traverse_indices(e, &l, l.at->v[i], index->kid, index->n, x->traverse, out);
	return context_with(e, &c, out);
}

void
nodes_descend(struct eval *e, struct nodes *out, const struct context *c, struct traverse_how how, bool lists)
{
	for (size_t i = 0; i < c->at->n; i++) {
		struct ynode *n = c->at->v[i];
		struct context one;

		nodes_push(e, out, n);
		if (n->kind == Y_ALIAS || !n->n || (!lists && n->kind == Y_SEQ))
			continue;
		eval_enter(e);
		one = context_one(e, c, n);
		one = context_with(e, c, nodes_splat(e, &one, how));
		nodes_descend(e, out, &one, how, lists);
		eval_leave(e);
	}
}

RUN(descend)
{
	struct nodes *out = nodes_new(e);

	nodes_descend(e, out, &c, (struct traverse_how){ .no_alias = true, .keys = x->traverse.keys }, true);
	return context_with(e, &c, out);
}
