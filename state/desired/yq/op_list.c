/* Lists and mappings as wholes: mapped, filtered, turned round. */
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
		struct nodes *kids = nodes_of_kids(e, &c, c.at->v[i]);
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
		struct context kids = context_with(e, &c, nodes_of_kids(e, &c, c.at->v[i]));
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
		struct nodes *kids = nodes_of_kids(e, &c, c.at->v[i]), *left = nodes_new(e);
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
		kids = nodes_of_kids(e, &c, n);
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
