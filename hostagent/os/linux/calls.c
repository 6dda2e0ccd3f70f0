#include "hostagent/os/calls.h"

#include <sys/syscall.h>

#include "base/auto.h"

static const int calls_of_agent_list[] = {
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

const struct call_list calls_of_agent = { calls_of_agent_list, ARRAY_LEN(calls_of_agent_list) };

/* Of the helper, of a program that begins, of our own server (which gives most of it up) and of OpenSSH's (which does not). */
static const int calls_of_helper_list[] = {
	/* These are for messages and children. */
	SYS_recvmsg, SYS_sendmsg, SYS_clone, SYS_clone3, SYS_execve, SYS_wait4, SYS_waitid, SYS_kill, SYS_pidfd_send_signal, SYS_setsid,
	SYS_exit, SYS_exit_group, SYS_close_range, SYS_dup, SYS_dup3, SYS_pipe2, SYS_fcntl, SYS_close, SYS_rt_sigaction,
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_restart_syscall, SYS_sigaltstack, SYS_tgkill,
	/* A program that begins, and gives up what it can, needs these. */
	SYS_set_tid_address, SYS_set_robust_list, SYS_prlimit64, SYS_getrandom, SYS_brk, SYS_mmap, SYS_munmap,
	SYS_mremap, SYS_mprotect, SYS_madvise, SYS_futex, SYS_prctl, SYS_capget, SYS_capset, SYS_seccomp, SYS_setgroups, SYS_setresuid,
	SYS_setresgid, SYS_umask, SYS_landlock_create_ruleset, SYS_landlock_add_rule, SYS_landlock_restrict_self, SYS_sched_yield,
	SYS_sched_getaffinity, SYS_membarrier, SYS_sysinfo, SYS_uname, SYS_getpid, SYS_getppid, SYS_gettid, SYS_getuid, SYS_geteuid,
	SYS_getgid, SYS_getegid, SYS_getgroups, SYS_getpgid, SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_nanosleep,
	SYS_clock_nanosleep,
	/* These are for files. */
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_lseek, SYS_openat, SYS_openat2, SYS_fstat, SYS_statx,
	SYS_statfs, SYS_fstatfs, SYS_getdents64, SYS_readlinkat, SYS_faccessat, SYS_faccessat2, SYS_getcwd, SYS_chdir, SYS_fchdir,
	SYS_unlinkat, SYS_mkdirat, SYS_linkat, SYS_symlinkat, SYS_renameat2, SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat,
	SYS_utimensat, SYS_truncate, SYS_ftruncate, SYS_fallocate, SYS_fsync, SYS_fdatasync, SYS_copy_file_range, SYS_ioctl,
#ifdef SYS_fadvise64
	SYS_fadvise64,
#endif
#ifdef SYS_getrlimit
	SYS_getrlimit,
#endif
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
#ifdef SYS_renameat
	SYS_renameat,
#endif
	/* The helper asks whether anybody listens on a socket; OpenSSH's server asks for names of users, and writes to the log. */
	SYS_socket, SYS_connect, SYS_sendto, SYS_recvfrom, SYS_getsockname, SYS_getsockopt, SYS_setsockopt, SYS_ppoll, SYS_pselect6,
#ifdef SYS_rseq
	SYS_rseq,
#endif
#ifdef SYS_open
	SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_unlink, SYS_mkdir, SYS_rmdir, SYS_rename, SYS_link, SYS_symlink, SYS_readlink,
	SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat, SYS_poll, SYS_select, SYS_pipe, SYS_dup2, SYS_fork,
	SYS_vfork, SYS_alarm, SYS_getpgrp, SYS_time, SYS_arch_prctl,
#endif
};

const struct call_list calls_of_helper = { calls_of_helper_list, ARRAY_LEN(calls_of_helper_list) };

static const int calls_of_server_list[] = {
	SYS_read, SYS_write, SYS_writev, SYS_pread64, SYS_lseek, SYS_openat, SYS_openat2, SYS_close, SYS_fcntl, SYS_dup, SYS_getdents64,
	SYS_statx, SYS_fstatfs, SYS_readlinkat, SYS_fsync, SYS_faccessat,
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
#ifdef SYS_fstat
	SYS_fstat,
#endif
#ifdef SYS_readlink
	SYS_readlink,
#endif
	SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk, SYS_futex, SYS_getrandom, SYS_clock_gettime,
	SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_restart_syscall, SYS_exit, SYS_exit_group,
	/* The process ends itself by these when no memory is left. */
	SYS_getpid, SYS_gettid, SYS_tgkill, SYS_rt_sigaction,
};

const struct call_list calls_of_server = { calls_of_server_list, ARRAY_LEN(calls_of_server_list) };

static const int calls_of_writing_server_list[] = {
	SYS_pwrite64, SYS_ftruncate, SYS_fallocate, SYS_mkdirat, SYS_unlinkat, SYS_linkat, SYS_symlinkat, SYS_fchmod, SYS_fchmodat,
	SYS_fchown, SYS_fchownat, SYS_utimensat,
#ifdef SYS_renameat
	SYS_renameat,
#endif
	SYS_renameat2,
#ifdef SYS_chmod
	SYS_chmod,
#endif
};

const struct call_list calls_of_writing_server = { calls_of_writing_server_list, ARRAY_LEN(calls_of_writing_server_list) };
