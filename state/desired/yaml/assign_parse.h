/*
 * state/desired/yaml/assign_parse.h - plain assignments, read; for set.c only.
 *
 * PATH = VALUE, PATH += VALUE, del(PATH), joined by `|` or commas; a path of keys, indexes and `[]`, and a
 * value that YAML reads as yq would.
 */
#pragma once
#include <stddef.h>

struct arena;
struct node;

enum { SET_MAX_STEPS = 32, SET_MAX_CHANGES = 64, SET_ALL = -1 };

struct step {
	const char *key;	/* NULL: an index */
	long index;		/* SET_ALL: `[]` */
};

enum change_kind { CHANGE_ASSIGN, CHANGE_ADD, CHANGE_DELETE };

struct change {
	enum change_kind kind;
	struct step steps[SET_MAX_STEPS];
	size_t nsteps;
	struct node *value;
};

/* The changes, SET_MAX_CHANGES at most; 0: it is more than plain assignments. */
size_t set_scan(struct arena *a, const char *expr, struct change *c);
