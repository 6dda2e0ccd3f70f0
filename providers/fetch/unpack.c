#include "providers/fetch/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/fetch/inflate.h"
#include "providers/fetch/digest.h"
#include "providers/fetch/unpack_child.h"

enum { HEAD = 8 };

static int
digest_compare(const struct unpack *u, const char *is, struct error *err)
{
	return strcmp(is, u->digest) == 0 ? 0 : error_set(err, EBADMSG, "%s: digest is %s, want %s", u->from, is, u->digest);
}

static int
unpack_file_begin(const struct unpack *u, struct error *err)
{
	int fd;

	if (unlink(u->to) < 0 && errno != ENOENT)
		return error_errno(err, "remove %s", u->to);
	fd = open(u->to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, u->mode);
	return fd < 0 ? error_errno(err, "create %s", u->to) : fd;
}

/* The digest is of the copy: nobody else has that open, whoever may write to the source meanwhile. */
int
unpack_copy(const struct unpack *u, struct error *err)
{
	auto_free char *is = NULL;

	if (fs_copy(u->from, u->to, u->mode, err) < 0)
		return -1;
	if (!u->digest || !*u->digest ||
	    (digest_file(u->to, u->digest, &is, u->cancel, err) == 0 && digest_compare(u, is, err) == 0))
		return 0;
	unlink(u->to);
	return -1;
}

static int
unpack_whole(const struct unpack *u, const struct inflate_kind *kind, int in, uint64_t total, struct error *err)
{
	auto_close int out = unpack_file_begin(u, err);
	bool hashed = u->digest && *u->digest;
	char is[DIGEST_TEXT_MAX];
	struct digest d;
	int r = -1;

	if (out < 0)
		return -1;
	if (!hashed || digest_init(&d, u->digest, err) == 0)
		r = unpack_by_child(u, kind, in, out, total, hashed ? &d : NULL, err);
	if (r == 0 && hashed) {
		digest_text(&d, is);
		r = digest_compare(u, is, err);
	}
	if (r < 0)
		unlink(u->to);
	return r;
}

/* Opens the file and finds its kind; NULL when it is not packed. */
static int
source_open(const char *path, struct stat *st, const struct inflate_kind **kind, struct error *err)
{
	auto_close int fd = fs_open(path, st, err);
	char head[HEAD];
	ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof head, 0);

	if (fd < 0)
		return -1;
	if (n < 0)
		return error_errno(err, "read %s", path);
	*kind = inflate_recognise(head, (size_t)n);
	return steal_fd(fd);
}

int
unpack_is_packed(const char *path, struct error *err)
{
	const struct inflate_kind *kind;
	struct stat st;
	auto_close int fd = source_open(path, &st, &kind, err);

	return fd < 0 ? -1 : kind != NULL;
}

int
unpack_file(const struct unpack *u, struct error *err)
{
	const struct inflate_kind *kind;
	struct stat st;
	auto_close int fd = source_open(u->from, &st, &kind, err);

	if (fd < 0)
		return -1;
	return kind ? unpack_whole(u, kind, fd, (uint64_t)st.st_size, err) : unpack_copy(u, err);
}
