#include "hostagent/confinement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/paths.h"
#include "base/privilege.h"
#include "base/syscalls.h"
#include "hostagent/agent.h"
#include "hostagent/machine/runtime.h"
#include "hostagent/os/calls.h"
#include "providers/disk/image.h"
#include "providers/written.h"

static void
allow_log(struct paths *p, const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	paths_allow(p, path, PATHS_READ | PATHS_WRITE);
}

/* They are there already, and a guest can make them grow: hostagent/machine/logs.c. */
static void
allow_logs(struct paths *p, const struct agent *a)
{
	const struct runtime *driver = a->runtime;

	for (const char *const *name = driver ? driver->console_logs : NULL; name && *name; name++)
		allow_log(p, a->launch.dir, *name);
	if (driver)
		allow_log(p, a->launch.dir, driver->log);
	allow_log(p, a->launch.dir, "ha.stderr.log");
	allow_log(p, a->launch.dir, "ha.stdout.log");
}

/* 1: done; 0: not on this kernel; -1 */
static int
agent_confine_files(struct agent *a)
{
	auto_free char *home = launch_home(&a->launch), *written = xasprintf("%s/" WRITTEN_FILE, home);
	AUTO(paths) p = PATHS_INIT;

	if (!paths_begin(&p))
		return 0;
	paths_allow(&p, "/", PATHS_LIST | PATHS_MAKE_SOCKETS);
	paths_allow(&p, "/etc", PATHS_READ);
	paths_allow(&p, "/usr/share/zoneinfo", PATHS_READ);
	paths_allow(&p, "/dev/null", PATHS_READ | PATHS_WRITE);
	paths_allow(&p, "/dev/urandom", PATHS_READ);
	paths_allow(&p, "/proc/sys", PATHS_READ);
	paths_allow_resolver(&p);
	/* This file lists the folders whose links are not followed. */
	paths_allow(&p, written, PATHS_READ);
	for (size_t i = 0; i < a->launch.ssh.nkeys; i++)
		paths_allow(&p, a->launch.ssh.keys[i], PATHS_READ);
	/* No file of it is written, or replaced: the next limactl would obey lima.yaml. */
	paths_allow(&p, a->launch.dir, PATHS_READ);
	allow_logs(&p, a);
	/* The headers of disks are read before the machine starts; some disks are in other folders. */
	for (size_t i = 0; i < a->launch.ndisks; i++) {
		paths_allow(&p, a->launch.disks[i].path, PATHS_READ);
		if (a->launch.disks[i].base)
			paths_allow(&p, a->launch.disks[i].base, PATHS_READ);
	}
	return paths_enforce(&p) < 0 ? -1 : 1;
}

/* Ports below 1024; and, with no file in reach, to find folders that are to be shared below those of other users. */
static uint64_t
confinement_needed(const struct agent *a)
{
	AUTO(paths) p = PATHS_INIT;
	bool finds = a->launch.guest.sshfs && paths_begin(&p);

	return CAP(CAP_NET_BIND_SERVICE) | (finds ? CAP(CAP_DAC_READ_SEARCH) : 0);
}

int
agent_confine(struct agent *a, struct error *err)
{
	bool filters = syscalls_possible();
	int files;

	if (privilege_keep(confinement_needed(a)) < 0)
		return error_errno(err, "give up privileges");
	files = agent_confine_files(a);
	if (files < 0 || (filters && syscalls_keep(calls_of_agent.v, calls_of_agent.n, ENOSYS) < 0))
		return error_errno(err, "confine the host agent");
	if (!files || !filters)
		log_warning("this kernel has no %s%s%s: what a guest makes of the host agent is less confined than elsewhere",
			    files ? "" : "Landlock", files || filters ? "" : " and no ", filters ? "" : "seccomp");
	return 0;
}
