/* Channels of an SSH link: opened one at a time, as libssh2 has room for one opening. */
#include <arpa/inet.h>
#include <errno.h>
#include <libssh2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/ssh/ssh_link.h"
#include "providers/ssh/ssh_link_inner.h"

static struct ssh_channel *
ssh_channel_new(struct ssh_link *l, LIBSSH2_CHANNEL *ch)
{
	struct ssh_channel *c = xcalloc(1, sizeof *c);

	*c = (struct ssh_channel){ .link = l, .ch = ch, .next = l->channels };
	l->channels = c;
	return c;
}

static void
ssh_channel_open_done(struct ssh_link *l)
{
	free(l->open.message);
	l->open = (struct opening){ 0 };
}

int
ssh_channel_open_go_on(struct ssh_link *l, struct ssh_channel **out, struct error *err)
{
	struct opening *o = &l->open;
	LIBSSH2_CHANNEL *ch = libssh2_channel_open_ex(l->session, o->type, (unsigned)strlen(o->type), SSH_WINDOW, PACKET,
						      o->message, (unsigned)o->message_len);
	int code = libssh2_session_last_errno(l->session);

	if (!ch && code == LIBSSH2_ERROR_EAGAIN && !l->eof && !l->dead)
		return 0;
	ssh_channel_open_done(l);
	if (ch) {
		*out = ssh_channel_new(l, ch);
		return 1;
	}
	if (code == LIBSSH2_ERROR_CHANNEL_FAILURE)
		return error_set(err, ECONNREFUSED, "ssh: the guest refuses to open it");
	return ssh_link_fail(l, "channel", err);
}

/* `message` is taken over. */
static int
ssh_channel_open(struct ssh_link *l, const void *owner, const char *type, char *message, size_t len,
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
	return ssh_channel_open_go_on(l, out, err);
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
	return ssh_channel_open(l, owner, "session", xstrdup(""), 0, out, err);
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
	return ssh_channel_open(l, owner, "direct-tcpip", buf_detach(&b), len, out, err);
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
	return ssh_channel_open(l, owner, "direct-streamlocal@openssh.com", buf_detach(&b), len, out, err);
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
