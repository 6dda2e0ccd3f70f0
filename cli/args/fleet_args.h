/*
 * cli/args/fleet_args.h - fleets on the command line: a fleet file's members, and `fleet/NAME` for what is there of one.
 *
 * Whose an instance is stands in its folder (SPEC_FLEET_FILE): what a fleet does not own it neither changes nor takes away.
 */
#pragma once
#include "cli/run.h"

struct buf;
struct error;
struct fleet;
struct template;

extern const struct flag fleet_flags[];		/* --prune, --adopt: plan and apply */

/* Reads a fleet file with --param; to be released, with fleet_release(). */
int fleet_args_read(struct cli *c, const struct template *t, struct fleet *out, struct error *err);
/* All members of a fleet file, as the flags above say. `t` has been read (template_read). */
int fleet_args_add(struct cli *c, struct goals *g, const struct template *t, enum goal goal, struct error *err);

/*
 * Reads the fleet file and each of its members, for `validate`: nothing of the host is asked. Appends the filled configurations, a
 * document each, if `fill` is not NULL; how many members there are is in *n.
 */
int fleet_args_validate(struct cli *c, const struct template *t, struct buf *fill, size_t *n, struct error *err);

/* What a folder says of its instance; strings in c->arena. `fleet` is "" for one that is nobody's. */
struct fleet_note {
	const char *fleet, *file;
};
int fleet_note(struct cli *c, const char *instance, struct fleet_note *out, struct error *err);

/* "fleet/NAME" -> "NAME"; NULL: another word. */
const char *fleet_word(const char *arg);
/* Instances of a fleet, or, with `fleet` NULL, of any; sorted, perhaps none. */
int fleet_instances(struct cli *c, const char *fleet, struct names *out, struct error *err);
/* In the arguments, a fleet becomes its instances; a command that is about one instance refuses it, with the list. */
int fleets_to_names(struct cli *c, struct error *err);
