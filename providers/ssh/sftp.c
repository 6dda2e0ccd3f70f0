#include "providers/ssh/sftp.h"

#include <errno.h>
#include <libssh2.h>
#include <libssh2_sftp.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/sock.h"
#include "providers/ssh/host_key.h"
#include "providers/ssh/ssh.h"
#include "providers/ssh/ssh_session.h"
#include "providers/ssh/ssh_tcp.h"

enum {
	STALL_MS = 2 * 60 * 1000,	/* nothing at all from the guest for so long: it is gone (a command may be silent) */
	NAME_BYTES = 1024,
	CHUNK = 32 << 10,
};

struct sftp {
	int fd;
	LIBSSH2_SESSION *session;
	LIBSSH2_SFTP *sftp;		/* NULL: not asked for yet */
	const volatile int *cancel;
};

struct sftp_file {
	struct sftp *s;
	LIBSSH2_SFTP_HANDLE *handle;
};

/* --- waiting --- */

static int
wait_for_guest(struct sftp *s, bool forever, struct error *err)
{
	struct sock_wait w = { .deadline = clock_ms() + (forever ? 365LL * 86400 * 1000 : STALL_MS), .cancel = s->cancel };
	int ways = libssh2_session_block_directions(s->session);
	short events = 0;

	if (ways & LIBSSH2_SESSION_BLOCK_INBOUND)
		events |= POLLIN;
	if (ways & LIBSSH2_SESSION_BLOCK_OUTBOUND)
		events |= POLLOUT;
	return sock_poll(s->fd, events ? events : POLLIN, &w, err) < 0 ? error_wrap(err, "ssh") : 0;
}

/* The value of a libssh2 call, said again until it is no longer LIBSSH2_ERROR_EAGAIN; that value, with err set, if waiting failed. */
#define AGAIN(s, call, err) __extension__({ \
	__auto_type r_ = (call); \
	while (r_ == LIBSSH2_ERROR_EAGAIN && wait_for_guest((s), false, (err)) == 0) \
		r_ = (call); \
	r_; })

/* The same for calls that return a pointer. */
#define AGAIN_P(s, call, err) __extension__({ \
	__auto_type p_ = (call); \
	while (!p_ && libssh2_session_last_errno((s)->session) == LIBSSH2_ERROR_EAGAIN && wait_for_guest((s), false, (err)) == 0) \
		p_ = (call); \
	p_; })

/* --- what went wrong --- */

static const struct { unsigned long status; int code; const char *text; } reasons[] = {
	{ LIBSSH2_FX_NO_SUCH_FILE, ENOENT, "file does not exist" },
	{ LIBSSH2_FX_NO_SUCH_PATH, ENOENT, "file does not exist" },
	{ LIBSSH2_FX_PERMISSION_DENIED, EACCES, "permission denied" },
	{ LIBSSH2_FX_WRITE_PROTECT, EACCES, "permission denied" },
	{ LIBSSH2_FX_FILE_ALREADY_EXISTS, EEXIST, "file exists" },
	{ LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM, EFBIG, "no space left in the guest; free some there, and run the same command again" },
	{ LIBSSH2_FX_QUOTA_EXCEEDED, EFBIG, "no space left in the guest; free some there, and run the same command again" },
	{ LIBSSH2_FX_NOT_A_DIRECTORY, ENOTDIR, "not a directory" },
	{ LIBSSH2_FX_OP_UNSUPPORTED, ENOTSUP, "not supported by the guest" },
	{ LIBSSH2_FX_FAILURE, EIO, "failed in the guest" },
};

/* Of the last call; `waited` holds what waiting for it ended with, if that is why. */
static int
sftp_failed(struct sftp *s, const char *what, const char *path, const struct error *waited, struct error *err)
{
	char *msg = NULL;
	unsigned long status;

	if (waited->code)
		return error_set(err, waited->code, "%s %s: %s", what, path, waited->msg);
	if (libssh2_session_last_error(s->session, &msg, NULL, 0) == LIBSSH2_ERROR_SFTP_PROTOCOL && s->sftp) {
		status = libssh2_sftp_last_error(s->sftp);
		for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
			if (reasons[i].status == status)
				return error_set(err, reasons[i].code, "%s %s: %s", what, path, reasons[i].text);
	}
	return error_set(err, EPROTO, "%s %s: ssh: %s", what, path, msg && *msg ? msg : "failed");
}

/* --- the connection --- */

static void
sftp_init_library(void)
{
	libssh2_init(0);
}

static int
sftp_login(struct sftp *s, const struct ssh_target *to, struct error *err)
{
	struct host_trust host = { .known = to->known_hosts ? to->known_hosts : "", .ours = "" };
	struct error waited = { 0 };

	if (AGAIN(s, libssh2_session_handshake(s->session, s->fd), &waited) != 0)
		return sftp_failed(s, "key exchange with", to->user, &waited, err);
	if (ssh_session_recognize(s->session, &host, err) < 0)
		return -1;
	for (size_t i = 0; i < to->nkeys; i++) {
		int r = AGAIN(s, libssh2_userauth_publickey_fromfile_ex(s->session, to->user, (unsigned)strlen(to->user), NULL,
									 to->keys[i], NULL), &waited);

		if (r == 0)
			return 0;
		if (waited.code)
			return sftp_failed(s, "login as", to->user, &waited, err);
	}
	return error_set(err, EACCES, "ssh: no key of ours lets %s in", to->user);
}

struct sftp *
sftp_open(const struct ssh_target *to, const volatile int *cancel, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct sftp *s = xcalloc(1, sizeof *s);

	pthread_once(&once, sftp_init_library);
	s->cancel = cancel;
	s->fd = ssh_tcp_connect(to->address, to->port, err);
	if (s->fd < 0) {
		free(s);
		return NULL;
	}
	s->session = libssh2_session_init();
	if (!s->session)
		abort();
	libssh2_session_set_blocking(s->session, 0);
	ssh_session_prefer(s->session);
	if (sftp_login(s, to, err) == 0)
		return s;
	sftp_close(s);
	return NULL;
}

void
sftp_close(struct sftp *s)
{
	if (!s)
		return;
	/* The end of the connection tells the guest enough, so nothing is waited for. */
	shutdown(s->fd, SHUT_RDWR);
	if (s->sftp)
		libssh2_sftp_shutdown(s->sftp);
	for (int i = 0; i < 100 && libssh2_session_free(s->session) == LIBSSH2_ERROR_EAGAIN; i++)
		;
	close(s->fd);
	free(s);
}

/* The SFTP server of the guest is started by the first who needs it. */
static int
sftp_begin(struct sftp *s, struct error *err)
{
	struct error waited = { 0 };

	if (!s->sftp)
		s->sftp = AGAIN_P(s, libssh2_sftp_init(s->session), &waited);
	return s->sftp ? 0 : sftp_failed(s, "start", "the SFTP server of the guest", &waited, err);
}

/* --- files --- */

static struct sftp_attr
attr_of(const LIBSSH2_SFTP_ATTRIBUTES *a)
{
	return (struct sftp_attr){
		.mode = a->flags & LIBSSH2_SFTP_ATTR_PERMISSIONS ? (mode_t)a->permissions : 0,
		.size = a->flags & LIBSSH2_SFTP_ATTR_SIZE ? a->filesize : 0,
		.mtime = a->flags & LIBSSH2_SFTP_ATTR_ACMODTIME ? (int64_t)a->mtime : 0,
	};
}

int
sftp_stat(struct sftp *s, const char *path, bool follow_link, struct sftp_attr *out, struct error *err)
{
	LIBSSH2_SFTP_ATTRIBUTES a = { 0 };
	struct error waited = { 0 };

	if (sftp_begin(s, err) < 0)
		return -1;
	if (AGAIN(s, libssh2_sftp_stat_ex(s->sftp, path, (unsigned)strlen(path),
					  follow_link ? LIBSSH2_SFTP_STAT : LIBSSH2_SFTP_LSTAT, &a), &waited) != 0)
		return sftp_failed(s, "look at", path, &waited, err);
	*out = attr_of(&a);
	return 0;
}

static LIBSSH2_SFTP_HANDLE *
open_handle(struct sftp *s, const char *path, unsigned long flags, mode_t mode, int type, struct error *err)
{
	LIBSSH2_SFTP_HANDLE *h;
	struct error waited = { 0 };

	if (sftp_begin(s, err) < 0)
		return NULL;
	h = AGAIN_P(s, libssh2_sftp_open_ex(s->sftp, path, (unsigned)strlen(path), flags, (long)mode, type), &waited);
	if (!h)
		sftp_failed(s, "open", path, &waited, err);
	return h;
}

/* A guest must not lead us out of the folder that we write to. */
static bool
sftp_is_name(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int
sftp_list(struct sftp *s, const char *path, int (*each)(void *ctx, const char *name, const struct sftp_attr *a), void *ctx,
	  struct error *err)
{
	LIBSSH2_SFTP_HANDLE *h = open_handle(s, path, 0, 0, LIBSSH2_SFTP_OPENDIR, err);
	struct error waited = { 0 };
	char name[NAME_BYTES];
	int n, r = 0;

	if (!h)
		return -1;
	for (;;) {
		LIBSSH2_SFTP_ATTRIBUTES a = { 0 };
		struct sftp_attr attr;

		n = AGAIN(s, libssh2_sftp_readdir_ex(h, name, sizeof name - 1, NULL, 0, &a), &waited);
		if (n <= 0)
			break;
		name[n] = '\0';
		attr = attr_of(&a);
		if (sftp_is_name(name) && (r = each(ctx, name, &attr)) != 0)
			break;
	}
	if (n < 0)
		r = sftp_failed(s, "list", path, &waited, err);
	AGAIN(s, libssh2_sftp_close_handle(h), &waited);
	return r;
}

static struct sftp_file *
sftp_file_of(struct sftp *s, LIBSSH2_SFTP_HANDLE *h)
{
	struct sftp_file *f = h ? xcalloc(1, sizeof *f) : NULL;

	if (f)
		*f = (struct sftp_file){ s, h };
	return f;
}

struct sftp_file *
sftp_read_begin(struct sftp *s, const char *path, struct error *err)
{
	return sftp_file_of(s, open_handle(s, path, LIBSSH2_FXF_READ, 0, LIBSSH2_SFTP_OPENFILE, err));
}

struct sftp_file *
sftp_write_begin(struct sftp *s, const char *path, mode_t mode, struct error *err)
{
	return sftp_file_of(s, open_handle(s, path, LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_TRUNC, mode & 07777,
				      LIBSSH2_SFTP_OPENFILE, err));
}

ssize_t
sftp_read(struct sftp_file *f, void *p, size_t max, struct error *err)
{
	struct error waited = { 0 };
	ssize_t n = AGAIN(f->s, libssh2_sftp_read(f->handle, p, max), &waited);

	return n < 0 ? sftp_failed(f->s, "read", "a file of the guest", &waited, err) : n;
}

int
sftp_write(struct sftp_file *f, const void *p, size_t len, struct error *err)
{
	struct error waited = { 0 };

	while (len) {
		ssize_t n = AGAIN(f->s, libssh2_sftp_write(f->handle, p, len), &waited);

		if (n <= 0)
			return sftp_failed(f->s, "write", "a file of the guest", &waited, err);
		p = (const char *)p + n;
		len -= (size_t)n;
	}
	return 0;
}

int
sftp_end(struct sftp_file *f, struct error *err)
{
	struct error waited = { 0 };
	struct sftp *s = f->s;
	int r = AGAIN(s, libssh2_sftp_close_handle(f->handle), &waited);

	free(f);
	return r == 0 ? 0 : sftp_failed(s, "close", "a file of the guest", &waited, err);
}

int
sftp_mkdir(struct sftp *s, const char *path, mode_t mode, struct error *err)
{
	struct error waited = { 0 };

	if (sftp_begin(s, err) < 0)
		return -1;
	return AGAIN(s, libssh2_sftp_mkdir_ex(s->sftp, path, (unsigned)strlen(path), (long)(mode & 07777)), &waited) == 0 ? 0
		: sftp_failed(s, "make", path, &waited, err);
}

int
sftp_chmod(struct sftp *s, const char *path, mode_t mode, struct error *err)
{
	LIBSSH2_SFTP_ATTRIBUTES a = { .flags = LIBSSH2_SFTP_ATTR_PERMISSIONS, .permissions = mode & 07777 };
	struct error waited = { 0 };

	if (sftp_begin(s, err) < 0)
		return -1;
	return AGAIN(s, libssh2_sftp_stat_ex(s->sftp, path, (unsigned)strlen(path), LIBSSH2_SFTP_SETSTAT, &a), &waited) == 0 ? 0
		: sftp_failed(s, "change", path, &waited, err);
}

/* --- commands --- */

/* All that has arrived of a stream: 1 something, 0 nothing, -1. */
static int
sftp_drain(LIBSSH2_CHANNEL *ch, int stream, size_t max, struct buf *to, struct error *err)
{
	char room[CHUNK];
	int any = 0;
	ssize_t n;

	while ((n = libssh2_channel_read_ex(ch, stream, room, sizeof room)) > 0) {
		if (to->len + (size_t)n > max)
			return error_set(err, ENOBUFS, "the command prints more than %zu MiB", max >> 20);
		buf_add(to, room, (size_t)n);
		any = 1;
	}
	return n < 0 && n != LIBSSH2_ERROR_EAGAIN ? error_set(err, EPROTO, "ssh: the connection ended while the command ran") : any;
}

static int
sftp_collect(struct sftp *s, LIBSSH2_CHANNEL *ch, size_t max, struct buf *out, struct buf *errors, struct error *err)
{
	for (;;) {
		int a = sftp_drain(ch, 0, max, out, err), b = a < 0 ? -1 : sftp_drain(ch, SSH_EXTENDED_DATA_STDERR, max, errors, err);

		if (a < 0 || b < 0)
			return -1;
		if (!a && !b && libssh2_channel_eof(ch))
			return 0;
		/* Reading the second takes from the socket what came for the first meanwhile, and the socket tells of that no more. */
		if (!a && !b && !libssh2_poll_channel_read(ch, 0) && wait_for_guest(s, true, err) < 0)
			return -1;
	}
}

static int
sftp_status_of(struct sftp *s, LIBSSH2_CHANNEL *ch, struct error *waited)
{
	char *signal = NULL;

	AGAIN(s, libssh2_channel_close(ch), waited);
	AGAIN(s, libssh2_channel_wait_closed(ch), waited);
	libssh2_channel_get_exit_signal(ch, &signal, NULL, NULL, NULL, NULL, NULL);
	if (!signal)
		return libssh2_channel_get_exit_status(ch);
	libssh2_free(s->session, signal);
	return 128;
}

int
sftp_command(struct sftp *s, const char *command, size_t max, struct buf *out, struct buf *errors, int *status, struct error *err)
{
	struct error waited = { 0 };
	LIBSSH2_CHANNEL *ch = AGAIN_P(s, libssh2_channel_open_session(s->session), &waited);
	int r;

	if (!ch)
		return sftp_failed(s, "run", "a command", &waited, err);
	r = AGAIN(s, libssh2_channel_exec(ch, command), &waited);
	if (r == 0)
		r = AGAIN(s, libssh2_channel_send_eof(ch), &waited);
	r = r == 0 ? sftp_collect(s, ch, max, out, errors, err) : sftp_failed(s, "run", "a command", &waited, err);
	if (r == 0)
		*status = sftp_status_of(s, ch, &waited);
	AGAIN(s, libssh2_channel_free(ch), &waited);
	return r;
}
