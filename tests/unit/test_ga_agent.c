/* The whole guest agent and a host's client of it, in one process and one loop, over a real socket. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>

#include "guest/agent/preface.h"
#include "guest/agent/server.h"
#include "guest/agent/service.h"
#include "guest/wire/ga_client.h"
#include "tests/unit/test.h"

/* Thousands of sockets, of the host, the agent and the services alike. */
__attribute__((constructor)) static void
many_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max < 20000 ? r.rlim_max : 20000;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

struct world {
	struct loop loop;
	struct service *service;
	struct portwatch *ports;
	struct server *server;
	char *path, *state;
	const char *port;		/* a virtio port instead of the socket */
	struct timer limit;
	/* the host */
	struct watch w;
	struct ga_client *c;
	struct ga_info info;		/* the last answer */
	unsigned infos, events, watches_ended;
	struct ga_ports known;		/* by events */
	bool snapshot;
	struct ga_time_answer answer;
	bool answered, lost;
	struct grpc_status why;
};

static struct timespec fake_now, fake_set;

static int
get_fake(struct timespec *now)
{
	*now = fake_now;
	return 0;
}

static int
set_fake(const struct timespec *now)
{
	if (now->tv_sec < 0) {
		errno = EPERM;
		return -1;
	}
	fake_set = *now;
	return 0;
}

static const struct service_clock fake_clock = { get_fake, set_fake };

static void
time_is_up(struct timer *t)
{
	loop_stop(&CONTAINER_OF(t, struct world, limit)->loop);
}

/* What the client has to say goes out, from the loop's hands or the test's. */
static void
flush_client(struct world *w)
{
	const uint8_t *p;
	size_t n = 0;

	while (w->c && (n = ga_client_output(w->c, &p))) {
		ssize_t sent = write(w->w.fd, p, n);

		if (sent <= 0)
			break;
		ga_client_sent(w->c, (size_t)sent);
	}
	if (w->c)
		loop_watch(&w->loop, &w->w, EPOLLIN | (n ? EPOLLOUT : 0));
}

static void
client_ready(struct watch *watch, uint32_t events)
{
	struct world *w = CONTAINER_OF(watch, struct world, w);
	static char chunk[65536];
	ssize_t n = (events & EPOLLIN) ? read(watch->fd, chunk, sizeof chunk) : -1;

	if (n == 0) {
		w->lost = true;
		loop_unwatch(&w->loop, &w->w);
	} else if (n > 0 && ga_client_feed(w->c, chunk, (size_t)n, NULL) < 0) {
		w->lost = true;
	}
	if (!w->lost)
		flush_client(w);
	loop_stop(&w->loop);	/* something may have changed: let the test look */
}

/* Lets everything work until something happened, 20 ms at the most. */
static void
step(struct world *w)
{
	struct error err;

	flush_client(w);
	loop_timer(&w->loop, &w->limit, loop_now() + 20);
	w->loop.stop = false;
	ok(loop_run(&w->loop, &err));
	flush_client(w);
}

/* Until `cond`, which must come about within ten seconds. */
#define UNTIL(w, cond) do { \
	uint64_t until_ = loop_now() + 10000; \
	while (!(cond)) { \
		step(w); \
		if (loop_now() > until_) \
			fail_msg("in vain: %s", #cond); \
	} \
} while (0)

static void
on_info(void *ctx, const struct ga_info *info, const struct grpc_status *why)
{
	struct world *w = ctx;

	w->infos++;
	if (!info) {
		w->why = *why;
		return;
	}
	ga_ports_copy(&w->info.ports, &info->ports);
	w->info.features = info->features;
}

static void
on_event(void *ctx, const struct ga_event *ev)
{
	struct ga_ports next = { 0 }, dropped = { 0 };
	struct world *w = ctx;

	w->events++;
	if (ev->flags & GA_EVENT_SNAPSHOT) {
		w->snapshot = true;
		w->known.n = 0;
	}
	ga_ports_diff(&ev->removed, &w->known, &next, &dropped);	/* what is known and not removed */
	for (size_t i = 0; i < ev->added.n; i++)
		ga_ports_add(&next, &ev->added.v[i]);
	ga_ports_sort(&next);
	ga_ports_release(&w->known);
	ga_ports_release(&dropped);
	w->known = next;
}

static void
on_watch_ended(void *ctx, const struct grpc_status *why)
{
	struct world *w = ctx;

	w->watches_ended++;
	w->why = *why;
}

static void
on_time(void *ctx, const struct ga_time_answer *a, const struct grpc_status *why)
{
	struct world *w = ctx;

	w->answered = true;
	if (a)
		w->answer = *a;
	else
		w->why = *why;
}

static int
dial_unix(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void
host_take(struct world *w, int fd)
{
	static const struct ga_client_ops ops = { on_info, on_event, on_watch_ended, on_time };

	w->w = (struct watch){ .fd = fd, .ready = client_ready };
	w->lost = false;
	w->c = ga_client_new(&ops, w);
	loop_watch(&w->loop, &w->w, EPOLLIN);
}

static void
host_connect(struct world *w)
{
	host_take(w, dial_unix(w->path));
}

static void
host_leave(struct world *w)
{
	struct ga_client *c = w->c;

	loop_unwatch(&w->loop, &w->w);
	close(w->w.fd);
	w->c = NULL;
	ga_client_free(c, "left");
}

static void
agent_start(struct world *w)
{
	struct server_where where = { .socket = w->path, .virtio_port = w->port };
	struct error err;

	w->service = xcalloc(1, sizeof *w->service);
	w->ports = portwatch_new(&w->loop, 3000);
	service_init(w->service, &w->loop, w->ports, w->state);
	w->service->clock = &fake_clock;
	memset(&err, 0, sizeof err);
	w->server = server_new(&w->loop, w->service, &where, &err);
	assert_string_equal(err.msg, "");
}

static void
agent_stop(struct world *w)
{
	server_free(w->server);
	service_release(w->service);
	free(w->service);
	portwatch_free(w->ports);
}

static void
begin(struct world *w)
{
	struct error err;

	*w = (struct world){ .path = test_path("s"), .state = test_path("ports"), .limit = { .fire = time_is_up } };
	ok(loop_init(&w->loop, &err));
	agent_start(w);
	host_connect(w);
}

/* With the features known, as a host agent would begin. */
static void
begin_informed(struct world *w)
{
	struct error err;

	begin(w);
	ok(ga_client_get_info(w->c, &err));
	UNTIL(w, w->infos == 1);
}

static void
end(struct world *w)
{
	if (w->c)
		host_leave(w);
	loop_untimer(&w->loop, &w->limit);
	agent_stop(w);
	loop_release(&w->loop);
	ga_ports_release(&w->info.ports);
	ga_ports_release(&w->known);
	unlink(w->state);
	free(w->path);
	free(w->state);
}

/* A socket of the "guest": `*port` 0 takes any. */
static int
serve(int family, int type, const char *ip, uint16_t *port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(*port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(*port) };
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
	socklen_t len = family == AF_INET ? sizeof four : sizeof six;
	struct sockaddr *a = family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six;

	inet_pton(family, ip, family == AF_INET ? (void *)&four.sin_addr : (void *)&six.sin6_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	assert_int_equal(bind(fd, a, len), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, a, &len), 0);
	*port = ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
	return fd;
}

static bool
has(const struct ga_ports *l, const char *proto, const char *ip, unsigned port)
{
	struct ga_port p;

	assert_true(ga_port_parse(&p, proto, strlen(proto), ip, strlen(ip), port));
	for (size_t i = 0; i < l->n; i++)
		if (!memcmp(&l->v[i], &p, sizeof p))
			return true;
	return false;
}

TEST(the_socket_is_for_its_owner_only)
{
	struct world w;
	struct stat st;

	begin(&w);
	assert_int_equal(stat(w.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	end(&w);
}

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
	UNTIL(&w, w.events == 1);
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
	UNTIL(&w, w.events == 1);
	for (int i = 0; i < 10; i++) {
		uint16_t port = 0;
		uint64_t t = loop_now();
		int fd = serve(AF_INET, i & 1 ? SOCK_DGRAM : SOCK_STREAM, "127.0.0.1", &port);

		UNTIL(&w, has(&w.known, i & 1 ? "udp" : "tcp", "127.0.0.1", port));
		worst = loop_now() - t > worst ? loop_now() - t : worst;
		close(fd);
	}
	/* a loaded machine gets some more; test_ga_agent on an idle one shows the figure */
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

TEST(clock_is_set_only_when_it_is_off)
{
	struct world w;
	struct error err;

	begin(&w);
	fake_now = (struct timespec){ 1700000000, 50000000 };
	fake_set = (struct timespec){ 0 };
	ok(ga_client_sync_time(w.c, &(struct timespec){ 1700000000, 0 }, &err));
	UNTIL(&w, w.answered);
	assert_int_equal(w.answer.drift_ms, 50);
	assert_false(w.answer.adjusted);
	assert_int_equal(fake_set.tv_sec, 0);
	w.answered = false;
	ok(ga_client_sync_time(w.c, &(struct timespec){ 1700003600, 7 }, &err));
	UNTIL(&w, w.answered);
	assert_int_equal(w.answer.drift_ms, -3599950);
	assert_true(w.answer.adjusted);
	assert_int_equal(fake_set.tv_sec, 1700003600);
	assert_int_equal(fake_set.tv_nsec, 7);
	w.answered = false;
	ok(ga_client_sync_time(w.c, &(struct timespec){ -5, 0 }, &err));
	UNTIL(&w, w.answered);
	assert_false(w.answer.adjusted);
	assert_string_equal(w.answer.error, "Operation not permitted");
	end(&w);
}

TEST(file_events_set_the_time_of_what_exists)
{
	auto_free char *path = test_file("watched", "x", 1), *none = test_path("none"), *last = test_file("last", "x", 1);
	auto_free char *devious = xasprintf("%s/../%s", path, strrchr(path, '/') + 1);
	struct stat st;
	struct world w;
	struct error err;

	begin(&w);
	ok(ga_client_inotify(w.c, path, &(struct timespec){ 1600000000, 5 }, &err));
	ok(ga_client_inotify(w.c, none, &(struct timespec){ 1600000001, 0 }, &err));
	ok(ga_client_inotify(w.c, "relative", &(struct timespec){ 1600000001, 0 }, &err));
	ok(ga_client_inotify(w.c, devious, &(struct timespec){ 1600000001, 0 }, &err));
	ok(ga_client_inotify(w.c, last, &(struct timespec){ 1600000002, 0 }, &err));
	do {	/* there is no answer: the last one done means that all are */
		step(&w);
		assert_int_equal(stat(last, &st), 0);
	} while (st.st_mtime != 1600000002);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mtim.tv_sec, 1600000000);
	assert_int_equal(st.st_mtim.tv_nsec, 5);
	assert_int_equal(st.st_atim.tv_sec, 1600000000);
	assert_false(fs_exists(none));
	end(&w);
}

/* The host's end of a tunnel. */
struct tube {
	struct ga_tunnel *t;
	struct buf got;
	unsigned datagrams;
	bool eof, closed, drained;
	struct grpc_status why;
};

static void
tube_data(void *ctx, const uint8_t *p, size_t len)
{
	struct tube *t = ctx;

	t->datagrams++;
	buf_add(&t->got, p, len);
}

static void
tube_eof(void *ctx)
{
	((struct tube *)ctx)->eof = true;
}

static void
tube_drained(void *ctx)
{
	((struct tube *)ctx)->drained = true;
}

static void
tube_closed(void *ctx, const struct grpc_status *why)
{
	struct tube *t = ctx;

	t->closed = true;
	t->why = *why;
}

static void
tube_open(struct world *w, struct tube *t, const char *proto, const char *addr)
{
	static const struct ga_tunnel_ops ops = { tube_data, tube_eof, tube_drained, tube_closed };
	struct error err;

	*t = (struct tube){ .got = BUF_INIT };
	t->t = ga_tunnel_open(w->c, proto, addr, &ops, t, &err);
	assert_non_null(t->t);
}

/* Waits for a connection to the service. */
static int
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
static size_t
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

TEST(a_tunnel_carries_bytes_both_ways_and_closes_by_halves)
{
	uint16_t port = 0;
	int listener = serve(AF_INET, SOCK_STREAM, "127.0.0.1", &port), fd;
	auto_free char *addr = xasprintf("127.0.0.1:%u", port);
	AUTO(buf) b = BUF_INIT;
	struct world w;
	struct tube t;

	begin_informed(&w);
	tube_open(&w, &t, "tcp", addr);
	assert_true(ga_tunnel_send(t.t, "question", 8));
	fd = accepted(&w, listener);
	assert_int_equal(service_read(&w, fd, &b, 8), 8);
	assert_memory_equal(b.s, "question", 8);
	/* the host has no more to say, and is answered all the same */
	assert_true(ga_tunnel_shutdown(t.t));
	assert_int_equal(service_read(&w, fd, &b, 9), 8);
	assert_int_equal(send(fd, "answer", 6, 0), 6);
	UNTIL(&w, t.got.len == 6);
	assert_string_equal(t.got.s, "answer");
	assert_false(t.eof || t.closed);
	close(fd);
	UNTIL(&w, t.closed);
	assert_int_equal(t.why.code, GRPC_OK);
	buf_release(&t.got);
	end(&w);
	close(listener);
}

TEST(the_service_may_close_first_and_still_listen)
{
	uint16_t port = 0;
	int listener = serve(AF_INET6, SOCK_STREAM, "::1", &port), fd;
	auto_free char *addr = xasprintf("[::1]:%u", port);
	AUTO(buf) b = BUF_INIT;
	struct world w;
	struct tube t;

	begin_informed(&w);
	tube_open(&w, &t, "tcp", addr);
	fd = accepted(&w, listener);
	assert_int_equal(send(fd, "hello", 5, 0), 5);
	shutdown(fd, SHUT_WR);
	UNTIL(&w, t.eof);
	assert_string_equal(t.got.s, "hello");
	assert_false(t.closed);
	ga_tunnel_send(t.t, "late words", 10);
	ga_tunnel_shutdown(t.t);
	service_read(&w, fd, &b, 11);
	buf_addc(&b, 0);
	assert_string_equal(b.s, "late words");
	UNTIL(&w, t.closed);
	assert_int_equal(t.why.code, GRPC_OK);
	close(fd);
	buf_release(&t.got);
	end(&w);
	close(listener);
}

TEST(without_the_feature_the_end_of_the_service_is_the_end)
{
	uint16_t port = 0;
	int listener = serve(AF_INET, SOCK_STREAM, "127.0.0.1", &port), fd;
	auto_free char *addr = xasprintf("localhost:%u", port);
	struct world w;
	struct tube t;

	begin(&w);	/* the features are not known: so we are upstream's host agent */
	tube_open(&w, &t, "tcp", addr);
	assert_false(ga_tunnel_shutdown(t.t));
	fd = accepted(&w, listener);
	assert_int_equal(send(fd, "bye", 3, 0), 3);
	shutdown(fd, SHUT_WR);
	UNTIL(&w, t.closed);
	assert_string_equal(t.got.s, "bye");
	assert_false(t.eof);
	assert_int_equal(t.why.code, GRPC_OK);
	close(fd);
	buf_release(&t.got);
	end(&w);
	close(listener);
}

TEST(a_service_that_is_not_there)
{
	uint16_t port = 0;
	int listener = serve(AF_INET, SOCK_STREAM, "127.0.0.1", &port);
	auto_free char *addr = xasprintf("127.0.0.1:%u", port);
	const char *const bad[][2] = { { "tcp", addr }, { "unix", "/no/such/socket" }, { "unix", "relative" },
				       { "tcp", "www.example.com:80" }, { "tcp", "127.0.0.1" }, { "sctp", addr },
				       { "tcp", "127.0.0.1:99999" }, { "tcp", "::1:80x" }, { "", "" } };
	struct world w;
	struct tube t;

	close(listener);
	begin_informed(&w);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		tube_open(&w, &t, bad[i][0], bad[i][1]);
		UNTIL(&w, t.closed);
		assert_int_equal(t.why.code, GRPC_UNKNOWN);
		assert_true(t.why.text[0]);
	}
	assert_int_equal(w.service->tunnels.n, 0);
	end(&w);
}

TEST(a_service_that_resets_is_told_from_one_that_ends)
{
	struct linger at_once = { .l_onoff = 1 };
	uint16_t port = 0;
	int listener = serve(AF_INET, SOCK_STREAM, "127.0.0.1", &port), fd;
	auto_free char *addr = xasprintf("127.0.0.1:%u", port);
	struct world w;
	struct tube t;

	begin_informed(&w);
	tube_open(&w, &t, "tcp", addr);
	fd = accepted(&w, listener);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(fd);
	UNTIL(&w, t.closed);
	assert_int_equal(t.why.code, GRPC_ABORTED);
	end(&w);
	close(listener);
}

TEST(the_host_leaving_closes_the_service)
{
	uint16_t port = 0;
	int listener = serve(AF_INET, SOCK_STREAM, "127.0.0.1", &port), fd;
	auto_free char *addr = xasprintf("127.0.0.1:%u", port);
	AUTO(buf) b = BUF_INIT;
	struct world w;
	struct tube t;

	begin_informed(&w);
	tube_open(&w, &t, "tcp", addr);
	fd = accepted(&w, listener);
	ga_tunnel_close(t.t);
	assert_int_equal(service_read(&w, fd, &b, 1), 0);
	assert_int_equal(w.service->tunnels.n, 0);
	assert_false(t.closed);
	close(fd);
	tube_open(&w, &t, "tcp", addr);
	fd = accepted(&w, listener);
	host_leave(&w);
	assert_int_equal(t.why.code, GRPC_UNAVAILABLE);
	assert_int_equal(service_read(&w, fd, &b, 1), 0);
	close(fd);
	end(&w);
	close(listener);
}

TEST(megabytes_arrive_whole_with_a_slow_reader)
{
	uint16_t port = 0;
	int listener = serve(AF_INET, SOCK_STREAM, "127.0.0.1", &port), fd;
	auto_free char *addr = xasprintf("127.0.0.1:%u", port);
	auto_free uint32_t *words = xcalloc(8 << 20, 4);
	size_t sent = 0, total = 32 << 20;	/* more than the kernel puts up between two sockets */
	AUTO(buf) b = BUF_INIT;
	struct world w;
	struct tube t;

	for (uint32_t i = 0; i < 8 << 20; i++)
		words[i] = i;
	begin_informed(&w);
	tube_open(&w, &t, "tcp", addr);
	fd = accepted(&w, listener);
	/* to the service, which does not read at first: the agent holds a window of it and no more */
	assert_false(ga_tunnel_send(t.t, words, total));
	for (int i = 0; i < 20; i++) {
		step(&w);
	}
	assert_false(t.drained);
	assert_int_equal(service_read(&w, fd, &b, total), total);
	assert_memory_equal(b.s, words, total);
	UNTIL(&w, t.drained);
	/* and from it, to a host that pauses */
	ga_tunnel_pause(t.t, true);
	for (int idle = 0; idle < 20; idle++) {
		ssize_t n = send(fd, (char *)words + sent, total - sent, MSG_NOSIGNAL);

		if (n > 0) {
			sent += (size_t)n;
			idle = 0;
		}
		step(&w);
	}
	assert_in_range(t.got.len, 1, 2 << 20);
	ga_tunnel_pause(t.t, false);
	while (sent < total) {
		ssize_t n = send(fd, (char *)words + sent, total - sent, MSG_NOSIGNAL);
		size_t before = t.got.len;

		sent += n > 0 ? (size_t)n : 0;
		UNTIL(&w, t.got.len > before || n > 0);
	}
	UNTIL(&w, t.got.len == total);
	assert_memory_equal(t.got.s, words, total);
	close(fd);
	buf_release(&t.got);
	end(&w);
	close(listener);
}

TEST(datagrams_keep_their_borders)
{
	uint16_t port = 0;
	int fd = serve(AF_INET, SOCK_DGRAM, "127.0.0.1", &port);
	auto_free char *addr = xasprintf("127.0.0.1:%u", port), *big = xcalloc(1, 60000);
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	AUTO(buf) b = BUF_INIT;
	struct world w;
	struct tube t;

	begin_informed(&w);
	tube_open(&w, &t, "udp", addr);
	ga_tunnel_send(t.t, "one", 3);
	ga_tunnel_send(t.t, big, 60000);
	ga_tunnel_send(t.t, "", 0);
	service_read(&w, fd, &b, 1);
	assert_int_equal(b.len, 3);
	assert_int_equal(service_read(&w, fd, &b, 60003), 60003);
	assert_int_equal(recvfrom(fd, big, 100, 0, (struct sockaddr *)&from, &len), 0);
	assert_int_equal(sendto(fd, "a", 1, 0, (struct sockaddr *)&from, len), 1);
	assert_int_equal(sendto(fd, "", 0, 0, (struct sockaddr *)&from, len), 0);
	assert_int_equal(sendto(fd, big, 60000, 0, (struct sockaddr *)&from, len), 60000);
	UNTIL(&w, t.datagrams == 3);
	assert_int_equal(t.got.len, 60001);
	assert_false(t.closed);
	ga_tunnel_close(t.t);
	buf_release(&t.got);
	end(&w);
	close(fd);
}

TEST(udp_tunnels_of_clients_long_gone_make_room)
{
	uint16_t port = 0;
	int fd = serve(AF_INET, SOCK_DGRAM, "127.0.0.1", &port);
	auto_free char *addr = xasprintf("127.0.0.1:%u", port);
	static struct tube t[520];
	unsigned closed = 0;
	struct world w;

	begin_informed(&w);
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		tube_open(&w, &t[i], "udp", addr);
		ga_tunnel_send(t[i].t, "x", 1);
	}
	UNTIL(&w, w.service->tunnels.udp == 512 && t[7].closed);
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		closed += t[i].closed;
	assert_int_equal(closed, 8);
	end(&w);
	close(fd);
}

TEST(a_unix_socket_of_the_guest)
{
	auto_free char *path = test_path("service");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), fd;
	AUTO(buf) b = BUF_INIT;
	struct world w;
	struct tube t;

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(listener, 5), 0);
	begin_informed(&w);
	tube_open(&w, &t, "unix", path);
	ga_tunnel_send(t.t, "hi", 2);
	fd = accepted(&w, listener);
	assert_int_equal(service_read(&w, fd, &b, 2), 2);
	close(fd);
	UNTIL(&w, t.eof);
	ga_tunnel_close(t.t);
	end(&w);
	close(listener);
}

/* What a door told. */
struct knocks {
	uint64_t last;
	unsigned n;
	bool closed;
	struct grpc_status why;
};

static void
knocked(void *ctx, uint64_t id)
{
	struct knocks *k = ctx;

	k->n++;
	k->last = id;
}

static void
door_closed(void *ctx, const struct grpc_status *why)
{
	struct knocks *k = ctx;

	k->closed = true;
	k->why = *why;
}

static const struct ga_door_ops door_ops = { knocked, door_closed };

TEST(a_socket_of_the_guest_that_leads_to_the_host)
{
	auto_free char *path = test_path("door");
	struct knocks k = { 0 };
	struct ga_door *door;
	struct world w;
	struct error err;
	struct stat st;
	struct tube t, nobody;
	AUTO(buf) b = BUF_INIT;
	char number[24];
	int fd;

	begin_informed(&w);
	door = ga_door_open(w.c, path, 0, &door_ops, &k, &err);
	assert_non_null(door);
	UNTIL(&w, k.n == 1);
	assert_int_equal(k.last, 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	fd = dial_unix(path);
	UNTIL(&w, k.n == 2);
	assert_true(k.last > 0);
	snprintf(number, sizeof number, "%llu", (unsigned long long)k.last);
	tube_open(&w, &t, "accepted", number);
	ga_tunnel_send(t.t, "hi", 2);
	assert_int_equal(service_read(&w, fd, &b, 2), 2);
	/* nobody is there twice */
	tube_open(&w, &nobody, "accepted", number);
	UNTIL(&w, nobody.closed);
	assert_string_equal(nobody.why.text, "nobody of that number waits");
	ga_door_close(door);
	UNTIL(&w, !fs_exists(path));
	ga_tunnel_close(t.t);
	close(fd);
	end(&w);
}

TEST(sockets_that_cannot_be)
{
	auto_free char *path = test_path("file");
	const char *const bad[] = { "relative", "/", "/no/such/folder/s", path };
	struct world w;
	struct error err;

	ok(fs_write(path, "x", 1, 0600, &err));
	begin_informed(&w);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct knocks k = { 0 };

		assert_non_null(ga_door_open(w.c, bad[i], 0, &door_ops, &k, &err));
		UNTIL(&w, k.closed);
		assert_int_equal(k.n, 0);
		assert_true(*k.why.text);
	}
	assert_true(fs_exists(path));
	end(&w);
}

TEST(two_thousand_tunnels)
{
	uint16_t port = 0;
	int listener = serve(AF_INET, SOCK_STREAM, "127.0.0.1", &port);
	auto_free char *addr = xasprintf("127.0.0.1:%u", port);
	static struct tube t[2000];
	static int fds[2000];
	struct world w;
	struct error err;

	begin_informed(&w);
	listen(listener, 4096);
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		tube_open(&w, &t[i], "tcp", addr);
		ga_tunnel_send(t[i].t, "x", 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		fds[i] = accepted(&w, listener);
		assert_int_equal(send(fds[i], "y", 1, 0), 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		UNTIL(&w, t[i].got.len == 1);
	ok(ga_client_get_info(w.c, &err));
	UNTIL(&w, w.infos == 2);	/* and the agent still answers */
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		close(fds[i]);
		buf_release(&t[i].got);
	}
	end(&w);
	close(listener);
}

static bool
hung_up(int fd)
{
	struct pollfd p = { fd, POLLRDHUP, 0 };

	return poll(&p, 1, 0) == 1;
}

TEST(garbage_on_the_socket_harms_nobody_else)
{
	struct world w;
	struct error err;
	int fd;

	begin_informed(&w);
	fd = dial_unix(w.path);
	assert_int_equal(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	ok(ga_client_get_info(w.c, &err));
	UNTIL(&w, w.infos == 2 && hung_up(fd));
	close(fd);
	end(&w);
}

TEST(idle_connections_make_room_for_new_ones)
{
	struct world w;
	struct error err;
	int fds[40];

	begin_informed(&w);
	ok(ga_client_watch(w.c, &err));
	UNTIL(&w, w.events == 1);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = dial_unix(w.path);
	ok(ga_client_get_info(w.c, &err));	/* the one in use is not among those that go */
	UNTIL(&w, w.infos == 2);
	UNTIL(&w, hung_up(fds[20]));
	assert_false(hung_up(fds[39]) || w.lost);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	end(&w);
}

TEST(the_host_learns_that_the_agent_ends)
{
	struct world w;
	struct error err;

	begin_informed(&w);
	ok(ga_client_watch(w.c, &err));
	UNTIL(&w, w.events == 1);
	server_free(w.server);
	w.server = NULL;
	UNTIL(&w, w.lost);
	host_leave(&w);
	assert_int_equal(w.watches_ended, 1);
	assert_string_equal(w.why.text, "left");
	assert_false(fs_exists(w.path));
	end(&w);
}

/* The two ends of something without connections: a terminal that changes nothing, as a virtio port. */
static int
make_port(char name[64], int *keep)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios raw;

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	assert_int_equal(ptsname_r(master, name, 64), 0);
	*keep = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(tcgetattr(*keep, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(*keep, TCSANOW, &raw), 0);
	fcntl(master, F_SETFL, O_NONBLOCK);
	return master;
}

TEST(a_virtio_port_has_no_connections)
{
	static const char zeros[2048];
	struct error err;
	struct world w = { .path = test_path("s"), .state = test_path("ports"), .limit = { .fire = time_is_up } };
	AUTO(buf) all = BUF_INIT;
	char name[64], goaway[64];
	int keep, master = make_port(name, &keep);
	const uint8_t *out;
	size_t n;

	w.port = name;
	ok(loop_init(&w.loop, &err));
	agent_start(&w);
	/* a host that was there before it: it learns that its agent is another one now */
	assert_int_equal(read(master, goaway, sizeof goaway), 17);
	assert_int_equal(goaway[3], 7);
	/* what was there before the host: rubbish, and a preface that was cut off */
	assert_int_equal(write(master, "rubbish PRI * HTTP/2.0\r\n", 24), 24);
	host_take(&w, master);
	ok(ga_client_get_info(w.c, &err));
	UNTIL(&w, w.infos == 1);
	ok(ga_client_watch(w.c, &err));
	UNTIL(&w, w.events == 1);
	/* another host on the same port, without a word of farewell from the first, in the middle of a frame */
	assert_int_equal(write(master, "\0\1\0\0", 4), 4);
	loop_unwatch(&w.loop, &w.w);
	ga_client_free(w.c, "gone");
	host_take(&w, master);
	ok(ga_client_get_info(w.c, &err));
	UNTIL(&w, w.infos == 2);
	ok(ga_client_watch(w.c, &err));
	UNTIL(&w, w.events == 2);
	assert_int_equal(w.watches_ended, 1);
	/* one that was in the middle of a long frame, which would take the preface for its rest: zeros end it */
	assert_int_equal(write(master, "\0\x40\0\0\0\0\0\0\1", 9), 9);
	loop_unwatch(&w.loop, &w.w);
	ga_client_free(steal(w.c), "gone");
	for (int i = 0; i < 9; i++) {	/* a terminal takes 4 KiB */
		step(&w);
		assert_int_equal(write(master, zeros, sizeof zeros), sizeof zeros);
	}
	/* and hosts that have begun and gone while the agent was stopped */
	host_take(&w, master);
	ok(ga_client_get_info(w.c, &err));
	n = ga_client_output(w.c, &out);
	buf_add(&all, PREFACE PREFACE "\0\0\0\4\0\0\0\0\0" PREFACE, 3 * PREFACE_LEN + 9);
	buf_add(&all, (const char *)out, n);
	assert_int_equal(write(master, all.s, all.len), all.len);
	ga_client_sent(w.c, n);
	w.info.features = 0;
	UNTIL(&w, w.info.features || w.lost);
	assert_false(w.lost);
	close(keep);
	end(&w);
}
