/* providers/disk/image_bytes.h - numbers in the headers of images. Nobody else's but theirs who read those. */
#pragma once
#include <stddef.h>
#include <stdint.h>

static inline uint64_t
disk_image_be(const unsigned char *p, size_t bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | *p++;
	return v;
}

static inline uint64_t
disk_image_le(const unsigned char *p, size_t bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}
