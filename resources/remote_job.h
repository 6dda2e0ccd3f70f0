/*
 * resources/remote_job.h - what is asked of the engine of a fleet, so that a member becomes as it is wanted; for the type `remote` only.
 */
#pragma once
#include "providers/cluster.h"
#include "reconciler/resource.h"

struct away_member;
struct spec;

/* What it is to be, of what its file says; of one that stays as it is, nothing. Who asks and the key are to be filled in, as in the next. */
int remote_job(struct cluster_job *job, struct cluster_told *told, struct arena *a, const struct env *env, const struct spec *spec, struct error *err);
struct cluster_job remote_removal(const struct spec *spec);
/*
 * Who asks, and the key: of a job that was noted (`before`), not heard of again, and whose effect is found on its node (`found`: the key of what made
 * that) it is that one's once more. So it goes on there, if need be, and is counted once.
 */
void remote_take_key(struct arena *a, struct cluster_job *job, const struct away_member *before, const char *found);
void remote_facts(struct facts *have, struct arena *a, const struct spec *spec, const char *node, const char *digest, const char *state, const char *told,
		  long long generation);

/* What goes to one node goes in one errand, where the engine has that (resources/remote_many.c). */
bool remote_together(const struct resource *a, const struct resource *b, bool removes);
int remote_many(const struct env *env, struct many *m, struct error *err);
