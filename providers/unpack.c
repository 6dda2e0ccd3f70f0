#include "providers/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"

enum { BLOCK = 1 << 16, MAX_MAGIC = 6 };

static const struct {
	const char *bytes;
	size_t len;
	int (*support)(struct archive *);
} magic[] = {
	{ "\x1f\x8b", 2, archive_read_support_filter_gzip },
	{ "BZh", 3, archive_read_support_filter_bzip2 },
	{ "\xfd" "7zXZ\0", 6, archive_read_support_filter_xz },
	{ "\x28\xb5\x2f\xfd", 4, archive_read_support_filter_zstd },
};

static int
recognise(const char *path, size_t *which, struct error *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	char head[MAX_MAGIC];
	ssize_t n;

	if (fd < 0 || (n = read(fd, head, sizeof head)) < 0)
		return error_errno(err, "open %s", path);
	for (*which = 0; *which < ARRAY_LEN(magic); ++*which)
		if ((size_t)n >= magic[*which].len && !memcmp(head, magic[*which].bytes, magic[*which].len))
			return 1;
	return 0;
}

static bool
all_zero(const char *p, size_t n)
{
	return n && !*p && !memcmp(p, p + 1, n - 1);
}

/* zeros are left out: the file is made as long as it must be at the end */
static int
put(int fd, const char *p, size_t n, off_t *at)
{
	while (n) {
		size_t part = n < 4096 ? n : 4096;
		ssize_t w = (ssize_t)part;

		if (!all_zero(p, part))
			w = pwrite(fd, p, part, *at);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		p += w;
		n -= (size_t)w;
		*at += w;
	}
	return 0;
}

static int
copy_out(const struct unpack *u, struct archive *a, int fd, uint64_t total, struct error *err)
{
	auto_free char *block = xcalloc(1, BLOCK);
	off_t at = 0;
	ssize_t n;

	while ((n = archive_read_data(a, block, BLOCK)) > 0) {
		if (u->cancel && *u->cancel)
			return error_set(err, ERR_CANCELLED, "interrupted while unpacking %s", u->from);
		if (put(fd, block, (size_t)n, &at) < 0)
			return error_errno(err, "write %s", u->to);
		if (u->progress)
			u->progress(u->ctx, (uint64_t)archive_filter_bytes(a, -1), total);
	}
	if (n < 0)
		return error_set(err, ERR_INVALID, "%s: %s", u->from, archive_error_string(a));
	return ftruncate(fd, at) < 0 ? error_errno(err, "write %s", u->to) : 0;
}

static int
decompress(const struct unpack *u, struct archive *a, struct error *err)
{
	struct archive_entry *entry;
	struct stat st;
	auto_close int fd = -1;

	if (stat(u->from, &st) < 0)
		return error_errno(err, "open %s", u->from);
	if (archive_read_open_filename(a, u->from, BLOCK) != ARCHIVE_OK ||
	    archive_read_next_header(a, &entry) != ARCHIVE_OK)
		return error_set(err, ERR_INVALID, "%s: %s", u->from, archive_error_string(a));
	if (unlink(u->to) < 0 && errno != ENOENT)
		return error_errno(err, "remove %s", u->to);
	fd = open(u->to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, u->mode);
	if (fd < 0)
		return error_errno(err, "create %s", u->to);
	if (copy_out(u, a, fd, (uint64_t)st.st_size, err) == 0)
		return 0;
	unlink(u->to);
	return -1;
}

int
unpack_file(const struct unpack *u, struct error *err)
{
	size_t which = 0;
	struct archive *a;
	int r = recognise(u->from, &which, err);

	if (r < 0)
		return -1;
	if (!r)
		return fs_copy(u->from, u->to, u->mode, err);
	a = archive_read_new();
	if (!a)
		return error_set(err, ENOMEM, "libarchive: out of memory");
	if (archive_read_support_format_raw(a) != ARCHIVE_OK || magic[which].support(a) < ARCHIVE_WARN)
		r = error_set(err, ERR_UNSUPPORTED, "%s: %s", u->from, archive_error_string(a));
	else
		r = decompress(u, a, err);
	archive_read_free(a);
	return r;
}
