/*
 * guest/init/probe.h - what a block device holds, from its first bytes.
 *
 * Pure: bytes in, facts out. Devices are known by what is written in them, never by
 * their number.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
	PROBE_EXT4_AT = 1024, PROBE_EXT4_LEN = 1024,	/* the super block */
	PROBE_ISO_AT = 32768, PROBE_ISO_LEN = 2048,	/* the primary volume descriptor */
};

struct probe_ext4 {
	char label[17];
	uint64_t blocks;
	uint32_t block_size;
	bool errors;		/* the kernel has seen damage: to be checked before it is mounted */
};

/* False: not an ext4 file system that we could mount. */
bool probe_ext4(const uint8_t sb[PROBE_EXT4_LEN], struct probe_ext4 *out);
/* The volume id without the blanks at its end. False: not ISO 9660. */
bool probe_iso(const uint8_t pvd[PROBE_ISO_LEN], char label[33]);
