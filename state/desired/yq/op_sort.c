/* sort, sort_by, sort_keys: stable, and by yq's order of types. */
#include <string.h>

#include "state/desired/yq/ops.h"

struct sortable {
	struct ynode *n;
	struct nodes *by;
};

struct sorting {
	struct eval *e;
	const struct context *c;
};

/* null, then booleans, then the rest */
static int
rank_of(const char *tag)
{
	return strcmp(tag, "!!null") == 0 ? 0 : strcmp(tag, "!!bool") == 0 ? 1 : 2;
}

static bool
sort_numbers(const struct ynode *l, const char *lt, const struct ynode *r, const char *rt, int *cmp)
{
	long long a, b;
	double x, y;
	char format;
	bool li = strcmp(lt, "!!int") == 0, ri = strcmp(rt, "!!int") == 0;

	if ((!li && strcmp(lt, "!!float") != 0) || (!ri && strcmp(rt, "!!float") != 0))
		return false;
	if (li && ri && number_int(l->value, &a, &format) && number_int(r->value, &b, &format))
		*cmp = (a > b) - (a < b);
	else if (number_float(l->value, &x) && number_float(r->value, &y))
		*cmp = x == y ? 0 : x < y ? -1 : 1;
	else
		return false;
	return true;
}

static int
sort_compare(struct sorting *s, const struct ynode *l, const struct ynode *r)
{
	const char *lt = ynode_meaning(s->e, l), *rt = ynode_meaning(s->e, r);
	bool dates = strcmp(lt, "!!timestamp") == 0 && strcmp(rt, "!!timestamp") == 0;
	struct moment a, b;
	int lr = rank_of(lt), rr = rank_of(rt), cmp;

	if (lr != rr)
		return lr - rr;
	if (lr == 0)
		return rr == 0 ? ynode_compare(l, r) : 0;
	if (lr == 1)
		return ynode_truthy(l) - ynode_truthy(r);
	if (strcmp(lt, "!!str") == 0 && s->c->layout)
		dates = true;
	if (dates && date_of(s->c, l->value, &a) && date_of(s->c, r->value, &b))
		return moment_compare(&a, &b);
	return sort_numbers(l, lt, r, rt, &cmp) ? cmp : ynode_compare(l, r);
}

static bool
sort_less(struct sorting *s, const struct sortable *l, const struct sortable *r)
{
	eval_step(s->e);
	for (size_t i = 0; i < l->by->n && i < r->by->n; i++) {
		int cmp = sort_compare(s, l->by->v[i], r->by->v[i]);

		if (cmp)
			return cmp < 0;
	}
	return l->by->n < r->by->n;
}

/*
 * Stable whatever the comparison says; and where it goes in circles, as with texts and numbers of all kinds in one list, the order is
 * that of yq: such lists are sorted by insertion up to some length.
 */
enum { BY_INSERTION = 20 };

static void
sort_insert(struct sorting *s, struct sortable *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && sort_less(s, &v[k], &v[k - 1]); k--) {
			struct sortable it = v[k];

			v[k] = v[k - 1];
			v[k - 1] = it;
		}
}

static void
sort_merge(struct sorting *s, struct sortable *v, size_t n, struct sortable *room)
{
	size_t half = n / 2, i = 0, k = half, at = 0;

	if (n <= BY_INSERTION) {
		sort_insert(s, v, n);
		return;
	}
	sort_merge(s, v, half, room);
	sort_merge(s, v + half, n - half, room);
	while (i < half && k < n)
		room[at++] = sort_less(s, &v[k], &v[i]) ? v[k++] : v[i++];
	while (i < half)
		room[at++] = v[i++];
	while (k < n)
		room[at++] = v[k++];
	memcpy(v, room, n * sizeof(*v));
}

EACH(sort)
{
	struct sorting s = { e, c };
	struct ynode *to = ynode_copy_bare(e, n);
	struct sortable *v = eval_alloc(e, (n->n + 1) * 2 * sizeof(*v));
	size_t step = n->kind == Y_MAP ? 2 : 1, count = 0;

	if (n->kind != Y_MAP && n->kind != Y_SEQ)
		eval_fail(e, "node at path [%s] is not an array or map (it's a %s)", ynode_nice_path(e, n), n->tag);
	for (size_t k = step - 1; k < n->n; k += step)
		v[count++] = (struct sortable){ n->kid[k], expr_run(e, context_one_read_only(e, c, n->kid[k]), x->rhs).at };
	sort_merge(&s, v, count, v + n->n + 1);
	for (size_t k = 0; k < count; k++) {
		if (n->kind == Y_MAP)
			ynode_add_pair(e, to, v[k].n->key, v[k].n);
		else
			ynode_add(e, to, v[k].n);
	}
	return to;
}

static bool
key_less(struct sorting *s, const struct sortable *l, const struct sortable *r)
{
	eval_step(s->e);
	return ynode_compare(l->n->key, r->n->key) < 0;
}

static void
keys_sort(struct eval *e, struct ynode *map)
{
	struct sorting s = { e, NULL };
	size_t n = map->n / 2;
	struct ynode **kid = eval_alloc(e, (map->n + 1) * sizeof(*kid));
	struct ynode **from = map->kid;

	for (size_t i = 0; i < n; i++) {	/* by insertion from the end, so that equal keys keep their order */
		size_t lo = 0, hi = i;
		struct sortable it = { .n = from[2 * i + 1] };

		while (lo < hi) {
			size_t mid = (lo + hi) / 2;
			struct sortable other = { .n = kid[2 * mid + 1] };

			if (key_less(&s, &it, &other))
				hi = mid;
			else
				lo = mid + 1;
		}
		memmove(kid + 2 * lo + 2, kid + 2 * lo, (i - lo) * 2 * sizeof(*kid));
		kid[2 * lo] = from[2 * i];
		kid[2 * lo + 1] = from[2 * i + 1];
	}
	map->kid = kid;
	map->cap = map->n + 1;
}

RUN(sort_keys)
{
	for (size_t i = 0; i < c.at->n; i++) {
		struct context r = expr_run(e, context_one_read_only(e, &c, c.at->v[i]), x->rhs);

		for (size_t k = 0; k < r.at->n; k++)
			if (r.at->v[k]->kind == Y_MAP)
				keys_sort(e, r.at->v[k]);
	}
	return c;
}
