/*
 * providers/drivers/external/driver.c - machines that a program of somebody else runs (providers/external.h).
 *
 * The machine's process is lima-drive (drivers/drive), which speaks with that program. So nothing here reads what a driver says.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/process.h"
#include "providers/driver.h"
#include "providers/drivers/external/external.h"
#include "providers/external.h"
#include "providers/launch.h"
#include "providers/line_talk.h"
#include "providers/machine.h"
#include "providers/pidfile.h"
#include "providers/sock.h"

/* A driver may convert a disk before it starts: longer than all that lima-drive gives it. */
enum { START_MS = 900000 };
enum { ANSWER_MS = 5000, SNAPSHOT_MS = 600000, VALIDATE_MS = 60000, LIST_MS = 30000, LIST_MAX = 256 << 10 };

static int
external_talk(const char *dir, const char *words, int timeout_ms, struct error *err)
{
	auto_free char *socket = xasprintf("%s/" EXTERNAL_SOCKET, dir);
	char line[LINE_TALK_MAX] = "";
	int fd = line_talk(socket, "its driver", words, timeout_ms, line, err);

	if (fd < 0 && !strncmp(line, "no ", 3))
		return error_set(err, EIO, "its driver: %.*s", (int)strcspn(line, "\n") - 3, line + 3);
	return fd;
}

static int
external_ask(const char *dir, const char *words, struct error *err)
{
	auto_close int fd = external_talk(dir, words, ANSWER_MS, err);

	return fd < 0 ? -1 : 0;
}

static int
external_press_button(const char *dir, struct error *err)
{
	return external_ask(dir, "button\n", err);
}

static int
external_quit(const char *dir, struct error *err)
{
	return external_ask(dir, "quit\n", err);
}

/* NAME.drv.pid, NAME.drv.sock: also those of a driver that upstream's limactl has started. */
static bool
is_left_by_driver(const char *name)
{
	const char *end = strstr(name, ".drv.");

	return end && end > name && (!strcmp(end, EXTERNAL_DRIVER_PID) || !strcmp(end, EXTERNAL_DRIVER_SOCKET));
}

/* A driver that lost us, or had never been ours: by its user, the folder among its words, and the moment that it is held in. */
static int
end_orphans(const char *dir, struct error *err)
{
	struct process p;

	while (pidfile_search(NULL, "--inst-dir", dir, &p)) {
		int r = process_signal(&p, SIGKILL, err);

		if (r == 0)
			process_wait(&p, ANSWER_MS, NULL);
		process_release(&p);
		if (r < 0)
			return -1;
	}
	return 0;
}

static int
external_sweep(const char *dir, struct error *err)
{
	auto_free char *pidfile = xasprintf("%s/" EXTERNAL_PID, dir), *socket = xasprintf("%s/" EXTERNAL_SOCKET, dir);
	auto_dir DIR *d = opendir(dir);
	bool looked = false;

	for (struct dirent *e; d && (e = readdir(d));) {
		auto_free char *path = is_left_by_driver(e->d_name) ? xasprintf("%s/%s", dir, e->d_name) : NULL;

		/* To look for a process is to read all of /proc. */
		if (path && !looked && end_orphans(dir, err) < 0)
			return -1;
		looked |= path != NULL;
		if (path && fs_drop(path, err) < 0)
			return -1;
	}
	return fs_drop(pidfile, err) < 0 ? -1 : fs_drop(socket, err);
}

static bool
external_boots_uefi(const char *arch, bool legacy_bios)
{
	(void)arch, (void)legacy_bios;
	return false;
}

static int
external_check_host(const struct machine *m, struct error *err)
{
	if (!m->type || !external_is_there(m->type))
		return error_set(err, ENOENT, "vmType: lima-driver-%s is no longer there", m->type ? m->type : "");
	return 0;
}

/* Words of lima-drive, for the machine or for whether there can be one; `n` without the NULL. */
static const char *const *
drive_words(struct arena *a, const struct machine *m, bool validate, size_t *n)
{
	const char *words[] = {
		arena_printf(a, "%s/lima-drive", m->libexec), "--name", m->type, "--program", external_find(m->type, a), "--dir", m->dir,
		"--instance", arena_printf(a, "%s/" EXTERNAL_INSTANCE, m->dir), validate ? "--validate" : "--pidfile",
		validate ? NULL : arena_printf(a, "%s/" EXTERNAL_PID, m->dir), "--control", arena_printf(a, "%s/" EXTERNAL_SOCKET, m->dir), NULL,
	};

	*n = ARRAY_LEN(words) - 1;
	return (void *)arena_memdup(a, words, sizeof words);
}

/* The driver is asked whether it takes such a machine before anything is started: by limactl, who is to hear it. */
static int
external_plan(const struct machine *m, struct launch *l, struct arena *a, struct error *err)
{
	struct proc_opts ask = { .timeout_ms = VALIDATE_MS, .cancel = m->cancel };
	auto_free char *path = xasprintf("%s/" EXTERNAL_INSTANCE, m->dir);
	AUTO(buf) text = BUF_INIT;
	size_t n;

	if (external_check_host(m, err) < 0)
		return -1;
	external_instance(m, &text);
	if (fs_write(path, text.s, text.len, 0600, err) < 0)
		return -1;
	if (!m->runs && (external_sweep(m->dir, err) < 0 || proc_run(drive_words(a, m, true, &n), &ask, err) < 0))
		return -1;
	l->machine.argv = drive_words(a, m, false, &l->machine.nargv);
	l->machine.pidfile = arena_printf(a, "%s/" EXTERNAL_PID, m->dir);
	l->machine.control = arena_printf(a, "%s/" EXTERNAL_SOCKET, m->dir);
	l->disks = (void *)arena_memdup(a, &m->disk, sizeof m->disk);
	l->ndisks = 1;
	return 0;
}

/* Of one that runs; of others, the disk itself has them (providers/snapshots.h). */
static int
external_snapshots(const char *dir, const struct image_disk *disk, struct buf *out, struct error *err)
{
	struct sock_wait wait = { .deadline = clock_ms() + LIST_MS };
	auto_close int fd = external_talk(dir, "snapshot-list\n", LIST_MS, err);
	char chunk[4096];
	ssize_t n = 0;

	(void)disk;
	while (fd >= 0 && out->len < LIST_MAX && (n = sock_read(fd, chunk, sizeof chunk, &wait, err)) > 0)
		buf_add(out, chunk, (size_t)n);
	return fd < 0 || n < 0 ? -1 : 0;
}

static int
external_snapshot(const char *dir, const struct image_disk *disk, enum snapshot_verb verb, const char *tag, const volatile int *cancel,
		  struct error *err)
{
	static const char *const words[] = { [SNAPSHOT_SAVE] = "create", [SNAPSHOT_LOAD] = "apply", [SNAPSHOT_DELETE] = "delete" };
	auto_free char *line = xasprintf("snapshot-%s %s\n", words[verb], tag);
	auto_close int fd = external_talk(dir, line, SNAPSHOT_MS, err);

	(void)disk, (void)cancel;
	return fd < 0 ? -1 : 0;
}

const struct driver driver_external = {
	.name = "external",
	.start_ms = START_MS,
	.net = { .guest = "192.168.5.15", .host = "192.168.5.2", .dns = "192.168.5.3" },
	.boots_uefi = external_boots_uefi,
	.check_host = external_check_host,
	.plan = external_plan,
	.find = external_find_drive,
	.press_button = external_press_button,
	.quit = external_quit,
	.sweep = external_sweep,
	.snapshots = external_snapshots,
	.snapshot = external_snapshot,
};
