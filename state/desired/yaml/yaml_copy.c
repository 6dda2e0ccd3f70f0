/* A copy of a tree, in its own source or in another one. */
#include <string.h>

#include "base/mem.h"
#include "state/desired/yaml/yaml.h"
#include "state/desired/yaml/yaml_reader.h"

bool
yaml_depends_on_place(const struct node *n)
{
	const char *end = n->text + n->len;

	if (n->end == n->src->len && n->len && end[-1] != '\n')
		return true;
	return n->len > 1 && end[-1] == '\n' && strchr(" \t\n", end[-2]);
}

struct node *
yaml_copy(struct arena *a, const struct node *n, size_t *count)
{
	struct node *c = arena_alloc(a, sizeof *c);

	if (count && ++*count > YAML_MAX_NODES)
		return c;
	*c = *n;
	if (n->kind == NODE_LIST) {
		c->cap = n->n;
		c->item = arena_alloc(a, n->n * sizeof *c->item);
		for (size_t i = 0; i < n->n; i++)
			c->item[i] = yaml_copy(a, n->item[i], count);
	} else if (n->kind == NODE_MAP) {
		c->pcap = n->npair;
		c->pair = arena_alloc(a, n->npair * sizeof *c->pair);
		for (size_t i = 0; i < n->npair; i++)
			c->pair[i] = (struct pair){ yaml_copy(a, n->pair[i].key, count), yaml_copy(a, n->pair[i].value, count) };
	}
	return c;
}

struct node *
node_copy(struct arena *a, const struct node *n)
{
	return yaml_copy(a, n, NULL);
}

static struct node *
yaml_copy_to(struct arena *a, const struct node *n, const struct source *src)
{
	struct node *c = arena_alloc(a, sizeof *c);

	*c = *n;
	c->src = src;
	if (n->kind == NODE_LIST) {
		c->cap = n->n;
		c->item = arena_alloc(a, n->n * sizeof *c->item);
		for (size_t i = 0; i < n->n; i++)
			c->item[i] = yaml_copy_to(a, n->item[i], src);
	} else if (n->kind == NODE_MAP) {
		c->pcap = n->npair;
		c->pair = arena_alloc(a, n->npair * sizeof *c->pair);
		for (size_t i = 0; i < n->npair; i++)
			c->pair[i] = (struct pair){ yaml_copy_to(a, n->pair[i].key, src), yaml_copy_to(a, n->pair[i].value, src) };
	} else {
		c->text = arena_memdup(a, n->text, n->len);
	}
	return c;
}

struct node *
node_copy_to(struct arena *a, const struct node *n, struct source *src)
{
	src->anchors = n->src->anchors;
	return yaml_copy_to(a, n, src);
}
