#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "guest/wire/ga_client_impl.h"
#include "guest/wire/pb.h"

#define CHUNK (32 << 10)	/* of data in a message, as upstream's */

struct ga_tunnel {
	struct grpc_stream *s;
	const struct ga_tunnel_ops *ops;
	void *ctx;
	bool half_close, datagrams;
	bool eof;		/* the guest has no more data */
	struct buf head;	/* what every message begins with: the id */
};

static void
ga_tunnel_free(struct ga_tunnel *t)
{
	buf_release(&t->head);
	free(t);
}

static void
tunnel_closed(void *ctx, const struct grpc_status *why)
{
	struct ga_tunnel *t = ctx;
	const struct ga_tunnel_ops *ops = t->ops;
	void *owner = t->ctx;

	ga_tunnel_free(t);
	if (ops->closed)
		ops->closed(owner, why);
}

static void
tunnel_message(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct ga_tunnel *t = ctx;
	struct ga_tunnel_msg m;
	struct error err;

	if (ga_tunnel_get(&m, p, len, &err) < 0 || (t->eof && m.data.len)) {
		struct grpc_status why = { GRPC_INTERNAL, "damaged message" };

		grpc_reset(s);
		tunnel_closed(t, &why);
		return;
	}
	if (m.flags & GA_TUNNEL_EOF) {
		bool again = t->eof;

		t->eof = true;
		if (!again && t->ops->eof)
			t->ops->eof(t->ctx);
	} else if (t->ops->data && (m.data.len || t->datagrams)) {
		t->ops->data(t->ctx, m.data.p, m.data.len);
	}
}

static void
tunnel_drained(void *ctx, struct grpc_stream *s)
{
	struct ga_tunnel *t = ctx;

	(void)s;
	if (t->ops->drained)
		t->ops->drained(t->ctx);
}

static struct ga_bytes
ga_tunnel_text(const char *s)
{
	return (struct ga_bytes){ (const uint8_t *)s, strlen(s) };
}

struct ga_tunnel *
ga_tunnel_open(struct ga_client *c, const char *proto, const char *addr, const struct ga_tunnel_ops *ops, void *ctx,
	       struct error *err)
{
	static const struct grpc_stream_ops stream_ops = {
		.message = tunnel_message, .drained = tunnel_drained, .closed = tunnel_closed,
	};
	auto_free char *id = xasprintf("%s-%s-%u", proto, addr, ++c->tunnels);
	struct ga_tunnel_msg m = { .id = ga_tunnel_text(id), .proto = ga_tunnel_text(proto), .addr = ga_tunnel_text(addr) };
	struct ga_tunnel *t = xcalloc(1, sizeof *t);
	AUTO(buf) first = BUF_INIT;

	t->s = grpc_call(c->conn, GA_METHOD_TUNNEL, &stream_ops, t);
	if (!t->s) {
		free(t);
		error_set(err, EAGAIN, "guest agent: no more tunnels");
		return NULL;
	}
	t->ops = ops;
	t->ctx = ctx;
	t->half_close = c->features & GA_HALF_CLOSE;
	t->datagrams = !strcmp(proto, "udp");
	t->head = (struct buf)BUF_INIT;
	pb_put_bytes(&t->head, 1, m.id.p, m.id.len);
	m.flags = t->half_close ? GA_TUNNEL_HALF_CLOSE : 0;
	ga_tunnel_put(&first, &m);
	grpc_send(t->s, &(struct iovec){ first.s, first.len }, 1);
	return t;
}

static void
send_chunk(struct ga_tunnel *t, const uint8_t *p, size_t len)
{
	size_t head = t->head.len;

	pb_put_head(&t->head, 3, len);
	grpc_send(t->s, (struct iovec[]){ { t->head.s, t->head.len }, { (void *)(uintptr_t)p, len } }, 2);
	buf_truncate(&t->head, head);
}

bool
ga_tunnel_send(struct ga_tunnel *t, const void *data, size_t len)
{
	const uint8_t *p = data;

	if (t->datagrams) {
		send_chunk(t, p, len);
	} else {
		for (size_t n; len; p += n, len -= n) {
			n = len < CHUNK ? len : CHUNK;
			send_chunk(t, p, n);
		}
	}
	return grpc_queued(t->s) <= GRPC_HIGH;
}

bool
ga_tunnel_shutdown(struct ga_tunnel *t)
{
	if (!t->half_close)
		return false;
	grpc_end(t->s);
	return true;
}

void
ga_tunnel_pause(struct ga_tunnel *t, bool paused)
{
	grpc_pause(t->s, paused);
}

void
ga_tunnel_close(struct ga_tunnel *t)
{
	grpc_reset(t->s);
	ga_tunnel_free(t);
}
