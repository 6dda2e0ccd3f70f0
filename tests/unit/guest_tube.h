/* tests/unit/guest_tube.h - tunnels into the guest of guest_agent.h, and the services there that they lead to. */
#pragma once
#include <poll.h>

#include "tests/unit/guest_agent.h"

/* The host's end of a tunnel. */
struct tube {
	struct ga_tunnel *t;
	struct buf got;
	unsigned datagrams;
	bool eof, closed, drained;
	struct grpc_status why;
};

static inline void
tube_data(void *ctx, const uint8_t *p, size_t len)
{
	struct tube *t = ctx;

	t->datagrams++;
	buf_add(&t->got, p, len);
}

static inline void
tube_eof(void *ctx)
{
	((struct tube *)ctx)->eof = true;
}

static inline void
tube_drained(void *ctx)
{
	((struct tube *)ctx)->drained = true;
}

static inline void
tube_closed(void *ctx, const struct grpc_status *why)
{
	struct tube *t = ctx;

	t->closed = true;
	t->why = *why;
}

static inline void
tube_open(struct world *w, struct tube *t, const char *proto, const char *addr)
{
	static const struct ga_tunnel_ops ops = { tube_data, tube_eof, tube_drained, tube_closed };
	struct error err;

	*t = (struct tube){ .got = BUF_INIT };
	t->t = ga_tunnel_open(w->c, proto, addr, &ops, t, &err);
	assert_non_null(t->t);
}

/* Waits for a connection to the service. */
static inline int
accepted(struct world *w, int listener)
{
	int fd;

	for (int i = 0; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0 && i < 1000; i++) {
		step(w);
	}
	assert_true(fd >= 0);
	return fd;
}

/* Reads what the service got so far, letting the agent work, until it is `len` bytes or the end. */
static inline size_t
service_read(struct world *w, int fd, struct buf *into, size_t len)
{
	for (int i = 0; into->len < len && i < 1000; i++) {
		ssize_t n;

		buf_reserve(into, 65536);
		n = recv(fd, into->s + into->len, 65536, 0);
		if (n == 0)
			break;
		if (n > 0) {
			into->len += (size_t)n;
			continue;
		}
		step(w);
	}
	return into->len;
}
