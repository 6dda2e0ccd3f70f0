/* Lists and mappings as wholes: mapped, filtered, sorted, grouped. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "state/desired/yq/ops.h"

#define RUN(name) struct context run_##name(struct eval *e, struct context c, struct expr *x)
RUN(length);
RUN(map);
RUN(map_values);
RUN(filter);
RUN(first);
RUN(any);
RUN(all);
RUN(pick);
RUN(omit);
RUN(flatten);
RUN(reverse);
RUN(shuffle);
RUN(group_by);
RUN(unique);
RUN(to_entries);
RUN(from_entries);
RUN(with_entries);
RUN(array_to_map);
RUN(pivot);

static const struct traverse_how plain = { 0 };

static struct nodes *
kids_of(struct eval *e, const struct context *c, struct ynode *n)
{
	struct context one = context_one(e, c, n);

	return nodes_splat(e, &one, plain);
}

static void
need_list(struct eval *e, const struct ynode *n, const char *what)
{
	if (n->kind != Y_SEQ)
		eval_fail(e, "only arrays are supported for %s (this is a %s)", what, n->tag);
}

RUN(length)
{
	struct nodes *out = nodes_new(e);

	(void)x;
	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i];
		size_t len = n->kind == Y_SCALAR ? ynode_is_null(n) ? 0 : n->len : n->kind == Y_MAP ? n->n / 2 : n->kind == Y_SEQ ? n->n : 0;

		nodes_push(e, out, ynode_replace_new(e, n, Y_SCALAR, "!!int", eval_printf(e, "%zu", len)));
	}
	return context_with(e, &c, out);
}

RUN(map)
{
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct nodes *kids = kids_of(e, &c, c.at->v[i]);
		struct ynode *seq;

		if (!kids->n) {
			nodes_push(e, out, ynode_copy(e, c.at->v[i]));
			continue;
		}
		seq = nodes_collect(e, expr_run(e, context_with(e, &c, kids), x->rhs).at);
		seq->style = c.at->v[i]->style;
		nodes_push(e, out, seq);
	}
	return context_with(e, &c, out);
}

RUN(map_values)
{
	for (size_t i = 0; i < c.at->n; i++) {
		struct context kids = context_with(e, &c, kids_of(e, &c, c.at->v[i]));
		struct expr *set = expr_make(e, &op_assign, NULL, x->rhs);

		set->update = true;
		expr_run(e, kids, set);
	}
	return c;
}

/* is it true for the entry? */
static bool
true_for(struct eval *e, const struct context *c, struct ynode *n, struct expr *test)
{
	struct context r = expr_run(e, context_one_read_only(e, c, n), test);

	for (size_t i = 0; i < r.at->n; i++)
		if (ynode_truthy(r.at->v[i]))
			return true;
	return false;
}

RUN(filter)
{
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct nodes *kids = kids_of(e, &c, c.at->v[i]), *left = nodes_new(e);
		struct ynode *seq;

		for (size_t k = 0; k < kids->n; k++)
			if (true_for(e, &c, kids->v[k], x->rhs))
				nodes_push(e, left, kids->v[k]);
		seq = nodes_collect(e, left);
		seq->style = c.at->v[i]->style;
		nodes_push(e, out, seq);
	}
	return context_with(e, &c, out);
}

RUN(first)
{
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i];
		struct nodes *kids;

		if (!x->rhs) {
			if (n->n)
				nodes_push(e, out, n->kid[0]);
			continue;
		}
		kids = kids_of(e, &c, n);
		for (size_t k = 0; k < kids->n; k++)
			if (true_for(e, &c, kids->v[k], x->rhs)) {
				nodes_push(e, out, kids->v[k]);
				break;
			}
	}
	return context_with(e, &c, out);
}

static struct context
find_truth(struct eval *e, struct context c, struct expr *x, bool want, const char *word)
{
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i];
		bool found = false;

		if (n->kind != Y_SEQ)
			eval_fail(e, "%s only supports arrays, was %s", word, n->tag);
		for (size_t k = 0; k < n->n && !found; k++) {
			struct ynode *item = n->kid[k];

			if (x->rhs) {
				item = nodes_first(expr_run(e, context_one_read_only(e, &c, item), x->rhs).at);
				if (!item)
					continue;
			}
			found = ynode_truthy(item) == want;
		}
		nodes_push(e, out, ynode_bool(e, n, found == want));
	}
	return context_with(e, &c, out);
}

RUN(any)
{
	return find_truth(e, c, x, true, "any");
}

RUN(all)
{
	return find_truth(e, c, x, false, "all");
}

/* --- some of the keys */

static struct ynode *
pick_from(struct eval *e, struct ynode *n, const struct ynode *keys)
{
	struct ynode *to = ynode_copy_bare(e, n);

	for (size_t i = 0; keys && i < keys->n; i++) {
		long long at;
		char format;

		if (n->kind == Y_MAP) {
			at = ynode_find(e, n, keys->kid[i], 2);
			if (at >= 0)
				ynode_add_pair(e, to, n->kid[at], n->kid[at + 1]);
		} else if (!number_int(keys->kid[i]->value, &at, &format)) {
			eval_fail(e, "cannot index array with %s", keys->kid[i]->value);
		} else if (at >= 0 && at < (long long)n->n) {
			ynode_add(e, to, n->kid[at]);
		}
	}
	return to;
}

RUN(pick)
{
	struct context keys = expr_run(e, c, x->rhs);
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i];

		if (n->kind != Y_MAP && n->kind != Y_SEQ)
			eval_fail(e, "cannot pick indices from type %s (%s)", n->tag, ynode_nice_path(e, n));
		nodes_push(e, out, pick_from(e, n, nodes_first(keys.at)));
	}
	return context_with(e, &c, out);
}

RUN(omit)
{
	struct context keys = expr_run(e, c, x->rhs);
	const struct ynode *gone = nodes_first(keys.at);
	struct nodes *out = nodes_new(e);

	if (!gone || !gone->n)
		return c;
	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i], *to = ynode_copy_bare(e, n);

		if (n->kind != Y_MAP && n->kind != Y_SEQ)
			return c;
		for (size_t k = 0; k < n->n; k++) {
			bool keep = ynode_find(e, gone, n->kind == Y_MAP ? n->kid[k] : ynode_int(e, (long long)k), 1) < 0;

			if (keep && n->kind == Y_MAP)
				ynode_add_pair(e, to, n->kid[k], n->kid[k + 1]);
			else if (keep)
				ynode_add(e, to, n->kid[k]);
			k += n->kind == Y_MAP;
		}
		nodes_push(e, out, to);
	}
	return context_with(e, &c, out);
}

/* --- order */

static void
list_flatten(struct eval *e, struct ynode *n, int depth)
{
	struct nodes *flat = nodes_new(e);

	if (!depth || n->kind != Y_SEQ)
		return;
	eval_enter(e);
	for (size_t i = 0; i < n->n; i++) {
		struct ynode *kid = n->kid[i];

		if (kid->kind != Y_SEQ) {
			nodes_push(e, flat, kid);
			continue;
		}
		list_flatten(e, kid, depth - 1);
		for (size_t k = 0; k < kid->n; k++)
			nodes_push(e, flat, kid->kid[k]);
	}
	eval_leave(e);
	n->kid = NULL;
	n->n = n->cap = 0;
	ynode_add_all(e, n, flat->v, flat->n);
}

RUN(flatten)
{
	for (size_t i = 0; i < c.at->n; i++) {
		need_list(e, c.at->v[i], "flatten");
		list_flatten(e, c.at->v[i], x->flags);
	}
	return c;
}

RUN(reverse)
{
	struct nodes *out = nodes_new(e);

	(void)x;
	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i], *seq;

		if (n->kind != Y_SEQ)
			eval_fail(e, "node at path [%s] is not an array (it's a %s)", ynode_nice_path(e, n), n->tag);
		seq = ynode_replace_seq(e, n, n->style);
		for (size_t k = n->n; k-- > 0;)
			ynode_add(e, seq, n->kid[k]);
		nodes_push(e, out, seq);
	}
	return context_with(e, &c, out);
}

RUN(shuffle)
{
	struct nodes *out = nodes_new(e);
	struct timespec now;
	unsigned seed;

	(void)x;
	clock_gettime(CLOCK_REALTIME, &now);
	seed = (unsigned)(now.tv_nsec ^ now.tv_sec);
	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i], *to;
		struct ynode **v;

		if (n->kind != Y_SEQ)
			eval_fail(e, "node at path [%s] is not an array (it's a %s)", ynode_nice_path(e, n), n->tag);
		v = eval_alloc(e, (n->n + 1) * sizeof(*v));
		memcpy(v, n->kid, n->n * sizeof(*v));
		for (size_t k = n->n; k > 1; k--) {
			size_t other = (size_t)rand_r(&seed) % k;
			struct ynode *was = v[k - 1];

			v[k - 1] = v[other];
			v[other] = was;
		}
		to = ynode_copy_bare(e, n);
		ynode_add_all(e, to, v, n->n);
		nodes_push(e, out, to);
	}
	return context_with(e, &c, out);
}

struct group {
	const char *key;
	size_t len;
	struct nodes *of;
};

/* Those of one key, in the order in which they are met. The key is a text: of what is no scalar, its YAML if `whole`. */
static struct group *
groups_of(struct eval *e, const struct context *c, const struct ynode *list, struct expr *by, bool whole, size_t *n)
{
	struct group *g = eval_alloc(e, (list->n + 1) * sizeof(*g));

	*n = 0;
	for (size_t i = 0; i < list->n; i++) {
		struct context r = expr_run(e, context_one_read_only(e, c, list->kid[i]), by);
		struct ynode *k = nodes_first(r.at);
		struct text t = { .e = e };
		size_t at = 0;

		if (k && k->kind != Y_SCALAR && whole)
			yaml_print(&t, k, 0);
		else
			text_add(&t, k ? k->value : "null", k ? k->len : 4);
		for (; at < *n && (g[at].len != t.len || memcmp(g[at].key, t.s, t.len) != 0); at++)
			eval_step(e);
		if (at == *n)
			g[(*n)++] = (struct group){ t.s, t.len, nodes_new(e) };
		nodes_push(e, g[at].of, list->kid[i]);
	}
	return g;
}

RUN(group_by)
{
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct group *g;
		struct ynode *seq;
		size_t n;

		need_list(e, c.at->v[i], "group by");
		g = groups_of(e, &c, c.at->v[i], x->rhs, false, &n);
		seq = ynode_replace_new(e, c.at->v[i], Y_SEQ, "!!seq", "");
		for (size_t k = 0; k < n; k++)
			ynode_add(e, seq, nodes_collect(e, g[k].of));
		nodes_push(e, out, seq);
	}
	return context_with(e, &c, out);
}

RUN(unique)
{
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct group *g;
		struct ynode *seq;
		size_t n;

		need_list(e, c.at->v[i], "unique");
		g = groups_of(e, &c, c.at->v[i], x->rhs, true, &n);
		seq = ynode_replace_seq(e, c.at->v[i], c.at->v[i]->style);
		for (size_t k = 0; k < n; k++)
			ynode_add(e, seq, g[k].of->v[0]);
		nodes_push(e, out, seq);
	}
	return context_with(e, &c, out);
}

/* --- entries */

static struct ynode *
entries_of(struct eval *e, struct ynode *n)
{
	struct ynode *seq = ynode_replace_seq(e, n, 0);
	const struct ynode *key = ynode_text(e, "key", 3), *value = ynode_text(e, "value", 5);

	for (size_t i = 0; i < n->n; i += n->kind == Y_MAP ? 2 : 1) {
		struct ynode *entry = ynode_new(e, Y_MAP, "!!map", "");

		ynode_add_pair(e, entry, key, n->kind == Y_MAP ? n->kid[i] : ynode_int(e, (long long)i));
		ynode_add_pair(e, entry, value, n->kind == Y_MAP ? n->kid[i + 1] : n->kid[i]);
		ynode_add(e, seq, entry);
	}
	return seq;
}

RUN(to_entries)
{
	struct nodes *out = nodes_new(e);

	(void)x;
	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i];

		if (n->kind == Y_MAP || n->kind == Y_SEQ)
			nodes_push(e, out, entries_of(e, n));
		else if (!ynode_is_null(n))
			eval_fail(e, "%s has no keys", n->tag);
	}
	return context_with(e, &c, out);
}

static struct ynode *
entry_part(struct eval *e, struct ynode *entry, const char *name, size_t position)
{
	struct context none = { .read_only = true };
	struct nodes *l = map_traverse(e, &none, entry, ynode_text(e, name, strlen(name)), (struct traverse_how){ .read_only = true }, false);

	if (l->n != 1)
		eval_fail(e, "expected to find one '%s' entry but found %zu in position %zu", name, l->n, position);
	return l->v[0];
}

static struct ynode *
map_of_entries(struct eval *e, const struct ynode *n)
{
	struct ynode *map = ynode_copy_bare(e, n);

	if (n->kind != Y_SEQ)
		eval_fail(e, "from entries only runs against arrays");
	map->kind = Y_MAP;
	map->tag = "!!map";
	for (size_t i = 0; i < n->n; i++)
		ynode_add_pair(e, map, entry_part(e, n->kid[i], "key", i), entry_part(e, n->kid[i], "value", i));
	return map;
}

RUN(from_entries)
{
	struct nodes *out = nodes_new(e);

	(void)x;
	for (size_t i = 0; i < c.at->n; i++)
		nodes_push(e, out, map_of_entries(e, c.at->v[i]));
	return context_with(e, &c, out);
}

RUN(with_entries)
{
	struct context entries = run_to_entries(e, c, x);
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < entries.at->n; i++) {
		struct ynode *n = entries.at->v[i], *seq;
		struct nodes *kids = kids_of(e, &c, n), *changed = nodes_new(e);

		for (size_t k = 0; k < kids->n; k++)
			nodes_push_all(e, changed, expr_run(e, context_one(e, &c, kids->v[k]), x->rhs).at);
		seq = nodes_collect(e, changed);
		seq->lead = n->lead;
		seq->head = n->head;
		seq->foot = n->foot;
		nodes_push(e, out, map_of_entries(e, seq));
	}
	return context_with(e, &c, out);
}

RUN(array_to_map)
{
	(void)x;
	return expr_run(e, c, expr_parse(e, "(.[] | select(. != null) ) as $i ireduce({}; .[$i | key] = $i)"));
}

/* --- pivot */

struct columns {
	struct eval *e;
	struct ynode *to;	/* keys and lists, or lists */
	size_t rows;
};

static struct ynode *
column_at(struct columns *t, const struct ynode *key, size_t i)
{
	struct ynode *col;

	for (size_t k = 0; key && k + 1 < t->to->n; k += 2)
		if (t->to->kid[k]->len == key->len && memcmp(t->to->kid[k]->value, key->value, key->len) == 0)
			return t->to->kid[k + 1];
	if (!key && i < t->to->n)
		return t->to->kid[i];
	col = ynode_new(t->e, Y_SEQ, "", "");
	if (key)
		return ynode_add_pair(t->e, t->to, ynode_text(t->e, key->value, key->len), col);
	ynode_add(t->e, t->to, col);
	return t->to->kid[t->to->n - 1];
}

static void
column_pad(struct columns *t, struct ynode *col, size_t rows)
{
	while (col->n < rows)
		ynode_add(t->e, col, ynode_new(t->e, Y_SCALAR, "!!null", ""));
}

static struct ynode *
pivot_rows(struct eval *e, const struct ynode *n, bool maps)
{
	struct columns t = { e, ynode_new(e, maps ? Y_MAP : Y_SEQ, "", ""), n->n };

	for (size_t i = 0; i < n->n; i++) {
		const struct ynode *row = n->kid[i];

		for (size_t k = 0; k < row->n; k += maps ? 2 : 1) {
			struct ynode *col = column_at(&t, maps ? row->kid[k] : NULL, k);

			column_pad(&t, col, i);
			ynode_add(e, col, row->kid[maps ? k + 1 : k]);
		}
	}
	for (size_t k = maps; k < t.to->n; k += maps ? 2 : 1)
		column_pad(&t, t.to->kid[k], n->n);
	return t.to;
}

RUN(pivot)
{
	struct nodes *out = nodes_new(e);

	(void)x;
	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i];
		const char *tag = n->n ? n->kid[0]->tag : "";

		if (!ynode_has_tag(n, "!!seq"))
			eval_fail(e, "cannot pivot node of type %s", n->tag);
		for (size_t k = 1; k < n->n; k++)
			if (!ynode_has_tag(n->kid[k], tag))
				eval_fail(e, "sequence contains elements of %s and %s types", tag, n->kid[k]->tag);
		if (strcmp(tag, "!!seq") != 0 && strcmp(tag, "!!map") != 0)
			eval_fail(e, "can only pivot elements of !!seq or !!map types, received %s", tag);
		nodes_push(e, out, pivot_rows(e, n, strcmp(tag, "!!map") == 0));
	}
	return context_with(e, &c, out);
}
