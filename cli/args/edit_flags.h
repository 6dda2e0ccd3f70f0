/*
 * cli/args/edit_flags.h - the flags that change a lima.yaml: --cpus, --mount, --set ... of create,
 * start, edit, clone, rename and restart.
 *
 * Each given flag becomes yq expressions; they are applied in the order of one table.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "cli/cli.h"

struct error;
struct template;

extern const struct flag edit_flags[];	/* for any instance */
extern const struct flag new_flags[];	/* and those that only a new one can have: create, start */

/* Is any of them given? */
bool edit_given(const struct cli *c);
/*
 * Changes the text of `t` as the flags say. Of a new instance all of them count; for an
 * existing one those for new ones are told to be without effect.
 */
int edit_apply(struct cli *c, struct template *t, bool is_new, struct error *err);

/* The same for a member of a fleet, whose parameters are the fleet's, and no business of its own text. */
int edit_apply_member(struct cli *c, struct template *t, struct error *err);

/* The expressions themselves, in c->arena, NULL-terminated; `declared`: params of the template. For tests. */
int edit_exprs(struct cli *c, bool is_new, const char *const *declared, const char ***out, struct error *err);
