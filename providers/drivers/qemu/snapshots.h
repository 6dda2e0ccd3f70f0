/*
 * providers/drivers/qemu/snapshots.h - snapshots within the qcow2 disk of an instance (providers/snapshots.h).
 *
 * Of a running machine QEMU makes them itself, by its monitor; of a stopped one qemu-img does, on `disk`.
 */
#pragma once
#include "providers/snapshots.h"

int qemu_snapshots(const char *dir, const struct image_disk *disk, struct buf *out, struct error *err);
int qemu_snapshot(const char *dir, const struct image_disk *disk, enum snapshot_verb verb, const char *tag, const volatile int *cancel,
		  struct error *err);
