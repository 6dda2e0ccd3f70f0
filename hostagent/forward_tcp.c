#include "hostagent/forward_tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "providers/ssh_link.h"

enum {
	CHUNK = 32768,
	BACKLOG = 128,
	MAX_CONNECTIONS = 1000,	/* a listener */
	WAIT_MS = 30000,	/* for a channel: the guest may just be rebooting */
};

union stream {
	uv_handle_t handle;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
};

struct tcp_listener {
	union stream s;
	struct agent *agent;
	struct tcp_target to;
	struct conn *conns;
	size_t nconns;
	char *name;		/* for the log */
	bool closed;
};

struct conn {
	struct mux_user user;
	struct tcp_listener *l;
	struct conn *next, **back;
	union stream s;
	uv_timer_t timer;
	struct ssh_channel *channel;	/* NULL: not open yet */
	char *in;			/* from the host, not yet taken by the channel */
	size_t in_len, in_pos;
	uv_write_t write;
	char *out;			/* from the guest, being written to the host; NULL: nothing is */
	uv_shutdown_t shutdown;
	bool reading, host_eof, eof_sent, guest_eof, closing;
	int open;			/* handles */
};

static void
listener_free_if_done(struct tcp_listener *l)
{
	if (!l->closed || l->conns)
		return;
	free(l->name);
	free(l);
}

static void
on_conn_closed(uv_handle_t *h)
{
	struct conn *c = h->data;
	struct tcp_listener *l = c->l;

	if (--c->open)
		return;
	*c->back = c->next;
	if (c->next)
		c->next->back = c->back;
	l->nconns--;
	free(c->in);
	free(c->out);
	free(c);
	listener_free_if_done(l);
}

static void
conn_close(struct conn *c)
{
	struct ssh_link *link = mux_link(c->l->agent);

	if (c->closing)
		return;
	c->closing = true;
	mux_remove(&c->user);
	if (link)
		ssh_link_forget(link, c);
	ssh_channel_close(c->channel);
	c->channel = NULL;
	uv_close(&c->s.handle, on_conn_closed);
	uv_close((uv_handle_t *)&c->timer, on_conn_closed);
	mux_touched(c->l->agent);
}

static void conn_step(struct mux_user *u, struct ssh_link *link);

static void
on_written(uv_write_t *w, int status)
{
	struct conn *c = w->data;

	free(c->out);
	c->out = NULL;
	if (status < 0)
		conn_close(c);
	else if (!c->closing && mux_link(c->l->agent))
		conn_step(&c->user, mux_link(c->l->agent));
}

static void
on_shutdown(uv_shutdown_t *s, int status)
{
	(void)s;
	(void)status;
}

static void
on_alloc(uv_handle_t *h, size_t size, uv_buf_t *b)
{
	struct conn *c = h->data;

	(void)size;
	if (!c->in)
		c->in = xrealloc(NULL, 1, CHUNK);
	*b = uv_buf_init(c->in, CHUNK);
}

static void
on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct conn *c = s->data;

	(void)b;
	if (n == 0)
		return;
	if (n < 0 && n != UV_EOF) {
		conn_close(c);
		return;
	}
	/* no more until the channel has taken this: that is how a slow guest slows the sender */
	uv_read_stop(s);
	c->reading = false;
	c->host_eof = n < 0;
	c->in_pos = 0;
	c->in_len = n < 0 ? 0 : (size_t)n;
	if (mux_link(c->l->agent))
		conn_step(&c->user, mux_link(c->l->agent));
	mux_touched(c->l->agent);
}

/* From the host to the guest; false: the channel is dead. */
static bool
push(struct conn *c)
{
	while (c->in_pos < c->in_len) {
		ssize_t n = ssh_channel_write(c->channel, c->in + c->in_pos, c->in_len - c->in_pos);

		if (n <= 0)
			return n == 0;
		c->in_pos += (size_t)n;
	}
	if (c->host_eof) {
		int r = c->eof_sent ? 1 : ssh_channel_send_eof(c->channel);

		c->eof_sent = r == 1;
		return r >= 0;
	}
	if (!c->reading) {
		/* an idle connection holds no buffer */
		free(c->in);
		c->in = NULL;
		c->in_len = c->in_pos = 0;
		c->reading = uv_read_start(&c->s.stream, on_alloc, on_read) == 0;
	}
	return c->reading;
}

/* The host does not take all of it at once: the rest waits in memory, and the guest with it. */
static void
write_later(struct conn *c, const char *p, size_t len)
{
	uv_buf_t b;

	c->out = xrealloc(NULL, 1, len);
	memcpy(c->out, p, len);
	b = uv_buf_init(c->out, (unsigned)len);
	c->write.data = c;
	if (uv_write(&c->write, &c->s.stream, &b, 1, on_written) < 0)
		conn_close(c);
}

static void
pull(struct conn *c)
{
	char chunk[CHUNK], junk[256];
	ssize_t n;

	while (!c->out && !c->guest_eof && !c->closing) {
		uv_buf_t b;
		int w;

		n = ssh_channel_read(c->channel, 0, chunk, sizeof chunk);
		if (n == 0 && ssh_channel_read(c->channel, 1, junk, sizeof junk) > 0)
			continue;
		if (n == 0)
			return;
		if (n < 0) {
			c->guest_eof = true;
			uv_shutdown(&c->shutdown, &c->s.stream, on_shutdown);
			return;
		}
		b = uv_buf_init(chunk, (unsigned)n);
		w = uv_try_write(&c->s.stream, &b, 1);
		if (w < 0 && w != UV_EAGAIN)
			conn_close(c);
		else if (w < n)
			write_later(c, chunk + (w < 0 ? 0 : w), (size_t)(n - (w < 0 ? 0 : w)));
	}
}

static void
conn_step(struct mux_user *u, struct ssh_link *link)
{
	struct conn *c = (struct conn *)u;
	const struct tcp_target *to = &c->l->to;
	struct error e;
	int r;

	if (!c->channel) {
		r = *to->socket ? ssh_channel_unix(link, c, to->socket, &c->channel, &e) :
				  ssh_channel_tcp(link, c, to->ip, to->port, &c->channel, &e);
		if (r < 0) {
			log_debug("%s: %s", c->l->name, e.msg);
			conn_close(c);
		}
		if (r <= 0)
			return;
		uv_timer_stop(&c->timer);
	}
	pull(c);
	if (c->closing)
		return;
	if (!push(c) || (c->guest_eof && !c->out && (c->eof_sent || ssh_channel_ended(c->channel))))
		conn_close(c);
}

static void
conn_lost(struct mux_user *u, const struct error *why)
{
	struct conn *c = (struct conn *)u;

	(void)why;
	/* one that has not got its channel yet waits for the next connection */
	if (c->channel)
		conn_close(c);
}

static void
on_waited(uv_timer_t *t)
{
	struct conn *c = t->data;

	log_debug("%s: no connection to the guest", c->l->name);
	conn_close(c);
}

static void
init_stream(struct agent *a, union stream *s, bool tcp)
{
	if (tcp)
		uv_tcp_init(&a->loop, &s->tcp);
	else
		uv_pipe_init(&a->loop, &s->pipe, 0);
}

static void
on_connection(uv_stream_t *server, int status)
{
	struct tcp_listener *l = server->data;
	struct conn *c;

	if (status < 0) {
		log_warning("%s: %s", l->name, uv_strerror(status));
		return;
	}
	c = xcalloc(1, sizeof *c);
	c->l = l;
	c->next = l->conns;
	c->back = &l->conns;
	if (c->next)
		c->next->back = &c->next;
	l->conns = c;
	l->nconns++;
	c->user.step = conn_step;
	c->user.lost = conn_lost;
	c->open = 2;
	init_stream(l->agent, &c->s, l->s.handle.type == UV_TCP);
	uv_timer_init(&l->agent->loop, &c->timer);
	c->s.handle.data = c->timer.data = c;
	if (uv_accept(server, &c->s.stream) < 0 || l->nconns > MAX_CONNECTIONS) {
		conn_close(c);
		return;
	}
	if (c->s.handle.type == UV_TCP)
		uv_tcp_nodelay(&c->s.tcp, 1);
	uv_timer_start(&c->timer, on_waited, WAIT_MS, 0);
	mux_add(l->agent, &c->user);
}

/* In the place of a socket that nobody listens on any more, but of nothing else. */
static int
clear_socket(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir = xstrndup(path, (size_t)(slash - path));
	struct stat st;

	if (*dir && fs_mkdirs(dir, 0750, err) < 0)
		return -1;
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return error_set(err, EEXIST, "%s is there and no socket", path);
	return fs_unlink(path, err);
}

static int
bind_listener(struct tcp_listener *l, const char *ip, int port, const char *socket, struct error *err)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} addr;
	int r;

	if (*socket) {
		if (clear_socket(socket, err) < 0)
			return -1;
		r = uv_pipe_bind(&l->s.pipe, socket);
	} else {
		r = strchr(ip, ':') ? uv_ip6_addr(ip, port, &addr.v6) : uv_ip4_addr(ip, port, &addr.v4);
		if (r == 0)
			r = uv_tcp_bind(&l->s.tcp, &addr.any, 0);
	}
	if (r == 0)
		r = uv_listen(&l->s.stream, BACKLOG, on_connection);
	return r < 0 ? error_set(err, -r, "listen on %s: %s", l->name, uv_strerror(r)) : 0;
}

static void
on_listener_closed(uv_handle_t *h)
{
	struct tcp_listener *l = h->data;

	l->closed = true;
	listener_free_if_done(l);
}

struct tcp_listener *
tcp_listen(struct agent *a, const char *ip, int port, const char *socket, const struct tcp_target *target,
	   struct error *err)
{
	struct tcp_listener *l = xcalloc(1, sizeof *l);

	l->agent = a;
	l->to = *target;
	l->name = *socket ? xstrdup(socket) : xasprintf(strchr(ip, ':') ? "[%s]:%d" : "%s:%d", ip, port);
	init_stream(a, &l->s, !*socket);
	l->s.handle.data = l;
	if (bind_listener(l, ip, port, socket, err) < 0) {
		tcp_listener_close(l);
		return NULL;
	}
	return l;
}

void
tcp_listener_close(struct tcp_listener *l)
{
	l->to = (struct tcp_target){ .ip = "", .socket = "" };
	for (struct conn *c = l->conns; c; c = c->next)
		conn_close(c);
	uv_close(&l->s.handle, on_listener_closed);
}
