/*
 * resources/disk_live.h - the disk of a machine that runs is grown under it: by its driver first, then by its guest.
 *
 * The guest is asked as root what lies below its `/`, and grows the partition, if it is the last one, and the file system with the tools
 * that it has. What it cannot is told, and is no error: the disk is as large as wanted, and whatever grows it at a boot may do that.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "reconciler/resource.h"

struct disk_known;
struct env;
struct error;

/* Does a machine run in that folder whose disk can grow? `*why_not`, unless NULL: why that of one that runs cannot; NULL: none runs. */
bool disk_live_can(const char *dir, const char **why_not);
/* ... and would a change of `disk` from one text to another be done so? */
bool disk_live_would(const char *dir, const char *had, const char *wanted);
/*
 * It has at least so many bytes then, is kept as it was (generation.h), and the guest was asked to use them. What was asked for is
 * written down behind all of that: whoever is killed before begins again, and nothing is done twice.
 */
int disk_live_mend(const struct env *env, const struct resource *r, const struct disk_known *k, int64_t size, struct error *err);
/* Why a machine that runs goes down for a bigger disk. */
void disk_live_detail(const struct resource *r, detail_say *say, void *ctx);
