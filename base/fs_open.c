/* The one way to open a file for reading, and reading it whole. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/os/file.h"

static const char *
kind_text(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return "a folder";
	case S_IFIFO: return "a FIFO";
	case S_IFSOCK: return "a socket";
	case S_IFBLK: return "a block device";
	default: return "a device";
	}
}

/* What may be opened: an ordinary file, and /dev/null, which people link a file to that they want to be empty. */
static bool
kind_is_file(const struct stat *st)
{
	return S_ISREG(st->st_mode) || os_file_is_null(st);
}

bool
fs_is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && kind_is_file(&st);
}

int
fs_open(const char *path, struct stat *st, struct error *err)
{
	struct stat own;
	int fd;

	if (!st)
		st = &own;
	/* The look comes first since opening can have an effect of its own: a tape rewinds, a watchdog begins to count. */
	if (stat(path, st) < 0)
		return error_errno(err, "open %s", path);
	if (!kind_is_file(st))
		return error_set(err, EINVAL, "%s is %s, not an ordinary file", path, kind_text(st->st_mode));
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, "open %s", path);
	if (fstat(fd, st) < 0 || !kind_is_file(st)) {
		close(fd);
		return error_set(err, EINVAL, "%s is not an ordinary file", path);
	}
	return fd;
}

/* Appends what can still be read, up to `max` bytes. */
static int
fd_read(int fd, const char *path, struct buf *out, size_t max, struct error *err)
{
	enum { ROOM = 16384, LEAST = 1024 };
	size_t start = out->len;
	ssize_t n;

	for (;;) {
		/* Most files are small, and a buffer that grows before each read, also before the one that finds the end, is copied. */
		if (out->cap - out->len < LEAST)
			buf_reserve(out, ROOM);
		n = read(fd, out->s + out->len, out->cap - out->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "read %s", path);
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		out->s[out->len] = '\0';
		if (out->len - start > max)
			return error_set(err, EFBIG, "%s: larger than %zu bytes", path, max);
	}
}

int
fs_read_if(const char *path, struct buf *out, size_t max, struct error *err)
{
	struct error why;
	auto_close int fd = fs_open(path, NULL, &why);

	if (fd < 0 && why.code == ENOENT)
		return 0;
	if (fd < 0)
		return error_set(err, why.code, "%s", why.msg);
	return fd_read(fd, path, out, max, err) < 0 ? -1 : 1;
}

/* What is behind the first line break; all, if there is none. */
static void
drop_part_of_line(struct buf *out)
{
	const char *nl = memchr(out->s, '\n', out->len);
	size_t cut = nl ? (size_t)(nl - out->s) + 1 : 0;

	memmove(out->s, out->s + cut, out->len - cut);
	buf_truncate(out, out->len - cut);
}

int
fs_read_end(const char *path, struct buf *out, size_t most, struct stat *st, struct error *err)
{
	struct stat mine;
	auto_close int fd = fs_open(path, st ? st : (st = &mine), err);
	off_t from = fd >= 0 && st->st_size > (off_t)most ? st->st_size - (off_t)most : 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	buf_truncate(out, 0);
	buf_reserve(out, most + 1);
	while (out->len < most && (n = pread(fd, out->s + out->len, most - out->len, from + (off_t)out->len)) > 0)
		out->len += (size_t)n;
	out->s[out->len] = '\0';
	if (from)
		drop_part_of_line(out);
	return 0;
}

int
fs_read(const char *path, struct buf *out, size_t max, struct error *err)
{
	auto_close int fd = fs_open(path, NULL, err);

	return fd < 0 ? -1 : fd_read(fd, path, out, max, err);
}

/* A descriptor that the caller of this program has opened: "/dev/stdin", "/dev/fd/63" */
static bool
names_descriptor(const char *path)
{
	static const char *const folders[] = { "/dev/fd/", "/proc/self/fd/" };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		size_t n = strlen(folders[i]);

		if (!strncmp(path, folders[i], n) && path[n])
			return strspn(path + n, "0123456789") == strlen(path + n);
	}
	return !strcmp(path, "/dev/stdin");
}

int
fs_read_named(const char *path, struct buf *out, size_t max, struct error *err)
{
	auto_close int fd = -1;

	if (!names_descriptor(path))
		return fs_read(path, out, max, err);
	fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? error_errno(err, "open %s", path) : fd_read(fd, path, out, max, err);
}
