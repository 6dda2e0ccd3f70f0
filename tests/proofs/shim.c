/*
 * What can happen to a program from one moment on, and a note of what it has made durable. Loaded before libc by tests/proofs.
 *
 * The moment is where LIMACTL_TEST_KILL_AT would kill it: a boundary of a step. $PROOF_FAULT says what happens then:
 *
 *	kill		it is killed
 *	agent, machine	the processes of that kind are killed, of all instances; it goes on
 *	enospc		no file of the home's gets a byte more, none is made
 *	eio-write, eio-sync, eio-read	the next such call on a file of the home's fails, once
 *	eintr		every second call that could wait is interrupted before it has done anything
 *	clock+, clock-	the clock of the day jumps by ten years
 *
 * A file $PROOF_HIT says that it has come to that. With $PROOF_SHADOW each file and folder below $PROOF_HOME is copied there as it is
 * when it has been synced: that is all that a loss of power leaves (power.py).
 */
#define _GNU_SOURCE
#undef _FILE_OFFSET_BITS
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define EXPORT __attribute__((visibility("default")))

enum { TEN_YEARS = 315360000 };

static atomic_int fired, full, bad_write, bad_sync, bad_read, interrupts, calls;
static atomic_long jump;

/* Is that below the home? Only what it says of files and folders counts. */
static int
is_home_path(const char *path)
{
	const char *home = getenv("PROOF_HOME");

	return home && path && strncmp(path, home, strlen(home)) == 0;
}

static int
is_home_fd(int fd)
{
	char link[64], path[4096];
	ssize_t n;
	struct stat st;

	if (fstat(fd, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	return is_home_path(path);
}

static int
may_wait(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static int
is_interrupted(void)
{
	if (!interrupts || atomic_fetch_add(&calls, 1) % 2)
		return 0;
	errno = EINTR;
	return 1;
}

static int
fails_once(atomic_int *what, int fd)
{
	if (!*what || !is_home_fd(fd) || !atomic_exchange(what, 0))
		return 0;
	errno = EIO;
	return 1;
}

static int
has_no_room(int fd)
{
	if (!full || !is_home_fd(fd))
		return 0;
	errno = ENOSPC;
	return 1;
}

/* Kills what a pid file of that name in any instance's folder names; how many. */
static int
kill_named(const char *name)
{
	char path[4096];
	int killed = 0;
	DIR *d = opendir(getenv("LIMA_HOME"));
	struct dirent *e;

	while (d && (e = readdir(d))) {
		int pid = 0;
		FILE *f;

		snprintf(path, sizeof path, "%s/%s/%s", getenv("LIMA_HOME"), e->d_name, name);
		if (e->d_name[0] == '.' || !(f = fopen(path, "re")))
			continue;
		if (fscanf(f, "%d", &pid) == 1 && pid > 1 && syscall(SYS_kill, pid, SIGKILL) == 0)
			killed++;
		fclose(f);
	}
	if (d)
		closedir(d);
	return killed;
}

static void
take_note_of_hit(void)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, getenv("PROOF_HIT"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		syscall(SYS_close, fd);
}

static void
boundary(const char *fault)
{
	if (!strcmp(fault, "agent") || !strcmp(fault, "machine")) {
		if (kill_named(fault[0] == 'a' ? "ha.pid" : "fake.pid"))
			take_note_of_hit();
		return;
	}
	take_note_of_hit();
	if (!strcmp(fault, "kill"))
		syscall(SYS_kill, getpid(), SIGKILL);
	full = !strcmp(fault, "enospc");
	bad_write = !strcmp(fault, "eio-write");
	bad_sync = !strcmp(fault, "eio-sync");
	bad_read = !strcmp(fault, "eio-read");
	interrupts = !strcmp(fault, "eintr");
	jump = !strcmp(fault, "clock+") ? TEN_YEARS : !strcmp(fault, "clock-") ? -TEN_YEARS : 0;
}

EXPORT int
kill(pid_t pid, int sig)
{
	const char *fault = getenv("PROOF_FAULT");

	if (sig != SIGKILL || pid != getpid() || !fault)
		return (int)syscall(SYS_kill, pid, sig);
	/* Once: what takes a new instance back is a walk of its own, and counts anew. */
	if (!atomic_exchange(&fired, 1))
		boundary(fault);
	return 0;
}

/* What is synced. */

static void
shadow_name(char out[4096], int fd, char kind)
{
	struct statx st;

	out[0] = '\0';
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME | STATX_INO, &st) == 0)
		snprintf(out, 4096, "%s/%c.%llu.%lld%09u", getenv("PROOF_SHADOW"), kind, (unsigned long long)st.stx_ino,
			 (long long)st.stx_btime.tv_sec, st.stx_btime.tv_nsec);
}

static void
shadow_file(int fd, const char *tmp)
{
	char link[64], chunk[65536];
	int from, to = (int)syscall(SYS_openat, AT_FDCWD, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	from = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
	while ((n = syscall(SYS_read, from, chunk, sizeof chunk)) > 0)
		syscall(SYS_write, to, chunk, n);
	syscall(SYS_close, from);
	syscall(SYS_close, to);
}

static void
shadow_folder(int fd, const char *tmp)
{
	char path[64];
	FILE *to = fopen(tmp, "we");
	DIR *d;
	struct dirent *e;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	d = opendir(path);
	while (d && to && (e = readdir(d))) {
		struct statx st;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (statx(dirfd(d), e->d_name, AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_INO, &st) == 0)
			fprintf(to, "%llu.%lld%09u %s\n", (unsigned long long)st.stx_ino, (long long)st.stx_btime.tv_sec, st.stx_btime.tv_nsec, e->d_name);
	}
	if (d)
		closedir(d);
	if (to)
		fclose(to);
}

static void
shadow(int fd)
{
	char name[4096], tmp[4200];
	struct stat st;
	int was = errno;

	if (getenv("PROOF_SHADOW") && is_home_fd(fd) && fstat(fd, &st) == 0) {
		shadow_name(name, fd, S_ISDIR(st.st_mode) ? 'D' : 'F');
		snprintf(tmp, sizeof tmp, "%s.%ld.tmp", name, (long)syscall(SYS_gettid));
		if (S_ISDIR(st.st_mode))
			shadow_folder(fd, tmp);
		else
			shadow_file(fd, tmp);
		syscall(SYS_rename, tmp, name);
	}
	errno = was;
}

EXPORT int
fsync(int fd)
{
	int r;

	if (fails_once(&bad_sync, fd))
		return -1;
	r = (int)syscall(SYS_fsync, fd);
	if (r == 0)
		shadow(fd);
	return r;
}

EXPORT int
fdatasync(int fd)
{
	int r;

	if (fails_once(&bad_sync, fd))
		return -1;
	r = (int)syscall(SYS_fdatasync, fd);
	if (r == 0)
		shadow(fd);
	return r;
}

/* What writes and makes. */

EXPORT ssize_t
write(int fd, const void *p, size_t n)
{
	if (has_no_room(fd) || fails_once(&bad_write, fd) || (interrupts && may_wait(fd) && is_interrupted()))
		return -1;
	return syscall(SYS_write, fd, p, n);
}

EXPORT ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	if (has_no_room(fd) || fails_once(&bad_write, fd))
		return -1;
	return syscall(SYS_pwrite64, fd, p, n, at);
}

EXPORT ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	return pwrite64(fd, p, n, at);
}

EXPORT ssize_t
copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t n, unsigned flags)
{
	if (has_no_room(out) || fails_once(&bad_write, out))
		return -1;
	return syscall(SYS_copy_file_range, in, in_at, out, out_at, n, flags);
}

EXPORT int
posix_fallocate64(int fd, off64_t at, off64_t n)
{
	if (has_no_room(fd))
		return ENOSPC;
	return NEXT(posix_fallocate64)(fd, at, n);
}

EXPORT int
posix_fallocate(int fd, off_t at, off_t n)
{
	return posix_fallocate64(fd, at, n);
}

EXPORT int
mkdir(const char *path, mode_t mode)
{
	if (full && is_home_path(path) && access(path, F_OK) < 0) {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_mkdir, path, mode);
}

static int
open_it(int at, const char *path, int flags, mode_t mode)
{
	if (full && flags & O_CREAT && is_home_path(path) && faccessat(at, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_openat, at, path, flags, mode);
}

#define OPEN(name) \
	EXPORT int name(const char *path, int flags, ...) \
	{ \
		va_list ap; \
		va_start(ap, flags); \
		mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0; \
		va_end(ap); \
		return open_it(AT_FDCWD, path, flags, mode); \
	}
#define OPENAT(name) \
	EXPORT int name(int at, const char *path, int flags, ...) \
	{ \
		va_list ap; \
		va_start(ap, flags); \
		mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0; \
		va_end(ap); \
		return open_it(at, path, flags, mode); \
	}
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* What reads and waits. */

EXPORT ssize_t
read(int fd, void *p, size_t n)
{
	if (fails_once(&bad_read, fd) || (interrupts && may_wait(fd) && is_interrupted()))
		return -1;
	return syscall(SYS_read, fd, p, n);
}

EXPORT ssize_t __read_chk(int fd, void *p, size_t n, size_t room);
EXPORT ssize_t
__read_chk(int fd, void *p, size_t n, size_t room)
{
	(void)room;
	return read(fd, p, n);
}

EXPORT ssize_t
pread64(int fd, void *p, size_t n, off64_t at)
{
	if (fails_once(&bad_read, fd))
		return -1;
	return syscall(SYS_pread64, fd, p, n, at);
}

EXPORT ssize_t
pread(int fd, void *p, size_t n, off_t at)
{
	return pread64(fd, p, n, at);
}

EXPORT int
poll(struct pollfd *p, nfds_t n, int ms)
{
	if (interrupts && ms && is_interrupted())
		return -1;
	return NEXT(poll)(p, n, ms);
}

EXPORT int __poll_chk(struct pollfd *p, nfds_t n, int ms, size_t room);
EXPORT int
__poll_chk(struct pollfd *p, nfds_t n, int ms, size_t room)
{
	(void)room;
	return poll(p, n, ms);
}

EXPORT int
connect(int fd, const struct sockaddr *a, socklen_t len)
{
	if (interrupts && may_wait(fd) && is_interrupted())
		return -1;
	return NEXT(connect)(fd, a, len);
}

EXPORT pid_t
waitpid(pid_t pid, int *status, int flags)
{
	if (interrupts && !(flags & WNOHANG) && is_interrupted())
		return -1;
	return NEXT(waitpid)(pid, status, flags);
}

EXPORT int
flock(int fd, int how)
{
	if (interrupts && !(how & LOCK_NB) && is_interrupted())
		return -1;
	return (int)syscall(SYS_flock, fd, how);
}

EXPORT int
nanosleep(const struct timespec *t, struct timespec *left)
{
	if (interrupts && is_interrupted()) {
		if (left)
			*left = *t;
		return -1;
	}
	return NEXT(nanosleep)(t, left);
}

/* The clock of the day. */

EXPORT int
clock_gettime(clockid_t id, struct timespec *t)
{
	int r = (int)syscall(SYS_clock_gettime, id, t);

	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		t->tv_sec += jump;
	return r;
}

EXPORT time_t
time(time_t *out)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (out)
		*out = t.tv_sec;
	return t.tv_sec;
}

EXPORT int
gettimeofday(struct timeval *tv, void *zone)
{
	struct timespec t;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &t);
	*tv = (struct timeval){ t.tv_sec, t.tv_nsec / 1000 };
	return 0;
}
