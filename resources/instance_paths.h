/* resources/instance_paths.h - what several types share: paths of an instance, and its needs. */
#pragma once
#include <stdbool.h>
#include "base/mem.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"
#include "state/desired/spec/spec.h"

/* $LIMA_HOME/INSTANCE[/file]; to free */
char *instance_path(const struct env *env, const struct resource *r, const char *file);

static inline bool
instance_paths_wanted(const struct spec *spec)
{
	return spec->goal != GOAL_ABSENT;
}

static inline bool
wanted_running(const struct spec *spec)
{
	return spec->goal == GOAL_RUNNING;
}

/* Running, or put aside to go on: what the machine holds, it holds. */
static inline bool
wanted_machine(const struct spec *spec)
{
	return spec->goal == GOAL_RUNNING || spec->goal == GOAL_SUSPENDED;
}

/* For attrs of things that we may find without knowing how they were made: no knowledge, no difference. */
enum cost judge_known_replace(const char *have, const char *want);
enum cost judge_known_update(const char *have, const char *want);
/* Of a disk's size: it may grow; cutting it would cut its partitions. */
enum cost judge_grows(const char *have, const char *want);
#define DISK_SHRINKS "Disk shrinking is currently unavailable"

/* Is lima.yaml new, or another one than the instance has? One that is as it was may be stopped, whatever is in it. */
bool instance_yaml_changes(const struct spec *spec);

/* Is the instance's VM or its host agent alive? Looks at processes. */
/*
 * For observe() of what only the host agent knows, after it failed to tell: 0, there is no agent, so nothing of it either;
 * or -1: one is there and does not answer, so nobody knows. Where the machine goes anyway, nobody needs to.
 */
int instance_not_told(const struct resource *r, const struct error *why, struct error *err);
bool instance_runs(const struct env *env, const struct resource *r);

/*
 * The digest that a part of an image ("path", "kernel", "initrd") was asked for with; in `a`; "": none. What is copied is
 * compared with it, byte by byte: between a check and a copy somebody else could have written.
 */
const char *image_digest(const struct resource *image, const char *part, struct arena *a);

/* For what goes with something else, or stays: an image in the cache, which `limactl prune` empties. */
int remove_nothing(const struct env *env, const struct resource *r, struct error *err);
