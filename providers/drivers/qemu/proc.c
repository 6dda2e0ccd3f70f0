#include "providers/drivers/qemu/proc.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "providers/pidfile.h"
#include "providers/drivers/qemu/qmp.h"

enum {
	QMP_MS = 5000,
	QUIT_MS = 10000,	/* QEMU flushes its disks */
	KILL_MS = 30000,	/* the kernel does */
};

pid_t
qemu_pid(const char *dir, int search)
{
	auto_free char *pidfile = xasprintf("%s/qemu.pid", dir);
	pid_t pid = pidfile_process(pidfile);

	return pid || !search ? pid : pidfile_search("-pidfile", pidfile);
}

/* 1: it is gone; 0: it is not, or the command did not get there */
static int
ask(const char *socket, const char *command, pid_t pid, unsigned long long start, int wait_ms, const volatile int *cancel)
{
	if (qmp_execute(socket, command, NULL, QMP_MS, NULL, NULL) < 0)
		return proc_is(pid, start, NULL) ? 0 : 1;
	return proc_wait_gone(pid, start, wait_ms, cancel);
}

static int
make_it_go(pid_t pid, const char *socket, int timeout_ms, const volatile int *cancel, struct error *err)
{
	unsigned long long start = proc_start_time(pid);

	if (!start)
		return 0;
	if (timeout_ms > 0 && ask(socket, "system_powerdown", pid, start, timeout_ms, cancel) == 1)
		return 0;
	if (cancel && *cancel)
		return error_set(err, ERR_CANCELLED, "cancelled");
	if (ask(socket, "quit", pid, start, QUIT_MS, NULL) == 1)
		return 0;
	if (proc_is(pid, start, NULL) && kill(pid, SIGKILL) < 0 && errno != ESRCH)
		return error_errno(err, "kill process %d", (int)pid);
	if (proc_wait_gone(pid, start, KILL_MS, NULL) != 1)
		return error_set(err, ETIMEDOUT, "QEMU, process %d, survives SIGKILL", (int)pid);
	return 0;
}

int
qemu_stop(const char *dir, int timeout_ms, const volatile int *cancel, struct error *err)
{
	auto_free char *socket = xasprintf("%s/qmp.sock", dir);
	pid_t pid = qemu_pid(dir, 1);

	if (pid && make_it_go(pid, socket, timeout_ms, cancel, err) < 0)
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
