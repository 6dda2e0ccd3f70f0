#include "guest/init/probe.h"

#include <string.h>

static uint32_t
probe_le16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t
probe_le32(const uint8_t *p)
{
	return probe_le16(p) | probe_le16(p + 2) << 16;
}

/* Offsets: Linux, Documentation/filesystems/ext4/super.rst */
bool
probe_ext4(const uint8_t sb[PROBE_EXT4_LEN], struct probe_ext4 *out)
{
	enum { BLOCKS_LO = 4, LOG_BLOCK_SIZE = 24, MAGIC = 56, STATE = 58, INCOMPAT = 96, LABEL = 120, BLOCKS_HI = 336 };
	enum { STATE_ERRORS = 2, INCOMPAT_64BIT = 0x80 };
	uint32_t log = probe_le32(sb + LOG_BLOCK_SIZE);

	if (probe_le16(sb + MAGIC) != 0xef53 || log > 6)
		return false;
	*out = (struct probe_ext4){ .block_size = 1024U << log, .blocks = probe_le32(sb + BLOCKS_LO) };
	if (probe_le32(sb + INCOMPAT) & INCOMPAT_64BIT)
		out->blocks |= (uint64_t)probe_le32(sb + BLOCKS_HI) << 32;
	out->errors = probe_le16(sb + STATE) & STATE_ERRORS;
	memcpy(out->label, sb + LABEL, 16);
	return true;
}

bool
probe_iso(const uint8_t pvd[PROBE_ISO_LEN], char label[33])
{
	enum { VOLUME_ID = 40 };
	int n = 32;

	if (memcmp(pvd, "\1CD001", 6) != 0)
		return false;
	memcpy(label, pvd + VOLUME_ID, 32);
	while (n > 0 && (label[n - 1] == ' ' || label[n - 1] == '\0'))
		n--;
	label[n] = '\0';
	return true;
}
