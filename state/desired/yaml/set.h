/* state/desired/yaml/set.h - changes to a template, said in expressions; for the files of this folder only. */
#pragma once
#include <stdbool.h>

struct arena;
struct error;
struct node;

/* Carries out an expression on the nodes of a template; -1: it cannot be done, and nothing was changed. */
int set_expr(struct arena *a, struct node *root, const char *expr, struct error *err);

/*
 * Makes `to` say what `want` says, changing no more of it than needed: what is equal keeps its
 * text and comments.
 */
void node_update(struct arena *a, struct node *to, const struct node *want);
bool node_equal(const struct node *x, const struct node *y);
