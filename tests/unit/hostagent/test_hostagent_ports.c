/*
 * The host agent's connection to a guest agent, good and bad ones.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "hostagent/protocol/forward_rule.h"
#include "tests/unit/fake_agent.h"

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
	pid = fake_agent(&m, GOOD, &ports, NULL, -1);
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
	test_kill(pid);
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
		pid = fake_agent(&m, GOOD, &ports, rubbish[i], -1);
		ok(start(&m, &err));
		logs(&m, "ha.stderr.log", "guest agent is running");
		logs(&m, "ha.stdout.log", "\"type\":\"forwarding\"");
		echoes(port, 1000);
		done(&m);
		test_kill(pid);
	}
}

static bool
answers(struct machine *m)
{
	AUTO(arena) a = { 0 };
	struct ha_info i;

	return ha_info(m->dir, &a, &i, NULL) == 0 && i.machine_pid > 0;
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
/* A service of the host restarts, and a guest listens on its port: the port stays the host's. */
static int
host_service(int port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	assert_int_equal(bind(fd, (void *)&addr, sizeof addr), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

TEST(a_port_that_the_host_has_used_stays_its_own)
{
	int port = ssh_free_port(NULL), service;
	auto_free char *failed = xasprintf("\"type\":\"failed\",\"protocol\":\"tcp\",\"guestAddr\":\"127.0.0.1:%d", port);
	struct forward_rule r = { .guest_ip = "127.0.0.1", .host_ip = "127.0.0.1", .guest_port = { port, port },
				  .host_port = { port, port }, .guest_socket = "", .host_socket = "" };
	AUTO(ga_ports) ports = { 0 };
	struct machine m;
	struct error err;
	pid_t pid;

	add_port(&ports, "tcp", "127.0.0.1", port);
	make(&m, "taken");
	pid = fake_agent(&m, GOOD, &ports, NULL, -1);
	service = host_service(port);
	ok(start(&m, &err));
	logs(&m, "ha.stdout.log", failed);
	/* it restarts, and takes its time */
	close(service);
	usleep(2500000);
	close(host_service(port));
	/* what the user states is his to give */
	ok(ha_put_forward(m.dir, "one", &r, &err));
	echoes(port, 1000);
	done(&m);
	test_kill(pid);
}

/* 180 lines in a quarter of an hour, of an idle guest whose resolver asks. */
TEST(sockets_of_a_resolver_are_no_events)
{
	AUTO(ga_ports) ports = { 0 };
	auto_free char *said = NULL, *log = NULL;
	struct machine m;
	struct error err;
	pid_t pid;

	make(&m, "pq");
	pid = fake_agent(&m, QUERIES, &ports, NULL, -1);
	ok(start(&m, &err));
	logs(&m, "ha.stdout.log", "\"guestAddr\":\"0.0.0.0:51820\"");
	said = log_text(&m, "ha.stdout.log");
	log = log_text(&m, "ha.stderr.log");
	assert_null(strstr(said, ":400"));
	assert_null(strstr(said, ":401"));
	assert_null(strstr(log, "UDP from 0.0.0.0:40"));
	done(&m);
	test_kill(pid);
}

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
	pid = fake_agent(&m, MANY, &ports, NULL, -1);
	ok(start(&m, &err));
	logs(&m, "ha.stderr.log", "the guest has 20000 ports: only 8192 of them");
	assert_true(answers(&m));
	done(&m);
	test_kill(pid);
}

TEST(a_guest_that_floods)
{
	AUTO(ga_ports) ports = { 0 };
	auto_free char *log = NULL, *said = NULL;
	int complaints = 0;
	struct machine m;
	struct error err;
	struct stat before, after;
	pid_t pid;

	make(&m, "pd");
	log = xasprintf("%s/ha.stdout.log", m.dir);
	pid = fake_agent(&m, FLOOD, &ports, NULL, -1);
	ok(start(&m, &err));
	logs(&m, "ha.stderr.log", "change too fast");
	usleep(500000);
	assert_int_equal(stat(log, &before), 0);
	for (int i = 0; i < 20; i++) {
		usleep(100000);
		assert_true(answers(&m));	/* it answers all the time */
	}
	/* ... and what it writes has slowed down to some 100 lines a second, and of complaints to one */
	assert_int_equal(stat(log, &after), 0);
	assert_true(after.st_size - before.st_size < 2000000);
	said = log_text(&m, "ha.stderr.log");
	for (const char *p = said; (p = strstr(p, "alas")); p++)
		complaints++;
	assert_true(complaints > 0 && complaints < 60);
	/* of what a terminal would obey nothing is left */
	assert_null(strpbrk(said, "\177\233"));
	assert_true(is_small(&m));
	done(&m);
	test_kill(pid);
}
