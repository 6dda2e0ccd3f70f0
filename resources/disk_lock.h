/*
 * resources/disk_lock.h - who uses a data disk: $LIMA_HOME/_disks/NAME/in_use_by, a symbolic link to the
 * folder of an instance, as upstream has it. A link to an instance whose machine does not run is stale.
 */
#pragma once
#include <stdbool.h>
#include "reconciler/env.h"
#include "reconciler/resource.h"

struct error;

/* For the instance of `r`. EBUSY, naming who has it, if a running machine of another one does. */
int disk_lock(const struct env *env, const struct resource *r, const char *disk, struct error *err);
/* Does the instance of `r` hold it? */
bool disk_is_locked(const struct env *env, const struct resource *r, const char *disk);
/* Lets go of it, if it is the instance's. A disk that is gone is let go of. */
int disk_unlock(const struct env *env, const struct resource *r, const char *disk, struct error *err);
/* Lets go of all that the instance holds. */
void disk_unlock_all(const struct env *env, const struct resource *r);
