/*
 * tests/unit/fake_agent.h - a guest agent, good or bad: a child of the test on a UNIX socket, which is what QEMU makes of
 * the virtio port. Its tunnels lead to itself: they give back what they get.
 */
#pragma once
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "guest/wire/ga_msg.h"
#include "guest/wire/grpc.h"
#include "tests/unit/agent.h"

enum manner { GOOD, MANY, FLOOD, QUERIES };

struct fake {
	enum manner manner;
	const struct ga_ports *ports;
	struct grpc_stream *watch;	/* once somebody listens */
	int news;			/* where the paths of file events are written, a line each; -1 */
};

struct call {
	struct fake *f;
	void (*message)(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len);
};

static inline void
say(struct grpc_stream *s, const struct buf *b)
{
	grpc_send(s, &(struct iovec){ b->s, b->len }, 1);
}

static inline void
give_info(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct ga_info info = { .ports = *c->f->ports, .features = GA_HALF_CLOSE | GA_SNAPSHOT };
	AUTO(buf) b = BUF_INIT;

	(void)p, (void)len;
	ga_info_put(&b, &info);
	say(s, &b);
	grpc_finish(s, GRPC_OK, "");
}

static inline void
say_udp(struct grpc_stream *s, uint16_t port, bool there)
{
	struct ga_port p = ga_port_make(GA_UDP, false, "\0\0\0\0", port);
	struct ga_ports one = { .v = &p, .n = 1 };
	struct ga_event ev = { .added = there ? one : (struct ga_ports){ 0 }, .removed = there ? (struct ga_ports){ 0 } : one };
	AUTO(buf) b = BUF_INIT;

	ga_event_put(&b, &ev);
	say(s, &b);
}

/* A resolver has a socket a query, for as long as the answer takes; then comes one that serves. */
static inline void
say_queries(struct grpc_stream *s)
{
	for (uint16_t i = 0; i < 200; i++) {
		say_udp(s, (uint16_t)(40000 + i), true);
		say_udp(s, (uint16_t)(40000 + i), false);
	}
	say_udp(s, 51820, true);
}

static inline void
give_events(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct ga_event ev = { .added = *c->f->ports, .flags = GA_EVENT_SNAPSHOT };
	AUTO(buf) b = BUF_INIT;

	(void)p, (void)len;
	ga_event_put(&b, &ev);
	say(s, &b);
	c->f->watch = s;
	if (c->f->manner == QUERIES)
		say_queries(s);
}

static inline void
give_time(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	AUTO(buf) b = BUF_INIT;

	(void)c, (void)p, (void)len;
	ga_time_answer_put(&b, &(struct ga_time_answer){ .drift_ms = 1 });
	say(s, &b);
	grpc_finish(s, GRPC_OK, "");
}

static inline void
give_back(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct ga_tunnel_msg m;
	AUTO(buf) b = BUF_INIT;

	(void)c;
	if (ga_tunnel_get(&m, p, len, NULL) < 0)
		exit(1);
	m.addr = m.proto = (struct ga_bytes){ 0 };
	m.flags = 0;
	ga_tunnel_put(&b, &m);
	say(s, &b);
}

static inline void
take_news(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct ga_inotify m;

	(void)s;
	if (ga_inotify_get(&m, p, len, NULL) < 0 || dprintf(c->f->news, "%.*s\n", (int)m.path.len, (const char *)m.path.p) < 0)
		exit(1);
}

static inline void
on_message(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct call *c = ctx;

	c->message(c, s, p, len);
}

static inline void
on_end(void *ctx, struct grpc_stream *s)
{
	struct call *c = ctx;

	if (c->message == give_back)
		grpc_finish(s, GRPC_OK, "");
}

static inline void
on_call(void *ctx, struct grpc_stream *s, const char *method)
{
	static const struct grpc_stream_ops ops = { .message = on_message, .end = on_end };
	struct call *c = xcalloc(1, sizeof *c);

	c->f = ctx;
	c->message = !strcmp(method, GA_METHOD_INFO)   ? give_info :
		     !strcmp(method, GA_METHOD_EVENTS) ? give_events :
		     !strcmp(method, GA_METHOD_TUNNEL) ? give_back :
		     !strcmp(method, GA_METHOD_INOTIFY) ? take_news :
							  give_time;
	grpc_accept(s, &ops, c);
}

/* Ports come and go as fast as they are taken. */
static inline void
flood(struct fake *f, unsigned round)
{
	struct ga_port p = ga_port_make(GA_TCP, false, "\177\0\0\1", (uint16_t)(30000 + round % 100));
	struct ga_ports one = { .v = &p, .n = 1 };
	struct ga_event ev = { .errors = "alas \302\233" "31m \177 \342\200\256" };

	if (!f->watch || f->manner != FLOOD)
		return;
	for (int i = 0; i < 1000 && grpc_queued(f->watch) <= GRPC_HIGH; i++) {
		AUTO(buf) b = BUF_INIT;

		ev.added = i % 2 ? (struct ga_ports){ 0 } : one;
		ev.removed = i % 2 ? one : (struct ga_ports){ 0 };
		ga_event_put(&b, &ev);
		say(f->watch, &b);
	}
}

static inline void
serve_one(int fd, struct fake *f)
{
	static const struct grpc_limits limits = { 1 << 20, 4 << 20, 2048 };
	struct grpc_conn *conn = grpc_server_new(&limits, on_call, f);
	static char in[65536];
	unsigned round = 0;

	f->watch = NULL;
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		const uint8_t *out;
		size_t n;
		ssize_t got;

		flood(f, round++);
		while ((n = grpc_output(conn, &out))) {
			ssize_t sent = send(fd, out, n, MSG_NOSIGNAL | MSG_DONTWAIT);

			if (sent <= 0)
				break;
			grpc_sent(conn, (size_t)sent);
		}
		if (n)
			p.events |= POLLOUT;
		poll(&p, 1, f->watch && f->manner == FLOOD ? 1 : -1);
		got = recv(fd, in, sizeof in, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN) || (got > 0 && grpc_feed(conn, in, (size_t)got, NULL) < 0))
			break;
	}
	close(fd);
}

/* A guest agent on DIR-ga.sock; `before` is what the first connection gets instead, `news` as above. */
static inline pid_t
fake_agent(struct machine *m, enum manner manner, const struct ga_ports *ports, const char *before, int news)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct fake f = { .manner = manner, .ports = ports, .news = news };
	pid_t pid;

	m->l.guest.agent_socket = arena_printf(&m->l.mem, "%s-ga.sock", m->dir);	/* what is in the folder is swept away when QEMU starts */
	snprintf(a.sun_path, sizeof a.sun_path, "%s", m->l.guest.agent_socket);
	assert_int_equal(bind(fd, (void *)&a, sizeof a) | listen(fd, 8), 0);
	pid = fork();
	if (pid == 0) {
		for (int c; (c = accept(fd, NULL, NULL)) >= 0; before = NULL) {
			if (!before) {
				serve_one(c, &f);
				continue;
			}
			(void)!write(c, before, strlen(before));
			close(c);
		}
		_exit(0);
	}
	close(fd);
	return pid;
}
