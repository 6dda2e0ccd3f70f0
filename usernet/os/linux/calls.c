#include "usernet/os/calls.h"

#include <sys/syscall.h>

#include "base/auto.h"

static const int calls_of_switch_list[] = {
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

const struct call_list calls_of_switch = { calls_of_switch_list, ARRAY_LEN(calls_of_switch_list) };
