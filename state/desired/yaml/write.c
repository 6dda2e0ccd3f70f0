/* A tree to text that has been read again. */
#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "state/desired/yaml/emit.h"
#include "state/desired/yaml/set.h"

/* *again: what was read, in `a`; NULL, where it is not all that the text has, or was not read. */
static bool
reads_as(const struct buf *text, size_t from, const struct node *root, struct arena *a, struct node **again)
{
	struct source *src = arena_alloc(a, sizeof *src);
	struct node *n;
	bool more;

	*again = NULL;
	*src = (struct source){ .name = "", .text = text->s + from, .len = text->len - from };
	if (src->len > YAML_MAX_TEXT)
		return true;	/* that is told by who asked for it */
	if (yaml_read(&n, a, src, &more, NULL) < 0)
		return false;
	if (!node_equal(n, root) && !(n->kind == NODE_NULL && root->kind == NODE_MAP && !root->npair))
		return false;
	if (more || src->text != text->s + from)
		return true;
	src->text = arena_memdup(a, src->text, src->len);
	*again = n;
	return true;
}

int
yaml_write(struct buf *out, struct arena *a, const struct node *root, struct origins *origins, struct node **again)
{
	AUTO(arena) own = { 0 };
	struct node *read, *anew;
	size_t from = out->len;

	if (!again)
		again = &read;
	yaml_emit(out, root, origins);
	if (reads_as(out, from, root, again == &read ? &own : a, again))
		return 0;
	buf_truncate(out, from);
	if (origins)
		origins->n = 0;
	anew = node_copy(a, root);
	node_disown(anew);
	yaml_emit(out, anew, origins);
	return reads_as(out, from, root, again == &read ? &own : a, again) ? 0 : -1;
}
