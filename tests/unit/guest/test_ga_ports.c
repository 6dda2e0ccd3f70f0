/* What the guest agent says of ports: asked once, and as they come and go; to our host agents and to those of before. */
#include "guest/wire/grpc.h"
#include "tests/unit/guest_agent.h"

TEST(info_lists_what_listens)
{
	uint16_t tcp = 0, udp = 0, six = 0, any = 0;
	int fds[4] = { serve(AF_INET, SOCK_STREAM, "127.0.0.1", &tcp), serve(AF_INET, SOCK_DGRAM, "0.0.0.0", &udp),
		       serve(AF_INET6, SOCK_STREAM, "::1", &six), serve(AF_INET6, SOCK_DGRAM, "::", &any) };
	struct world w;

	begin_informed(&w);
	assert_int_equal(w.info.features, GA_HALF_CLOSE | GA_SNAPSHOT | GA_LISTEN);
	assert_int_equal(ga_client_features(w.c), GA_HALF_CLOSE | GA_SNAPSHOT | GA_LISTEN);
	assert_true(has(&w.info.ports, "tcp", "127.0.0.1", tcp));
	assert_true(has(&w.info.ports, "udp", "0.0.0.0", udp));
	assert_true(has(&w.info.ports, "tcp", "::1", six));
	assert_true(has(&w.info.ports, "udp", "::", any));
	assert_false(has(&w.info.ports, "udp", "127.0.0.1", tcp));
	end(&w);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

TEST(events_begin_with_a_snapshot_and_go_on)
{
	uint16_t first = 0, tcp = 0, udp = 0;
	int a = serve(AF_INET, SOCK_STREAM, "127.0.0.1", &first), b, c;
	struct world w;
	struct error err;

	begin_informed(&w);
	ok(ga_client_watch(w.c, &err));
	not_ok(ga_client_watch(w.c, &err), "under way");
	UNTIL(&w, w.events);
	assert_true(w.snapshot);
	assert_true(has(&w.known, "tcp", "127.0.0.1", first));
	b = serve(AF_INET, SOCK_STREAM, "127.0.0.1", &tcp);
	UNTIL(&w, has(&w.known, "tcp", "127.0.0.1", tcp));
	c = serve(AF_INET, SOCK_DGRAM, "127.0.0.1", &udp);
	UNTIL(&w, has(&w.known, "udp", "127.0.0.1", udp));
	close(a);
	UNTIL(&w, !has(&w.known, "tcp", "127.0.0.1", first));
	close(b);
	close(c);
	UNTIL(&w, !has(&w.known, "tcp", "127.0.0.1", tcp) && !has(&w.known, "udp", "127.0.0.1", udp));
	end(&w);
}

TEST(ports_are_noticed_within_300_ms)
{
	uint64_t worst = 0;
	struct world w;
	struct error err;

	begin_informed(&w);
	ok(ga_client_watch(w.c, &err));
	UNTIL(&w, w.events);
	for (int i = 0; i < 10; i++) {
		uint16_t port = 0;
		uint64_t t = loop_now();
		int fd = serve(AF_INET, i & 1 ? SOCK_DGRAM : SOCK_STREAM, "127.0.0.1", &port);

		UNTIL(&w, has(&w.known, i & 1 ? "udp" : "tcp", "127.0.0.1", port));
		worst = loop_now() - t > worst ? loop_now() - t : worst;
		close(fd);
	}
	/* a loaded machine gets some more; test_ga_ports on an idle one shows the figure */
	print_message("noticed after at most %d ms\n", (int)worst);
	assert_true(worst < 1000);
	end(&w);
}

TEST(two_thousand_ports)
{
	static int fds[2000];
	uint16_t last = 0;
	struct world w;
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		last = 0;
		fds[i] = serve(AF_INET, SOCK_STREAM, "127.0.0.1", &last);
	}
	begin_informed(&w);
	assert_true(w.info.ports.n >= ARRAY_LEN(fds));
	ok(ga_client_watch(w.c, &err));
	UNTIL(&w, w.known.n >= ARRAY_LEN(fds));
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	UNTIL(&w, !has(&w.known, "tcp", "127.0.0.1", last));
	end(&w);
}

/* Upstream's host agent: no flag in its request. The second one after it is told everything, and what is gone. */
static const struct grpc_limits host_limits = { .message_max = 4 << 20, .partial_max = 4 << 20, .streams_max = 10 };

struct old_host {
	struct grpc_conn *conn;
	struct ga_ports added, removed;
	uint32_t flags;
	unsigned events;
	int fd;
};

static void
old_event(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	AUTO(ga_event) ev = { 0 };
	struct old_host *h = ctx;

	(void)s;
	assert_int_equal(ga_event_get(&ev, p, len, NULL), 0);
	h->events++;
	h->flags |= ev.flags;
	ga_ports_copy(&h->added, &ev.added);
	ga_ports_copy(&h->removed, &ev.removed);
}

static void
old_host_watch(struct world *w, struct old_host *h)
{
	static const struct grpc_stream_ops ops = { .message = old_event };
	struct grpc_stream *s;
	const uint8_t *p;
	size_t n;
	char chunk[65536];

	*h = (struct old_host){ .conn = grpc_client_new(&host_limits), .fd = dial_unix(w->path) };
	s = grpc_call(h->conn, GA_METHOD_EVENTS, &ops, h);
	grpc_send(s, NULL, 0);
	grpc_end(s);
	while (!h->events) {
		ssize_t got;

		while ((n = grpc_output(h->conn, &p))) {
			assert_int_equal(send(h->fd, p, n, 0), n);
			grpc_sent(h->conn, n);
		}
		step(w);
		got = recv(h->fd, chunk, sizeof chunk, 0);
		if (got > 0)
			assert_int_equal(grpc_feed(h->conn, chunk, (size_t)got, NULL), 0);
	}
}

static void
old_host_leave(struct world *w, struct old_host *h)
{
	grpc_conn_free(h->conn, "");
	close(h->fd);
	ga_ports_release(&h->added);
	ga_ports_release(&h->removed);
	step(w);
}

TEST(an_old_host_that_comes_again_is_told_all_and_what_went)
{
	uint16_t stays = 0, goes = 0;
	int a = serve(AF_INET, SOCK_STREAM, "127.0.0.1", &stays), b = serve(AF_INET, SOCK_STREAM, "127.0.0.1", &goes);
	struct old_host h;
	struct world w;

	begin(&w);
	old_host_watch(&w, &h);
	assert_int_equal(h.flags, 0);
	assert_true(has(&h.added, "tcp", "127.0.0.1", stays) && has(&h.added, "tcp", "127.0.0.1", goes));
	assert_int_equal(h.removed.n, 0);
	old_host_leave(&w, &h);
	close(b);
	/* the agent is restarted meanwhile, too */
	host_leave(&w);
	agent_stop(&w);
	agent_start(&w);
	old_host_watch(&w, &h);
	assert_true(has(&h.added, "tcp", "127.0.0.1", stays));
	assert_false(has(&h.added, "tcp", "127.0.0.1", goes));
	assert_true(has(&h.removed, "tcp", "127.0.0.1", goes));
	old_host_leave(&w, &h);
	end(&w);
	close(a);
}
