/* resources/leftovers.h - what a killed limactl left of an instance: half-written files, folders half made or half removed. */
#pragma once
#include <stdbool.h>
#include "resources/instance_paths.h"

/* Is there anything beside the folder: HOME/.NAME.tmp, HOME/.NAME.deleted? */
bool leftovers_beside(const struct env *env, const struct resource *r);
/* Is there a half-written file in the folder? */
bool leftovers_inside(const struct env *env, const struct resource *r);
/* Takes all of that away. With the instance's lock held: nobody else writes them. */
int leftovers_sweep(const struct env *env, const struct resource *r, struct error *err);
