#include "guest/agent/tunnel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "guest/agent/log.h"
#include "guest/agent/tunnel_dial.h"
#include "guest/wire/ga_msg.h"
#include "guest/wire/grpc.h"
#include "guest/wire/pb.h"

#define CHUNK (32 << 10)	/* of data in a message, as upstream's */
#define UDP_MAX 512
#define UDP_IDLE_MS 90000
#define SWEEP_MS 15000

struct tunnel {
	struct tunnels *all;
	struct tunnel *prev, *next;
	struct grpc_stream *s;
	struct watch w;		/* fd -1: not dialled yet */
	struct buf head;	/* what every answer begins with: the id */
	struct buf todo;	/* for the service, which does not take it now */
	bool udp, half_close, pending;
	bool exec, trusted;
	bool host_done;		/* the host sends no more */
	bool shut;		/* ... and the service knows */
	bool service_done;
	bool deaf;		/* the service takes no more; it may still have something to say */
	uint64_t used_ms;	/* UDP: the last datagram */
};

static void
agent_tunnel_free(struct tunnel *t)
{
	struct tunnels *all = t->all;

	if (t->prev)
		t->prev->next = t->next;
	else
		all->first = t->next;
	if (t->next)
		t->next->prev = t->prev;
	all->n--;
	all->udp -= t->udp;
	all->execs -= t->exec;
	if (t->w.fd >= 0) {
		loop_unwatch(all->loop, &t->w);
		close(t->w.fd);
	}
	buf_release(&t->head);
	buf_release(&t->todo);
	free(t);
}

static void
agent_tunnel_finish(struct tunnel *t, int code, const char *text)
{
	grpc_finish(t->s, code, text);
	agent_tunnel_free(t);
}

/* What the socket is watched for follows from the state alone. */
static void
agent_tunnel_update(struct tunnel *t)
{
	uint32_t events = 0;

	if (t->pending || t->todo.len)
		events |= EPOLLOUT;
	if (!t->pending && !t->service_done && grpc_queued(t->s) <= GRPC_HIGH)
		events |= EPOLLIN;
	loop_watch(t->all->loop, &t->w, events);
}

static void
send_to_host(struct tunnel *t, const void *p, size_t len, unsigned flags)
{
	size_t head = t->head.len;

	pb_put_uint(&t->head, 100, flags);
	if (len)
		pb_put_head(&t->head, 3, len);
	grpc_send(t->s, (struct iovec[]){ { t->head.s, t->head.len }, { (void *)(uintptr_t)p, len } }, 2);
	buf_truncate(&t->head, head);
}

/* Both directions have ended? True: `t` is gone. */
static bool
agent_tunnel_over(struct tunnel *t)
{
	if (!t->service_done || (t->half_close && !(t->host_done && t->shut)))
		return false;
	agent_tunnel_finish(t, GRPC_OK, "");
	return true;
}

/* Passes on that the host sends no more, once everything before it is sent. */
static void
agent_tunnel_shut(struct tunnel *t)
{
	if (!t->host_done || t->shut || t->pending || t->todo.len)
		return;
	t->shut = true;
	if (!t->udp)
		shutdown(t->w.fd, SHUT_WR);
}

static bool
would_block(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static void
set_deaf(struct tunnel *t)
{
	t->deaf = true;
	buf_release(&t->todo);
	grpc_pause(t->s, false);
}

/* What cannot go now is lost, as datagrams are; the first refusal is of the one before. */
static void
send_datagram(struct tunnel *t, const uint8_t *p, size_t len)
{
	if (send(t->w.fd, p, len, MSG_NOSIGNAL) < 0)
		(void)send(t->w.fd, p, len, MSG_NOSIGNAL);
}

static void
send_to_service(struct tunnel *t, const uint8_t *p, size_t len)
{
	ssize_t n = 0;

	if (t->deaf)
		return;
	if (!t->pending && !t->todo.len) {
		n = send(t->w.fd, p, len, MSG_NOSIGNAL);
		if (n < 0 && !would_block()) {
			set_deaf(t);
			return;
		}
		n = n < 0 ? 0 : n;
	}
	buf_add(&t->todo, p + n, len - (size_t)n);
	grpc_pause(t->s, t->todo.len > 0);
}

static void
flush_todo(struct tunnel *t)
{
	ssize_t n = send(t->w.fd, t->todo.s, t->todo.len, MSG_NOSIGNAL);

	if (n < 0 && !would_block())
		set_deaf(t);
	if (n < 0)
		return;
	memmove(t->todo.s, t->todo.s + n, t->todo.len - (size_t)n);
	buf_truncate(&t->todo, t->todo.len - (size_t)n);
	if (!t->todo.len) {
		buf_release(&t->todo);
		grpc_pause(t->s, false);
	}
}

static void
fail_errno(struct tunnel *t, const char *what)
{
	char text[160];

	snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
	log_debug("tunnel: %s", text);
	agent_tunnel_finish(t, errno == ECONNRESET ? GRPC_ABORTED : GRPC_UNKNOWN, text);
}

/* Reads from the service until there is enough for the host. -1: failed */
static int
read_service(struct tunnel *t)
{
	char *chunk = t->all->chunk;

	while (!t->service_done && grpc_queued(t->s) <= GRPC_HIGH) {
		ssize_t n = recv(t->w.fd, chunk, t->udp ? sizeof t->all->chunk : CHUNK, 0);

		if (n < 0 && t->udp && errno == ECONNREFUSED)
			continue;	/* nobody is there now; the next datagram may meet somebody */
		if (n < 0)
			return would_block() ? 0 : -1;
		if (n == 0 && !t->udp) {
			t->service_done = true;
			if (t->half_close)
				send_to_host(t, NULL, 0, GA_TUNNEL_EOF);
		} else {
			send_to_host(t, chunk, (size_t)n, 0);
			t->used_ms = t->udp ? loop_now() : 0;
		}
		if (n < CHUNK && !t->udp)
			return 0;	/* that was all: save a system call */
	}
	return 0;
}

static int
agent_tunnel_connected(struct tunnel *t)
{
	socklen_t len = sizeof errno;
	int code = 0;

	getsockopt(t->w.fd, SOL_SOCKET, SO_ERROR, &code, &len);
	errno = code;
	t->pending = false;
	return code ? -1 : 0;
}

static void
agent_tunnel_ready(struct watch *w, uint32_t events)
{
	struct tunnel *t = CONTAINER_OF(w, struct tunnel, w);

	if (t->pending && agent_tunnel_connected(t) < 0) {
		fail_errno(t, "connect");
		return;
	}
	if (t->todo.len)
		flush_todo(t);
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && read_service(t) < 0) {
		fail_errno(t, "read");
		return;
	}
	agent_tunnel_shut(t);
	if (!agent_tunnel_over(t))
		agent_tunnel_update(t);
}

static void
drop_most_silent(struct tunnels *all)
{
	struct tunnel *oldest = NULL;

	for (struct tunnel *t = all->first; t; t = t->next)	/* younger ones first */
		if (t->udp && (!oldest || t->used_ms <= oldest->used_ms))
			oldest = t;
	if (oldest)
		agent_tunnel_finish(oldest, GRPC_OK, "");
}

/* The first message: where to. -1: `t` is gone. */
static int
agent_tunnel_open(struct tunnel *t, const struct ga_tunnel_msg *m)
{
	struct tunnels *all = t->all;
	struct tunnel_way way;
	struct error err;

	t->w.fd = tunnel_dial(all, m, t->trusted, &way, &err);
	if (t->w.fd < 0) {
		log_debug("tunnel: %s", err.msg);
		agent_tunnel_finish(t, GRPC_UNKNOWN, err.msg);
		return -1;
	}
	t->pending = way.pending;
	t->half_close = m->flags & GA_TUNNEL_HALF_CLOSE;
	pb_put_bytes(&t->head, 1, m->id.p, m->id.len < 256 ? m->id.len : 0);
	t->exec = way.exec;
	all->execs += way.exec;
	if (way.udp) {
		if (all->udp >= UDP_MAX)
			drop_most_silent(all);
		t->udp = true;
		all->udp++;
		loop_timer_by(all->loop, &all->sweep, loop_now() + SWEEP_MS);
	}
	return 0;
}

static void
agent_tunnel_on_message(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct tunnel *t = ctx;
	struct ga_tunnel_msg m;
	struct error err;
	bool first = t->w.fd < 0;

	(void)s;
	if (ga_tunnel_get(&m, p, len, &err) < 0) {
		agent_tunnel_finish(t, GRPC_INVALID, err.msg);
		return;
	}
	if (first && agent_tunnel_open(t, &m) < 0)
		return;
	t->used_ms = t->udp ? loop_now() : 0;
	if (t->udp && !first)
		send_datagram(t, m.data.p, m.data.len);
	else if (m.data.len)
		send_to_service(t, m.data.p, m.data.len);
	agent_tunnel_update(t);
}

static void
agent_tunnel_on_end(void *ctx, struct grpc_stream *s)
{
	struct tunnel *t = ctx;

	(void)s;
	t->host_done = true;
	if (t->w.fd < 0 || t->udp) {	/* nowhere to go; or nothing that could be half closed */
		agent_tunnel_finish(t, GRPC_OK, "");
		return;
	}
	agent_tunnel_shut(t);
	if (!agent_tunnel_over(t))
		agent_tunnel_update(t);
}

static void
agent_tunnel_on_drained(void *ctx, struct grpc_stream *s)
{
	(void)s;
	agent_tunnel_update(ctx);
}

static void
agent_tunnel_on_closed(void *ctx, const struct grpc_status *why)
{
	(void)why;
	agent_tunnel_free(ctx);
}

void
tunnel_accept(struct tunnels *all, struct grpc_stream *s, bool trusted)
{
	static const struct grpc_stream_ops ops = {
		.message = agent_tunnel_on_message, .end = agent_tunnel_on_end, .drained = agent_tunnel_on_drained, .closed = agent_tunnel_on_closed,
	};
	struct tunnel *t = xcalloc(1, sizeof *t);

	t->all = all;
	t->trusted = trusted;
	t->s = s;
	t->w = (struct watch){ .fd = -1, .ready = agent_tunnel_ready };
	t->head = t->todo = (struct buf)BUF_INIT;
	t->next = all->first;
	if (t->next)
		t->next->prev = t;
	all->first = t;
	all->n++;
	grpc_accept(s, &ops, t);
}

static void
agent_tunnel_sweep(struct timer *timer)
{
	struct tunnels *all = CONTAINER_OF(timer, struct tunnels, sweep);
	uint64_t now = loop_now();

	for (struct tunnel *t = all->first, *next; t; t = next) {
		next = t->next;
		if (t->udp && now - t->used_ms > UDP_IDLE_MS)
			agent_tunnel_finish(t, GRPC_OK, "");
	}
	if (all->udp)
		loop_timer(all->loop, &all->sweep, now + SWEEP_MS);
}

void
tunnels_init(struct tunnels *all, struct loop *l, struct reverse_listeners *reverse)
{
	*all = (struct tunnels){ .loop = l, .reverse = reverse, .sweep = { .fire = agent_tunnel_sweep } };
}

void
tunnels_release(struct tunnels *all)
{
	loop_untimer(all->loop, &all->sweep);
}
