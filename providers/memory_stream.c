/* providers/memory_stream.c - what a machine says of its memory, into a file and out of it (memory_file.h). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/fetch/digest.h"
#include "providers/memory_file.h"
#include "providers/sock.h"

enum {
	LEVEL = 1,		/* Memory is written once and read once: time counts for more than room. */
	SILENT_MS = 60 * 1000,	/* A machine that says nothing for so long says nothing any more. */
	CHUNK = 256 << 10,
};

struct packer {
	ZSTD_CCtx *z;
	struct digest digest;
	char *in, *out;
	int fd;
	uint64_t taken, written;
};

static void
packer_release(struct packer *p)
{
	ZSTD_freeCCtx(p->z);
	free(p->in);
	free(p->out);
	if (p->fd >= 0)
		close(p->fd);
}

static int
packer_put(struct packer *p, size_t n, ZSTD_EndDirective end, const char *path, struct error *err)
{
	ZSTD_inBuffer in = { p->in, n, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { p->out, CHUNK, 0 };

		left = ZSTD_compressStream2(p->z, &out, &in, end);
		if (ZSTD_isError(left))
			return error_set(err, ERR_CHILD, "zstd: %s", ZSTD_getErrorName(left));
		if (fs_write_all(p->fd, p->out, out.pos) < 0)
			return error_errno(err, "write %s", path);
		digest_update(&p->digest, p->out, out.pos);
		p->written += out.pos;
	} while (end == ZSTD_e_end ? left : in.pos < in.size);
	return 0;
}

static int
packer_begin(struct packer *p, const char *tmp, struct error *err)
{
	p->z = ZSTD_createCCtx();
	p->in = xrealloc(NULL, 1, CHUNK);
	p->out = xrealloc(NULL, 1, CHUNK);
	ZSTD_CCtx_setParameter(p->z, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(p->z, ZSTD_c_checksumFlag, 1);
	if (fs_unlink(tmp, err) < 0 || digest_init(&p->digest, "sha256", err) < 0)
		return -1;
	p->fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (p->fd < 0 || lseek(p->fd, MEMORY_HEAD, SEEK_SET) < 0)
		return error_errno(err, "make %s", tmp);
	return 0;
}

int
memory_file_take(const char *path, int from, const struct memory_way *way, struct arena *a, struct memory_head *h, struct error *err)
{
	AUTO(packer) p = { .fd = -1 };
	auto_free char *tmp = fs_tmp(path);
	char digest[DIGEST_TEXT_MAX];
	ssize_t n;

	if (packer_begin(&p, tmp, err) < 0)
		return -1;
	for (;;) {
		const struct sock_wait wait = { .deadline = clock_ms() + SILENT_MS, .cancel = way->cancel };

		n = sock_read(from, p.in, CHUNK, &wait, err);
		if (n < 0 || packer_put(&p, (size_t)n, n ? ZSTD_e_continue : ZSTD_e_end, tmp, err) < 0)
			return -1;
		if (n == 0)
			break;
		p.taken += (size_t)n;
		if (way->progress)
			way->progress(way->ctx, p.taken);
	}
	digest_text(&p.digest, digest);
	h->digest = arena_strdup(a, digest);
	h->bytes = arena_printf(a, "%" PRIu64, p.written);
	h->memory_bytes = arena_printf(a, "%" PRIu64, p.taken);
	return 0;
}

struct unpacker {
	ZSTD_DCtx *z;
	char *in, *out;
	int fd;
	size_t hint;	/* 0: at the end of a frame */
	uint64_t given;
};

static void
unpacker_release(struct unpacker *u)
{
	ZSTD_freeDCtx(u->z);
	free(u->in);
	free(u->out);
	if (u->fd >= 0)
		close(u->fd);
}

static int
unpacker_give(struct unpacker *u, size_t n, int to, const struct memory_way *way, const char *path, struct error *err)
{
	ZSTD_inBuffer in = { u->in, n, 0 };
	ZSTD_outBuffer out;

	do {
		const struct sock_wait wait = { .deadline = clock_ms() + SILENT_MS, .cancel = way->cancel };

		out = (ZSTD_outBuffer){ u->out, CHUNK, 0 };
		u->hint = ZSTD_decompressStream(u->z, &out, &in);
		if (ZSTD_isError(u->hint))
			return error_set(err, ERR_INVALID, "%s: %s", path, ZSTD_getErrorName(u->hint));
		if (sock_write(to, u->out, out.pos, &wait, err) < 0)
			return -1;
		u->given += out.pos;
		/* A full buffer may have more behind it, unless that was the end. */
	} while (in.pos < in.size || (u->hint && out.pos == CHUNK));
	if (way->progress)
		way->progress(way->ctx, u->given);
	return 0;
}

int
memory_file_give(const char *path, int to, const struct memory_way *way, struct error *err)
{
	AUTO(unpacker) u = { .z = ZSTD_createDCtx(), .fd = fs_open(path, NULL, err), .hint = 1 };
	off_t at = MEMORY_HEAD;
	ssize_t n;

	if (u.fd < 0)
		return -1;
	u.in = xrealloc(NULL, 1, CHUNK);
	u.out = xrealloc(NULL, 1, CHUNK);
	while ((n = pread(u.fd, u.in, CHUNK, at)) > 0) {
		at += n;
		if (unpacker_give(&u, (size_t)n, to, way, path, err) < 0)
			return -1;
	}
	if (n < 0)
		return error_errno(err, "read %s", path);
	return u.hint == 0 ? 0 : error_set(err, ERR_INVALID, "%s: it is cut off", path);
}
