#include "providers/drivers/qemu/live.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/disk/image.h"
#include "providers/drivers/qemu/qmp.h"

enum { LOOK_MS = 10 * 1000, WORK_MS = 120 * 1000 };

/* The disk that a machine boots from has a name; beside an installer's ISO it has the one that QEMU gives. */
static const cJSON *
live_boot_disk(const cJSON *blocks, const struct image_disk *disk, const char **device)
{
	const cJSON *block;

	cJSON_ArrayForEach(block, blocks) {
		const char *name = cjson_text_or(block, "device", "");
		const cJSON *image = cjson_get(cjson_get(block, "inserted"), "image");
		bool first = !strcmp(name, "virtio0") && strstr(cjson_text_or(image, "filename", ""), disk->path);

		if (image && (first || !strcmp(name, "boot-disk"))) {
			*device = name;
			return image;
		}
	}
	return NULL;
}

/* What QEMU says of it: `*blocks` is to cJSON_Delete(), and the rest is in that. */
static int
live_look(const char *dir, const struct image_disk *disk, cJSON **blocks, const char **device, const cJSON **image, struct error *err)
{
	if (qmp_ask(dir, "query-block", NULL, LOOK_MS, blocks, err) < 0)
		return -1;
	*image = live_boot_disk(*blocks, disk, device);
	if (*image)
		return 0;
	cJSON_Delete(*blocks);
	return error_set(err, EPROTO, "QEMU does not name the disk that it has booted from");
}

static int
live_disk_size(const char *dir, const struct image_disk *disk, struct arena *a, const char **device, int64_t *bytes, struct error *err)
{
	const cJSON *image;
	cJSON *blocks;

	if (live_look(dir, disk, &blocks, device, &image, err) < 0)
		return -1;
	*bytes = (int64_t)cJSON_GetNumberValue(cjson_get(image, "virtual-size"));
	*device = arena_strdup(a, *device);
	cJSON_Delete(blocks);
	return 0;
}

static int
qemu_grow_disk(const char *dir, const struct image_disk *disk, int64_t bytes, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *device;
	int64_t now;

	if (live_disk_size(dir, disk, &a, &device, &now, err) < 0)
		return -1;
	if (now >= bytes)
		return 0;
	if (qmp_ask(dir, "block_resize", arena_printf(&a, "{\"device\":\"%s\",\"size\":%" PRId64 "}", device, bytes), WORK_MS, NULL, err) < 0 ||
	    live_disk_size(dir, disk, &a, &device, &now, err) < 0)
		return -1;
	return now >= bytes ? 0 : error_set(err, EIO, "QEMU has taken it, and the disk is as large as before");
}

static bool
live_has_snapshot(const cJSON *image, const char *tag)
{
	const cJSON *s;

	cJSON_ArrayForEach(s, cjson_get(image, "snapshots"))
		if (!strcmp(cjson_text_or(s, "name", ""), tag))
			return true;
	return false;
}

static int
qemu_keep_disk(const char *dir, const struct image_disk *disk, const char *tag, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *device, *args;
	const cJSON *image;
	cJSON *blocks;
	bool has;

	if (live_look(dir, disk, &blocks, &device, &image, err) < 0)
		return -1;
	has = live_has_snapshot(image, tag);
	args = arena_printf(&a, "{\"device\":\"%s\",\"name\":\"%s\"}", device, tag);
	cJSON_Delete(blocks);
	return has ? 0 : qmp_ask(dir, "blockdev-snapshot-internal-sync", args, WORK_MS, NULL, err);
}

const struct driver_live qemu_live = {
	.grow_disk = qemu_grow_disk,
	.keep_disk = qemu_keep_disk,
	.attach_disk = qemu_attach_disk,
	.detach_disk = qemu_detach_disk,
	.holds_disk = qemu_holds_disk,
	.memory_most = qemu_memory_most,
	.set_memory = qemu_set_memory,
	.cpus_most = qemu_cpus_most,
	.set_cpus = qemu_set_cpus,
};
