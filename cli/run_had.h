/* cli/run_had.h - is what a command was told of still so, when it has what it needs to itself? */
#pragma once
#include "reconciler/engine.h"

struct cli;
struct error;
struct locks;
struct run;

/* Whether an instance runs, is suspended or neither, as far as its folder says (struct engine). */
enum goal run_as_it_is(const struct env *env, const char *name);
/* What was so when the command began may have been changed by whoever had the locks before: -1, in words. Sets locks->fresh. */
int run_check_had(struct cli *c, const struct run *r, struct locks *locks, struct error *err);
