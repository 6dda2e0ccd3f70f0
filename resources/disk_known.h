/*
 * resources/disk_known.h - what a disk is: its format, and what it stands on.
 *
 * A guest owns every byte of a raw disk and can make it look like a qcow2 that stands on any file of this host. So the
 * format is kept beside the disk, in DISK.format, from before the disk is there under its name; it goes where the disk
 * goes, and no lost database takes it along. The header is evidence only for a disk that no guest of ours has had.
 *
 * Where there is no such file (upstream has none, nor had we once) it is, in this order: as the database has it; as the
 * machine was started with it (launch.json); raw, if the header says so: no guest can make a qcow2 look raw; what the
 * header says, if no guest of ours can have written it. Otherwise ERR_REFUSED, with what the user can do.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "providers/disk/image.h"

struct arena;
struct error;
struct stat;

struct disk_known {
	struct image_disk disk;		/* strings in the arena */
	bool kept;			/* DISK.format is there */
	int64_t asked, left;		/* bytes: as lima.yaml had it, as we left it; -1: not known */
	const char *elsewhere;		/* its header names the base of another place, of which the folder is a copy; or NULL */
	const char *iso;		/* what upstream up to 2.0 booted an installer from: the folder's basedisk; or NULL */
};

/* Of the instance in `dir`; `recorded` format or NULL. 1; 0: there is no disk; -1. Files of ours only are opened. */
int disk_known(const char *dir, const char *recorded, struct arena *a, struct disk_known *k, struct error *err);
/* Of $LIMA_HOME/_disks/NAME. */
int disk_known_data(const char *home, const char *name, const char *recorded, struct arena *a, struct disk_known *k,
		    struct error *err);
/* As fs_look(), with its path: "disk", or upstream's "diffdisk". Nothing is opened. */
int disk_known_look(const char *dir, struct arena *a, const char **path, struct stat *st, struct error *err);

/* Writes DISK.format, durably. Sizes of -1 are left out. */
int disk_keep(const char *disk, const char *format, int64_t asked, int64_t left, struct error *err);
/* Writes it unless it is there: before a machine starts, and before its launch.json goes. */
int disk_keep_known(const struct disk_known *k, struct error *err);
char *disk_keep_path(const char *disk);		/* DISK.format; to free */

/* What a file is that is to be copied: by its header, unless a DISK.format lies beside it. */
int disk_probe(const char *path, struct image_info *info, struct error *err);
