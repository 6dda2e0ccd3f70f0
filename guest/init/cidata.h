/*
 * guest/init/cidata.h - the volume that tells a guest what it is to be.
 *
 * An ISO with the volume label "cidata", mounted read-only on /mnt/lima-cidata for
 * root alone. Files are read whole, with a limit on their size; any of them may be
 * missing or nonsense, and what can be understood is used.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "guest/init/env.h"
#include "guest/init/scan.h"

#define CIDATA_DIR "/mnt/lima-cidata"

struct cidata {
	struct env lima;	/* lima.env */
	struct env param;	/* param.env: only names that begin with PARAM_ */
	struct env etc;		/* etc_environment, as pam_env reads it */
	char *etc_block;	/* and its text */
	char *hostname;		/* NULL: none, or no host name */
	struct scan_keys keys;
	struct scan_mounts mounts;
	struct scan_net net;
};

/* Waits for the volume and mounts it. False: there is none. */
bool cidata_mount(int events);
void cidata_read(struct cidata *c);
/* LIMA_CIDATA_<name>, "" when absent */
const char *cidata_str(const struct cidata *c, const char *name);
/* Is it "1" or "true"? */
bool cidata_is(const struct cidata *c, const char *name);
