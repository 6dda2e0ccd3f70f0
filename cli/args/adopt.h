/* cli/args/adopt.h - --adopt-drift: what changed behind our back becomes what is wanted, as far as lima.yaml has keys for it. */
#pragma once
#include "cli/run.h"

struct error;

extern const struct flag adopt_flags[];		/* --adopt-drift */

/*
 * The words are instances, or files that stand for some; none: all there are. Each is looked at, what was found is written into its
 * text as --set writes it, and that text is what is asked for: a plan like any other. What has no key is told.
 */
int adopt_args(struct cli *c, struct goals *g, struct error *err);
