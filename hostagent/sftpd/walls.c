#include "hostagent/sftpd/walls.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/auto.h"
#include "base/privilege.h"
#include "base/syscalls.h"
#include "hostagent/mount/confine.h"

static const int reading[] = {
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

static const int writing[] = {
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

int
walls_raise(const char *folder, bool writable)
{
	int calls[ARRAY_LEN(reading) + ARRAY_LEN(writing)];
	size_t n = ARRAY_LEN(reading);

	memcpy(calls, reading, sizeof reading);
	if (writable) {
		memcpy(calls + n, writing, sizeof writing);
		n += ARRAY_LEN(writing);
	}
	if (privilege_keep(0) < 0)
		return -1;
	if (folder)
		confine_to(folder, writable);
	return syscalls_possible() ? syscalls_keep(calls, n, ENOSYS) : 0;
}
