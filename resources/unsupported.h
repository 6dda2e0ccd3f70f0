/*
 * resources/unsupported.h - what lima.yaml can say and a running machine of ours cannot do yet.
 *
 * Such a key is refused by name when the machine is wanted running, never skipped.
 */
#pragma once
#include "state/desired/spec/spec.h"

struct error;

/* ERR_UNSUPPORTED, naming the key and what to do instead. */
int unsupported_check(const struct spec *spec, struct error *err);
