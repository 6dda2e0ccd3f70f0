/* What runs in the child: unpacking, and nothing that opens anything. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/size.h"
#include "providers/fetch/inflate.h"
#include "providers/fetch/unpack.h"
#include "providers/fetch/unpack_child.h"

enum { BLOCK = 1 << 18, PAGE = 4096 };

struct source {
	const char *path;
	int fd;
	const struct inflate_kind *kind;
	struct inflate *inflate;
	unsigned char *in;	/* BLOCK bytes, of which [at, len) are still to be unpacked */
	size_t at, len;
	bool end;		/* of the file */
};

static void
source_release(struct source *s)
{
	inflate_free(s->inflate);
	free(s->in);
}

static int
unpack_stream_refill(struct source *s, struct error *err)
{
	ssize_t n;

	while ((n = read(s->fd, s->in, BLOCK)) < 0)
		if (errno != EINTR)
			return error_errno(err, "read %s", s->path);
	s->at = 0;
	s->len = (size_t)n;
	s->end = n == 0;
	return 0;
}

/* Reads a block of unpacked bytes, full but for the last one; returns how many, 0 at the end, or -1. */
static ssize_t
unpack_stream_next(struct source *s, unsigned char *block, struct error *err)
{
	struct inflate_io io = { .out = block, .out_len = BLOCK };

	for (size_t before = 0; io.out_len && !(s->end && io.out_len == before);) {
		if (s->at == s->len && !s->end && unpack_stream_refill(s, err) < 0)
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

/* Counts the bytes, in whole pages, that are all zeros, or not, like the first page. */
static size_t
unpack_stream_alike(const unsigned char *p, size_t n, bool *zero)
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

/* Zeros become holes; the file gets its length at the end. */
static int
unpack_stream_put(int fd, const unsigned char *p, size_t n, off_t *at)
{
	while (n) {
		bool zero;
		ssize_t w = (ssize_t)unpack_stream_alike(p, n, &zero);

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
too_much(const struct unpack *u, struct error *err)
{
	AUTO(arena) a = { 0 };

	return error_set(err, EFBIG, "%s: unpacks to more than %s", u->from, size_text(&a, u->max_bytes));
}

int
unpack_stream(const struct unpack *u, const struct inflate_kind *kind, int in, int out, struct error *err)
{
	AUTO(source) s = { .path = u->from, .fd = in, .kind = kind };
	auto_free unsigned char *block = xcalloc(1, BLOCK);
	off_t at = 0;
	ssize_t n;

	s.inflate = inflate_new(kind);
	s.in = xcalloc(1, BLOCK);
	while ((n = unpack_stream_next(&s, block, err)) > 0) {
		if (u->max_bytes && (uint64_t)at + (uint64_t)n > u->max_bytes)
			return too_much(u, err);
		if (unpack_stream_put(out, block, (size_t)n, &at) < 0)
			return error_errno(err, "write %s", u->to);
	}
	if (n < 0)
		return -1;
	return ftruncate(out, at) < 0 ? error_errno(err, "write %s", u->to) : 0;
}
