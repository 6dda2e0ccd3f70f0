/* A tree to text that has been read again. */
#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "state/desired/yaml/emit.h"
#include "state/desired/yaml/set.h"

static bool
reads_as(const struct buf *text, size_t from, const struct node *root)
{
	AUTO(arena) a = { 0 };
	struct source src = { .name = "", .text = text->s + from, .len = text->len - from };
	struct node *again;

	if (src.len > YAML_MAX_TEXT)
		return true;	/* that is told by who asked for it */
	if (yaml_read(&again, &a, &src, NULL, NULL) < 0)
		return false;
	return node_equal(again, root) || (again->kind == NODE_NULL && root->kind == NODE_MAP && !root->npair);
}

int
yaml_write(struct buf *out, struct arena *a, const struct node *root, struct origins *origins)
{
	size_t from = out->len;
	struct node *anew;

	yaml_emit(out, root, origins);
	if (reads_as(out, from, root))
		return 0;
	buf_truncate(out, from);
	if (origins)
		origins->n = 0;
	anew = node_copy(a, root);
	node_disown(anew);
	yaml_emit(out, anew, origins);
	return reads_as(out, from, root) ? 0 : -1;
}
