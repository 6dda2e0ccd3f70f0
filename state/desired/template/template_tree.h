/*
 * state/desired/template/template_tree.h - a template while it is being changed: text to nodes and back; for the files of this folder only.
 */
#pragma once
#include "state/desired/template/template.h"
#include "state/desired/yaml/yaml.h"

/* The nodes of the text, ready to be changed; a NODE_MAP even for an empty text. They live in t->arena. */
int tree_open(struct node **out, struct template *t, struct error *err);
/* The same for the text of a base; everything lives in `a`. */
int tree_read(struct node **out, struct arena *a, const char *path, const char *text, size_t len, struct error *err);
/* The text of the changed nodes; more than 4 MiB is an error. */
int tree_close(struct template *t, struct node *root, struct error *err);

/* merge.c: what `to` lacks is taken from `from` */
void merge_base(struct arena *a, struct node *to, struct node *from);
/* absolutize.c: relative local images (kernels, initrds, archives) that exist beside the file at `path` become absolute paths */
void tree_pin(struct arena *a, struct node *root, const char *path);
/* merge_lists.c: list entries of one name become one */
void combine_entries(struct arena *a, struct node *root);
/* host_uses.c: adds to t->host_uses what this file names */
void tree_host_uses(struct template *t, const struct node *root, const char *file);
/* A list's entries, or nothing. */
static inline size_t
node_count(const struct node *list)
{
	return list && list->kind == NODE_LIST ? list->n : 0;
}
