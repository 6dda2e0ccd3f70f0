/* A host that is out to hurt: frames of its choice, to a server which reads each method's messages. */
#include <sys/uio.h>

#include "base/auto.h"
#include "base/mem.h"
#include "guest/wire/ga_msg.h"
#include "guest/wire/grpc.h"
#include "tests/fuzz/h2.h"

struct guest {
	struct grpc_conn *conn;
	unsigned calls, over;
	unsigned habit;
};

struct call {
	struct guest *g;
	bool tunnel;
};

static void
leave(struct call *c)
{
	c->g->over++;
	free(c);
}

static void
on_message(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct call *c = ctx;
	struct ga_tunnel_msg m;

	if (c->tunnel && ga_tunnel_get(&m, p, len, NULL) == 0) {
		grpc_send(s, &(struct iovec){ (void *)(uintptr_t)m.data.p, m.data.len }, 1);
		if (c->g->habit & 1)
			grpc_pause(s, true);
		if (!(c->g->habit & 2))
			return;
	}
	if (c->g->habit & 4)
		grpc_reset(s);
	else
		grpc_finish(s, c->tunnel ? GRPC_INVALID : GRPC_OK, "text with % and \n");
	leave(c);
}

static void
on_end(void *ctx, struct grpc_stream *s)
{
	grpc_finish(s, GRPC_OK, "");
	leave(ctx);
}

static void
on_closed(void *ctx, const struct grpc_status *why)
{
	(void)why;
	leave(ctx);
}

static void
on_call(void *ctx, struct grpc_stream *s, const char *method)
{
	static const struct grpc_stream_ops ops = { .message = on_message, .end = on_end, .closed = on_closed };
	struct guest *g = ctx;
	struct call *c;

	if (strlen(method) > 127 || *method != '/')
		abort();
	if (g->habit & 8) {
		grpc_finish(s, GRPC_UNIMPLEMENTED, method);
		return;
	}
	c = xcalloc(1, sizeof *c);
	*c = (struct call){ g, !strcmp(method, GA_METHOD_TUNNEL) };
	g->calls++;
	grpc_accept(s, &ops, c);
}

static void
send_all(struct guest *g)
{
	const uint8_t *p;
	size_t n;

	while ((n = grpc_output(g->conn, &p)))
		grpc_sent(g->conn, n);
}

static const char tunnel[] = "\x83\x86\x04\x14/GuestService/Tunnel\x01\0";	/* an empty :authority, as upstream's */
static const char info[] = "\x83\x86\x04\x15/GuestService/GetInfo";

static void
step(struct buf *b, struct steps *s)
{
	unsigned op = take(s), id = take(s) % 40, lie = 0;
	const uint8_t *p;
	size_t len;

	switch (op % 8) {
	case 0:
		frame(b, 1, 4 | op >> 7, id, tunnel, sizeof tunnel - 1);
		break;
	case 1:
		frame(b, 1, 4, id, info, sizeof info - 1);
		break;
	case 2:
		p = chunk(s, &len);
		frame(b, 1, 4 | op >> 7, id, p, len);
		break;
	case 3:
		lie = take(s);
		/* fallthrough */
	case 4:
	case 5:
		p = chunk(s, &len);
		message(b, op >> 7, id, p, len, lie);
		break;
	default:
		p = chunk(s, &len);
		frame(b, take(s) % 11, op >> 3, id, p, len);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct grpc_limits limits = { .message_max = 4000, .partial_max = 8000, .streams_max = 4 };
	struct steps s = { data, size };
	struct guest g = { .habit = take(&s) };
	AUTO(buf) b = BUF_INIT;
	bool well = true;

	g.conn = grpc_server_new(&limits, on_call, &g);
	if (!(g.habit & 128)) {
		buf_adds(&b, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
		frame(&b, 4, 0, 0, NULL, 0);
	}
	while (well && s.left) {
		if (*s.p == 0xff) {
			buf_add(&b, s.p + 1, s.left - 1);
			s.left = 0;
		} else {
			step(&b, &s);
		}
		well = grpc_feed(g.conn, b.s, b.len, NULL) == 0;
		if (!(g.habit & 16) || !well)
			send_all(&g);
		if (grpc_streams(g.conn) > limits.streams_max)
			abort();
		buf_truncate(&b, 0);
	}
	grpc_conn_free(g.conn, "end");
	if (g.over != g.calls)
		abort();
	return 0;
}
