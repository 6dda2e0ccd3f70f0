/*
 * providers/external.h - drivers that are programs of somebody else: where they are.
 *
 * A program lima-driver-NAME is the driver of `vmType: NAME`, unless that is one of ours. It is looked for where
 * $LIMA_DRIVERS_PATH says (folders and programs, colons between), beside limactl, and in PREFIX/libexec/lima/drivers,
 * PREFIX/libexec/lima and PREFIX/lib/lima; the first of a name counts. The name is that of the file, whatever it says of itself.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;

/* What such a driver has beside its instance while it is there, behind its name; upstream's limactl looks for them, too. */
#define EXTERNAL_DRIVER_PID ".drv.pid"
#define EXTERNAL_DRIVER_SOCKET ".drv.sock"

#define EXTERNAL_PREFIX "lima-driver-"

struct external {
	const char *name, *path;	/* path absolute */
};

/* Can a driver have that name? It is part of names of files. */
bool external_is_name(const char *name);
/* The program of that driver, in `a`; NULL: there is none. Costs a few system calls, and reads no folder. */
const char *external_find(const char *name, struct arena *a);
bool external_is_there(const char *name);
/* Is there a trace of a driver of that name, beside an instance that nobody runs? */
bool external_is_left(const char *dir, const char *name);
/* All there are, by name, but for those whose name is one of ours; in `a`. */
const struct external *external_list(struct arena *a, size_t *n);
