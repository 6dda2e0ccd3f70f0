/* cli/commands/disk.h - the data disks of a Lima home, as they are shown. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/mem.h"
#include "cli/cli.h"

struct error;

struct disk {
	const char *name, *dir;
	int64_t size_bytes;
	const char *format;
	const char *instance, *instance_dir;	/* who holds it; "" */
};

/* 1 with `out` filled, strings in `a`; 0: there is none of that name; -1. */
int disk_look(struct cli *c, struct arena *a, const char *name, struct disk *out, struct error *err);
/* Names, sorted: names_release(). */
int disk_names(const struct cli *c, struct names *out, struct error *err);
/*
 * What the instance that holds it is, "running" or "suspended"; NULL if none does, or one that is down. Of a suspended one
 * the memory is worth nothing any more when the disk is touched.
 */
const char *disk_in_use(struct cli *c, const struct disk *d);
