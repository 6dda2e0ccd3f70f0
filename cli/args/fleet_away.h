/* cli/args/fleet_away.h - a fleet file with an `engine`: its members are on other hosts. */
#pragma once
#include "cli/run.h"

struct error;
struct fleet;

/* All that the flags of fleet_args.h ask of such a file; `f` is the goals'. */
int fleet_away_add(struct cli *c, struct goals *g, const struct fleet *f, enum goal goal, struct error *err);
/* Is there such an engine, and does it keep all that the members say? For `validate`. */
int fleet_away_check(struct cli *c, const struct fleet *f, struct spec *const *specs, struct error *err);
