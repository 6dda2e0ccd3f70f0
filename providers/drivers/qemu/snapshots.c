#include "providers/drivers/qemu/snapshots.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/disk/image.h"
#include "providers/drivers/qemu/img.h"
#include "providers/drivers/qemu/live.h"
#include "providers/drivers/qemu/memory.h"
#include "providers/drivers/qemu/proc.h"
#include "providers/drivers/qemu/qmp.h"
#include "providers/launch.h"

enum { MONITOR_MS = 300 * 1000, QUICK_MS = 10 * 1000 };

static void
without_first_line(struct buf *b)
{
	char *eol = strchr(b->s, '\n');
	size_t skip = eol ? (size_t)(eol - b->s) + 1 : b->len;

	memmove(b->s, b->s + skip, b->len - skip);
	buf_truncate(b, b->len - skip);
}

static int
list_running(const char *dir, struct buf *out, struct error *err)
{
	auto_free char *sock = xasprintf("%s/qmp.sock", dir);

	if (qmp_human(sock, "info snapshots", QUICK_MS, out, err) < 0)
		return -1;
	for (char *p = out->s; (p = strchr(p, '\r'));)
		memmove(p, p + 1, strlen(p));
	out->len = strlen(out->s);
	if (strstr(out->s, "There is no snapshot available") || strstr(out->s, "No available block device"))
		buf_truncate(out, 0);
	else if (strncmp(out->s, "List of", 7) == 0)
		without_first_line(out);
	return 0;
}

/* A disk of another format has none, and is not asked. */
static int
snapshots_check_disk(const struct image_disk *disk, struct error *err)
{
	if (strcmp(disk->format, "qcow2") != 0)
		return error_set(err, ERR_UNSUPPORTED, "%s: a %s disk has no snapshots, only qcow2 keeps them; `limactl clone` keeps a copy of the "
				 "whole instance", disk->path, disk->format);
	return image_disk_check(disk, err);
}

static int
list_stopped(const struct image_disk *disk, struct buf *out, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *argv[] = { "qemu-img", "snapshot", "--image-opts", "-U", "-l", image_disk_options(disk, &a), NULL };

	if (strcmp(disk->format, "qcow2") != 0)
		return 0;
	if (image_disk_check(disk, err) < 0 ||
	    img_run(&(struct img_task){ .argv = argv, .reads = disk->base, .writes = disk->path, .out = out }, err) < 0)
		return -1;
	if (out->len)
		without_first_line(out);
	return 0;
}

int
qemu_snapshots(const char *dir, const struct image_disk *disk, struct buf *out, struct error *err)
{
	return qemu_pid(dir, 0) > 0 ? list_running(dir, out, err) : list_stopped(disk, out, err);
}

/*
 * QEMU takes snapshots of all disks of a running machine, or none; and one with a disk that was attached meanwhile could be loaded by no
 * machine that starts with it.
 */
static int
running_check(const char *dir, struct error *err)
{
	auto_free char *file = xasprintf("%s/launch.json", dir);
	AUTO(launch) l = { 0 };

	if (qemu_has_live_disks(dir))
		return error_set(err, ERR_UNSUPPORTED, "it has disks that were attached while it runs; `limactl restart` makes them disks that it "
				 "starts with, or stop the instance first, then its own disk alone is kept");
	if (qemu_has_live_cpus(dir))
		return error_set(err, ERR_UNSUPPORTED, "it has processors that were added while it runs; `limactl restart` makes them processors that "
				 "it starts with, or stop the instance first, then its disk alone is kept");
	if (launch_load(&l, file, NULL) < 0)
		return 0;
	for (size_t i = 0; i < l.ndisks; i++)
		if (strcmp(l.disks[i].format, "qcow2") != 0)
			return error_set(err, ERR_UNSUPPORTED, "%s: a %s disk has no snapshots, and those of a running machine are of all its disks%s",
					 l.disks[i].path, l.disks[i].format, i ? "; stop the instance first, then its own disk alone is kept"
									  : "; stop the instance, and `limactl clone` keeps a copy of the whole");
	return 0;
}

static int
by_monitor(const char *dir, const char *command, const char *tag, struct error *err)
{
	auto_free char *sock = xasprintf("%s/qmp.sock", dir), *line = xasprintf("%s %s", command, tag);
	AUTO(buf) out = BUF_INIT;

	if (qmp_human(sock, line, MONITOR_MS, &out, err) < 0)
		return -1;
	/* The monitor reports failures as text in a successful reply. */
	if (out.s[strspn(out.s, " \r\n")])
		return error_set(err, ERR_CHILD, "QEMU: %s: %.*s%s", line, (int)strcspn(out.s, "\r\n"), out.s,
				 qemu_memory_remedy(out.s));
	return 0;
}

/* One that a running machine made is of its UEFI variables, too. */
static void
forget_variables(const char *dir, const char *tag)
{
	AUTO(arena) a = { 0 };
	const struct image_disk vars = { .path = arena_printf(&a, "%s/qemu-efi-vars.fd", dir), .format = "qcow2" };
	const char *argv[] = { "qemu-img", "snapshot", "--image-opts", "-d", tag, image_disk_options(&vars, &a), NULL };

	/* A machine that was down has no memory in its snapshot. */
	if (fs_exists(vars.path) && image_disk_check(&vars, NULL) == 0)
		img_run(&(struct img_task){ .argv = argv, .writes = vars.path }, NULL);
}

int
qemu_snapshot(const char *dir, const struct image_disk *disk, enum snapshot_verb verb, const char *tag, const volatile int *cancel,
	      struct error *err)
{
	static const struct { const char *monitor, *option; } words[] = {
		[SNAPSHOT_SAVE] = { "savevm", "-c" }, [SNAPSHOT_LOAD] = { "loadvm", "-a" }, [SNAPSHOT_DELETE] = { "delvm", "-d" },
	};
	AUTO(arena) a = { 0 };

	if (qemu_pid(dir, 0) > 0 && running_check(dir, err) < 0)
		return -1;
	if (qemu_pid(dir, 0) > 0)
		return by_monitor(dir, words[verb].monitor, tag, err);
	if (snapshots_check_disk(disk, err) < 0)
		return -1;
	const char *argv[] = { "qemu-img", "snapshot", "--image-opts", words[verb].option, tag, image_disk_options(disk, &a), NULL };

	if (img_run(&(struct img_task){ .argv = argv, .reads = disk->base, .writes = disk->path, .cancel = cancel }, err) < 0)
		return -1;
	if (verb == SNAPSHOT_DELETE)
		forget_variables(dir, tag);
	return 0;
}
