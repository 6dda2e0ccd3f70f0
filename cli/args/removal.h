/* cli/args/removal.h - instances that are to go, and what of worth goes with them. */
#pragma once
#include "cli/run.h"

struct error;

extern const struct flag removal_flags[];	/* --destroy, --allow-data-loss */

/* May these be removed with what is on their disks? --allow-data-loss says so, or whoever sits at the terminal; a plan only shows it. */
int removal_allowed(struct cli *c, const struct names *go, struct error *err);
/* Nothing is wanted of that instance. */
int removal_add(struct cli *c, struct goals *g, const char *name, struct error *err);
