/* providers/disk/image_vhdx.h - the size that a VHDX says its disk has. Nobody else's but image.c's. */
#pragma once
#include <stdint.h>

struct error;

/*
 * -1: read error, or the tables are not what Microsoft's [MS-VHDX] (section 2.2 and 2.6: region table, metadata) has them be. Every place that is
 * named in the file is checked to be a small one of its own kind; nothing of its length is believed.
 */
int vhdx_size(int fd, const char *path, int64_t *size_bytes, struct error *err);
