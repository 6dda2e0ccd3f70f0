/*
 * `--set`: an expression, and the template that it changes. The changed text is YAML still, and what the nodes
 * say is what the text says. A result of any kind is taken over.
 */
#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "state/desired/yaml/emit.h"
#include "state/desired/yaml/set.h"
#include "tests/fuzz/parts.h"

static int
read_it(struct node **root, struct arena *a, const struct buf *text)
{
	struct source *src = arena_alloc(a, sizeof *src);
	struct error err;

	*src = (struct source){ .name = "t", .text = text->s, .len = text->len };
	return yaml_read(root, a, src, NULL, &err) < 0 || (*root)->kind != NODE_MAP ? -1 : 0;
}

/* is there nothing in it that is written anew even so? */
static bool
is_as_read(const struct node *n)
{
	if (n->flags)
		return false;
	for (size_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
		if (!is_as_read(n->item[i]))
			return false;
	for (size_t i = 0; n->kind == NODE_MAP && i < n->npair; i++)
		if (!is_as_read(n->pair[i].key) || !is_as_read(n->pair[i].value))
			return false;
	return true;
}

static void
check_text(struct arena *mem, const struct node *root, const char *same)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) want = BUF_INIT;
	AUTO(buf) have = BUF_INIT;
	struct source src = { .name = "changed" };
	struct node *again;
	struct error err;

	if (yaml_write(&text, mem, root, NULL, NULL) < 0)
		abort();
	if (same && strcmp(text.s, same) != 0)
		abort();
	src.text = text.s;
	src.len = text.len;
	if (text.len > YAML_MAX_TEXT)
		return;
	if (yaml_read(&again, &a, &src, NULL, &err) < 0)
		abort();
	node_json(root, &want);
	node_json(again, &have);
	if (strcmp(want.s, have.s) != 0 && !(again->kind == NODE_NULL && !root->npair))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) expr = BUF_INIT;
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) other = BUF_INIT;
	struct node *root, *want;
	struct error err;

	next_part(&expr, &data, &size);
	next_part(&text, &data, &size);
	next_part(&other, &data, &size);
	if (read_it(&root, &a, &text) < 0)
		return 0;
	yaml_layout(root);
	check_text(&a, root, is_as_read(root) ? root->src->text : NULL);
	set_expr(&a, root, expr.s, &err);
	check_text(&a, root, NULL);
	/* comments that go along to another place may be indented like anything; an update is JSON, which has no anchors */
	if (read_it(&want, &a, &other) == 0 && !want->src->anchors) {
		node_update(&a, root, want);
		if (!node_equal(root, want))
			abort();
		check_text(&a, root, NULL);
	}
	return 0;
}
