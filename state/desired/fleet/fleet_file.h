/* state/desired/fleet/fleet_file.h - what the parts of the reader of fleet files share; for the files of this folder only. */
#pragma once
#include "state/desired/fleet/fleet.h"
#include "state/desired/spec/load.h"

enum { FLEET_MAX = 5000, FLEET_MAX_EDGES = 200000 };	/* members; `dependsOn` among them */

struct fleet_reading {
	struct fleet *f;
	struct load l;
	struct val *root, *instances;
	struct val **own;		/* what the members of each key of `instances` have besides the keys of lima.yaml */
	const char *prefix;
};

/* --- expressions (fleet_expr.c) */
struct fleet_scope {
	const struct fleet *f;
	const struct fleet_member *m;	/* NULL: there is none yet; then only parameters are known */
};
/* Appends `text` with the expressions that are about the fleet evaluated; others stay. 1: it was one expression and nothing else; 0, -1. */
int fleet_expand_text(struct buf *out, struct arena *a, const char *text, size_t len, const struct fleet_scope *s, struct error *err);
/* The same of all values below `n`, which are copied where they change. */
struct node *fleet_expand(struct arena *a, const struct node *n, const struct fleet_scope *s, struct error *err);
/* Is there no expression in it, of whoever's? */
bool fleet_is_literal(const struct node *n);

/* --- names (fleet_names.c) */
struct fleet_names {
	const char **v;
	int *index;
	size_t n;
	const char *group;
};
/* "web-{1..3}" and a count to names and their indices; NULL, or what is wrong with the pattern. */
const char *fleet_names(struct arena *a, const char *pattern, int count, struct fleet_names *out);

/* --- parts of the file */
void fleet_read_members(struct fleet_reading *r);
void fleet_read_depends(struct fleet_reading *r);
void fleet_read_networks(struct fleet_reading *r);
void fleet_read_capacity(struct fleet_reading *r);
void fleet_read_engine(struct fleet_reading *r);
void fleet_read_placement(struct fleet_reading *r, const struct val *own, struct fleet_placement *out);
