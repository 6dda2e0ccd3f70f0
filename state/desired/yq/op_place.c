/* Where things are: paths as lists, what is above, keys; and what is taken away by its place. */
#include <stdlib.h>
#include <string.h>

#include "state/desired/yq/ops.h"

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

EACH(path)
{
	struct ynode *seq = ynode_replace_new(e, n, Y_SEQ, "!!seq", ""), *path = ynode_path(e, n);

	ynode_add_all(e, seq, path->kid, path->n);
	return seq;
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
		bool gone = map ? !number && ynode_reads_as(in->kid[i], step)
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

EACH(parent)
{
	for (int level = 0; n && level < x->flags; level++)
		n = n->parent;
	return n;
}

EACH(parents)
{
	struct ynode *seq = ynode_new(e, Y_SEQ, "!!seq", "");

	for (const struct ynode *up = n->parent; up; up = up->parent)
		ynode_add(e, seq, up);
	return seq;
}

EACH(key)
{
	return n->key;
}

EACH(is_key)
{
	return ynode_bool(e, n, n->is_key);
}

EACH_WITH(has)
{
	const struct ynode *want = arg ? arg : ynode_new(e, Y_SCALAR, "!!null", "null");
	bool has = false;

	for (size_t k = 0; n->kind == Y_MAP && k < n->n && !has; k += 2)
		has = ynode_reads_as(n->kid[k], want);
	if (n->kind == Y_SEQ && ynode_has_tag(want, "!!int"))
		has = strtoll(want->value, NULL, 10) < (long long)n->n;
	return ynode_bool(e, n, has);
}

EACH(keys)
{
	struct ynode *seq = ynode_new(e, Y_SEQ, "!!seq", "");

	if (n->kind != Y_MAP && n->kind != Y_SEQ)
		eval_fail(e, "cannot get keys of %s, keys only works for maps and arrays", n->tag);
	for (size_t k = 0; k < n->n; k += n->kind == Y_MAP ? 2 : 1)
		ynode_add(e, seq, n->kind == Y_MAP ? n->kid[k] : ynode_int(e, (long long)k));
	return seq;
}
