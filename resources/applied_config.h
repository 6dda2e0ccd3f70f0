/*
 * resources/applied_config.h - applied.json: the filled configuration that an instance has been brought to.
 *
 * It lies in the instance's folder, so that what a change of lima.yaml, of a layer or
 * of a default means can be told key by key, with old and new value, even when the database is
 * lost. An instance that upstream made has none until its first change here.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "reconciler/resource.h"

void applied_digest(const void *json, size_t len, char hex[65]);
/* Sets "configuration" to the digest of what is in `dir`, if there is any. */
void applied_observe(const char *dir, struct facts *have, struct arena *a);
int applied_write(const char *dir, const struct spec *spec, struct error *err);
/*
 * Does `spec` change what cannot be changed in an existing instance? The error names
 * all such keys. An instance that is only to be stopped may say what it likes.
 */
bool applied_refuses(const struct spec *spec, struct error *err);
/* For struct resource_type. */
void applied_detail(const struct resource *r, void (*say)(void *ctx, const struct detail *d), void *ctx);
