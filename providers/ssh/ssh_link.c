#include "providers/ssh/ssh_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libssh2.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/ssh/ssh_heap.h"
#include "providers/ssh/ssh_session.h"

enum {
	IN_MAX = 64 << 10,	/* read from the socket and not yet by libssh2 */
	PACKET = 32768,
};

struct ssh_channel {
	struct ssh_link *link;
	LIBSSH2_CHANNEL *ch;
	struct ssh_channel *next;
	bool dying;		/* closed by us, and not yet by the other side */
};

/* The one opening that is under way: libssh2 has room for one. */
struct opening {
	const void *owner;	/* NULL: gone; what comes of it is closed at once */
	const char *type;	/* NULL: none */
	char *message;
	size_t message_len;
};

struct ssh_link {
	int fd;
	struct ssh_identity id;
	enum { CONNECTING, HANDSHAKE, AUTH, READY } phase;
	LIBSSH2_SESSION *session;
	struct ssh_heap heap;	/* the session's */
	size_t key;		/* the one being tried */
	struct buf in, out;
	size_t in_pos;
	bool spoke, eof, dead;
	int dead_errno;
	struct opening open;
	struct ssh_channel *channels;
};

static void
ssh_link_init_library(void)
{
	libssh2_init(0);
}

static LIBSSH2_ALLOC_FUNC(ssh_link_on_alloc)
{
	struct ssh_link *l = *abstract;

	return ssh_heap_alloc(&l->heap, count);
}

static LIBSSH2_REALLOC_FUNC(on_realloc)
{
	struct ssh_link *l = *abstract;

	return ssh_heap_realloc(&l->heap, ptr, count);
}

static LIBSSH2_FREE_FUNC(on_free)
{
	struct ssh_link *l = *abstract;

	ssh_heap_free(&l->heap, ptr);
}

static LIBSSH2_SEND_FUNC(on_send)
{
	struct ssh_link *l = *abstract;
	ssize_t n = 0;

	(void)socket;
	(void)flags;
	if (l->dead)
		return -EPIPE;
	if (l->out.len == 0)
		n = send(l->fd, buffer, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		l->dead = true;
		l->dead_errno = errno;
		return -EPIPE;
	}
	n = n < 0 ? 0 : n;
	buf_add(&l->out, (const char *)buffer + n, length - (size_t)n);
	return (ssize_t)length;
}

static LIBSSH2_RECV_FUNC(on_recv)
{
	struct ssh_link *l = *abstract;
	size_t n = l->in.len - l->in_pos;

	(void)socket;
	(void)flags;
	if (n == 0)
		return l->eof || l->dead ? 0 : -EAGAIN;
	if (n > length)
		n = length;
	memcpy(buffer, l->in.s + l->in_pos, n);
	l->in_pos += n;
	if (l->in_pos == l->in.len) {
		buf_truncate(&l->in, 0);
		l->in_pos = 0;
	}
	return (ssize_t)n;
}

struct ssh_link *
ssh_link_new(int fd, const struct ssh_identity *id)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct ssh_link *l = xcalloc(1, sizeof *l);

	pthread_once(&once, ssh_link_init_library);
	l->fd = fd;
	l->id = *id;
	l->in = l->out = (struct buf)BUF_INIT;
	l->session = libssh2_session_init_ex(ssh_link_on_alloc, on_free, on_realloc, l);
	if (!l->session)
		abort();
	libssh2_session_set_blocking(l->session, 0);
	libssh2_session_callback_set(l->session, LIBSSH2_CALLBACK_SEND, (void *)on_send);
	libssh2_session_callback_set(l->session, LIBSSH2_CALLBACK_RECV, (void *)on_recv);
	ssh_session_prefer(l->session);
	return l;
}

void
ssh_link_free(struct ssh_link *l)
{
	if (!l)
		return;
	l->dead = true;
	while (l->channels) {
		struct ssh_channel *c = l->channels;

		l->channels = c->next;
		libssh2_channel_free(c->ch);
		free(c);
	}
	/* With a dead socket there is nothing to wait for; EAGAIN comes only where a request was half done. */
	for (int i = 0; i < 100 && libssh2_session_free(l->session) == LIBSSH2_ERROR_EAGAIN; i++)
		;
	ssh_heap_release(&l->heap);
	close(l->fd);
	free(l->open.message);
	buf_release(&l->in);
	buf_release(&l->out);
	free(l);
}

int
ssh_link_fd(const struct ssh_link *l)
{
	return l->fd;
}

size_t
ssh_link_backlog(const struct ssh_link *l)
{
	return l->out.len;
}

bool
ssh_link_spoke(const struct ssh_link *l)
{
	return l->spoke;
}

short
ssh_link_events(const struct ssh_link *l)
{
	short in = l->in.len < IN_MAX && !l->eof ? POLLIN : 0;

	return l->phase == CONNECTING ? POLLOUT : (short)(in | (l->out.len ? POLLOUT : 0));
}

static void
ssh_link_died(struct ssh_link *l, int code)
{
	if (!l->dead)
		l->dead_errno = code;
	l->dead = true;
}

static void
ssh_link_flush(struct ssh_link *l)
{
	ssize_t n;

	while (l->out.len && !l->dead) {
		n = send(l->fd, l->out.s, l->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			ssh_link_died(l, errno);
		if (n <= 0)
			return;
		l->out.len -= (size_t)n;
		memmove(l->out.s, l->out.s + n, l->out.len + 1);
	}
}

static void
defaults_fill(struct ssh_link *l)
{
	ssize_t n;

	if (l->eof || l->dead || l->in.len >= IN_MAX)
		return;
	buf_reserve(&l->in, IN_MAX);
	n = recv(l->fd, l->in.s + l->in.len, IN_MAX, MSG_DONTWAIT);
	if (n == 0)
		l->eof = true;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		ssh_link_died(l, errno);
	if (n <= 0)
		return;
	l->spoke = true;
	l->in.len += (size_t)n;
	l->in.s[l->in.len] = '\0';
}

static int
ssh_link_fail(struct ssh_link *l, const char *doing, struct error *err)
{
	char *msg = NULL;

	if (l->dead && l->dead_errno) {
		errno = l->dead_errno;
		return error_errno(err, "ssh: %s", doing);
	}
	if (l->eof)
		return error_set(err, ECONNRESET, "ssh: %s: connection closed by the guest", doing);
	libssh2_session_last_error(l->session, &msg, NULL, 0);
	return error_set(err, EPROTO, "ssh: %s: %s", doing, msg && *msg ? msg : "failed");
}

static int
ssh_link_handshake(struct ssh_link *l, struct error *err)
{
	int r = libssh2_session_handshake(l->session, l->fd);

	if (r == LIBSSH2_ERROR_EAGAIN && !l->eof)
		return 0;
	return r == 0 ? 1 : ssh_link_fail(l, "key exchange", err);
}

static int
ssh_link_authenticate(struct ssh_link *l, struct error *err)
{
	while (l->key < l->id.nkeys) {
		int r = libssh2_userauth_publickey_fromfile_ex(l->session, l->id.user, (unsigned)strlen(l->id.user), NULL,
							       l->id.keys[l->key], NULL);

		if (r == LIBSSH2_ERROR_EAGAIN && !l->eof)
			return 0;
		if (r == 0)
			return 1;
		if (l->dead || l->eof)
			return ssh_link_fail(l, "login", err);
		l->key++;
	}
	return error_set(err, EACCES, "ssh: no key of ours lets %s in", l->id.user);
}

/* Lets libssh2 take in all that has arrived. A stream that nobody uses gives a read without an effect of its own. */
static void
ssh_link_pump(struct ssh_link *l)
{
	char nothing[64];

	for (struct ssh_channel *c = l->channels; c; c = c->next)
		if (!c->dying) {
			while (libssh2_channel_read_ex(c->ch, 7, nothing, sizeof nothing) > 0)
				;
			return;
		}
}

/* Channels that we closed are freed once the other side has closed them as well. */
static void
ssh_link_bury(struct ssh_link *l)
{
	for (struct ssh_channel **p = &l->channels; *p;) {
		struct ssh_channel *c = *p;

		if (c->dying && libssh2_channel_free(c->ch) != LIBSSH2_ERROR_EAGAIN) {
			*p = c->next;
			free(c);
		} else {
			p = &c->next;
		}
	}
}

static int open_go_on(struct ssh_link *l, struct ssh_channel **out, struct error *err);

static int
step_ready(struct ssh_link *l, struct error *err)
{
	struct ssh_channel *c;

	ssh_link_pump(l);
	if (l->open.type && !l->open.owner && open_go_on(l, &c, NULL) == 1)
		ssh_channel_close(c);
	ssh_link_bury(l);
	/* libssh2 reads what concerns the session itself only through a channel, and there is none: a request that the server refuses makes it read. */
	if (l->in.len && !l->channels && !l->open.type) {
		l->open = (struct opening){ .type = "ping@lima", .message = xstrdup("") };
		open_go_on(l, &c, NULL);
	}
	ssh_link_flush(l);
	return l->dead || (l->eof && l->in.len == 0) ? ssh_link_fail(l, "connection", err) : 1;
}

int
ssh_link_step(struct ssh_link *l, struct error *err)
{
	int r, code = 0;
	socklen_t len = sizeof code;

	if (l->phase == CONNECTING) {
		struct pollfd p = { .fd = l->fd, .events = POLLOUT };

		if (poll(&p, 1, 0) == 0)
			return 0;
		if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0 || code) {
			ssh_link_died(l, code ? code : errno);
			return ssh_link_fail(l, "connect", err);
		}
		l->phase = HANDSHAKE;
	}
	ssh_link_flush(l);
	defaults_fill(l);
	if (l->phase == HANDSHAKE) {
		r = ssh_link_handshake(l, err);
		if (r <= 0)
			return r;
		if (l->id.host && ssh_session_recognize(l->session, l->id.host, err) < 0)
			return -1;
		l->phase = AUTH;
	}
	if (l->phase == AUTH) {
		r = ssh_link_authenticate(l, err);
		if (r <= 0)
			return r;
		l->phase = READY;
	}
	return step_ready(l, err);
}

static struct ssh_channel *
channel_new(struct ssh_link *l, LIBSSH2_CHANNEL *ch)
{
	struct ssh_channel *c = xcalloc(1, sizeof *c);

	*c = (struct ssh_channel){ .link = l, .ch = ch, .next = l->channels };
	l->channels = c;
	return c;
}

static void
open_done(struct ssh_link *l)
{
	free(l->open.message);
	l->open = (struct opening){ 0 };
}

static int
open_go_on(struct ssh_link *l, struct ssh_channel **out, struct error *err)
{
	struct opening *o = &l->open;
	LIBSSH2_CHANNEL *ch = libssh2_channel_open_ex(l->session, o->type, (unsigned)strlen(o->type), SSH_WINDOW, PACKET,
						      o->message, (unsigned)o->message_len);
	int code = libssh2_session_last_errno(l->session);

	if (!ch && code == LIBSSH2_ERROR_EAGAIN && !l->eof && !l->dead)
		return 0;
	open_done(l);
	if (ch) {
		*out = channel_new(l, ch);
		return 1;
	}
	if (code == LIBSSH2_ERROR_CHANNEL_FAILURE)
		return error_set(err, ECONNREFUSED, "ssh: the guest refuses to open it");
	return ssh_link_fail(l, "channel", err);
}

/* `message` is taken over. */
static int
ssh_link_open_channel(struct ssh_link *l, const void *owner, const char *type, char *message, size_t len,
	     struct ssh_channel **out, struct error *err)
{
	if (l->open.type && l->open.owner != owner) {
		free(message);
		return l->dead ? ssh_link_fail(l, "channel", err) : 0;
	}
	if (l->open.type)
		free(message);
	else
		l->open = (struct opening){ .owner = owner, .type = type, .message = message, .message_len = len };
	return open_go_on(l, out, err);
}

static void
add_u32(struct buf *b, uint32_t n)
{
	n = htonl(n);
	buf_add(b, &n, 4);
}

static void
add_string(struct buf *b, const char *s)
{
	add_u32(b, (uint32_t)strlen(s));
	buf_adds(b, s);
}

int
ssh_channel_session(struct ssh_link *l, const void *owner, struct ssh_channel **out, struct error *err)
{
	return ssh_link_open_channel(l, owner, "session", xstrdup(""), 0, out, err);
}

int
ssh_channel_tcp(struct ssh_link *l, const void *owner, const char *host, int port, struct ssh_channel **out,
		struct error *err)
{
	struct buf b = BUF_INIT;
	size_t len;

	add_string(&b, host);
	add_u32(&b, (uint32_t)port);
	add_string(&b, "127.0.0.1");
	add_u32(&b, 22);
	len = b.len;
	return ssh_link_open_channel(l, owner, "direct-tcpip", buf_detach(&b), len, out, err);
}

int
ssh_channel_unix(struct ssh_link *l, const void *owner, const char *path, struct ssh_channel **out, struct error *err)
{
	struct buf b = BUF_INIT;
	size_t len;

	add_string(&b, path);
	add_string(&b, "");
	add_u32(&b, 0);
	len = b.len;
	return ssh_link_open_channel(l, owner, "direct-streamlocal@openssh.com", buf_detach(&b), len, out, err);
}

void
ssh_link_forget(struct ssh_link *l, const void *owner)
{
	if (l->open.type && l->open.owner == owner)
		l->open.owner = NULL;
}

int
ssh_channel_exec(struct ssh_channel *c, const char *command, struct error *err)
{
	int r = libssh2_channel_process_startup(c->ch, "exec", 4, command, (unsigned)strlen(command));

	if (r == LIBSSH2_ERROR_EAGAIN && !c->link->eof && !c->link->dead)
		return 0;
	return r == 0 ? 1 : ssh_link_fail(c->link, "command", err);
}

ssize_t
ssh_channel_read(struct ssh_channel *c, int stream, void *p, size_t max)
{
	ssize_t n = libssh2_channel_read_ex(c->ch, stream, p, max);

	if (n > 0)
		return n;
	if (n == LIBSSH2_ERROR_EAGAIN)
		return c->link->dead || c->link->eof ? -1 : 0;
	if (n == 0)
		return libssh2_channel_eof(c->ch) ? -1 : 0;
	return -1;
}

ssize_t
ssh_channel_write(struct ssh_channel *c, const void *p, size_t len)
{
	ssize_t n;

	if (c->link->out.len > SSH_BACKLOG)
		return 0;
	n = libssh2_channel_write_ex(c->ch, 0, p, len);
	return n >= 0 ? n : n == LIBSSH2_ERROR_EAGAIN && !c->link->dead ? 0 : -1;
}

int
ssh_channel_send_eof(struct ssh_channel *c)
{
	int r = libssh2_channel_send_eof(c->ch);

	return r == 0 ? 1 : r == LIBSSH2_ERROR_EAGAIN && !c->link->dead ? 0 : -1;
}

bool
ssh_channel_ended(struct ssh_channel *c)
{
	/* wait_closed fails while the end of the data is still to be read. */
	return libssh2_channel_eof(c->ch) && libssh2_channel_wait_closed(c->ch) == 0;
}

int
ssh_channel_exit_status(struct ssh_channel *c)
{
	char *name = NULL;
	size_t len = 0;

	if (libssh2_channel_get_exit_signal(c->ch, &name, &len, NULL, NULL, NULL, NULL) == 0 && name) {
		libssh2_free(c->link->session, name);
		return 128;
	}
	return libssh2_channel_get_exit_status(c->ch);
}

void
ssh_channel_close(struct ssh_channel *c)
{
	if (!c)
		return;
	c->dying = true;
	ssh_link_bury(c->link);
}
