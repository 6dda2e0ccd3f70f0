/* Changes to a template by expressions: `.cpus = 4 | .mounts[0].writable = true`. */
#include "state/desired/yaml/set.h"

#include "base/error.h"
#include "base/mem.h"
#include "state/desired/template/template_tree.h"
#include "state/desired/yq/yq.h"

/* what a text may have, and this tree has */
struct extent {
	size_t nodes;
	int depth;
};

static void
node_measure(const struct node *n, int depth, struct extent *x)
{
	x->nodes++;
	x->depth = depth > x->depth ? depth : x->depth;
	for (size_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
		node_measure(n->item[i], depth + 1, x);
	for (size_t i = 0; n->kind == NODE_MAP && i < n->npair; i++, x->nodes++)
		node_measure(n->pair[i].value, depth + 1, x);
}

int
set_expr(struct arena *a, struct node *root, const char *expr, struct error *err)
{
	struct yq *q = yq_open(expr, YQ_STRICT, err);
	struct extent extent = { 0 };
	struct node **results;
	size_t n;
	int rc = q ? yq_on_node(q, a, root, &results, &n, err) : -1;

	yq_close(q);
	if (rc < 0)
		return -1;
	if (n != 1)
		return error_set(err, ERR_INVALID, "`%s` gives %zu results; one whole document is wanted", expr, n);
	if (results[0]->kind != NODE_MAP)
		return error_set(err, ERR_INVALID, "`%s` does not give a mapping, but a lima.yaml is one", expr);
	node_measure(results[0], 0, &extent);
	if (extent.depth > YAML_MAX_DEPTH)
		return error_set(err, ERR_INVALID, "`%s` nests too deeply (more than %d levels)", expr, YAML_MAX_DEPTH);
	if (extent.nodes > YAML_MAX_NODES)
		return error_set(err, ERR_INVALID, "`%s` makes more than %d values, which no lima.yaml may have", expr, YAML_MAX_NODES);
	node_update(a, root, results[0]);
	return 0;
}

int
template_set(struct template *t, const char *const *exprs, size_t n, struct error *err)
{
	struct node *root;

	if (!n)
		return 0;
	if (tree_open(&root, t, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (set_expr(&t->arena, root, exprs[i], err) < 0)
			return -1;
	return tree_close(t, root, err);
}
