#include "usernet/nat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/usernet.h"
#include "usernet/frame.h"

struct nat {
	Slirp *slirp;
	const struct usernet_port *port;
	void (*deliver)(void *ctx, const void *frame, size_t len);
	void *ctx;
	size_t flows;
};

void
polls_add(struct polls *p, int fd, short events)
{
	GROW(p->v, p->n, p->cap);
	p->v[p->n++] = (struct pollfd){.fd = fd, .events = events};
}

void
polls_release(struct polls *p)
{
	free(p->v);
	*p = (struct polls){0};
}

/* --- what libslirp asks of its host --- */

static ssize_t
slirp_send(const void *frame, size_t len, void *opaque)
{
	struct nat *n = opaque;

	n->deliver(n->ctx, frame, len);
	return (ssize_t)len;
}

static void
slirp_ignore_error(const char *msg, void *opaque)
{
	(void)msg, (void)opaque;
}

static int64_t
slirp_clock(void *opaque)
{
	struct timespec t;

	(void)opaque;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Its only timer announces an IPv6 router, and there is none. */
static void *
slirp_timer_new(SlirpTimerCb cb, void *cb_opaque, void *opaque)
{
	(void)cb, (void)cb_opaque, (void)opaque;
	return xcalloc(1, 1);
}

static void
slirp_timer_free(void *timer, void *opaque)
{
	(void)opaque;
	free(timer);
}

static void
slirp_timer_mod(void *timer, int64_t expire_time, void *opaque)
{
	(void)timer, (void)expire_time, (void)opaque;
}

/* All descriptors are asked for anew before each poll(). */
static void
slirp_ignore_fd(int fd, void *opaque)
{
	(void)fd, (void)opaque;
}

static void
slirp_ignore_notify(void *opaque)
{
	(void)opaque;
}

static const SlirpCb callbacks = {
	.send_packet = slirp_send,
	.guest_error = slirp_ignore_error,
	.clock_get_ns = slirp_clock,
	.timer_new = slirp_timer_new,
	.timer_free = slirp_timer_free,
	.timer_mod = slirp_timer_mod,
	.register_poll_fd = slirp_ignore_fd,
	.unregister_poll_fd = slirp_ignore_fd,
	.notify = slirp_ignore_notify,
};

/* So that libslirp never has to ask where its guest is. */
static void
announce_guest(struct nat *n)
{
	uint8_t f[64] = {0};

	memset(f, 0xff, MAC_LEN);
	memcpy(f + MAC_LEN, n->port->mac, MAC_LEN);
	put16(f + 12, ETH_TYPE_ARP);
	memcpy(f + ETH_HEADER, (const uint8_t[]){0, 1, 8, 0, MAC_LEN, 4, 0, 1}, 8);
	memcpy(f + ETH_HEADER + 8, n->port->mac, MAC_LEN);
	put32(f + ETH_HEADER + 14, n->port->ip);
	put32(f + ETH_HEADER + 24, n->port->ip);
	slirp_input(n->slirp, f, sizeof f);
}

struct nat *
nat_new(const struct usernet *net, const struct usernet_port *p,
	void (*deliver)(void *ctx, const void *frame, size_t len), void *ctx)
{
	struct nat *n = xcalloc(1, sizeof *n);
	SlirpConfig c = {
		.version = 4,
		.in_enabled = true,
		.vnetwork.s_addr = htonl(net->base),
		.vnetmask.s_addr = htonl(net->mask),
		.vhost.s_addr = htonl(net->gateway),
		.vnameserver.s_addr = htonl(net->resolver),
		.vdhcp_start.s_addr = htonl(p->ip),
		.if_mtu = USERNET_MTU,
		.if_mru = USERNET_MTU,
		.disable_dhcp = true,
	};

	*n = (struct nat){.port = p, .deliver = deliver, .ctx = ctx};
	n->slirp = slirp_new(&c, &callbacks, n);
	if (n->slirp)
		announce_guest(n);
	return n;
}

void
nat_free(struct nat *n)
{
	if (n && n->slirp)
		slirp_cleanup(n->slirp);
	free(n);
}

void
nat_input(struct nat *n, const void *frame, size_t len)
{
	if (n->slirp)
		slirp_input(n->slirp, frame, (int)len);
}

bool
nat_is_full(const struct nat *n)
{
	return n->flows >= NAT_FLOWS_MAX;
}

static int
slirp_add_poll(int fd, int events, void *opaque)
{
	struct polls *p = opaque;

	polls_add(p, fd,
		  (short)((events & SLIRP_POLL_IN ? POLLIN : 0) | (events & SLIRP_POLL_OUT ? POLLOUT : 0) |
			  (events & SLIRP_POLL_PRI ? POLLPRI : 0)));
	return (int)p->n - 1;
}

static int
slirp_revents(int idx, void *opaque)
{
	const struct polls *p = opaque;
	short r = idx >= 0 && (size_t)idx < p->n ? p->v[idx].revents : 0;

	return (r & POLLIN ? SLIRP_POLL_IN : 0) | (r & POLLOUT ? SLIRP_POLL_OUT : 0) |
	       (r & POLLPRI ? SLIRP_POLL_PRI : 0) | (r & POLLERR ? SLIRP_POLL_ERR : 0) |
	       (r & POLLHUP ? SLIRP_POLL_HUP : 0);
}

void
nat_fill(struct nat *n, struct polls *p)
{
	size_t before = p->n;

	if (n->slirp)
		slirp_pollfds_fill(n->slirp, &p->timeout_ms, slirp_add_poll, p);
	n->flows = p->n - before;
}

void
nat_poll(struct nat *n, struct polls *p)
{
	if (n->slirp)
		slirp_pollfds_poll(n->slirp, 0, slirp_revents, p);
}

int
nat_forward(struct nat *n, int host_port, int guest_port, struct error *err)
{
	struct in_addr host = {htonl(INADDR_LOOPBACK)}, guest = {htonl(n->port->ip)};

	if (!n->slirp || slirp_add_hostfwd(n->slirp, 0, host, host_port, guest, guest_port) < 0)
		return error_errno(err, "listen on port %d of 127.0.0.1", host_port);
	return 0;
}

void
nat_unforward(struct nat *n, int host_port)
{
	struct in_addr host = {htonl(INADDR_LOOPBACK)};

	if (n->slirp)
		slirp_remove_hostfwd(n->slirp, 0, host, host_port);
}
