/*
 * resources/vm_live.h - what of a machine is changed while it runs, as attributes of `vm`: one row each of the table in vm_live.c.
 *
 * A value is a text of its own kind. What the machine has is in its facts, and beside it in launch.facts, where it is "~" and what it may
 * have by then for as long as it is being changed: whoever is killed there leaves a difference, whatever is wanted later. Where what differs
 * can be changed as the machine runs, observe puts "live " before it, and the planner has the machine stay.
 */
#pragma once
#include "reconciler/env.h"
#include "reconciler/resource.h"

struct arena;
struct error;
struct graph;
struct spec;

enum cost judge_vm_live(const char *have, const char *want);
void vm_live_want(struct graph *g, struct resource *r, const struct spec *spec);
/* What is had, of a machine that an earlier version started or changed: those keys were among the others then. */
void vm_live_recall(struct facts *have, struct arena *a);
/* For observe(), once all is known of `have`. */
void vm_live_tell(const struct resource *r, const char *dir, struct facts *have, struct arena *a);
/* For ensure() of a machine that runs: what is not as wanted becomes so, and the guest is asked. `facts`: launch.facts. */
int vm_live_apply(const struct env *env, const struct resource *r, const char *facts, struct error *err);
/* Would the change of the key at that path of lima.yaml be made so? Where it is made so of other machines, `*why` says why not, in `a`; else NULL. */
bool vm_live_would(const struct spec *spec, const char *path, struct arena *a, const char **why);

/* A value without the words before it. */
const char *vm_live_bare(const char *value);
#define VM_LIVE_DISKS "disks"
#define VM_LIVE_MEMORY "memory"
#define VM_LIVE_CPUS "cpus"
#define VM_LIVE_ENV "env"
void vm_live_memory_each(const char *have, const char *want, detail_say *say, void *ctx);
void vm_live_cpus_each(const char *have, const char *want, detail_say *say, void *ctx);
void vm_live_disks_each(const char *have, const char *want, detail_say *say, void *ctx);
void vm_live_env_each(const char *have, const char *want, detail_say *say, void *ctx);

/* --- for the table: what a row is made of --- */

struct driver;
struct vm_live_row {
	const char *attr, *key;
	bool guests;	/* the guest is told, and its driver has no part in it */
	bool assumed;	/* where nothing is known, it has what is wanted: something else would have it restarted */
	/* What lima.yaml wants; the same of the part of it that an earlier version compared ("PATH=VALUE" lines); in `a`; NULL: nothing. */
	const char *(*want)(const struct spec *spec, struct arena *a);
	const char *(*recall)(const char *machine_keys, struct arena *a);
	/* What it has, or may have, while it goes from one to the other; in `a`. */
	const char *(*between)(const char *have, const char *want, struct arena *a);
	/* Why it cannot be changed so, in `a`; NULL: it can. */
	const char *(*why_not)(const struct spec *spec, const struct driver *d, const char *have, const char *want, struct arena *a);
	int (*apply)(const struct env *env, const struct resource *r, const struct driver *d, const char *have, const char *want, struct error *err);
	bool (*same)(const char *have, const char *want, struct arena *a);	/* two texts that mean the same; NULL: none do */
};
extern const struct vm_live_row vm_live_disks, vm_live_memory, vm_live_cpus, vm_live_env;
/* VALUE of the line PATH=VALUE, or PATH:=VALUE; in `a`; NULL: there is none. */
const char *vm_live_key(const char *keys, const char *path, struct arena *a);
