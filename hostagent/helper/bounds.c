#include "hostagent/helper/bounds.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "base/os/host.h"
#include "base/paths.h"
#include "base/privilege.h"
#include "base/syscalls.h"
#include "hostagent/agent.h"
#include "hostagent/mount/server_words.h"
#include "hostagent/os/calls.h"
#include "hostagent/protocol/sshfs.h"

/* A machine of another user is signalled, and a child's bounds are drawn in. */
#define TO_HELP (SERVER_CAPABILITIES | CAP(CAP_KILL) | CAP(CAP_SETPCAP))

/*
 * virtiofsd makes name spaces, and gives up by itself what it does not need for serving; swtpm has use for nothing.
 * virtiofsd: passthrough_ll.c, setup_capabilities()
 */
uint64_t
bounds_of_companion(const struct launch_companion *c)
{
	static const uint64_t to_share = CAP(CAP_CHOWN) | CAP(CAP_DAC_OVERRIDE) | CAP(CAP_DAC_READ_SEARCH) |
					 CAP(CAP_FOWNER) | CAP(CAP_FSETID) | CAP(CAP_SETGID) | CAP(CAP_SETUID) |
					 CAP(CAP_SETPCAP) | CAP(CAP_MKNOD) | CAP(CAP_SETFCAP) | CAP(CAP_SYS_ADMIN);

	return strncmp(c->name, "virtiofsd", 9) == 0 ? to_share : 0;
}

int
bounds_begin(const struct agent *a, struct error *err)
{
	uint64_t needed = TO_HELP | a->launch.machine.capabilities;

	/* A machine that serves folders may have a view of them. */
	if (a->launch.nmounts)
		needed |= CAP(CAP_SYS_ADMIN);
	for (size_t i = 0; i < a->launch.ncompanions; i++)
		needed |= bounds_of_companion(&a->launch.companions[i]);
	return privilege_keep(needed) < 0 ? error_errno(err, "give up privileges") : 0;
}

/* Any folder may be shared later, so files stay; programs, devices and FIFOs do not. 0: not on this kernel. */
static int
bounds_of_files(void)
{
	const char *const programs[] = {"/usr", "/lib", "/lib32", "/lib64", "/nix/store", os_host_own_path()};
	auto_free char *server = sshfs_server(NULL);
	AUTO(paths) p = PATHS_INIT;

	if (!paths_begin_signaller(&p) || !paths_can_move(&p))
		return 0;
	if (paths_allow(&p, "/", PATHS_READ | PATHS_WRITE | PATHS_MAKE) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		paths_allow(&p, programs[i], PATHS_EXECUTE);
	if (server)
		paths_allow(&p, server, PATHS_EXECUTE);
	return paths_enforce(&p);
}

int
bounds_close(struct error *err)
{
	if (privilege_keep(TO_HELP) < 0 || bounds_of_files() < 0 ||
	    (syscalls_possible() && syscalls_keep(calls_of_helper.v, calls_of_helper.n, ENOSYS) < 0))
		return error_errno(err, "confine the host agent's helper");
	return 0;
}
