/* drivers/qemu/instance.h - the instance that a driver is configured with, as a machine. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "providers/machine.h"

struct buf;
struct error;

struct instance_told {
	struct arena mem;
	struct machine is;		/* strings in `mem` */
	int64_t disk_bytes;
	const char *unsupported;	/* what of it cannot be had of us, for a message; NULL: nothing */
};

void instance_told_release(struct instance_told *t);
/*
 * The instance `json` to `filled`, with what a driver decides where it was left open: upstream's limactl goes on with that, and reads a
 * mountType without asking whether there is one. (lima-vm/lima: pkg/driver/qemu: fillConfig)
 */
int instance_fill(const char *json, size_t len, struct buf *filled, struct error *err);
/* JSON of upstream's limatype.Instance. The text is limactl's, and still checked: types, and that paths are absolute. */
int instance_told_parse(struct instance_told *t, const char *json, size_t len, struct error *err);
/* What the disks are, by the record beside each; one that has none is told by its header, and gets one. */
int instance_told_disks(struct instance_told *t, struct error *err);
