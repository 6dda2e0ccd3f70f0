/*
 * providers/snapshots.h - snapshots within the qcow2 disk of an instance folder.
 *
 * Of a running machine they hold its memory too and are made by QEMU itself; of a
 * stopped one they are qemu-img's, of `disk`. `dir` absolute.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct error;
struct image_disk;

enum snapshot_verb { SNAPSHOT_SAVE, SNAPSHOT_LOAD, SNAPSHOT_DELETE };

/* As QEMU prints them: a head line (ID, TAG, ...), then one each; nothing when there is none. */
int snapshots_list(const char *dir, const struct image_disk *disk, struct buf *out, struct error *err);
/* Is there one of this tag in what snapshots_list() gave? */
bool snapshots_has(const char *list, const char *tag);
/* Takes seconds where there is memory to write. */
int snapshots_do(const char *dir, const struct image_disk *disk, enum snapshot_verb verb, const char *tag, const volatile int *cancel,
		 struct error *err);
/* A tag is a word of QEMU's monitor: [A-Za-z0-9._-]{1,128}. */
int snapshot_tag_check(const char *tag, struct error *err);
