/* What Linux's C library has and macOS's has not: see include/. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

enum { MOST_ENTROPY = 256 };

/* Of pipe2() and dup3(), which macOS has not: 0, or -1 with errno. */
static int
flags_put(int fd, int flags)
{
	if ((!(flags & O_CLOEXEC) || fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) &&
	    (!(flags & O_NONBLOCK) || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0))
		return 0;
	return -1;
}

int
pipe2(int fd[2], int flags)
{
	if (pipe(fd) < 0)
		return -1;
	if (flags_put(fd[0], flags) == 0 && flags_put(fd[1], flags) == 0)
		return 0;
	close(fd[0]);
	close(fd[1]);
	return -1;
}

int
dup3(int from, int to, int flags)
{
	if (from == to) {
		errno = EINVAL;
		return -1;
	}
	if (dup2(from, to) < 0)
		return -1;
	return flags_put(to, flags) < 0 ? -1 : to;
}

/* Only system calls, so also after fork(). Nobody has a descriptor above the limit, unless he lowered it since. */
int
close_range(unsigned first, unsigned last, int flags)
{
	int top = getdtablesize();

	if (flags) {
		errno = EINVAL;
		return -1;
	}
	for (unsigned fd = first; fd <= last && fd < (unsigned)top; fd++)
		close((int)fd);
	return 0;
}

void *
memrchr(const void *p, int c, size_t n)
{
	const unsigned char *bytes = p;

	while (n > 0)
		if (bytes[--n] == (unsigned char)c)
			return (void *)(uintptr_t)(bytes + n);
	return NULL;
}

void
explicit_bzero(void *p, size_t n)
{
	memset_s(p, n, 0, n);
}

/* F_PREALLOCATE gives room without making the file longer. */
int
posix_fallocate(int fd, off_t from, off_t len)
{
	fstore_t room = { .fst_flags = F_ALLOCATEALL, .fst_posmode = F_PEOFPOSMODE };
	off_t end = lseek(fd, 0, SEEK_END);

	if (end < 0)
		return errno;
	if (from + len <= end)
		return 0;
	room.fst_length = from + len - end;
	return fcntl(fd, F_PREALLOCATE, &room) < 0 || ftruncate(fd, from + len) < 0 ? errno : 0;
}

int
posix_fadvise(int fd, off_t from, off_t len, int advice)
{
	(void)from, (void)len;
	return advice != POSIX_FADV_SEQUENTIAL ? EINVAL : fcntl(fd, F_RDAHEAD, 1) < 0 ? errno : 0;
}

int
renameat2(int from, const char *old, int to, const char *fresh, unsigned flags)
{
	return renameatx_np(from, old, to, fresh, flags & RENAME_NOREPLACE ? RENAME_EXCL : 0);
}

ssize_t
getrandom(void *p, size_t n, unsigned flags)
{
	(void)flags;
	for (size_t at = 0; at < n; at += MOST_ENTROPY)
		if (getentropy((char *)p + at, n - at < MOST_ENTROPY ? n - at : MOST_ENTROPY) < 0)
			return -1;
	return (ssize_t)n;
}

int
memfd_create(const char *name, unsigned flags)
{
	char path[PATH_MAX];
	size_t n = confstr(_CS_DARWIN_USER_TEMP_DIR, path, sizeof path);
	int fd;

	if (n == 0 || n >= sizeof path)
		strlcpy(path, "/tmp/", sizeof path);
	strlcat(path, name, sizeof path);
	if (strlcat(path, ".XXXXXX", sizeof path) >= sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
	if (fd >= 0)
		unlink(path);
	return fd;
}

int
setresuid(uid_t real, uid_t effective, uid_t saved)
{
	if (real == effective && real == saved)
		return setuid(real);
	errno = EINVAL;
	return -1;
}

int
setresgid(gid_t real, gid_t effective, gid_t saved)
{
	if (real == effective && real == saved)
		return setgid(real);
	errno = EINVAL;
	return -1;
}

int
execvpe(const char *program, char *const argv[], char *const env[])
{
	char **ours = environ;

	environ = (char **)(uintptr_t)env;
	execvp(program, argv);
	environ = ours;
	return -1;
}

int
ppoll(struct pollfd *v, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	fd_set in;
	int top = -1, ready;

	FD_ZERO(&in);
	for (nfds_t i = 0; i < n; i++) {
		v[i].revents = 0;
		if (v[i].fd >= FD_SETSIZE || (v[i].fd >= 0 && v[i].events != POLLIN)) {
			errno = EINVAL;
			return -1;
		}
		if (v[i].fd >= 0)
			FD_SET(v[i].fd, &in);
		top = v[i].fd > top ? v[i].fd : top;
	}
	ready = pselect(top + 1, &in, NULL, NULL, timeout, mask);
	for (nfds_t i = 0; ready > 0 && i < n; i++)
		if (v[i].fd >= 0 && FD_ISSET(v[i].fd, &in))
			v[i].revents = POLLIN;
	return ready;
}

/* Not every file system has F_FULLFSYNC. */
int
darwin_fdatasync(int fd)
{
	return fcntl(fd, F_FULLFSYNC) == 0 ? 0 : fsync(fd);
}
