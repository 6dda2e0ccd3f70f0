/*
 * cli/rounds/rounds.h - `apply --watch`: round after round, each when a text was saved or something of an instance has changed, until
 * a signal ends it. Nothing is polled.
 */
#pragma once
#include "cli/cli.h"

struct error;

extern const struct flag rounds_flags[];	/* --watch */

/*
 * `go` is the body of the command. It is called in a process of its own for each round, with c->round set: for that process this returns
 * its exit status as the command's, and for the one that watches, when it has come to its end.
 */
int rounds_run(struct cli *c, int (*go)(struct cli *c, struct error *err), struct error *err);
