/*
 * The host agent's connection to a guest agent, good and bad ones: here it is a child of the test on a UNIX socket, which
 * is what QEMU makes of the virtio port. Its tunnels lead to itself: they give back what they get.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "guest/wire/ga_msg.h"
#include "guest/wire/grpc.h"
#include "providers/forward_rule.h"
#include "tests/unit/agent.h"

enum manner { GOOD, MANY, FLOOD };

struct fake {
	enum manner manner;
	const struct ga_ports *ports;
	struct grpc_stream *watch;	/* once somebody listens */
	struct call *calls;
};

struct call {
	struct fake *f;
	void (*message)(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len);
};

static void
say(struct grpc_stream *s, const struct buf *b)
{
	grpc_send(s, &(struct iovec){ b->s, b->len }, 1);
}

static void
give_info(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct ga_info info = { .ports = *c->f->ports, .features = GA_HALF_CLOSE | GA_SNAPSHOT };
	AUTO(buf) b = BUF_INIT;

	(void)p, (void)len;
	ga_info_put(&b, &info);
	say(s, &b);
	grpc_finish(s, GRPC_OK, "");
}

static void
give_events(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct ga_event ev = { .added = *c->f->ports, .flags = GA_EVENT_SNAPSHOT };
	AUTO(buf) b = BUF_INIT;

	(void)p, (void)len;
	ga_event_put(&b, &ev);
	say(s, &b);
	c->f->watch = s;
}

static void
give_time(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	AUTO(buf) b = BUF_INIT;

	(void)c, (void)p, (void)len;
	ga_time_answer_put(&b, &(struct ga_time_answer){ .drift_ms = 1 });
	say(s, &b);
	grpc_finish(s, GRPC_OK, "");
}

static void
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

static void
on_message(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct call *c = ctx;

	c->message(c, s, p, len);
}

static void
on_end(void *ctx, struct grpc_stream *s)
{
	struct call *c = ctx;

	if (c->message == give_back)
		grpc_finish(s, GRPC_OK, "");
}

static void
on_call(void *ctx, struct grpc_stream *s, const char *method)
{
	static const struct grpc_stream_ops ops = { .message = on_message, .end = on_end };
	struct call *c = xcalloc(1, sizeof *c);

	c->f = ctx;
	c->message = !strcmp(method, GA_METHOD_INFO)   ? give_info :
		     !strcmp(method, GA_METHOD_EVENTS) ? give_events :
		     !strcmp(method, GA_METHOD_TUNNEL) ? give_back :
							 give_time;
	grpc_accept(s, &ops, c);
}

/* Ports come and go as fast as they are taken. */
static void
flood(struct fake *f, unsigned round)
{
	struct ga_port p = ga_port_make(GA_TCP, false, "\177\0\0\1", (uint16_t)(30000 + round % 100));
	struct ga_ports one = { .v = &p, .n = 1 };
	struct ga_event ev = { .flags = 0 };

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

static void
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

/* A guest agent on DIR/ga.sock; `before` is what the first connection gets instead. */
static pid_t
fake_agent(struct machine *m, enum manner manner, const struct ga_ports *ports, const char *before)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct fake f = { .manner = manner, .ports = ports };
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

static void
add_port(struct ga_ports *l, const char *proto, const char *ip, int port)
{
	struct ga_port p;

	assert_true(ga_port_parse(&p, proto, 3, ip, strlen(ip), (uint64_t)port));
	ga_ports_add(l, &p);
	ga_ports_sort(l);
}

/* Until the log has it. */
static void
logs(struct machine *m, const char *file, const char *text)
{
	for (int i = 0; i < 1500; i++) {
		auto_free char *path = xasprintf("%s/%s", m->dir, file);
		AUTO(buf) log = BUF_INIT;
		struct error err;

		ok(fs_read(path, &log, 64 << 20, &err));
		if (strstr(log.s, text))
			return;
		usleep(10000);
	}
	fail_msg("%s never says %s", file, text);
}

static void
gone(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Sends `len` bytes and the end; everything must come back. */
static void
echoes(int port, size_t len)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	auto_close int fd = socket(AF_INET, SOCK_STREAM, 0);
	auto_free char *out = xcalloc(1, len + 1), *in = xcalloc(1, len + 1);
	size_t sent = 0, got = 0;
	ssize_t n = 1;

	for (size_t i = 0; i < len; i++)
		out[i] = (char)(i * 7 + i / 251);
	assert_int_equal(connect(fd, (void *)&a, sizeof a), 0);
	while (got < len || n > 0) {
		struct pollfd p = { .fd = fd, .events = (short)(POLLIN | (sent < len ? POLLOUT : 0)) };

		assert_true(poll(&p, 1, 10000) > 0);
		if (sent < len && p.revents & POLLOUT) {
			n = send(fd, out + sent, len - sent, MSG_DONTWAIT);
			sent += n > 0 ? (size_t)n : 0;
			if (sent == len)
				shutdown(fd, SHUT_WR);
			n = 1;
		}
		if (p.revents & (POLLIN | POLLHUP)) {
			char extra;

			n = got < len ? recv(fd, in + got, len - got, 0) : recv(fd, &extra, 1, 0);
			assert_true(n >= 0 && (n > 0) == (got < len));
			got += (size_t)n;
		}
	}
	assert_memory_equal(in, out, len);
}

TEST(ports_of_the_guest_are_forwarded)
{
	int port = ssh_free_port(NULL), other = ssh_free_port(NULL);
	struct forward_rule r = { .proto = FORWARD_ANY, .guest_ip = "127.0.0.1", .host_ip = "127.0.0.1", .guest_port = { port, port },
				  .host_port = { other, other }, .guest_socket = "", .host_socket = "", .dynamic = true };
	auto_free char *said = xasprintf("\"hostAddr\":\"127.0.0.1:%d\"", port), *moved = xasprintf("\"hostAddr\":\"127.0.0.1:%d\"", other);
	AUTO(ga_ports) ports = { 0 };
	struct machine m;
	struct error err;
	pid_t pid;

	add_port(&ports, "tcp", "0.0.0.0", port);
	add_port(&ports, "tcp", "::", port);	/* one listener for both */
	add_port(&ports, "tcp", "10.0.0.1", port);
	add_port(&ports, "tcp", "127.0.0.1", 22);
	make(&m, "pa");
	pid = fake_agent(&m, GOOD, &ports, NULL);
	ok(start(&m, &err));
	logs(&m, "ha.stdout.log", said);
	logs(&m, "ha.stdout.log", "\"type\":\"not-forwarding\",\"protocol\":\"tcp\",\"guestAddr\":\"10.0.0.1:");
	logs(&m, "ha.stdout.log", "\"type\":\"not-forwarding\",\"protocol\":\"tcp\",\"guestAddr\":\"127.0.0.1:22\"");
	echoes(port, 10);
	echoes(port, 5 << 20);
	/* a rule comes and goes while it runs */
	ok(ha_put_forward(m.dir, "one", &r, &err));
	logs(&m, "ha.stdout.log", moved);
	echoes(other, 1000);
	ok(ha_delete_forward(m.dir, "one", &err));
	echoes(port, 1000);
	done(&m);
	gone(pid);
}

TEST(rubbish_is_survived)
{
	static const char *const rubbish[] = { "HTTP/1.1 400 Bad Request\r\n\r\n", "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1", "" };

	for (size_t i = 0; i < ARRAY_LEN(rubbish); i++) {
		AUTO(ga_ports) ports = { 0 };
		auto_free char *name = xasprintf("pb%zu", i);
		int port = ssh_free_port(NULL);
		struct machine m;
		struct error err;
		pid_t pid;

		add_port(&ports, "tcp", "127.0.0.1", port);
		make(&m, name);
		pid = fake_agent(&m, GOOD, &ports, rubbish[i]);
		ok(start(&m, &err));
		logs(&m, "ha.stderr.log", "guest agent is running");
		logs(&m, "ha.stdout.log", "\"type\":\"forwarding\"");
		echoes(port, 1000);
		done(&m);
		gone(pid);
	}
}

static bool
answers(struct machine *m)
{
	AUTO(arena) a = { 0 };
	struct ha_info i;

	return ha_info(m->dir, &a, &i, NULL) == 0 && i.qemu_pid > 0;
}

/* A sanitizer's own memory does not count. */
static bool
is_small(struct machine *m)
{
#ifdef __SANITIZE_ADDRESS__
	return answers(m);
#else
	auto_free char *path = xasprintf("/proc/%d/status", (int)ha_pid(m->dir));
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(fs_read(path, &b, 65536, &err));
	return strtol(strstr(b.s, "VmRSS:") + 6, NULL, 10) < 16384;
#endif
}

/* More than it will look at: it says so, and is well. */
TEST(a_guest_of_many_ports)
{
	AUTO(ga_ports) ports = { 0 };
	struct machine m;
	struct error err;
	pid_t pid;

	for (int i = 0; i < 20000; i++) {
		struct ga_port p = ga_port_make(GA_TCP, false, "\12\0\0\1", (uint16_t)(20000 + i));

		ga_ports_add(&ports, &p);
	}
	make(&m, "pc");
	pid = fake_agent(&m, MANY, &ports, NULL);
	ok(start(&m, &err));
	logs(&m, "ha.stderr.log", "the guest has 20000 ports: only 8192 of them");
	assert_true(answers(&m));
	done(&m);
	gone(pid);
}

TEST(a_guest_that_floods)
{
	AUTO(ga_ports) ports = { 0 };
	auto_free char *log = NULL;
	struct machine m;
	struct error err;
	struct stat before, after;
	pid_t pid;

	make(&m, "pd");
	log = xasprintf("%s/ha.stdout.log", m.dir);
	pid = fake_agent(&m, FLOOD, &ports, NULL);
	ok(start(&m, &err));
	logs(&m, "ha.stderr.log", "change too fast");
	usleep(500000);
	assert_int_equal(stat(log, &before), 0);
	for (int i = 0; i < 20; i++) {
		usleep(100000);
		assert_true(answers(&m));	/* it answers all the time */
	}
	/* ... and what it writes has slowed down to some 100 lines a second */
	assert_int_equal(stat(log, &after), 0);
	assert_true(after.st_size - before.st_size < 2000000);
	assert_true(is_small(&m));
	done(&m);
	gone(pid);
}
