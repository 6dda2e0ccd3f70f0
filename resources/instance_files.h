/*
 * resources/instance_files.h - the files of an instance's folder that limactl knows: whose they are, and what clone, rename and a
 * crash make of them. What is not in the table (a user's own file) is copied and stays.
 */
#pragma once
#include <stdbool.h>
#include "reconciler/env.h"
#include "reconciler/resource.h"

struct instance_file {
	const char *name;
	const char *type; /* the resource type that makes it, and takes it away; "": another's */
	enum {
		FILE_COPIED, /* a clone has it too */
		FILE_MOVED,  /* a clone has not, but under another name the instance has: what is said of it */
		FILE_LEFT,   /* neither has: it is made out of the name */
	} copy;
	enum {
		FILE_PLAIN,
		FILE_BY_TMP, /* limactl writes NAME.tmp first, which a kill leaves */
		FILE_REWRITTEN, /* the user's own: by fs_rewrite() */
		FILE_HALF,   /* it is itself what a kill leaves */
	} half;
};

extern const struct instance_file instance_files[]; /* ends at a NULL name; in the order in which they go */

/* What a kill leaves of that file; to free. NULL: nothing. */
char *instance_file_half(const struct env *env, const struct resource *r, const struct instance_file *f);
/* For resource_type.remove: takes away what is of that type, whole and half. */
int instance_files_remove(const struct env *env, const struct resource *r, struct error *err);
/*
 * Whatever lies where a machine and its agent are to put pid files, sockets, logs and what they are started with, and is none of
 * those, goes: a link, a FIFO, a folder (which is moved aside if there is something in it). What runs already is not touched.
 */
int instance_files_make_way(const char *dir, struct error *err);
/* What becomes of that name in a clone or a rename; also of the sockets, pids and logs that come and go while it runs. */
int instance_file_copy(const char *name);
