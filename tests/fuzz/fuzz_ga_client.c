/* A guest agent that is out to hurt: frames of its choice, to a host with every kind of call open. */
#include <stdio.h>

#include "base/auto.h"
#include "base/mem.h"
#include "guest/wire/ga_client.h"
#include "tests/fuzz/h2.h"

#define TUNNELS 3

struct host {
	struct ga_client *c;
	struct ga_tunnel *t[TUNNELS];
	bool shut[TUNNELS];
	unsigned open, closed, asked, answered;
	unsigned habit;		/* what it does in callbacks */
};

struct end {
	struct host *h;
	unsigned i;
};

static void
on_info(void *ctx, const struct ga_info *info, const struct grpc_status *why)
{
	struct host *h = ctx;

	if (!info == !why)
		abort();
	h->answered++;
}

static void
on_event(void *ctx, const struct ga_event *ev)
{
	struct host *h = ctx;

	if (ev->added.n > GA_PORTS_MAX || strlen(ev->errors) >= sizeof ev->errors)
		abort();
	if (h->habit & 1)
		ga_client_pause_events(h->c, true);
}

static void
on_time(void *ctx, const struct ga_time_answer *a, const struct grpc_status *why)
{
	struct host *h = ctx;

	if (!a == !why)
		abort();
	h->answered++;
}

static void
on_data(void *ctx, const uint8_t *p, size_t len)
{
	struct end *e = ctx;
	struct ga_tunnel *t = e->h->t[e->i];

	if (!t)
		abort();	/* nothing after its end */
	if ((e->h->habit & 2) && !e->h->shut[e->i])
		ga_tunnel_send(t, p, len);
	if (e->h->habit & 4)
		ga_tunnel_pause(t, true);
	if (e->h->habit & 8) {
		e->h->t[e->i] = NULL;
		ga_tunnel_close(t);
		e->h->closed++;
	}
}

static void
on_eof(void *ctx)
{
	struct end *e = ctx;

	if (!e->h->t[e->i])
		abort();
	if (e->h->habit & 16)
		e->h->shut[e->i] |= ga_tunnel_shutdown(e->h->t[e->i]);
}

static void
on_closed(void *ctx, const struct grpc_status *why)
{
	struct end *e = ctx;

	if (!e->h->t[e->i] || strlen(why->text) >= sizeof why->text)
		abort();
	e->h->t[e->i] = NULL;
	e->h->closed++;
}

static void
send_all(struct host *h)
{
	const uint8_t *p;
	size_t n;

	while ((n = ga_client_output(h->c, &p)))
		ga_client_sent(h->c, n);
}

/* The headers and trailers of a decent answer, as nghttp2 or any other would not compress them. */
static const char headers[] = "\x88\0\x0c" "content-type\x10" "application/grpc";
static const char trailers[] = "\0\x0bgrpc-status\x01" "0\0\x0cgrpc-message\0";

static void
step(struct buf *b, struct steps *s)
{
	unsigned op = take(s), id = take(s) % 12, lie = 0;
	const uint8_t *p;
	size_t len;

	switch (op % 8) {
	case 0:
	case 1:
		frame(b, 1, 4, id, headers, sizeof headers - 1);
		break;
	case 2:
		frame(b, 1, 5, id, trailers, sizeof trailers - 1);
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

/* A decent beginning: an agent with all our features. */
static void
learn_features(struct host *h)
{
	AUTO(buf) b = BUF_INIT;

	h->asked += ga_client_get_info(h->c, NULL) == 0;
	send_all(h);
	frame(&b, 4, 0, 0, NULL, 0);
	frame(&b, 1, 4, 1, headers, sizeof headers - 1);
	message(&b, 0, 1, (const uint8_t *)"\xa0\x06\x03", 3, 0);
	frame(&b, 1, 5, 1, trailers, sizeof trailers - 1);
	if (ga_client_feed(h->c, b.s, b.len, NULL) < 0 || ga_client_features(h->c) != 3 || h->answered != 1)
		abort();
}

static void
open_all(struct host *h, struct end *ends)
{
	static const struct ga_tunnel_ops tunnel = { .data = on_data, .eof = on_eof, .closed = on_closed };
	static const char *const protos[TUNNELS] = { "tcp", "udp", "unix" };

	h->asked += ga_client_get_info(h->c, NULL) == 0;
	h->asked += ga_client_sync_time(h->c, &(struct timespec){ 1, 0 }, NULL) == 0;
	(void)ga_client_watch(h->c, NULL);
	(void)ga_client_inotify(h->c, "/x", &(struct timespec){ 1, 0 }, NULL);
	for (unsigned i = 0; i < TUNNELS; i++) {
		ends[i] = (struct end){ h, i };
		h->t[i] = ga_tunnel_open(h->c, protos[i], "127.0.0.1:80", &tunnel, &ends[i], NULL);
		h->open += h->t[i] != NULL;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ga_client_ops ops = { .info = on_info, .event = on_event, .time = on_time };
	struct steps s = { data, size };
	struct host h = { .habit = take(&s) };
	struct end ends[TUNNELS];
	AUTO(buf) b = BUF_INIT;
	bool well = true;

	h.c = ga_client_new(&ops, &h);
	if (h.habit & 32)
		learn_features(&h);
	else
		frame(&b, 4, 0, 0, NULL, 0);
	open_all(&h, ends);
	send_all(&h);
	while (well && s.left) {
		if (*s.p == 0xff) {
			buf_add(&b, s.p + 1, s.left - 1);
			s.left = 0;
		} else {
			step(&b, &s);
		}
		well = ga_client_feed(h.c, b.s, b.len, NULL) == 0;
		send_all(&h);
		buf_truncate(&b, 0);
	}
	ga_client_free(h.c, "end");
	if (h.closed != h.open || h.answered != h.asked)
		abort();
	return 0;
}
