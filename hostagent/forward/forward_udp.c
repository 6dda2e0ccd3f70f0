#include "hostagent/forward/forward_udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/forward/transport.h"
#include "hostagent/forward/endpoint.h"

enum {
	MAX_SENDERS = 256,	/* a listener */
	IDLE_MS = 90000,
	SWEEP_MS = 15000,
};

struct sender {
	struct udp_listener *l;
	struct sender *next;
	struct sockaddr_storage addr;
	struct transport *transport;
	uint64_t used;
	bool full;		/* the transport takes no more just now */
};

struct udp_listener {
	uv_udp_t udp;
	uv_timer_t sweep;
	struct agent *agent;
	const struct endpoint *to;
	struct sender *senders;
	size_t n;
	int open;
};

static void
forward_udp_forget(struct sender *s)
{
	struct sender **p = &s->l->senders;

	while (*p != s)
		p = &(*p)->next;
	*p = s->next;
	s->l->n--;
	if (s->transport)
		transport_close(s->transport);
	free(s);
}

static void
on_open(void *ctx)
{
	(void)ctx;
}

static void
forward_udp_on_answer(void *ctx, const char *p, size_t len)
{
	struct sender *s = ctx;
	uv_buf_t b = uv_buf_init((char *)(uintptr_t)p, (unsigned)len);

	s->used = uv_now(&s->l->agent->loop);
	(void)uv_udp_try_send(&s->l->udp, &b, 1, (struct sockaddr *)&s->addr);
}

static void
forward_udp_on_drained(void *ctx)
{
	((struct sender *)ctx)->full = false;
}

static void
on_over(void *ctx, bool unopened)
{
	struct sender *s = ctx;

	(void)unopened;
	s->transport = NULL;
	forward_udp_forget(s);
}

static const struct transport_user user = { on_open, forward_udp_on_answer, on_open, forward_udp_on_drained, on_over };

static size_t
addr_len(const struct sockaddr *a)
{
	return a->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static struct sender *
forward_udp_find(struct udp_listener *l, const struct sockaddr *from)
{
	struct sender *oldest = l->senders;

	for (struct sender *s = l->senders; s; s = s->next) {
		if (s->addr.ss_family == from->sa_family && !memcmp(&s->addr, from, addr_len(from)))
			return s;
		if (s->used < oldest->used)
			oldest = s;
	}
	if (l->n >= MAX_SENDERS)
		forward_udp_forget(oldest);
	return NULL;
}

static void
on_sweep(uv_timer_t *t)
{
	struct udp_listener *l = t->data;
	uint64_t now = uv_now(&l->agent->loop);

	for (struct sender *s = l->senders, *next; s; s = next) {
		next = s->next;
		if (now - s->used > IDLE_MS)
			forward_udp_forget(s);
	}
	if (!l->senders)
		uv_timer_stop(t);
}

static struct sender *
sender_new(struct udp_listener *l, const struct sockaddr *from)
{
	struct sender *s = xcalloc(1, sizeof *s);

	s->l = l;
	s->transport = transport_tunnel(l->agent, l->to, &user, s);
	if (!s->transport) {
		free(s);
		return NULL;
	}
	memcpy(&s->addr, from, addr_len(from));
	s->next = l->senders;
	l->senders = s;
	if (l->n++ == 0)
		uv_timer_start(&l->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	return s;
}

static void
forward_udp_on_datagram(uv_udp_t *u, ssize_t n, const uv_buf_t *b, const struct sockaddr *from, unsigned flags)
{
	struct udp_listener *l = u->data;
	struct sender *s;

	if (n < 0 || !from || (flags & UV_UDP_PARTIAL))
		return;
	s = forward_udp_find(l, from);
	if (!s)
		s = sender_new(l, from);
	if (!s)
		return;
	s->used = uv_now(&l->agent->loop);
	if (!s->full)
		s->full = !transport_write(s->transport, b->base, (size_t)n);
}

static void
forward_udp_on_closed(uv_handle_t *h)
{
	struct udp_listener *l = h->data;

	if (--l->open == 0)
		free(l);
}

static int
forward_udp_bind_address(struct udp_listener *l, const struct endpoint *host)
{
	struct sockaddr_storage addr;
	const struct endpoint any = endpoint_make(GA_UDP, "::", host->port);
	bool wildcard = strcmp(host->name, "0.0.0.0") == 0;
	int r;

	if (endpoint_sockaddr(wildcard ? &any : host, &addr) < 0)
		return UV_EINVAL;
	r = uv_udp_bind(&l->udp, (struct sockaddr *)&addr, 0);
	if (wildcard && r < 0 && r != UV_EADDRINUSE && r != UV_EACCES && endpoint_sockaddr(host, &addr) == 0)
		r = uv_udp_bind(&l->udp, (struct sockaddr *)&addr, 0);
	return r < 0 ? r : uv_udp_recv_start(&l->udp, agent_chunk, forward_udp_on_datagram);
}

struct udp_listener *
udp_listen(struct agent *a, const struct endpoint *host, const struct endpoint *guest, struct error *err)
{
	struct udp_listener *l = xcalloc(1, sizeof *l);
	char text[PLACE_TEXT];
	int r;

	l->agent = a;
	l->to = guest;
	l->open = 2;
	uv_udp_init(&a->loop, &l->udp);
	uv_timer_init(&a->loop, &l->sweep);
	l->udp.data = l->sweep.data = l;
	r = forward_udp_bind_address(l, host);
	if (r == 0)
		return l;
	udp_listener_close(l);
	error_set(err, -r, "listen on UDP %s: %s", endpoint_text(host, text), uv_strerror(r));
	return NULL;
}

void
udp_listener_close(struct udp_listener *l)
{
	while (l->senders)
		forward_udp_forget(l->senders);
	uv_close((uv_handle_t *)&l->udp, forward_udp_on_closed);
	uv_close((uv_handle_t *)&l->sweep, forward_udp_on_closed);
}
