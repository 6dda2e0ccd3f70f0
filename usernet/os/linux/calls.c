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

static const int calls_not_of_keeper_list[] = {
	SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_getfd,
	SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns,
	SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_keyctl, SYS_add_key, SYS_request_key,
	SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_swapon, SYS_swapoff,
	SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_open_by_handle_at, SYS_name_to_handle_at,
	SYS_mknodat, SYS_symlinkat, SYS_linkat,
#ifdef SYS_symlink
	SYS_symlink, SYS_link, SYS_mknod,
#endif
};

const struct call_list calls_not_of_keeper = { calls_not_of_keeper_list, ARRAY_LEN(calls_not_of_keeper_list) };
