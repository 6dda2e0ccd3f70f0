#include "base/syscalls.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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
#else
#define OUR_ARCH 0
#endif

enum { X32_BIT = 0x40000000, HEAD = 6, TAIL = 2, MAX_CALLS = 250 };	/* a jump is of one byte */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZER true
#else
#define SANITIZER false
#endif

bool
syscalls_possible(void)
{
	unsigned action = SECCOMP_RET_ERRNO;

	return OUR_ARCH && !SANITIZER && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static int
filter_set(const struct sock_fprog *program)
{
	/* EINVAL: a kernel without it */
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) < 0 && errno != EINVAL ? -1 : 0;
}

/* The listed calls get the one verdict, all others the other. */
static int
filter_install(const int *calls, size_t n, uint32_t listed, uint32_t others)
{
	struct sock_filter f[HEAD + MAX_CALLS + TAIL] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		/* x86_64 numbers its calls a second time for x32; no other architecture has numbers this high. */
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { .len = (unsigned short)(HEAD + n + TAIL), .filter = f };

	if (!OUR_ARCH)
		return 0;
	if (n > MAX_CALLS) {
		errno = E2BIG;
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		f[HEAD + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], (uint8_t)(n - i), 0);
	f[HEAD + n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, others);
	f[HEAD + n + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, listed);
	return filter_set(&program);
}

int
syscalls_keep(const int *calls, size_t n, int refusal)
{
	return filter_install(calls, n, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | (uint32_t)refusal);
}

int
syscalls_lose(const int *calls, size_t n, int refusal)
{
	return filter_install(calls, n, SECCOMP_RET_ERRNO | (uint32_t)refusal, SECCOMP_RET_ALLOW);
}

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452	/* the same number everywhere */
#endif

/* Which argument of a call is the mode of a file. */
static const struct {
	int call;
	uint32_t argument;
} modes[] = {
	{ SYS_fchmod, 1 }, { SYS_fchmodat, 2 }, { SYS_fchmodat2, 2 }, { SYS_openat, 3 }, { SYS_mknodat, 2 },
#ifdef SYS_chmod
	{ SYS_chmod, 1 },
#endif
#ifdef SYS_open
	{ SYS_open, 2 }, { SYS_creat, 1 }, { SYS_mknod, 1 },
#endif
};

enum { NMODES = sizeof modes / sizeof *modes, EACH = 5 };

/* The half of an argument that has the bits of a mode. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define MODE_AT 4
#else
#define MODE_AT 0
#endif

/*
 * openat2() takes its mode by a pointer, which no filter can follow: it does not exist for this process, whose C library then
 * does without.
 */
int
syscalls_lose_set_id(void)
{
	struct sock_filter f[4 + EACH * NMODES + 3] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = { .len = sizeof f / sizeof *f, .filter = f };
	struct sock_filter *p = f + 4;

	if (!OUR_ARCH)
		return 0;
	for (size_t i = 0; i < NMODES; i++, p += EACH) {
		p[0] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)modes[i].call, 0, EACH - 1);
		p[1] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * modes[i].argument + MODE_AT);
		p[2] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, S_ISUID | S_ISGID, 0, 1);
		p[3] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
		p[4] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	p[0] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1);
	p[1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	p[2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return filter_set(&program);
}
