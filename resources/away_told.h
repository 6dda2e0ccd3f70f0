/*
 * resources/away_told.h - what the guest of a member on another host is told, where no limactl is on that: made here, handed over once.
 *
 * The volume is the one that an instance of this host has (resources/cidata_files.h), of a plain guest: nobody is beside it, so it has no agent
 * and no folders; user, keys and scripts are the same. In $LIMA_HOME/_engines/NAME.guest is its host key, and later what ssh needs.
 */
#pragma once
#include <stdbool.h>
#include "providers/cluster.h"
#include "reconciler/env.h"
#include "state/desired/spec/spec.h"

struct error;

/* $LIMA_HOME/_engines/NAME.guest; to free */
char *away_guest_dir(const char *home, const char *name);

/* Texts and bytes are the arena's; the keys are made, if there are none yet. Lazy half. */
int away_told(struct cluster_told *out, struct arena *a, const struct env *env, const struct spec *spec, struct error *err);
/*
 * cluster_told.digest: what of a configuration only a new guest is told. Whose keys it has is not in it, so that it is the same for all who apply.
 * In `a`.
 */
const char *away_told_digest(struct arena *a, const struct spec *spec);
