#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/os/file.h"

char *
fs_tmp(const char *path)
{
	return xasprintf("%s.tmp", path);
}

int
fs_fsync(const char *path, struct error *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return error_errno(err, "fsync %s", path);
	return 0;
}

int
fs_fsync_parent(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir = !slash ? xstrdup(".") : slash == path ? xstrdup("/") :
			      xstrndup(path, (size_t)(slash - path));

	return fs_fsync(dir, err);
}

int
fs_commit(const char *tmp, const char *path, struct error *err)
{
	if (fs_fsync(tmp, err) < 0)
		return -1;
	if (rename(tmp, path) < 0)
		return error_errno(err, "rename %s to %s", tmp, path);
	return fs_fsync_parent(path, err);
}

int
fs_write_all(int fd, const void *p, size_t len)
{
	for (const char *at = p, *end = at + len; at < end;) {
		ssize_t n = write(fd, at, (size_t)(end - at));

		if (n < 0 && errno != EINTR)
			return -1;
		at += n > 0 ? n : 0;
	}
	return 0;
}

int
fs_write(const char *path, const void *p, size_t len, mode_t mode, struct error *err)
{
	auto_free char *tmp = fs_tmp(path);
	auto_close int fd = -1;

	if (fs_remove_tree(tmp, err) < 0)
		return -1;
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return error_errno(err, "create %s", path);
	if (fchmod(fd, mode) < 0 || fs_write_all(fd, p, len) < 0) {
		error_errno(err, "write %s", path);
		unlink(tmp);
		return -1;
	}
	if (fs_commit(tmp, path, err) == 0)
		return 0;
	unlink(tmp);
	return -1;
}

int
fs_mkdirs(const char *path, mode_t mode, struct error *err)
{
	auto_free char *p = xstrdup(path);
	struct stat st;

	for (char *s = p + 1; *p; s++) {
		char c = *s;

		if (c != '/' && c)
			continue;
		*s = '\0';
		if (mkdir(p, mode) < 0 && errno != EEXIST) {
			int why = errno;

			if (why != EROFS || stat(p, &st) < 0) {
				errno = why;
				return error_errno(err, "mkdir %s", p);
			}
		}
		*s = c;
		if (!c)
			break;
	}
	if (stat(path, &st) < 0)
		return error_errno(err, "stat %s", path);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "%s: exists and is no folder", path);
	return 0;
}

int
fs_unlink(const char *path, struct error *err)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(err, "remove %s", path);
	return 0;
}

/* Empties the folder `fd`, which it closes. */
static int
empty_dir(int fd, const char *path, struct error *err)
{
	auto_dir DIR *d = fdopendir(fd);
	struct dirent *e;

	if (!d)
		return error_errno(err, "read %s", path);
	while ((errno = 0, e = readdir(d))) {
		int sub;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (!unlinkat(dirfd(d), e->d_name, 0) || errno == ENOENT)
			continue;
		if (errno != EISDIR && errno != EPERM)
			return error_errno(err, "remove %s/%s", path, e->d_name);
		sub = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0)
			return error_errno(err, "remove %s/%s", path, e->d_name);
		if (empty_dir(sub, path, err) < 0)
			return -1;
		if (unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			return error_errno(err, "remove %s/%s", path, e->d_name);
	}
	return errno ? error_errno(err, "read %s", path) : 0;
}

int
fs_remove_tree(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return fs_unlink(path, err);
	if (fd < 0)
		return error_errno(err, "open %s", path);
	if (empty_dir(fd, path, err) < 0)
		return -1;
	if (rmdir(path) < 0 && errno != ENOENT)
		return error_errno(err, "remove %s", path);
	return fs_fsync_parent(path, err);
}

/* Only data between holes are copied; both offsets are kept equal. */
static int
copy_extents(int in, int out, off_t size)
{
	off_t data = 0, hole;

	while (data < size && (data = lseek(in, data, SEEK_DATA)) >= 0) {
		hole = lseek(in, data, SEEK_HOLE);
		if (hole < 0)
			return -1;
		for (off_t to = data; data < hole;) {
			ssize_t n = os_file_copy(in, &data, out, &to, (size_t)(hole - data));

			if (n == 0)
				errno = EIO;	/* it was cut off meanwhile */
			if (n == 0 || (n < 0 && errno != EINTR))
				return -1;
		}
	}
	return data < 0 && errno != ENXIO ? -1 : ftruncate(out, size);
}

/* Between file systems of two kinds. What is zero is a hole, as it may have been one that was read. */
static int
copy_plain(int in, int out)
{
	auto_free char *block = xcalloc(1, 1 << 16);
	off_t size = 0;
	ssize_t n;

	if (lseek(in, 0, SEEK_SET) < 0 || lseek(out, 0, SEEK_SET) < 0 || ftruncate(out, 0) < 0)
		return -1;
	while ((n = read(in, block, 1 << 16)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		size += n;
		if (block[0] == 0 && memcmp(block, block + 1, (size_t)n - 1) == 0 ? lseek(out, size, SEEK_SET) < 0 : fs_write_all(out, block, (size_t)n) < 0)
			return -1;
	}
	return ftruncate(out, size);
}

/* The new file's descriptor, or -1. */
static int
copy_begin(const char *to_tmp, mode_t mode, struct error *err)
{
	int out;

	if (fs_remove_tree(to_tmp, err) < 0)
		return -1;
	out = open(to_tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	return out < 0 ? error_errno(err, "create %s", to_tmp) : out;
}

int
fs_clone(const char *from, const char *to_tmp, mode_t mode, struct error *err)
{
	struct stat st;
	auto_close int in = fs_open(from, &st, err), out = in < 0 ? -1 : copy_begin(to_tmp, mode, err);

	if (out < 0)
		return -1;
	if (os_file_clone(in, out, to_tmp) == 0)
		return 1;
	unlink(to_tmp);
	return 0;
}

int
fs_copy(const char *from, const char *to_tmp, mode_t mode, struct error *err)
{
	struct stat st;
	auto_close int in = fs_open(from, &st, err), out = in < 0 ? -1 : copy_begin(to_tmp, mode, err);

	if (out < 0)
		return -1;
	if (os_file_clone(in, out, to_tmp) == 0 || !copy_extents(in, out, st.st_size))
		return 0;
	if (errno != ENOSPC && errno != EDQUOT && !copy_plain(in, out))
		return 0;
	error_errno(err, "copy %s to %s", from, to_tmp);
	unlink(to_tmp);
	return -1;
}

bool
fs_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Writes a number before `p`, with that many digits at least; where it begins. By hand: six thousand of them are a third of a large plan. */
static char *
stamp_number(char *p, unsigned long long n, int digits)
{
	for (; n || digits > 0; digits--, n /= 10)
		*--p = (char)('0' + n % 10);
	return p;
}

const char *
fs_stamp_of(struct arena *a, const struct stat *st)
{
	char text[96], *p = text + sizeof text;

	p = stamp_number(p, (unsigned long long)st->st_mtim.tv_nsec, 9);
	p = stamp_number(p, (unsigned long long)llabs(st->st_mtim.tv_sec), 1);
	if (st->st_mtim.tv_sec < 0)	/* from before 1970 */
		*--p = '-';
	*--p = '.';
	p = stamp_number(p, (unsigned long long)st->st_size, 1);
	*--p = '.';
	p = stamp_number(p, (unsigned long long)st->st_ino, 1);
	return arena_memdup(a, p, (size_t)(text + sizeof text - p));
}

const char *
fs_stamp(struct arena *a, const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? NULL : fs_stamp_of(a, &st);
}

char *
fs_realpath(const char *path)
{
	auto_free char *head = xstrdup(path);
	char *real = realpath(path, NULL), *slash, *whole;

	if (real)
		return real;
	slash = strrchr(head, '/');
	if (slash == head)
		return xstrdup(path);
	if (slash)
		*slash = '\0';
	real = slash ? fs_realpath(head) : realpath(".", NULL);
	if (!real)
		return xstrdup(path);	/* in a folder that is no more */
	whole = xasprintf("%s/%s", real, slash ? slash + 1 : path);
	free(real);
	return whole;
}

int
fs_flock(int fd, int how)
{
	int r;

	do
		r = flock(fd, how);
	while (r < 0 && errno == EINTR);
	return r;
}

int
fs_lock(const char *path, bool wait, struct error *err)
{
	auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "open %s", path);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return error_set(err, ERR_INVALID, "%s: is neither a file nor a folder, so no lock", path);
	if (fs_flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0)
		return error_errno(err, "lock %s", path);
	return steal_fd(fd);
}
