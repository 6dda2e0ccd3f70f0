/*
 * resources/provision_run.h - runs a script, file or edit of `provision` in a guest that runs, as a boot would.
 *
 * By one SSH connection and sudo: what the boot scripts call (guest/boot/provision.sh) is given to a shell there, with what it is to
 * work on. Whatever ends that connection ends what runs, and one that somebody has left running is ended before the next.
 */
#pragma once
#include <stddef.h>
#include "reconciler/env.h"
#include "reconciler/resource.h"

struct arena;
struct buf;
struct error;

struct provision_run {
	size_t i;		/* of r->spec->provision */
	const char *id;		/* its digest */
	int status;		/* its exit status */
	struct buf *log;	/* what it said, the end of it */
};

/* Waits for its end. -1: it could not be run, or not to its end. */
int provision_run_live(const struct env *env, const struct resource *r, struct provision_run *p, struct error *err);

/* What a file of the guest that runs is, as guest_file.h has it; NULL: nobody knows just now. */
const char *provision_file_now(const char *dir, const char *path, struct arena *a);

#define PROVISION_FILE "file."	/* and N: not a run, but what the file of entry N is after the boot; `log` has it */

/* One that a boot has run. */
struct provision_booted {
	const char *file;	/* on the volume */
	int status;
	long long took_ms;
	const char *log;
	size_t len;
};
/* What the boot of the guest has run, by asking it. */
int provision_boot_results(const struct env *env, const struct resource *r, struct arena *a, struct provision_booted **v, size_t *n,
			   struct error *err);
