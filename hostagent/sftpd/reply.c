#include "hostagent/sftpd/reply.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/os/place.h"
#include "hostagent/sftpd/handles.h"
#include "hostagent/sftpd/wire.h"

/* -1: what a read has come to with n <= 0. */
static int
reply_end(ssize_t n)
{
	if (n == 0)
		errno = ENODATA;
	return -1;
}

int
reply_handle(struct buf *out, uint32_t id, struct handles *h, int fd)
{
	int n = fd < 0 ? -1 : handles_add(h, fd);
	size_t begin;

	if (n < 0)
		return -1;
	begin = wire_begin(out, FXP_HANDLE, id);
	wire_put_u32(out, 4);
	wire_put_u32(out, (uint32_t)n);
	wire_end(out, begin);
	return 1;
}

int
reply_data(struct buf *out, uint32_t id, int fd, size_t len, uint64_t at)
{
	size_t begin = wire_begin(out, FXP_DATA, id), count = out->len;
	ssize_t n;

	wire_put_u32(out, 0);
	/* The answer is written straight to its place. */
	buf_reserve(out, len);
	n = pread(fd, out->s + out->len, len, (off_t)at);
	if (n <= 0)
		return reply_end(n);
	wire_set_u32(out, count, (uint32_t)n);
	out->len += (size_t)n;
	out->s[out->len] = '\0';
	wire_end(out, begin);
	return 1;
}

int
reply_attrs(struct buf *out, uint32_t id, int fd)
{
	struct stat st;
	size_t begin;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	begin = wire_begin(out, FXP_ATTRS, id);
	wire_put_attrs(out, &st);
	wire_end(out, begin);
	return 1;
}

static void
reply_put_name(struct buf *out, const char *name, const struct stat *st)
{
	wire_put_text(out, name, strlen(name));
	/* SFTP has room for a text that people read, which nobody does here. */
	wire_put_text(out, name, strlen(name));
	wire_put_attrs(out, st);
}

struct listing {
	struct buf *out;
	int folder;
	uint32_t n;
};

/* An entry that has gone since is left out. */
static void
reply_entry(void *ctx, const char *name)
{
	struct listing *l = ctx;
	struct stat st;

	if (fstatat(l->folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	reply_put_name(l->out, name, &st);
	l->n++;
}

int
reply_listing(struct buf *out, uint32_t id, int folder)
{
	size_t begin = wire_begin(out, FXP_NAME, id), count = out->len;
	struct listing l = { .out = out, .folder = folder };
	ssize_t some;

	wire_put_u32(out, 0);
	some = os_place_list(folder, reply_entry, &l);
	if (some <= 0)
		return reply_end(some);
	wire_set_u32(out, count, l.n);
	wire_end(out, begin);
	return 1;
}

int
reply_path(struct buf *out, uint32_t id, const char *path)
{
	size_t begin = wire_begin(out, FXP_NAME, id);

	wire_put_u32(out, 1);
	reply_put_name(out, path, &(struct stat){ 0 });
	wire_end(out, begin);
	return 1;
}

int
reply_space(struct buf *out, uint32_t id, int fd, bool writable)
{
	enum { READ_ONLY = 1, NO_SUID = 2 };	/* bits of the last but one */
	struct statvfs v;
	size_t begin;

	if (fd < 0 || fstatvfs(fd, &v) < 0)
		return -1;
	begin = wire_begin(out, FXP_EXTENDED_REPLY, id);
	for (size_t i = 0; i < 11; i++)
		wire_put_u64(out, (uint64_t[]){ v.f_bsize, v.f_frsize, v.f_blocks, v.f_bfree, v.f_bavail, v.f_files, v.f_ffree,
						   v.f_favail, 0, NO_SUID | (writable ? 0 : READ_ONLY), v.f_namemax }[i]);
	wire_end(out, begin);
	return 1;
}
