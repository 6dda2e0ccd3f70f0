/*
 * cli/look/dot.h - a graph of resources in Graphviz' language: a node a resource, by its address, with what apply would do to it.
 *
 * A box is as it is wanted; an ellipse is to be made, an octagon changed, a double one remade, a dashed box removed. Text says the same.
 */
#pragma once
#include <stddef.h>

struct buf;
struct graph;

/* Each instance is one node where there are more than `fold_above` of them; 0: never. */
void dot_text(struct buf *out, const struct graph *g, size_t fold_above);
