/*
 * Data disks of a machine that runs: SCSI disks on the controller that its cidata.iso is on. That needs no place of its own in the
 * machine, so each machine can, whoever started it; and a guest lets go of one at once. The file is opened here and handed over, because
 * a confined QEMU opens nothing but what its launch names.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/disk/image.h"
#include "providers/drivers/qemu/live.h"
#include "providers/drivers/qemu/qmp.h"

enum { LOOK_MS = 10 * 1000, ATTACH_MS = 60 * 1000, DETACH_MS = 60 * 1000 };

#define SERIAL "lima-"

/* Is there one among what a query lists whose `member` is that text? -1: nobody knows. */
static int
disks_has(const char *dir, const char *query, const char *member, const char *text, struct error *err)
{
	cJSON *list = NULL;
	const cJSON *i;
	int has = 0;

	if (qmp_ask(dir, query, NULL, LOOK_MS, &list, err) < 0)
		return -1;
	cJSON_ArrayForEach(i, list)
		has |= !strcmp(cjson_text_or(i, member, ""), text);
	cJSON_Delete(list);
	return has;
}

/* A device of ours has the disk's serial number for its name. */
static int
disks_device(const char *dir, const char *id, struct error *err)
{
	return disks_has(dir, "query-block", "qdev", id, err);
}

static int
disks_node(const char *dir, const char *id, struct error *err)
{
	return disks_has(dir, "query-named-block-nodes", "node-name", id, err);
}

/* The node under a device: by a descriptor, in a set of QEMU's whose number is the disk's own. */
static int
disks_open(const char *dir, const char *id, const struct image_disk *disk, struct arena *a, struct error *err)
{
	unsigned long number = strtoul(arena_printf(a, "%.7s", id + strlen(SERIAL)), NULL, 16);
	auto_free char *socket = xasprintf("%s/qmp.sock", dir);
	auto_free char *set = xasprintf("{\"fdset-id\":%lu}", number);
	auto_free char *node = xasprintf("{\"node-name\":\"%s\",\"driver\":\"%s\",\"discard\":\"unmap\"%s,\"file\":{\"driver\":\"file\","
					 "\"filename\":\"/dev/fdset/%lu\",\"discard\":\"unmap\"}}", id, disk->format,
					 strcmp(disk->format, "qcow2") ? "" : ",\"backing\":null", number);
	auto_close int fd = open(disk->path, O_RDWR | O_CLOEXEC);
	const struct qmp_step steps[] = {
		{ "add-fd", set, fd, NULL, NULL },
		{ "blockdev-add", node, -1, NULL, NULL },
		/* The node has descriptors of its own by now, and the number is free again. */
		{ "remove-fd", set, -1, NULL, NULL },
	};

	if (fd < 0)
		return error_errno(err, "open %s", disk->path);
	return qmp_execute_steps(socket, steps, ARRAY_LEN(steps), ATTACH_MS, err);
}

int
qemu_attach_disk(const char *dir, const char *name, const struct image_disk *disk, struct error *err)
{
	auto_free char *socket = xasprintf("%s/qmp.sock", dir), *args = NULL;
	AUTO(arena) a = { 0 };
	const char *id = driver_disk_serial(name, &a);
	int there = disks_device(dir, id, err);

	if (there)
		return there < 0 ? -1 : 0;
	if (disk->base)
		return error_set(err, ERR_UNSUPPORTED, "it stands on %s", disk->base);
	/* One that was killed may have opened it already. */
	if ((there = disks_node(dir, id, err)) < 0 || (!there && disks_open(dir, id, disk, &a, err) < 0))
		return -1;
	args = xasprintf("{\"driver\":\"scsi-hd\",\"id\":\"%s\",\"bus\":\"scsi0.0\",\"drive\":\"%s\",\"serial\":\"%s\"}", id, id, id);
	if (qmp_execute(socket, "device_add", args, ATTACH_MS, NULL, err) < 0 || (there = disks_device(dir, id, err)) < 0)
		return -1;
	return there ? 0 : error_set(err, EIO, "QEMU has taken it, and does not have it");
}

int
qemu_detach_disk(const char *dir, const char *name, struct error *err)
{
	auto_free char *socket = xasprintf("%s/qmp.sock", dir), *device = NULL, *node = NULL;
	AUTO(arena) a = { 0 };
	const char *id = driver_disk_serial(name, &a);
	int there = disks_device(dir, id, err);

	if (there < 0)
		return -1;
	device = xasprintf("{\"id\":\"%s\"}", id);
	node = xasprintf("{\"node-name\":\"%s\"}", id);
	if (there && qmp_execute_steps(socket, &(struct qmp_step){ "device_del", device, -1, "DEVICE_DELETED", id }, 1, DETACH_MS, err) < 0)
		return error_wrap(err, "the guest does not let go of it");
	if ((there = disks_node(dir, id, err)) <= 0)
		return there;
	return qmp_execute(socket, "blockdev-del", node, DETACH_MS, NULL, err);
}

/* Of those that it was started with QEMU knows the files. */
const char *
qemu_holds_disk(const char *dir, const char *name)
{
	auto_free char *path = xasprintf("/_disks/%s/datadisk", name);
	const char *why = NULL;
	cJSON *list = NULL;
	const cJSON *i;

	if (qmp_ask(dir, "query-block", NULL, LOOK_MS, &list, NULL) < 0)
		return "QEMU does not answer";
	cJSON_ArrayForEach(i, list)
		if (strstr(cjson_text_or(cjson_get(cjson_get(i, "inserted"), "image"), "filename", ""), path))
			why = "it has that disk since it was started, in a place that cannot be emptied";
	cJSON_Delete(list);
	return why;
}

bool
qemu_has_live_disks(const char *dir)
{
	cJSON *list = NULL;
	const cJSON *i;
	bool has = false;

	if (qmp_ask(dir, "query-block", NULL, LOOK_MS, &list, NULL) < 0)
		return false;
	cJSON_ArrayForEach(i, list)
		has |= !strncmp(cjson_text_or(i, "qdev", ""), SERIAL, strlen(SERIAL));
	cJSON_Delete(list);
	return has;
}
