/* resources/instance_lock.h - the lock that whoever works on an instance has: where it is, and whether somebody has it. */
#pragma once
#include <stdbool.h>
#include "reconciler/env.h"

/* $LIMA_HOME/_state/NAME.lock; to free */
char *instance_lock_path(const struct env *env, const char *name);
/* Is a limactl about to bring it up, or down, or whatever else? */
bool instance_is_worked_on(const struct env *env, const char *name);
