/* state/desired/yaml/set.h - changes to a template, said in expressions; for the files of this folder only. */
#pragma once
#include <stdbool.h>

struct arena;
struct error;
struct node;

/*
 * Carries out what consists of plain assignments: PATH = VALUE, PATH += VALUE, del(PATH), joined by `|` or commas.
 * 1: done; 0: it is more than that (nothing was changed); -1: it is that, and cannot be done.
 */
int set_plain(struct arena *a, struct node *root, const char *expr, struct error *err);
/* The same for any expression of yq; needs the lazily loaded half. */
int set_by_yq(struct arena *a, struct node *root, const char *expr, struct error *err);

/*
 * Makes `to` say what `want` says, changing no more of it than needed: what is equal keeps its
 * text and comments.
 */
void node_update(struct arena *a, struct node *to, const struct node *want);
bool node_equal(const struct node *x, const struct node *y);
