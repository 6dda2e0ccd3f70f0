/* Ways down a tree, and up. */
#include <stdlib.h>
#include <string.h>

#include "state/desired/yq/ops.h"

#define RUN(name) struct context run_##name(struct eval *e, struct context c, struct expr *x)
RUN(traverse);
RUN(traverse_array);
RUN(descend);
RUN(path);
RUN(set_path);
RUN(del);
RUN(del_paths);
RUN(parent);
RUN(parents);
RUN(key);
RUN(is_key);
RUN(has);
RUN(keys);

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
same_place(const struct ynode *x, const struct ynode *y)
{
	const struct ynode *k = x->key, *l = y->key;

	if (x->is_key != y->is_key || ynode_root(x)->doc != ynode_root(y)->doc)
		return false;
	if (x->is_key && (x->len != y->len || memcmp(x->value, y->value, x->len) != 0))
		return false;
	if (!k || !l)
		return (!k || !k->len) && (!l || !l->len);
	return k->len == l->len && memcmp(k->value, l->value, k->len) == 0;
}

static void
found_set(struct found *f, struct ynode *n, bool merged)
{
	for (size_t i = 0; merged && i < f->list->n; i++) {
		eval_step(f->e);
		if (same_place(f->list->v[i], n)) {
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
			if (map->kid[i]->len == map->kid[k]->len && memcmp(map->kid[i]->value, map->kid[k]->value, map->kid[i]->len) == 0)
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
op_path_slice(struct eval *e, struct context c, struct expr *x)
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
		return op_path_slice(e, c, x->rhs->rhs);	/* of what is here, whatever stands on the left: so has yq it */
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

/* --- paths as lists */

struct expr *
expr_of_path(struct eval *e, const struct ynode *path, size_t from, struct traverse_how how, bool key)
{
	struct expr *x = NULL;

	if (from >= path->n)
		return expr_make(e, &op_self, NULL, NULL);
	for (size_t i = from; i < path->n; i++) {
		struct expr *step = expr_make(e, &op_traverse, NULL, NULL);

		step->value = path->kid[i];
		step->text = path->kid[i]->value;
		step->traverse = how;
		if (key && i + 1 == path->n)
			step->traverse.keys = step->traverse.no_values = true;
		x = x ? expr_make(e, &op_short_pipe, x, step) : step;
	}
	return x;
}

RUN(path)
{
	struct nodes *out = nodes_new(e);

	(void)x;
	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *seq = ynode_replace_new(e, c.at->v[i], Y_SEQ, "!!seq", ""), *path = ynode_path(e, c.at->v[i]);

		ynode_add_all(e, seq, path->kid, path->n);
		nodes_push(e, out, seq);
	}
	return context_with(e, &c, out);
}

static const struct ynode *
path_check(struct eval *e, const char *word, const struct ynode *path)
{
	if (path->kind != Y_SEQ)
		eval_fail(e, "%s: expected path array, but got %s instead", word, path->tag);
	for (size_t i = 0; i < path->n; i++)
		if (!ynode_has_tag(path->kid[i], "!!str") && !ynode_has_tag(path->kid[i], "!!int"))
			eval_fail(e, "%s: expected either a !!str or !!int in the path, found %s instead", word, path->kid[i]->tag);
	return path;
}

RUN(set_path)
{
	struct context paths;
	struct expr *to;

	if (x->rhs->op != &op_block)
		eval_fail(e, "column %u: expected `setpath(PATH; VALUE)`", x->at + 1);
	paths = expr_run(e, context_read_only(e, &c), x->rhs->lhs);
	if (paths.at->n != 1)
		eval_fail(e, "SETPATH: expected single path but found %zu results instead", paths.at->n);
	to = expr_of_path(e, path_check(e, "SETPATH", paths.at->v[0]), 0, (struct traverse_how){ 0 }, false);
	for (size_t i = 0; i < c.at->n; i++) {
		struct context value = expr_run(e, context_one_read_only(e, &c, c.at->v[i]), x->rhs->rhs);

		if (value.at->n != 1)
			eval_fail(e, "SETPATH: expected single value on RHS but found %zu", value.at->n);
		expr_run(e, context_one(e, &c, c.at->v[i]), expr_make(e, &op_assign, to, expr_of_node(e, value.at->v[0])));
	}
	return c;
}

static void
delete_from(struct eval *e, struct ynode *in, const struct ynode *step)
{
	bool map = in->kind == Y_MAP, number = ynode_has_tag(step, "!!int");
	size_t n = 0;

	for (size_t i = 0; i < in->n; i += map ? 2 : 1) {
		/* yq knows keys that are words only */
		bool gone = map ? !number && in->kid[i]->len == step->len && memcmp(in->kid[i]->value, step->value, step->len) == 0
				: ynode_says(step, eval_printf(e, "%zu", i));

		if (gone)
			continue;
		if (!map && in->kid[i]->key) {
			in->kid[i]->key->value = eval_printf(e, "%zu", n);
			in->kid[i]->key->len = strlen(in->kid[i]->key->value);
		}
		in->kid[n++] = in->kid[i];
		if (map)
			in->kid[n++] = in->kid[i + 1];
	}
	in->n = n;
}

RUN(del)
{
	struct context gone = expr_run(e, context_read_only(e, &c), x->rhs);

	for (size_t i = gone.at->n; i-- > 0;) {
		struct ynode *n = gone.at->v[i];
		const struct ynode *path;

		if (!n->parent) {
			struct nodes *left = nodes_new(e);

			for (size_t k = 0; k < c.at->n; k++)
				if (c.at->v[k] != n)
					nodes_push(e, left, c.at->v[k]);
			return context_with(e, &c, left);
		}
		path = ynode_path(e, n);
		if (!path->n || (n->parent->kind != Y_MAP && n->parent->kind != Y_SEQ))
			eval_fail(e, "cannot delete nodes from parent of tag %s", n->parent->tag);
		delete_from(e, n->parent, path->kid[path->n - 1]);
	}
	return c;
}

RUN(del_paths)
{
	struct context paths = expr_run(e, context_read_only(e, &c), x->rhs);

	if (paths.at->n != 1)
		eval_fail(e, "DELPATHS: expected single value but found %zu", paths.at->n);
	if (!ynode_has_tag(paths.at->v[0], "!!seq"))
		eval_fail(e, "DELPATHS: expected a sequence of sequences, but found %s", paths.at->v[0]->tag);
	for (size_t i = 0; i < paths.at->v[0]->n; i++) {
		const struct ynode *path = path_check(e, "DELPATHS", paths.at->v[0]->kid[i]);

		c = expr_run(e, c, expr_make(e, &op_del, NULL, expr_of_path(e, path, 0, (struct traverse_how){ 0 }, false)));
	}
	return c;
}

/* --- up */

RUN(parent)
{
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i];

		for (int level = 0; n && level < x->flags; level++)
			n = n->parent;
		if (n)
			nodes_push(e, out, n);
	}
	return context_with(e, &c, out);
}

RUN(parents)
{
	struct nodes *out = nodes_new(e);

	(void)x;
	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *seq = ynode_new(e, Y_SEQ, "!!seq", "");

		for (const struct ynode *n = c.at->v[i]->parent; n; n = n->parent)
			ynode_add(e, seq, n);
		nodes_push(e, out, seq);
	}
	return context_with(e, &c, out);
}

RUN(key)
{
	struct nodes *out = nodes_new(e);

	(void)x;
	for (size_t i = 0; i < c.at->n; i++)
		if (c.at->v[i]->key)
			nodes_push(e, out, c.at->v[i]->key);
	return context_with(e, &c, out);
}

RUN(is_key)
{
	struct nodes *out = nodes_new(e);

	(void)x;
	for (size_t i = 0; i < c.at->n; i++)
		nodes_push(e, out, ynode_bool(e, c.at->v[i], c.at->v[i]->is_key));
	return context_with(e, &c, out);
}

RUN(has)
{
	struct context r = expr_run(e, context_read_only(e, &c), x->rhs);
	const struct ynode *want = r.at->n ? r.at->v[0] : ynode_new(e, Y_SCALAR, "!!null", "null");
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i];
		bool has = false;

		for (size_t k = 0; n->kind == Y_MAP && k < n->n && !has; k += 2)
			has = n->kid[k]->len == want->len && memcmp(n->kid[k]->value, want->value, want->len) == 0;
		if (n->kind == Y_SEQ && ynode_has_tag(want, "!!int"))
			has = strtoll(want->value, NULL, 10) < (long long)n->n;
		nodes_push(e, out, ynode_bool(e, n, has));
	}
	return context_with(e, &c, out);
}

RUN(keys)
{
	struct nodes *out = nodes_new(e);

	(void)x;
	for (size_t i = 0; i < c.at->n; i++) {
		const struct ynode *n = c.at->v[i];
		struct ynode *seq = ynode_new(e, Y_SEQ, "!!seq", "");

		if (n->kind != Y_MAP && n->kind != Y_SEQ)
			eval_fail(e, "cannot get keys of %s, keys only works for maps and arrays", n->tag);
		for (size_t k = 0; k < n->n; k += n->kind == Y_MAP ? 2 : 1)
			ynode_add(e, seq, n->kind == Y_MAP ? n->kid[k] : ynode_int(e, (long long)k));
		nodes_push(e, out, seq);
	}
	return context_with(e, &c, out);
}
