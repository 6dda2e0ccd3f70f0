/* Bringing a tree to what another one says, with as few changes as will do. */
#include <math.h>
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "state/desired/yaml/scalar.h"
#include "state/desired/yaml/set.h"
#include "state/desired/yaml/yaml.h"

enum { MAX_COMPARISONS = 1000000 };

static bool
scalar_equal(const struct node *x, const struct node *y)
{
	struct scalar a = scalar_of(x), b = scalar_of(y);

	if (a.kind != b.kind)
		return (a.kind == SCALAR_INT && b.kind == SCALAR_FLOAT && (double)a.i == b.d) ||
		       (a.kind == SCALAR_FLOAT && b.kind == SCALAR_INT && a.d == (double)b.i);
	switch (a.kind) {
	case SCALAR_NULL: return true;
	case SCALAR_BOOL: return a.b == b.b;
	case SCALAR_INT: return a.i == b.i;
	case SCALAR_UINT: return a.u == b.u;
	case SCALAR_FLOAT: return a.d == b.d || (isnan(a.d) && isnan(b.d));
	case SCALAR_TEXT: break;
	}
	return x->len == y->len && !memcmp(x->text, y->text, x->len);
}

bool
node_equal(const struct node *x, const struct node *y)
{
	if (x->kind <= NODE_SCALAR && y->kind <= NODE_SCALAR)
		return scalar_equal(x, y);
	if (x->kind != y->kind || (x->kind == NODE_LIST ? x->n != y->n : x->npair != y->npair))
		return false;
	for (size_t i = 0; x->kind == NODE_LIST && i < x->n; i++)
		if (!node_equal(x->item[i], y->item[i]))
			return false;
	for (size_t i = 0; x->kind == NODE_MAP && i < x->npair; i++) {
		const char *key = x->pair[i].key->text;
		/* Most keys are at the same place; a search for each of many would be quadratic. */
		const struct node *v = node_key_is(&y->pair[i], key) ? y->pair[i].value : node_get(y, key);

		if (!v || !node_equal(x->pair[i].value, v))
			return false;
	}
	return true;
}

/* Copies without a source, to the place of what it replaces. */
static struct node *
update_made(struct arena *a, const struct node *n, const struct node *like)
{
	struct node *c = arena_alloc(a, sizeof *c);

	*c = *n;
	c->flags = NODE_MADE | NODE_CHANGED | (n->flags & NODE_TEXT);
	c->src = like ? like->src : NULL;
	c->line = like ? like->line : 1;
	c->col = like ? like->col : 1;
	if (c->kind >= NODE_LIST)
		c->style = STYLE_BLOCK;
	if (c->kind == NODE_LIST) {
		c->item = arena_alloc(a, n->n * sizeof *c->item);
		c->cap = n->n;
		for (size_t i = 0; i < n->n; i++)
			c->item[i] = update_made(a, n->item[i], like);
	} else if (c->kind == NODE_MAP) {
		c->pair = arena_alloc(a, n->npair * sizeof *c->pair);
		c->pcap = n->npair;
		for (size_t i = 0; i < n->npair; i++)
			c->pair[i] = (struct pair){ update_made(a, n->pair[i].key, like), update_made(a, n->pair[i].value, like) };
	}
	return c;
}

static bool
can_update(const struct node *to, const struct node *want)
{
	return to->kind == want->kind && to->kind >= NODE_LIST;
}

static void
update_slot(struct arena *a, struct node *holder, struct node **slot, const struct node *want)
{
	if (node_equal(*slot, want))
		return;
	if (can_update(*slot, want)) {
		node_update(a, *slot, want);
		return;
	}
	*slot = update_made(a, want, *slot);
	holder->flags |= NODE_CHANGED;
}

static void
update_map(struct arena *a, struct node *to, const struct node *want)
{
	for (size_t i = 0; i < to->npair;) {
		const struct node *v = node_get(want, to->pair[i].key->text);

		if (v) {
			update_slot(a, to, &to->pair[i].value, v);
			i++;
		} else {
			node_unset(to, to->pair[i].key->text);
		}
	}
	for (size_t i = 0; i < want->npair; i++)
		if (!node_get(to, want->pair[i].key->text)) {
			node_put(a, to, update_made(a, want->pair[i].key, NULL), update_made(a, want->pair[i].value, NULL));
			to->flags |= NODE_CHANGED;
		}
}

/* Items that are there already stay what they are, wherever they go; one without a twin is changed in place. */
static void
update_list(struct arena *a, struct node *to, const struct node *want)
{
	struct node **old = to->item;
	size_t n = to->n, m = want->n;
	auto_free bool *used = xcalloc(n + 1, sizeof *used);
	auto_free size_t *twin = xcalloc(m + 1, sizeof *twin);
	bool small = n * m < MAX_COMPARISONS;

	for (size_t i = 0; i < m; i++) {
		twin[i] = n;
		for (size_t k = 0; small && k < n && twin[i] == n; k++)
			if (!used[k] && node_equal(old[k], want->item[i]))
				twin[i] = k;
		if (twin[i] < n)
			used[twin[i]] = true;
	}
	to->item = arena_alloc(a, (m + 1) * sizeof *to->item);
	to->n = to->cap = m;
	if (n != m)
		to->flags |= NODE_CHANGED;
	for (size_t i = 0; i < m; i++) {
		if (twin[i] < n) {
			to->item[i] = old[twin[i]];
			if (twin[i] != i)
				to->flags |= NODE_CHANGED;
		} else if (i < n && !used[i]) {
			to->item[i] = old[i];
			update_slot(a, to, &to->item[i], want->item[i]);
		} else {
			to->item[i] = update_made(a, want->item[i], NULL);
			to->flags |= NODE_CHANGED;
		}
	}
}

void
node_update(struct arena *a, struct node *to, const struct node *want)
{
	if (to->kind == NODE_MAP)
		update_map(a, to, want);
	else
		update_list(a, to, want);
}
