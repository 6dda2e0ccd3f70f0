/*
 * cli/args/target.h - what `create` and `start` mean by their argument and --name: an instance
 * that is there, or one to be made out of a template. lima-vm/lima: cmd/limactl/start.go.
 */
#pragma once
#include "cli/cli.h"
#include "cli/run.h"

struct error;

struct target {
	const char *name;	/* "": as the template suggests */
	const char *locator;	/* NULL: the instance `name`, which exists */
};

int target_parse(struct cli *c, struct target *out, struct error *err);
/*
 * Adds the instance to be made: its template with the flags applied, after the menu on a
 * terminal. EEXIST if one of its name is there.
 */
int target_add(struct cli *c, struct goals *g, const struct target *t, enum goal goal, struct request **out, struct error *err);
/*
 * Hands it to the engine. What fails before there is a disk, that is, anything of worth, leaves no instance behind:
 * the same command can be given again. The exit status, or -1.
 */
int target_make(struct cli *c, struct goals *g, struct error *err);

/* Answers --list-templates and --list-drivers: was it asked? */
bool target_lists(struct cli *c);
extern const struct flag target_flags[];	/* --name, the two above, and those of cli/args/edit_flags.h */
