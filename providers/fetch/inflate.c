#include "providers/fetch/inflate.h"

#include <bzlib.h>
#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/auto.h"
#include "base/mem.h"

enum { XZ_MEMORY_MAX = 1 << 28 };	/* xz -9 takes 65 MiB */

enum step { STEP_MORE, STEP_END, STEP_BAD };

struct inflate_kind {
	const char *name, *magic;
	size_t len;
	bool (*init)(struct inflate *d);	/* for each member */
	enum step (*step)(struct inflate *d, struct inflate_io *io);
	void (*end)(struct inflate *d);
};

struct inflate {
	const struct inflate_kind *kind;
	bool within;		/* a member */
	union {
		z_stream z;
		bz_stream b;
		lzma_stream x;
		ZSTD_DStream *s;
	};
};

/* Both libraries count in 32 bits. */
static unsigned
inflate_cap(size_t n)
{
	return n > 1U << 30 ? 1U << 30 : (unsigned)n;
}

/* Copies what a stream of zlib's shape has left to `io`. */
#define TAKE(io, was_in, was_out, st) do { \
	size_t in_ = (was_in) - (st).avail_in, out_ = (was_out) - (st).avail_out; \
	(io)->in += in_; \
	(io)->in_len -= in_; \
	(io)->out += out_; \
	(io)->out_len -= out_; \
} while (0)

static bool
gzip_init(struct inflate *d)
{
	d->z = (z_stream){ 0 };
	return inflateInit2(&d->z, 15 + 16) == Z_OK;	/* 16: gzip, and no other container */
}

static enum step
gzip_step(struct inflate *d, struct inflate_io *io)
{
	unsigned in = inflate_cap(io->in_len), out = inflate_cap(io->out_len);
	int r;

	d->z.next_in = (unsigned char *)(uintptr_t)io->in;
	d->z.avail_in = in;
	d->z.next_out = io->out;
	d->z.avail_out = out;
	r = inflate(&d->z, Z_NO_FLUSH);
	TAKE(io, in, out, d->z);
	return r == Z_STREAM_END ? STEP_END : r == Z_OK || r == Z_BUF_ERROR ? STEP_MORE : STEP_BAD;
}

static void
gzip_end(struct inflate *d)
{
	inflateEnd(&d->z);
}

static bool
bzip2_init(struct inflate *d)
{
	d->b = (bz_stream){ 0 };
	return BZ2_bzDecompressInit(&d->b, 0, 0) == BZ_OK;
}

static enum step
bzip2_step(struct inflate *d, struct inflate_io *io)
{
	unsigned in = inflate_cap(io->in_len), out = inflate_cap(io->out_len);
	int r;

	d->b.next_in = (char *)(uintptr_t)io->in;
	d->b.avail_in = in;
	d->b.next_out = (char *)io->out;
	d->b.avail_out = out;
	r = BZ2_bzDecompress(&d->b);
	TAKE(io, in, out, d->b);
	return r == BZ_STREAM_END ? STEP_END : r == BZ_OK ? STEP_MORE : STEP_BAD;
}

static void
bzip2_end(struct inflate *d)
{
	BZ2_bzDecompressEnd(&d->b);
}

static bool
xz_init(struct inflate *d)
{
	d->x = (lzma_stream)LZMA_STREAM_INIT;
	return lzma_stream_decoder(&d->x, XZ_MEMORY_MAX, 0) == LZMA_OK;
}

static enum step
xz_step(struct inflate *d, struct inflate_io *io)
{
	size_t in = io->in_len, out = io->out_len;
	lzma_ret r;

	d->x.next_in = io->in;
	d->x.avail_in = in;
	d->x.next_out = io->out;
	d->x.avail_out = out;
	r = lzma_code(&d->x, LZMA_RUN);
	TAKE(io, in, out, d->x);
	return r == LZMA_STREAM_END ? STEP_END : r == LZMA_OK || r == LZMA_BUF_ERROR ? STEP_MORE : STEP_BAD;
}

static void
xz_end(struct inflate *d)
{
	lzma_end(&d->x);
}

static bool
zstd_init(struct inflate *d)
{
	d->s = ZSTD_createDStream();
	return d->s && !ZSTD_isError(ZSTD_initDStream(d->s));
}

static enum step
zstd_step(struct inflate *d, struct inflate_io *io)
{
	ZSTD_inBuffer in = { io->in, io->in_len, 0 };
	ZSTD_outBuffer out = { io->out, io->out_len, 0 };
	size_t r = ZSTD_decompressStream(d->s, &out, &in);

	io->in += in.pos;
	io->in_len -= in.pos;
	io->out += out.pos;
	io->out_len -= out.pos;
	return ZSTD_isError(r) ? STEP_BAD : r == 0 ? STEP_END : STEP_MORE;
}

static void
zstd_end(struct inflate *d)
{
	ZSTD_freeDStream(d->s);
}

static const struct inflate_kind kinds[] = {
	{ "gzip", "\x1f\x8b", 2, gzip_init, gzip_step, gzip_end },
	{ "bzip2", "BZh", 3, bzip2_init, bzip2_step, bzip2_end },
	{ "xz", "\xfd" "7zXZ\0", 6, xz_init, xz_step, xz_end },
	{ "zstd", "\x28\xb5\x2f\xfd", 4, zstd_init, zstd_step, zstd_end },
	{ "zstd", "\x50\x2a\x4d\x18", 4, zstd_init, zstd_step, zstd_end },	/* a skippable frame: pzstd */
};

const struct inflate_kind *
inflate_recognise(const void *head, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (len >= kinds[i].len && !memcmp(head, kinds[i].magic, kinds[i].len))
			return &kinds[i];
	return NULL;
}

const char *
inflate_name(const struct inflate_kind *k)
{
	return k->name;
}

struct inflate *
inflate_new(const struct inflate_kind *k)
{
	struct inflate *d = xcalloc(1, sizeof *d);

	d->kind = k;
	return d;
}

void
inflate_free(struct inflate *d)
{
	if (d && d->within)
		d->kind->end(d);
	free(d);
}

/* between two members there may be zeros: tapes, and xz(1) with --block-size, are padded */
static void
skip_padding(struct inflate_io *io)
{
	while (io->in_len && !*io->in) {
		io->in++;
		io->in_len--;
	}
}

bool
inflate_step(struct inflate *d, struct inflate_io *io)
{
	for (;;) {
		size_t in, out;
		enum step step;

		if (!d->within) {
			skip_padding(io);
			if (!io->in_len)
				return true;
			if (!d->kind->init(d))
				abort();	/* out of memory */
			d->within = true;
		}
		in = io->in_len;
		out = io->out_len;
		step = d->kind->step(d, io);
		if (step == STEP_BAD)
			return false;
		if (step == STEP_END) {
			d->kind->end(d);
			d->within = false;
		} else if (in == io->in_len && out == io->out_len) {
			return true;
		}
		if (!io->out_len)
			return true;
	}
}

bool
inflate_whole(const struct inflate *d)
{
	return !d->within;
}
