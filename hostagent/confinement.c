#include "hostagent/confinement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/paths.h"
#include "base/privilege.h"
#include "base/syscalls.h"
#include "hostagent/agent.h"
#include "hostagent/machine/runtime.h"
#include "providers/disk/image.h"
#include "providers/written.h"

static const int calls[] = {
	/* These are for files. */
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_lseek, SYS_openat, SYS_openat2, SYS_close, SYS_fcntl,
	SYS_dup, SYS_dup3, SYS_fstat, SYS_statx, SYS_fstatfs, SYS_getdents64, SYS_readlinkat, SYS_faccessat, SYS_unlinkat, SYS_mkdirat,
	SYS_renameat2, SYS_fchmod, SYS_fchmodat, SYS_ftruncate, SYS_fallocate, SYS_fsync, SYS_fdatasync, SYS_umask, SYS_ioctl,
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
#ifdef SYS_renameat
	SYS_renameat,
#endif
#ifdef SYS_open
	SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_unlink, SYS_mkdir, SYS_rename, SYS_chmod, SYS_readlink,
#endif
	/* These are for sockets. */
	SYS_socket, SYS_socketpair, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_connect, SYS_getsockname, SYS_getpeername,
	SYS_getsockopt, SYS_setsockopt, SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg, SYS_sendmmsg, SYS_recvmmsg, SYS_shutdown,
	/* The event loop needs these. */
	SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_eventfd2, SYS_pipe2, SYS_ppoll, SYS_timerfd_create, SYS_timerfd_settime,
	SYS_inotify_init1, SYS_inotify_add_watch, SYS_inotify_rm_watch, SYS_pidfd_open,
#ifdef SYS_poll
	SYS_poll, SYS_epoll_wait, SYS_select,
#endif
	SYS_pselect6,
	/* These are for memory, time and the process itself. */
	SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk, SYS_memfd_create, SYS_futex, SYS_getrandom, SYS_clock_gettime, SYS_gettimeofday,
	SYS_clock_nanosleep, SYS_nanosleep, SYS_sched_yield, SYS_sched_getaffinity, SYS_sysinfo, SYS_uname, SYS_prlimit64, SYS_getpid, SYS_gettid,
	SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack,
	SYS_restart_syscall, SYS_wait4, SYS_tgkill, SYS_exit, SYS_exit_group,
};

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
	if (files < 0 || (filters && syscalls_keep(calls, ARRAY_LEN(calls), ENOSYS) < 0))
		return error_errno(err, "confine the host agent");
	if (!files || !filters)
		log_warning("this kernel has no %s%s%s: what a guest makes of the host agent is less confined than elsewhere",
			    files ? "" : "Landlock", files || filters ? "" : " and no ", filters ? "" : "seccomp");
	return 0;
}
