#include "providers/drivers/qemu/proc.h"
#include "providers/drivers/qemu/qemu.h"

#include <dirent.h>
#include <string.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "providers/drivers/qemu/companions.h"
#include "providers/launch.h"
#include "providers/pidfile.h"

bool
qemu_process(const char *dir, bool search, struct process *out)
{
	auto_free char *pidfile = xasprintf("%s/qemu.pid", dir), *file = xasprintf("%s/launch.json", dir), *qmp = xasprintf("%s/qmp.sock", dir);
	AUTO(launch) l = { 0 };
	bool told;

	if (pidfile_hold(pidfile, out))
		return true;
	if (!search || !pidfile_leaves_doubt(pidfile, qmp))
		return false;
	told = launch_load(&l, file, NULL) == 0;
	return pidfile_search((const char *const[]){ "qemu-system-", told ? l.machine.argv[0] : NULL, NULL }, "-pidfile", pidfile, out);
}

pid_t
qemu_pid(const char *dir, bool search)
{
	AUTO(process) p = { 0 };

	return qemu_process(dir, search, &p) ? p.pid : 0;
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
			fs_drop(path, NULL);
	}
}

int
qemu_sweep(const char *dir, struct error *err)
{
	/* A killed QEMU leaves all of these, one that ended well only the sockets. */
	static const char *const names[] = { "qemu.pid", "qmp.sock", "ga.sock", QEMU_PARK_SOCKET, "serial.sock", "serialp.sock", "serialv.sock",
					     TPM_FOLDER "/" TPM_SOCKET };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names[i]);

		if (fs_drop(path, err) < 0)
			return -1;
	}
	sweep_companions(dir);
	return 0;
}
