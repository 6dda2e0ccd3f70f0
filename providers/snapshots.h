/*
 * providers/snapshots.h - snapshots within the qcow2 disk of an instance folder.
 *
 * Of a running machine they hold its memory too; of a stopped one they are of `disk` alone. `dir` absolute.
 * ERR_UNSUPPORTED: the driver has none.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;
struct error;
struct image_disk;

enum snapshot_verb { SNAPSHOT_SAVE, SNAPSHOT_LOAD, SNAPSHOT_DELETE };

/* A head line (ID, TAG, ...), then one each; nothing when there is none. */
int snapshots_list(const char *dir, const struct image_disk *disk, struct buf *out, struct error *err);
/* Is there one of this tag in what snapshots_list() gave? */
bool snapshots_has(const char *list, const char *tag);
/* The list without those whose tags begin so; nothing when none is left. */
void snapshots_without(const char *list, const char *prefix, struct buf *out);
/* As much memory as that one holds, as the list has it, in `a`: "127 MiB". "": it is of the disk alone, or is not there. */
const char *snapshots_memory(const char *list, const char *tag, struct arena *a);
/* Takes seconds where there is memory to write. */
int snapshots_do(const char *dir, const struct image_disk *disk, enum snapshot_verb verb, const char *tag, const volatile int *cancel,
		 struct error *err);
/* A tag is a word: [A-Za-z0-9._-]{1,128}. */
int snapshot_tag_check(const char *tag, struct error *err);
