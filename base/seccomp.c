#include "base/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/auto.h"

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OUR_ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define OUR_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define OUR_ARCH AUDIT_ARCH_S390X
#elif defined(__arm__)
#define OUR_ARCH AUDIT_ARCH_ARM
#endif

enum { X32_BIT = 0x40000000, HEAD = 6, MAX_CALLS = 64 };

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

_Static_assert(ARRAY_LEN(compute) <= MAX_CALLS && ARRAY_LEN(beyond) <= MAX_CALLS, "a jump of a filter is of one byte");

/* The listed calls get the one verdict, all others the other. */
static int
filter_install(const int *calls, size_t n, uint32_t listed, uint32_t others)
{
#ifdef OUR_ARCH
	struct sock_filter f[HEAD + MAX_CALLS + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		/* x86_64's calls have second numbers, for x32; nobody else's are so high */
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	size_t at = HEAD;
	struct sock_fprog program;

	for (size_t i = 0; i < n; i++)
		f[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], (uint8_t)(n - i), 0);
	f[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, others);
	f[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, listed);
	program = (struct sock_fprog){ .len = (unsigned short)at, .filter = f };
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return errno == EINVAL ? 0 : -1;	/* a kernel without it */
#else
	(void)calls, (void)n, (void)listed, (void)others;
#endif
	return 0;
}

int
seccomp_compute(void)
{
	return filter_install(compute, ARRAY_LEN(compute), SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EPERM);
}

int
seccomp_keep_to_itself(void)
{
	return filter_install(beyond, ARRAY_LEN(beyond), SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ALLOW);
}
