/* cli/args/desired_args.h - the arguments that plan and apply share. */
#pragma once
#include "cli/run.h"

extern const struct flag desired_flags[];

/*
 * Each argument a file, URL or template (wanted running), or the name of an instance (as
 * it was last asked to be). None: the file of this folder (cli/args/files.h), else all instances there are.
 */
int desired_args(struct cli *c, struct goals *g, struct error *err);
/* A run for them, as these arguments want it: a fleet goes on where a member fails, and texts are told of what was named. */
struct run desired_run(struct cli *c, const struct goals *g);
