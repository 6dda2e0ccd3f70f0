/*
 * cli/yq/yq_parts.h - which parts of a YAML document the results of an expression are, so that they
 * can be printed as they stand there, with comments, quotes and layout. Lazy half.
 */
#pragma once
#include <stddef.h>
#include "state/desired/yaml/yaml.h"

struct part {
	const struct node *head;	/* the entry: a key, or the item of a list; NULL: the document itself */
	const struct node *node;	/* NULL: this one is no part */
};

struct parts {
	struct part *v;		/* to free */
	size_t n, cap;
};

/* One for each result of `expr` on the document, whose JSON is given; none if one of them is made rather than found. */
void parts_find(struct parts *out, const char *expr, const struct node *root, const char *json);
