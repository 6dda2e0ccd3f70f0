#include "hostagent/helper/bounds.h"

#include <errno.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/auto.h"
#include "base/mem.h"
#include "base/paths.h"
#include "base/privilege.h"
#include "base/syscalls.h"
#include "hostagent/agent.h"
#include "hostagent/mount/server_words.h"
#include "hostagent/protocol/sshfs.h"

/* A machine of another user is signalled, and a child's bounds are drawn in. */
#define TO_HELP (SERVER_CAPABILITIES | CAP(CAP_KILL) | CAP(CAP_SETPCAP))

/* Of the helper, of a program that begins, of our own server (which gives most of it up) and of OpenSSH's (which does not). */
static const int calls[] = {
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
	static const char *const programs[] = {"/usr", "/lib", "/lib32", "/lib64", "/nix/store", "/proc/self/exe"};
	auto_free char *server = sshfs_server(NULL);
	AUTO(paths) p = PATHS_INIT;

	/* The first version of Landlock refuses to move a file from one folder to another. */
	if (!paths_begin_signaller(&p) || !(p.known & LANDLOCK_ACCESS_FS_REFER))
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
	    (syscalls_possible() && syscalls_keep(calls, ARRAY_LEN(calls), ENOSYS) < 0))
		return error_errno(err, "confine the host agent's helper");
	return 0;
}
