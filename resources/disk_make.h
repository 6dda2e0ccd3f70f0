/*
 * resources/disk_make.h - a new disk of an instance: on a base, on that of a saved machine, or of an image, which is unpacked, looked at
 * and converted by what can do nothing else; checked before it gets its name.
 */
#pragma once
#include <stdint.h>

#include "reconciler/resource.h"

/* Made at `disk`, of at least that size; what a step that was killed has left beside it is of no disk, and goes. */
int disk_make_new(const struct env *env, const struct resource *r, const char *disk, int64_t size, struct arena *a, struct error *err);
