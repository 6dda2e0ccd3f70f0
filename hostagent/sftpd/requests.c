#include "hostagent/sftpd/requests.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "hostagent/sftpd/reply.h"

/* A packet's arguments, as far as its row says that it has them. */
struct sftp_request {
	struct sftpd *s;
	const struct jail *jail;
	struct buf *out;
	uint32_t id;
	struct wire_text path, other;
	int handle;		/* the descriptor */
	uint64_t at;
	uint32_t n;
	struct wire_attrs attrs;
};

static int
requests_fail(int code)
{
	errno = code;
	return -1;
}

static int
do_open(struct sftp_request *r)
{
	return reply_handle(r->out, r->id, &r->s->handles, jail_file(r->jail, r->path, r->n, r->attrs.flags & ATTR_MODE ? r->attrs.mode : 0666));
}

static int
do_opendir(struct sftp_request *r)
{
	return reply_handle(r->out, r->id, &r->s->handles, jail_folder(r->jail, r->path));
}

static int
do_close(struct sftp_request *r)
{
	handles_close(&r->s->handles, r->handle);
	return 0;
}

static int
do_read(struct sftp_request *r)
{
	return reply_data(r->out, r->id, r->handle, r->n < SFTPD_DATA_MAX ? r->n : SFTPD_DATA_MAX, r->at);
}

static int
do_write(struct sftp_request *r)
{
	for (size_t done = 0; done < r->other.len;) {
		ssize_t n = pwrite(r->handle, r->other.p + done, r->other.len - done, (off_t)(r->at + done));

		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

static int
do_stat(struct sftp_request *r)
{
	auto_close int fd = jail_look(r->jail, r->path, true);

	return reply_attrs(r->out, r->id, fd);
}

static int
do_lstat(struct sftp_request *r)
{
	auto_close int fd = jail_look(r->jail, r->path, false);

	return reply_attrs(r->out, r->id, fd);
}

static int
do_fstat(struct sftp_request *r)
{
	return reply_attrs(r->out, r->id, r->handle);
}

/* Of a link itself: the guest's kernel has followed those that it was to. */
static int
do_setstat(struct sftp_request *r)
{
	auto_close int fd = jail_look(r->jail, r->path, r->jail->follow);

	return fd < 0 ? -1 : jail_set(r->jail, fd, &r->attrs);
}

static int
do_fsetstat(struct sftp_request *r)
{
	return jail_set(r->jail, r->handle, &r->attrs);
}

static int
do_readdir(struct sftp_request *r)
{
	return reply_listing(r->out, r->id, r->handle);
}

static int
do_realpath(struct sftp_request *r)
{
	char name[PATH_MAX];

	return jail_absolute(r->jail, r->path, name) < 0 ? -1 : reply_path(r->out, r->id, name);
}

static int
do_readlink(struct sftp_request *r)
{
	auto_close int fd = jail_look(r->jail, r->path, false);
	char target[PATH_MAX];
	ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof target - 1);

	if (n < 0)
		return -1;
	target[n] = '\0';
	return reply_path(r->out, r->id, target);
}

static int
do_mkdir(struct sftp_request *r)
{
	return jail_mkdir(r->jail, r->path, r->attrs.flags & ATTR_MODE ? r->attrs.mode : 0777);
}

static int
do_remove(struct sftp_request *r)
{
	return jail_remove(r->jail, r->path, false);
}

static int
do_rmdir(struct sftp_request *r)
{
	return jail_remove(r->jail, r->path, true);
}

static int
do_rename(struct sftp_request *r)
{
	return jail_rename(r->jail, r->path, r->other, false);
}

static int
do_posix_rename(struct sftp_request *r)
{
	return jail_rename(r->jail, r->path, r->other, true);
}

static int
do_hardlink(struct sftp_request *r)
{
	return jail_link(r->jail, r->path, r->other);
}

/* OpenSSH's order, and so everybody's: the text, then the link; the draft has it the other way round. */
static int
do_symlink(struct sftp_request *r)
{
	return jail_symlink(r->jail, r->path, r->other);
}

static int
do_fsync(struct sftp_request *r)
{
	return fsync(r->handle);
}

static int
do_statvfs(struct sftp_request *r)
{
	auto_close int fd = jail_look(r->jail, r->path, true);

	return reply_space(r->out, r->id, fd, r->jail->writable);
}

static int
do_fstatvfs(struct sftp_request *r)
{
	return reply_space(r->out, r->id, r->handle, r->jail->writable);
}

static int
do_limits(struct sftp_request *r)
{
	size_t begin = wire_begin(r->out, FXP_EXTENDED_REPLY, r->id);

	wire_put_u64(r->out, SFTPD_PACKET_MAX);
	wire_put_u64(r->out, SFTPD_DATA_MAX);
	wire_put_u64(r->out, SFTPD_DATA_MAX);
	wire_put_u64(r->out, HANDLES_MAX);
	wire_end(r->out, begin);
	return 1;
}

/*
 * What a request is made of, in order - p path, o another text, h handle, @ offset, n number, a attributes - and what
 * does it. The second half are extensions (OpenSSH: PROTOCOL, section 4), by name and version.
 */
static const struct row {
	const char *args;
	int (*run)(struct sftp_request *r);
	enum sftpd_packet type;
	const char *name, *version;
} rows[] = {
	{ "pna", do_open, FXP_OPEN },
	{ "h", do_close, FXP_CLOSE },
	{ "h@n", do_read, FXP_READ },
	{ "h@o", do_write, FXP_WRITE },
	{ "p", do_lstat, FXP_LSTAT },
	{ "h", do_fstat, FXP_FSTAT },
	{ "pa", do_setstat, FXP_SETSTAT },
	{ "ha", do_fsetstat, FXP_FSETSTAT },
	{ "p", do_opendir, FXP_OPENDIR },
	{ "h", do_readdir, FXP_READDIR },
	{ "p", do_remove, FXP_REMOVE },
	{ "pa", do_mkdir, FXP_MKDIR },
	{ "p", do_rmdir, FXP_RMDIR },
	{ "p", do_realpath, FXP_REALPATH },
	{ "p", do_stat, FXP_STAT },
	{ "po", do_rename, FXP_RENAME },
	{ "p", do_readlink, FXP_READLINK },
	{ "po", do_symlink, FXP_SYMLINK },
	{ "po", do_posix_rename, FXP_EXTENDED, "posix-rename@openssh.com", "1" },
	{ "p", do_statvfs, FXP_EXTENDED, "statvfs@openssh.com", "2" },
	{ "h", do_fstatvfs, FXP_EXTENDED, "fstatvfs@openssh.com", "2" },
	{ "po", do_hardlink, FXP_EXTENDED, "hardlink@openssh.com", "1" },
	{ "h", do_fsync, FXP_EXTENDED, "fsync@openssh.com", "1" },
	{ "", do_limits, FXP_EXTENDED, "limits@openssh.com", "1" },
};

static const struct row *
requests_find(uint8_t type, struct wire_text name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *k = &rows[i];

		if (k->type == type && (!k->name || (strlen(k->name) == name.len && !memcmp(k->name, name.p, name.len))))
			return k;
	}
	return NULL;
}

static int
requests_parse(struct sftp_request *r, const char *args, struct wire *w)
{
	struct wire_text handle = { 0 };

	for (; *args; args++)
		switch (*args) {
		case 'p':
			r->path = wire_text(w);
			break;
		case 'o':
			r->other = wire_text(w);
			break;
		case 'h':
			handle = wire_text(w);
			break;
		case '@':
			r->at = wire_u64(w);
			break;
		case 'n':
			r->n = wire_u32(w);
			break;
		case 'a':
			r->attrs = wire_attrs(w);
			break;
		}
	if (w->bad)
		return requests_fail(EBADMSG);
	return handle.p ? r->handle = handles_find(&r->s->handles, handle) : 0;
}

int
requests_request_do(struct sftpd *s, uint8_t type, uint32_t id, struct wire *w, struct buf *out)
{
	struct sftp_request r = { .s = s, .jail = &s->jail, .out = out, .id = id };
	const struct row *k = requests_find(type, type == FXP_EXTENDED ? wire_text(w) : (struct wire_text){ "", 0 });

	if (!k)
		return requests_fail(EOPNOTSUPP);
	return requests_parse(&r, k->args, w) < 0 ? -1 : k->run(&r);
}

void
requests_put_extensions(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].name) {
			wire_put_text(out, rows[i].name, strlen(rows[i].name));
			wire_put_text(out, rows[i].version, strlen(rows[i].version));
		}
}
