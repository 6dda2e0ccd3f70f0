/*
 * hostagent/dns/dns_listen.c - queries by UDP and TCP, and the ways back.
 *
 * A datagram's answer is sent at once or not at all. A connection may bring many
 * queries (RFC 7766), whose answers go out as they come; one that does not read
 * them, or says nothing for a while, is closed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "hostagent/dns/dns.h"
#include "hostagent/dns/dns_msg.h"

enum { MAX_CONNS = 64, IDLE_MS = 10000, MAX_UNREAD = 256 << 10, BACKLOG = 16 };

struct dns_listeners {
	struct dns *dns;
	uv_loop_t *loop;
	uv_udp_t udp;
	uv_tcp_t tcp;
	struct dns_conn *conns;
	size_t nconns;
	int open;		/* handles, and connections */
	bool closing;
	char in[DNS_QUERY_MAX];	/* a datagram is handled before the next one is read */
};

struct dns_conn {
	struct dns_conn *next, **back;
	struct dns_listeners *l;
	uv_tcp_t tcp;
	uv_timer_t idle;
	int handles, asked;	/* open; questions without an answer yet */
	bool closing;
	size_t have;
	uint8_t in[2 + DNS_QUERY_MAX];
};

static void
dns_listen_release(struct dns_listeners *l)
{
	if (--l->open == 0)
		free(l);
}

/* Connections. */

static void
conn_free_if_done(struct dns_conn *c)
{
	struct dns_listeners *l = c->l;

	if (c->handles || c->asked)
		return;
	free(c);
	dns_listen_release(l);
}

static void
dns_listen_on_conn_closed(uv_handle_t *h)
{
	struct dns_conn *c = h->data;

	c->handles--;
	conn_free_if_done(c);
}

static void
dns_listen_conn_close(struct dns_conn *c)
{
	if (c->closing)
		return;
	c->closing = true;
	*c->back = c->next;
	if (c->next)
		c->next->back = c->back;
	c->l->nconns--;
	uv_close((uv_handle_t *)&c->tcp, dns_listen_on_conn_closed);
	uv_close((uv_handle_t *)&c->idle, dns_listen_on_conn_closed);
}

static void
on_idle(uv_timer_t *t)
{
	dns_listen_conn_close(t->data);
}

static void
on_conn_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
	struct dns_conn *c = h->data;

	(void)suggested;
	*b = uv_buf_init((char *)c->in + c->have, (unsigned)(sizeof c->in - c->have));
}

/* Each whole message in c->in. */
static void
take_messages(struct dns_conn *c)
{
	size_t at = 0, len;

	while (!c->closing && c->have - at >= 2) {
		len = (size_t)c->in[at] << 8 | c->in[at + 1];
		if (len > DNS_QUERY_MAX) {
			dns_listen_conn_close(c);
			return;
		}
		if (c->have - at < 2 + len)
			break;
		c->asked++;
		dns_take(c->l->dns, c->in + at + 2, len, &(struct dns_asker){ .conn = c });
		at += 2 + len;
	}
	memmove(c->in, c->in + at, c->have - at);
	c->have -= at;
}

static void
on_conn_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct dns_conn *c = s->data;

	(void)b;
	if (n < 0) {
		dns_listen_conn_close(c);
		return;
	}
	c->have += (size_t)n;
	uv_timer_again(&c->idle);
	take_messages(c);
}

static void
dns_listen_on_connection(uv_stream_t *s, int status)
{
	struct dns_listeners *l = s->data;
	struct dns_conn *c;

	if (status < 0)
		return;
	c = xcalloc(1, sizeof *c);
	*c = (struct dns_conn){ .l = l, .next = l->conns, .back = &l->conns, .handles = 2 };
	if (c->next)
		c->next->back = &c->next;
	l->conns = c;
	l->nconns++;
	l->open++;
	uv_tcp_init(l->loop, &c->tcp);
	uv_timer_init(l->loop, &c->idle);
	c->tcp.data = c->idle.data = c;
	if (uv_accept(s, (uv_stream_t *)&c->tcp) < 0 || l->nconns > MAX_CONNS ||
	    uv_read_start((uv_stream_t *)&c->tcp, on_conn_alloc, on_conn_read) < 0)
		dns_listen_conn_close(c);
	else
		uv_timer_start(&c->idle, on_idle, IDLE_MS, IDLE_MS);
}

static void
dns_listen_on_written(uv_write_t *w, int status)
{
	struct dns_conn *c = w->handle->data;

	free(w);
	if (status < 0)
		dns_listen_conn_close(c);
}

static void
conn_write(struct dns_conn *c, const void *p, size_t len)
{
	uv_write_t *w = xcalloc(1, sizeof *w + 2 + len);
	uint8_t *out = (uint8_t *)(w + 1);
	uv_buf_t b = uv_buf_init((char *)out, (unsigned)(2 + len));

	out[0] = (uint8_t)(len >> 8);
	out[1] = (uint8_t)len;
	memcpy(out + 2, p, len);
	if (uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp) > MAX_UNREAD ||
	    uv_write(w, (uv_stream_t *)&c->tcp, &b, 1, dns_listen_on_written) < 0) {
		free(w);
		dns_listen_conn_close(c);
	}
}

void
dns_listeners_answer(struct dns_listeners *l, const struct dns_asker *who, const void *p, size_t len)
{
	struct dns_conn *c = who->conn;
	uv_buf_t b = uv_buf_init((char *)(uintptr_t)p, (unsigned)len);

	if (!c) {
		if (len && !l->closing)
			uv_udp_try_send(&l->udp, &b, 1, (const struct sockaddr *)&who->peer);
		return;
	}
	c->asked--;
	if (!c->closing && len)
		conn_write(c, p, len);
	else if (!c->closing)
		dns_listen_conn_close(c);
	else
		conn_free_if_done(c);
}

/* Datagrams. */

static void
dns_listen_on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
	struct dns_listeners *l = h->data;

	(void)suggested;
	*b = uv_buf_init(l->in, sizeof l->in);
}

static void
dns_listen_on_datagram(uv_udp_t *u, ssize_t n, const uv_buf_t *b, const struct sockaddr *from, unsigned flags)
{
	struct dns_listeners *l = u->data;
	struct dns_asker who = { 0 };

	if (n <= 0 || !from || from->sa_family != AF_INET || flags & UV_UDP_PARTIAL)
		return;
	memcpy(&who.peer, from, sizeof who.peer);
	dns_take(l->dns, b->base, (size_t)n, &who);
}

/* Both. */

static void
dns_listen_on_closed(uv_handle_t *h)
{
	dns_listen_release(h->data);
}

static int
listen_udp(struct dns_listeners *l, int port)
{
	struct sockaddr_in a;
	int r;

	if (!port)
		return 0;
	uv_ip4_addr("127.0.0.1", port, &a);
	r = uv_udp_bind(&l->udp, (struct sockaddr *)&a, 0);
	return r < 0 ? r : uv_udp_recv_start(&l->udp, dns_listen_on_alloc, dns_listen_on_datagram);
}

static int
listen_tcp(struct dns_listeners *l, int port)
{
	struct sockaddr_in a;
	int r;

	if (!port)
		return 0;
	uv_ip4_addr("127.0.0.1", port, &a);
	r = uv_tcp_bind(&l->tcp, (struct sockaddr *)&a, 0);
	return r < 0 ? r : uv_listen((uv_stream_t *)&l->tcp, BACKLOG, dns_listen_on_connection);
}

struct dns_listeners *
dns_listeners_new(struct dns *d, uv_loop_t *loop, const struct dns_config *c, struct error *err)
{
	struct dns_listeners *l = xcalloc(1, sizeof *l);
	int r;

	*l = (struct dns_listeners){ .dns = d, .loop = loop, .open = 2 };
	uv_udp_init(loop, &l->udp);
	uv_tcp_init(loop, &l->tcp);
	l->udp.data = l->tcp.data = l;
	if ((r = listen_udp(l, c->udp_port)) < 0)
		error_set(err, -r, "names: UDP 127.0.0.1:%d: %s", c->udp_port, uv_strerror(r));
	else if ((r = listen_tcp(l, c->tcp_port)) < 0)
		error_set(err, -r, "names: TCP 127.0.0.1:%d: %s", c->tcp_port, uv_strerror(r));
	if (r == 0)
		return l;
	dns_listeners_free(l);
	return NULL;
}

void
dns_listeners_free(struct dns_listeners *l)
{
	if (!l)
		return;
	l->closing = true;
	uv_close((uv_handle_t *)&l->udp, dns_listen_on_closed);
	uv_close((uv_handle_t *)&l->tcp, dns_listen_on_closed);
	while (l->conns)
		dns_listen_conn_close(l->conns);
}
