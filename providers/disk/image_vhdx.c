#include "providers/disk/image_vhdx.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "providers/disk/image_bytes.h"

enum {
	REGIONS_AT = 192 << 10, TABLE = 64 << 10,	/* where the table of regions is, and how long it and that of metadata are at most */
	REGIONS_HEAD = 16, METADATA_HEAD = 32, ENTRY = 32, ENTRIES_MAX = 2047, GUID = 16, ITEM_MIN = 64 << 10,
};

static const unsigned char metadata_region[GUID] = { 0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b, 0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e };
static const unsigned char virtual_size[GUID] = { 0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48, 0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8 };

/* All of it, or it is no such file. */
static bool
vhdx_read(int fd, void *to, size_t len, uint64_t at)
{
	ssize_t n = -1;

	if (at > INT64_MAX - TABLE)
		return false;
	do
		n = pread(fd, to, len, (off_t)at);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

/* The entry for `guid` in the table at `at`, whose first entry is behind `head` bytes. */
static bool
vhdx_entry(int fd, uint64_t at, size_t head, uint64_t n, const unsigned char *guid, unsigned char entry[ENTRY])
{
	for (uint64_t i = 0; i < n && i < ENTRIES_MAX; i++) {
		if (!vhdx_read(fd, entry, ENTRY, at + head + i * ENTRY))
			return false;
		if (!memcmp(entry, guid, GUID))
			return true;
	}
	return false;
}

int
vhdx_size(int fd, const char *path, int64_t *size_bytes, struct error *err)
{
	unsigned char head[METADATA_HEAD], entry[ENTRY], size[8];
	uint64_t metadata, item;

	if (!vhdx_read(fd, head, REGIONS_HEAD, REGIONS_AT) || memcmp(head, "regi", 4) != 0 ||
	    !vhdx_entry(fd, REGIONS_AT, REGIONS_HEAD, disk_image_le(head + 8, 4), metadata_region, entry))
		return error_set(err, ERR_INVALID, "%s: damaged vhdx header: no table of regions", path);
	metadata = disk_image_le(entry + GUID, 8);
	if (!vhdx_read(fd, head, METADATA_HEAD, metadata) || memcmp(head, "metadata", 8) != 0 ||
	    !vhdx_entry(fd, metadata, METADATA_HEAD, disk_image_le(head + 10, 2), virtual_size, entry))
		return error_set(err, ERR_INVALID, "%s: damaged vhdx header: no table of metadata", path);
	item = disk_image_le(entry + GUID, 4);
	if (item < ITEM_MIN || !vhdx_read(fd, size, sizeof size, metadata + item) || disk_image_le(size, 8) > INT64_MAX)
		return error_set(err, ERR_INVALID, "%s: damaged vhdx header: size out of range", path);
	*size_bytes = (int64_t)disk_image_le(size, 8);
	return 0;
}
