#include "providers/fetch/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/fetch/inflate.h"

enum { BLOCK = 1 << 18, PAGE = 4096, HEAD = 8 };

/* a packed file being read */
struct source {
	const char *path;
	int fd;
	const struct inflate_kind *kind;
	struct inflate *inflate;
	unsigned char *in;	/* BLOCK bytes, of which [at, len) are still to be unpacked */
	size_t at, len;
	uint64_t read;		/* bytes of the file */
	bool end;		/* of the file */
};

static void
source_release(struct source *s)
{
	inflate_free(s->inflate);
	free(s->in);
}

static int
refill(struct source *s, struct error *err)
{
	ssize_t n;

	while ((n = read(s->fd, s->in, BLOCK)) < 0)
		if (errno != EINTR)
			return error_errno(err, "read %s", s->path);
	s->at = 0;
	s->len = (size_t)n;
	s->read += (uint64_t)n;
	s->end = n == 0;
	return 0;
}

/* a block of unpacked bytes, full but for the last one: how many, 0 at the end, -1 */
static ssize_t
next(struct source *s, unsigned char *block, struct error *err)
{
	struct inflate_io io = { .out = block, .out_len = BLOCK };

	for (size_t before = 0; io.out_len && !(s->end && io.out_len == before);) {
		if (s->at == s->len && !s->end && refill(s, err) < 0)
			return -1;
		before = io.out_len;
		io.in = s->in + s->at;
		io.in_len = s->len - s->at;
		if (!inflate_step(s->inflate, &io))
			return error_set(err, ERR_INVALID, "%s: damaged %s data", s->path, inflate_name(s->kind));
		s->at = s->len - io.in_len;
	}
	if (s->end && !inflate_whole(s->inflate))
		return error_set(err, ERR_INVALID, "%s: %s data that is cut short", s->path, inflate_name(s->kind));
	return (ssize_t)(BLOCK - io.out_len);
}

static bool
all_zero(const unsigned char *p, size_t n)
{
	return !*p && !memcmp(p, p + 1, n - 1);
}

/* how many of the n bytes, in pages, are zeros, or are not, like the first page */
static size_t
alike(const unsigned char *p, size_t n, bool *zero)
{
	size_t at = n < PAGE ? n : PAGE;

	*zero = all_zero(p, at);
	while (at < n) {
		size_t part = n - at < PAGE ? n - at : PAGE;

		if (all_zero(p + at, part) != *zero)
			break;
		at += part;
	}
	return at;
}

/* zeros are left out: the file is made as long as it must be at the end */
static int
put(int fd, const unsigned char *p, size_t n, off_t *at)
{
	while (n) {
		bool zero;
		ssize_t w = (ssize_t)alike(p, n, &zero);

		if (!zero)
			w = pwrite(fd, p, (size_t)w, *at);
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
copy_out(const struct unpack *u, struct source *s, int fd, uint64_t total, struct error *err)
{
	auto_free unsigned char *block = xcalloc(1, BLOCK);
	off_t at = 0;
	ssize_t n;

	while ((n = next(s, block, err)) > 0) {
		if (u->cancel && *u->cancel)
			return error_set(err, ERR_CANCELLED, "interrupted while unpacking %s", u->from);
		if (put(fd, block, (size_t)n, &at) < 0)
			return error_errno(err, "write %s", u->to);
		if (u->progress)
			u->progress(u->ctx, s->read, total);
	}
	if (n < 0)
		return -1;
	return ftruncate(fd, at) < 0 ? error_errno(err, "write %s", u->to) : 0;
}

static int
unpack_to(const struct unpack *u, struct source *s, uint64_t total, struct error *err)
{
	auto_close int fd = -1;

	if (unlink(u->to) < 0 && errno != ENOENT)
		return error_errno(err, "remove %s", u->to);
	fd = open(u->to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, u->mode);
	if (fd < 0)
		return error_errno(err, "create %s", u->to);
	if (copy_out(u, s, fd, total, err) == 0)
		return 0;
	unlink(u->to);
	return -1;
}

int
unpack_file(const struct unpack *u, struct error *err)
{
	struct stat st;
	auto_close int fd = fs_open(u->from, &st, err);
	AUTO(source) s = { .path = u->from, .fd = fd };
	char head[HEAD];
	ssize_t n;

	if (fd < 0)
		return -1;
	n = pread(fd, head, sizeof head, 0);
	if (n < 0)
		return error_errno(err, "read %s", u->from);
	s.kind = inflate_recognise(head, (size_t)n);
	if (!s.kind)
		return fs_copy(u->from, u->to, u->mode, err);
	s.inflate = inflate_new(s.kind);
	s.in = xcalloc(1, BLOCK);
	return unpack_to(u, &s, (uint64_t)st.st_size, err);
}
