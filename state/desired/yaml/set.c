/* Plain assignments, without a yq: `.cpus = 4 | .mounts[0].writable = true`. */
#include "state/desired/yaml/set.h"

#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "state/desired/yaml/assign_parse.h"
#include "state/desired/template/template_tree.h"

/* the value belongs to no text of ours, and lists and mappings in it are written in block style */
static void
adopt(struct node *n, const struct node *like)
{
	n->flags |= NODE_MADE | NODE_CHANGED;
	n->src = like ? like->src : NULL;
	n->line = like ? like->line : 1;
	n->col = like ? like->col : 1;
	if (n->kind >= NODE_LIST)
		n->style = STYLE_BLOCK;
	for (size_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
		adopt(n->item[i], like);
	for (size_t i = 0; n->kind == NODE_MAP && i < n->npair; i++) {
		adopt(n->pair[i].key, like);
		adopt(n->pair[i].value, like);
	}
}

static int
wrong_kind(const struct step *st, const struct node *n, struct error *err)
{
	static const char *const kinds[] = { "null", "a single value", "a list", "a mapping" };

	if (st->key)
		return error_set(err, ERR_INVALID, "`.%s` cannot be set in %s", st->key, kinds[n->kind]);
	return error_set(err, ERR_INVALID, "an index cannot be used on %s", kinds[n->kind]);
}

/* an unset value becomes what the step needs */
static void
become(struct node *n, enum node_kind kind)
{
	if (n->kind != NODE_NULL)
		return;
	n->kind = kind;
	n->style = STYLE_BLOCK;
	n->pair = NULL;
	n->npair = n->pcap = 0;
	n->item = NULL;
	n->n = n->cap = 0;
	n->flags |= NODE_CHANGED;
}

static int apply(struct arena *a, struct node *n, const struct change *c, size_t at, struct error *err);

static int
apply_last(struct arena *a, struct node **slot, struct node *holder, const struct change *c, struct error *err)
{
	struct node *value;

	if (c->kind == CHANGE_ADD && *slot && (*slot)->kind == NODE_LIST) {
		for (size_t i = 0; i < c->value->n; i++) {
			value = node_copy(a, c->value->item[i]);
			adopt(value, *slot);
			node_push(a, *slot, (*slot)->n, value);
		}
		return 0;
	}
	if (c->kind == CHANGE_ADD && *slot && (*slot)->kind != NODE_NULL)
		return error_set(err, ERR_INVALID, "a list can only be added to a list");
	value = node_copy(a, c->value);
	adopt(value, *slot);
	*slot = value;
	holder->flags |= NODE_CHANGED;
	return 0;
}

static int
apply_key(struct arena *a, struct node *n, const struct change *c, size_t at, struct error *err)
{
	const struct step *st = &c->steps[at];
	bool last = at + 1 == c->nsteps;

	if (c->kind == CHANGE_DELETE && n->kind != NODE_MAP)
		return 0;
	become(n, NODE_MAP);
	if (n->kind != NODE_MAP)
		return wrong_kind(st, n, err);
	if (last && c->kind == CHANGE_DELETE) {
		node_unset(n, st->key);
		return 0;
	}
	if (!node_get(n, st->key)) {
		if (c->kind == CHANGE_DELETE)
			return 0;
		node_set(a, n, st->key, node_plain(a, "null"));
	}
	for (size_t i = 0; i < n->npair; i++) {
		if (!node_key_is(&n->pair[i], st->key))
			continue;
		if (last)
			return apply_last(a, &n->pair[i].value, n, c, err);
		return apply(a, n->pair[i].value, c, at + 1, err);
	}
	return 0;
}

static int
apply_item(struct arena *a, struct node *n, size_t i, const struct change *c, size_t at, struct error *err)
{
	if (at + 1 == c->nsteps)
		return apply_last(a, &n->item[i], n, c, err);
	return apply(a, n->item[i], c, at + 1, err);
}

static int
apply_index(struct arena *a, struct node *n, const struct change *c, size_t at, struct error *err)
{
	const struct step *st = &c->steps[at];

	if (c->kind == CHANGE_DELETE && n->kind != NODE_LIST)
		return 0;
	become(n, NODE_LIST);
	if (n->kind != NODE_LIST)
		return wrong_kind(st, n, err);
	if (st->index == SET_ALL) {
		bool drop = c->kind == CHANGE_DELETE && at + 1 == c->nsteps;

		while (drop && n->n)
			node_drop(n, n->n - 1);
		for (size_t i = 0; i < n->n; i++)
			if (apply_item(a, n, i, c, at, err) < 0)
				return -1;
		return 0;
	}
	if ((size_t)st->index >= n->n) {
		if (c->kind == CHANGE_DELETE)
			return 0;
		if ((size_t)st->index > n->n + 1000)
			return error_set(err, ERR_INVALID, "index %ld is far beyond the list's end, %zu", st->index, n->n);
		while ((size_t)st->index >= n->n)
			node_push(a, n, n->n, node_plain(a, "null"));
	}
	if (c->kind == CHANGE_DELETE && at + 1 == c->nsteps) {
		node_drop(n, (size_t)st->index);
		return 0;
	}
	return apply_item(a, n, (size_t)st->index, c, at, err);
}

static int
apply(struct arena *a, struct node *n, const struct change *c, size_t at, struct error *err)
{
	return c->steps[at].key ? apply_key(a, n, c, at, err) : apply_index(a, n, c, at, err);
}

int
set_plain(struct arena *a, struct node *root, const char *expr, struct error *err)
{
	struct change *c = arena_alloc(a, SET_MAX_CHANGES * sizeof *c);
	size_t n = set_scan(a, expr, c);

	for (size_t i = 0; i < n; i++)
		if (apply(a, root, &c[i], 0, err) < 0)
			return error_wrap(err, "%s", expr);
	return n > 0;
}

bool
template_set_is_plain(const char *const *exprs, size_t n)
{
	AUTO(arena) a = { 0 };
	struct change *c = arena_alloc(&a, SET_MAX_CHANGES * sizeof *c);

	for (size_t i = 0; i < n; i++)
		if (!set_scan(&a, exprs[i], c))
			return false;
	return true;
}

int
template_set(struct template *t, const char *const *exprs, size_t n, struct error *err)
{
	struct node *root;

	if (!n)
		return 0;
	if (tree_open(&root, t, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int rc = set_plain(&t->arena, root, exprs[i], err);

		if (rc < 0 || (rc == 0 && set_by_yq(&t->arena, root, exprs[i], err) < 0))
			return -1;
	}
	return tree_close(t, root, err);
}
