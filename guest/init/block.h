/*
 * guest/init/block.h - block devices, found by what is written in them.
 */
#pragma once
#include <stdbool.h>

/* The kernel's announcements of devices (a netlink socket); -1: none. Open it before modules are loaded. */
int block_events(void);

struct block_dev {
	char path[48];		/* "/dev/sr0" */
	unsigned long long size_bytes;
};

enum block_kind { BLOCK_EXT4, BLOCK_ISO };

/*
 * SCSI controllers look for devices only when they are told to (scsi_mod's scan=manual):
 * asking 256 targets takes a controller a long time. `first`: only the place where
 * limactl puts cidata, channel 0, target 0; else everywhere.
 */
void block_scan_scsi(bool first);

/*
 * Waits until there is a device with a file system of that kind and label (letters of
 * either case), at most timeout_ms from now. 0, or -1 when none came.
 */
int block_wait(int events, enum block_kind kind, const char *label, int timeout_ms, struct block_dev *out);
