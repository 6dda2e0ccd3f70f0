#include "hostagent/forward_tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/carrier.h"
#include "hostagent/outq.h"
#include "hostagent/place.h"

enum {
	BACKLOG = 128,
	MAX_CONNECTIONS = 1000, /* a listener */
	WAIT_MS = 30000,	/* for a way into the guest: it may just be rebooting */
};

/* From the best to the last; each may be absent just now. */
static carrier_new *const ways[] = { carry_tunnel, carry_ssh };

union stream {
	uv_handle_t handle;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
};

struct tcp_listener {
	union stream s;
	struct agent *agent;
	const struct place *to;
	struct conn *conns;
	size_t nconns;
	char name[PLACE_TEXT]; /* for the log */
	bool closed;
};

struct conn {
	struct tcp_listener *l;
	struct conn *next, **back;
	union stream s;
	uv_timer_t timer;
	struct outq out; /* to the host's program */
	struct carrier *carrier;
	size_t way;	 /* the next to be tried */
	bool host_eof, guest_eof, closing;
	int open; /* handles */
};

static void
listener_free_if_done(struct tcp_listener *l)
{
	if (l->closed && !l->conns)
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
	outq_release(&c->out);
	free(c);
	listener_free_if_done(l);
}

static void
conn_close(struct conn *c)
{
	if (c->closing)
		return;
	c->closing = true;
	if (c->carrier)
		carrier_close(steal(c->carrier));
	uv_close(&c->s.handle, on_conn_closed);
	uv_close((uv_handle_t *)&c->timer, on_conn_closed);
}

static void
on_alloc(uv_handle_t *h, size_t size, uv_buf_t *b)
{
	struct conn *c = h->data;

	(void)size;
	/* it is passed on before the next read: one for all will do */
	*b = uv_buf_init(c->l->agent->chunk, sizeof c->l->agent->chunk);
}

static void
on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct conn *c = s->data;

	if (n == 0)
		return;
	if (n < 0 && n != UV_EOF) {
		conn_close(c);
	} else if (n < 0) {
		c->host_eof = true;
		uv_read_stop(s);
		carrier_shutdown(c->carrier);
	} else if (!carrier_write(c->carrier, b->base, (size_t)n)) {
		/* no more until that has gone: so a slow guest slows the sender */
		uv_read_stop(s);
	}
}

static void
start_reading(struct conn *c)
{
	if (!c->host_eof && !c->closing && uv_read_start(&c->s.stream, on_alloc, on_read) < 0)
		conn_close(c);
}

static void
guest_open(void *ctx)
{
	struct conn *c = ctx;

	uv_timer_stop(&c->timer);
	start_reading(c);
}

static void
guest_data(void *ctx, const char *p, size_t len)
{
	struct conn *c = ctx;

	if (!outq_write(&c->out, p, len) && c->carrier)
		carrier_pause(c->carrier, true);
}

static void
guest_eof(void *ctx)
{
	struct conn *c = ctx;

	c->guest_eof = true;
	outq_shutdown(&c->out);
}

static void
guest_drained(void *ctx)
{
	start_reading(ctx);
}

static void dial(struct conn *c);

static void
guest_closed(void *ctx, bool unopened)
{
	struct conn *c = ctx;

	c->carrier = NULL;
	if (unopened && c->way < ARRAY_LEN(ways))
		dial(c);
	else if (outq_empty(&c->out))
		conn_close(c);
	else
		uv_read_stop(&c->s.stream);	/* what has come is still to be written */
}

static const struct carrier_user user = { guest_open, guest_data, guest_eof, guest_drained, guest_closed };

static void
dial(struct conn *c)
{
	while (!c->carrier && c->way < ARRAY_LEN(ways))
		c->carrier = ways[c->way++](c->l->agent, c->l->to, &user, c);
	if (!c->carrier)
		conn_close(c);
	else if (c->carrier->ready)
		guest_open(c);
}

static void
host_drained(void *ctx)
{
	struct conn *c = ctx;

	if (c->carrier)
		carrier_pause(c->carrier, false);
	else
		conn_close(c);
}

static void
host_failed(void *ctx)
{
	conn_close(ctx);
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

static struct conn *
conn_new(struct tcp_listener *l)
{
	struct conn *c = xcalloc(1, sizeof *c);

	c->l = l;
	c->next = l->conns;
	c->back = &l->conns;
	if (c->next)
		c->next->back = &c->next;
	l->conns = c;
	l->nconns++;
	c->open = 2;
	init_stream(l->agent, &c->s, l->s.handle.type == UV_TCP);
	uv_timer_init(&l->agent->loop, &c->timer);
	c->s.handle.data = c->timer.data = c;
	outq_init(&c->out, &c->s.stream, host_drained, host_failed, c);
	return c;
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
	c = conn_new(l);
	if (uv_accept(server, &c->s.stream) < 0 || l->nconns > MAX_CONNECTIONS) {
		conn_close(c);
		return;
	}
	if (c->s.handle.type == UV_TCP)
		uv_tcp_nodelay(&c->s.tcp, 1);
	uv_timer_start(&c->timer, on_waited, WAIT_MS, 0);
	dial(c);
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
bind_address(struct tcp_listener *l, const struct place *host)
{
	struct sockaddr_storage addr;
	const struct place any = place_make(GA_TCP, "::", host->port);
	bool wildcard = strcmp(host->name, "0.0.0.0") == 0;
	int r;

	if (place_sockaddr(wildcard ? &any : host, &addr) < 0)
		return UV_EINVAL;
	r = uv_tcp_bind(&l->s.tcp, (struct sockaddr *)&addr, 0);
	/* a host without IPv6 */
	if (wildcard && r < 0 && r != UV_EADDRINUSE && r != UV_EACCES && place_sockaddr(host, &addr) == 0)
		r = uv_tcp_bind(&l->s.tcp, (struct sockaddr *)&addr, 0);
	return r;
}

static int
bind_listener(struct tcp_listener *l, const struct place *host, struct error *err)
{
	int r;

	if (!host->port && clear_socket(host->name, err) < 0)
		return -1;
	r = host->port ? bind_address(l, host) : uv_pipe_bind(&l->s.pipe, host->name);
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
tcp_listen(struct agent *a, const struct place *host, const struct place *guest, struct error *err)
{
	struct tcp_listener *l = xcalloc(1, sizeof *l);

	l->agent = a;
	l->to = guest;
	place_text(host, l->name);
	init_stream(a, &l->s, host->port);
	l->s.handle.data = l;
	if (bind_listener(l, host, err) < 0) {
		tcp_listener_close(l);
		return NULL;
	}
	return l;
}

void
tcp_listener_close(struct tcp_listener *l)
{
	l->to = NULL;
	for (struct conn *c = l->conns; c; c = c->next)
		conn_close(c);
	uv_close(&l->s.handle, on_listener_closed);
}
