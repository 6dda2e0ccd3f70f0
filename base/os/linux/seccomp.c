#include "base/seccomp.h"

#include <errno.h>
#include <sys/syscall.h>

#include "base/auto.h"
#include "base/syscalls.h"

static const int compute[] = {
	SYS_read, SYS_pread64, SYS_readv, SYS_write, SYS_pwrite64, SYS_writev, SYS_lseek, SYS_ftruncate, SYS_fallocate,
	SYS_close, SYS_fcntl, SYS_recvfrom,
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
#ifdef SYS_fstat
	SYS_fstat,
#endif
#ifdef SYS_mmap
	SYS_mmap,
#endif
	SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk, SYS_futex, SYS_sched_yield, SYS_getpid, SYS_gettid,
	SYS_clock_gettime, SYS_gettimeofday, SYS_getrandom, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_sigaltstack,
	SYS_exit, SYS_exit_group, SYS_restart_syscall,
};

static const int beyond[] = {
	SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept4, SYS_ptrace, SYS_process_vm_readv,
	SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_open, SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_kill, SYS_mount, SYS_umount2,
	SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_keyctl, SYS_add_key,
	SYS_request_key, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_swapon, SYS_swapoff,
	SYS_setuid, SYS_setgid, SYS_setgroups, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_open_by_handle_at,
	SYS_name_to_handle_at, SYS_mknodat, SYS_symlinkat, SYS_linkat,
#ifdef SYS_accept
	SYS_accept,
#endif
#ifdef SYS_symlink
	SYS_symlink, SYS_link, SYS_mknod,
#endif
};

int
seccomp_compute(void)
{
	return syscalls_keep(compute, ARRAY_LEN(compute), EPERM);
}

int
seccomp_keep_to_itself(void)
{
	return syscalls_lose(beyond, ARRAY_LEN(beyond), EPERM);
}
