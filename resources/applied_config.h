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

struct spec_change;

void applied_digest(const void *json, size_t len, char hex[65]);
/* Sets "configuration" to the digest of what is in `dir`, if there is any, and "fixed keys" to those of it that cannot change. */
void applied_observe(const char *dir, struct facts *have, struct arena *a);
int applied_write(const char *dir, const struct spec *spec, struct error *err);
/* "fixed keys" of an instance that has none of that, by the lima.yaml that it has, if `spec` is of another one. */
void applied_observe_old(const struct spec *spec, struct facts *have, struct arena *a);
/* From what its folder says was applied last to `spec`: 1 with what differs, key by key; 0: nothing is known, or it is the same. */
int applied_changes(struct arena *a, const struct spec *spec, struct spec_change **v, size_t *n);
/* For struct resource_type. */
void applied_detail(const struct resource *r, detail_say *say, void *ctx);
