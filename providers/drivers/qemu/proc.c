#include "providers/drivers/qemu/proc.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "providers/launch.h"
#include "providers/pidfile.h"
#include "providers/drivers/qemu/qmp.h"

enum {
	QMP_MS = 5000,
	QUIT_MS = 10000,	/* QEMU flushes its disks */
	KILL_MS = 30000,	/* the kernel does */
};

bool
qemu_process(const char *dir, bool search, struct process *out)
{
	auto_free char *pidfile = xasprintf("%s/qemu.pid", dir), *file = xasprintf("%s/launch.json", dir);
	AUTO(launch) l = { 0 };
	bool told;

	if (pidfile_hold(pidfile, out))
		return true;
	if (!search)
		return false;
	told = launch_load(&l, file, NULL) == 0;
	return pidfile_search((const char *const[]){ "qemu-system-", told ? l.qemu.argv[0] : NULL, NULL }, "-pidfile", pidfile, out);
}

pid_t
qemu_pid(const char *dir, bool search)
{
	AUTO(process) p = { 0 };

	return qemu_process(dir, search, &p) ? p.pid : 0;
}

/* 1: it is gone; 0: it is not, or the command did not get there */
static int
qmp_end(const char *socket, const char *command, const struct process *p, int wait_ms, const volatile int *cancel)
{
	if (qmp_execute(socket, command, NULL, QMP_MS, NULL, NULL) < 0)
		return !process_is_alive(p);
	return process_wait(p, wait_ms, cancel);
}

static int
end_process(const struct process *p, const char *socket, int timeout_ms, const volatile int *cancel, struct error *err)
{
	if (timeout_ms > 0 && qmp_end(socket, "system_powerdown", p, timeout_ms, cancel) == 1)
		return 0;
	if (cancel && *cancel)
		return error_set(err, ERR_CANCELLED, "cancelled");
	if (qmp_end(socket, "quit", p, QUIT_MS, NULL) == 1)
		return 0;
	if (process_signal(p, SIGKILL, err) < 0)
		return -1;
	if (process_wait(p, KILL_MS, NULL) != 1)
		return error_set(err, ETIMEDOUT, "QEMU, process %d, survives SIGKILL", (int)p->pid);
	return 0;
}

int
qemu_stop(const char *dir, int timeout_ms, const volatile int *cancel, struct error *err)
{
	auto_free char *socket = xasprintf("%s/qmp.sock", dir);
	AUTO(process) p = { 0 };

	if (qemu_process(dir, true, &p) && end_process(&p, socket, timeout_ms, cancel, err) < 0)
		return -1;
	return qemu_sweep(dir, err);
}

/* What is started beside it ends with it, and may leave sockets, and pid files of the host agent's. */
static void
sweep_companions(const char *dir)
{
	auto_dir DIR *d = opendir(dir);

	for (struct dirent *e; d && (e = readdir(d));) {
		const char *dot = strrchr(e->d_name, '.');
		auto_free char *path = xasprintf("%s/%s", dir, e->d_name);

		if (dot && (!strcmp(dot, ".sock") || !strcmp(dot, ".pid")) &&
		    (!strncmp(e->d_name, "virtiofsd-", 10) || !strncmp(e->d_name, "swtpm.", 6)))
			fs_unlink(path, NULL);
	}
}

int
qemu_sweep(const char *dir, struct error *err)
{
	/* a killed QEMU leaves them all, one that ended well the sockets */
	static const char *const names[] = { "qemu.pid", "qmp.sock", "ga.sock", "serial.sock", "serialp.sock", "serialv.sock" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names[i]);

		if (fs_unlink(path, err) < 0)
			return -1;
	}
	sweep_companions(dir);
	return 0;
}
