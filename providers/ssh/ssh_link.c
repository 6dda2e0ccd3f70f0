#include "providers/ssh/ssh_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libssh2.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/ssh/ssh_heap.h"
#include "providers/ssh/ssh_link_inner.h"
#include "providers/ssh/ssh_session.h"

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

int
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

void
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

static int
ssh_link_step_ready(struct ssh_link *l, struct error *err)
{
	struct ssh_channel *c;

	ssh_link_pump(l);
	if (l->open.type && !l->open.owner && ssh_channel_open_go_on(l, &c, NULL) == 1)
		ssh_channel_close(c);
	ssh_link_bury(l);
	/* libssh2 reads what concerns the session itself only through a channel, and there is none: a request that the server refuses makes it read. */
	if (l->in.len && !l->channels && !l->open.type) {
		l->open = (struct opening){ .type = "ping@lima", .message = xstrdup("") };
		ssh_channel_open_go_on(l, &c, NULL);
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
	return ssh_link_step_ready(l, err);
}

void
ssh_link_forget(struct ssh_link *l, const void *owner)
{
	if (l->open.type && l->open.owner == owner)
		l->open.owner = NULL;
}
