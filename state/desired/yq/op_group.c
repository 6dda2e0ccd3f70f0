/* Lists by what their entries are alike in: groups, entries, columns. */
#include <string.h>

#include "state/desired/yq/ops.h"

struct group {
	const char *key;
	size_t len;
	struct nodes *of;
};

static struct group *
group_of(struct eval *e, struct group *g, size_t *n, uint32_t *slots, size_t mask, const struct text *key)
{
	uint64_t h = 14695981039346656037U;	/* FNV-1a */

	for (size_t i = 0; i < key->len; i++)
		h = (h ^ (unsigned char)key->s[i]) * 1099511628211U;
	for (size_t at = h & mask;; at = (at + 1) & mask) {
		struct group *one = slots[at] ? &g[slots[at] - 1] : NULL;

		eval_step(e);
		if (one && one->len == key->len && memcmp(one->key, key->s, key->len) == 0)
			return one;
		if (one)
			continue;
		g[*n] = (struct group){ key->s, key->len, nodes_new(e) };
		slots[at] = (uint32_t)++*n;
		return &g[*n - 1];
	}
}

/* Those of one key, in the order in which they are met. The key is a text: of what is no scalar, its YAML if `whole`. */
static struct group *
groups_of(struct eval *e, const struct context *c, const struct ynode *list, struct expr *by, bool whole, size_t *n)
{
	struct group *g = eval_alloc(e, (list->n + 1) * sizeof(*g));
	uint32_t *slots;
	size_t size = 4;

	while (size < 2 * list->n)
		size *= 2;
	slots = eval_alloc(e, size * sizeof(*slots));
	*n = 0;
	for (size_t i = 0; i < list->n; i++) {
		struct ynode *k = nodes_first(expr_run(e, context_one_read_only(e, c, list->kid[i]), by).at);
		struct text t = { .e = e };

		if (k && k->kind != Y_SCALAR && whole)
			yaml_print(&t, k, 0);
		else
			text_add(&t, k ? k->value : "null", k ? k->len : 4);
		nodes_push(e, group_of(e, g, n, slots, size - 1, &t)->of, list->kid[i]);
	}
	return g;
}

EACH(group_by)
{
	struct ynode *seq = ynode_replace_new(e, n, Y_SEQ, "!!seq", "");
	struct group *g;
	size_t count;

	need_list(e, n, "group by");
	g = groups_of(e, c, n, x->rhs, false, &count);
	for (size_t k = 0; k < count; k++)
		ynode_add(e, seq, nodes_collect(e, g[k].of));
	return seq;
}

EACH(unique)
{
	struct ynode *seq = ynode_replace_seq(e, n, n->style);
	struct group *g;
	size_t count;

	need_list(e, n, "unique");
	g = groups_of(e, c, n, x->rhs, true, &count);
	for (size_t k = 0; k < count; k++)
		ynode_add(e, seq, g[k].of->v[0]);
	return seq;
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

EACH(to_entries)
{
	if (n->kind != Y_MAP && n->kind != Y_SEQ && !ynode_is_null(n))
		eval_fail(e, "%s has no keys", n->tag);
	return n->kind == Y_MAP || n->kind == Y_SEQ ? entries_of(e, n) : NULL;
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

EACH(from_entries)
{
	return map_of_entries(e, n);
}

RUN(with_entries)
{
	struct context entries = run_to_entries(e, c, x);
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < entries.at->n; i++) {
		struct ynode *n = entries.at->v[i], *seq;
		struct nodes *kids = nodes_of_kids(e, &c, n), *changed = nodes_new(e);

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
		if (ynode_reads_as(t->to->kid[k], key))
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

EACH(pivot)
{
	const char *tag = n->n ? n->kid[0]->tag : "";

	if (!ynode_has_tag(n, "!!seq"))
		eval_fail(e, "cannot pivot node of type %s", n->tag);
	for (size_t k = 1; k < n->n; k++)
		if (!ynode_has_tag(n->kid[k], tag))
			eval_fail(e, "sequence contains elements of %s and %s types", tag, n->kid[k]->tag);
	if (strcmp(tag, "!!seq") != 0 && strcmp(tag, "!!map") != 0)
		eval_fail(e, "can only pivot elements of !!seq or !!map types, received %s", tag);
	return pivot_rows(e, n, strcmp(tag, "!!map") == 0);
}
