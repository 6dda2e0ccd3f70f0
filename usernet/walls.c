#include "usernet/walls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/paths.h"
#include "base/privilege.h"
#include "base/syscalls.h"

static const int calls[] = {
	/* These are for files. */
	SYS_read,
	SYS_write,
	SYS_writev,
	SYS_lseek,
	SYS_openat,
	SYS_close,
	SYS_fcntl,
	SYS_fstat,
	SYS_statx,
	SYS_getdents64,
	SYS_readlinkat,
	SYS_faccessat, SYS_flock,
	SYS_unlinkat,
	SYS_ioctl,
	SYS_umask,
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
#ifdef SYS_open
	SYS_open,
	SYS_stat,
	SYS_lstat,
	SYS_access,
	SYS_unlink,
	SYS_readlink,
#endif
	/* These are for sockets. */
	SYS_socket,
	SYS_bind,
	SYS_listen,
	SYS_accept,
	SYS_accept4,
	SYS_connect,
	SYS_getsockname,
	SYS_getpeername,
	SYS_getsockopt,
	SYS_setsockopt,
	SYS_sendto,
	SYS_recvfrom,
	SYS_sendmsg,
	SYS_recvmsg,
	SYS_shutdown,
	/* The event loop needs these. */
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	SYS_ppoll,
	SYS_pidfd_open,
#ifdef SYS_poll
	SYS_poll,
	SYS_epoll_wait,
#endif
	/* These are for memory, time and the process itself. */
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_mprotect,
	SYS_madvise,
	SYS_brk,
	SYS_futex,
	SYS_getrandom,
	SYS_clock_gettime,
	SYS_gettimeofday,
	SYS_getpid,
	SYS_gettid,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_sigaltstack,
	SYS_restart_syscall,
	SYS_tgkill,
	SYS_exit,
	SYS_exit_group,
};

/* 1: done; 0: not on this kernel; -1 */
static int
switch_confine_files(const char *dir)
{
	auto_free char *ports = xasprintf("%s/ports", dir);
	AUTO(paths) p = PATHS_INIT;

	if (!paths_begin(&p))
		return 0;
	paths_allow(&p, "/etc", PATHS_READ);
	paths_allow_resolver(&p);
	paths_allow(&p, dir, PATHS_READ);
	paths_allow(&p, ports, PATHS_READ | PATHS_MAKE);
	return paths_enforce(&p) < 0 ? -1 : 1;
}

int
walls_raise_switch(const char *dir, struct error *err)
{
	bool filters = syscalls_possible();
	int files;

	if (privilege_keep(0) < 0)
		return error_errno(err, "give up privileges");
	files = switch_confine_files(dir);
	if (files < 0 || (filters && syscalls_keep(calls, ARRAY_LEN(calls), ENOSYS) < 0))
		return error_errno(err, "confine the switch");
	if (!files || !filters)
		fprintf(stderr, "this kernel has no %s%s%s: the switch is less confined than elsewhere\n",
			files ? "" : "Landlock", files || filters ? "" : " and no ", filters ? "" : "seccomp");
	return 0;
}
