/* The name server of the host agent, with a name server behind it that knows nothing. */
#include "hostagent/dns/dns.h"

#include <ctype.h>
#include <errno.h>
#include <sys/time.h>

#include "hostagent/dns/dns_msg.h"
#include "providers/ssh/ssh_config.h"
#include "providers/dns_port.h"
#include "tests/unit/test.h"

#include "tests/unit/fake_dns.h"

struct server {
	struct fake_dns behind;
	struct dns_config config;
	struct dns *dns;
	uv_loop_t loop;
	uv_async_t stop;
	pthread_t thread;
	char *hosts_file, *resolv_conf;
};

static void
on_stop(uv_async_t *a)
{
	struct server *s = a->data;

	dns_stop(s->dns);
	uv_close((uv_handle_t *)a, NULL);
}

static void *
run_loop(void *arg)
{
	struct server *s = arg;

	uv_run(&s->loop, UV_RUN_DEFAULT);
	return NULL;
}

static const struct dns_pair pairs[] = {
	{ "host.lima.internal", "192.168.5.2" }, { "lima-t.internal", "192.168.5.15" }, { "Six.Internal.", "fd00::6" },
	{ "Alias.test", "HOST.lima.internal." }, { "alias2.test", "alias.test" }, { "out.test", "a.example" },
	{ "round.test", "about.test" }, { "about.test", "round.test" }, { "filed.test", "printer.lan" }, { "no..name", "10.0.0.1" },
	{ "bad.test", "no..name" },
};

static void
start(struct server *s, bool ipv6)
{
	struct error err;
	int udp;

	memset(s, 0, sizeof *s);
	fake_dns_start(&s->behind);
	s->resolv_conf = test_file("resolv.conf", "nameserver 127.0.0.1\n", 21);
	s->hosts_file = test_file("hosts", "127.0.0.1 localhost\n# x\n10.9.9.9\tprinter.lan Printer # it\nfe80::1 six.lan\n10.9.9.8 printer.lan\nrubbish",
				  strlen("127.0.0.1 localhost\n# x\n10.9.9.9\tprinter.lan Printer # it\nfe80::1 six.lan\n10.9.9.8 printer.lan\nrubbish"));
	/* which is one of TCP's: UDP has its own */
	do
		udp = ssh_free_port(NULL);
	while (dns_port_usable(udp, NULL) < 0);
	s->config = (struct dns_config){
		.udp_port = udp, .tcp_port = ssh_free_port(NULL), .ipv6 = ipv6, .hosts = pairs, .nhosts = ARRAY_LEN(pairs),
		.hosts_file = s->hosts_file, .resolv_conf = s->resolv_conf, .servers_port = s->behind.port,
	};
	uv_loop_init(&s->loop);
	uv_async_init(&s->loop, &s->stop, on_stop);
	s->stop.data = s;
	if (!(s->dns = dns_start(&s->loop, &s->config, &err)))
		fail_msg("%s", err.msg);
	assert_int_equal(pthread_create(&s->thread, NULL, run_loop, s), 0);
}

static void
stop(struct server *s)
{
	uv_async_send(&s->stop);
	pthread_join(s->thread, NULL);
	assert_int_equal(uv_loop_close(&s->loop), 0);
	fake_dns_stop(&s->behind);
	free(s->hosts_file);
	free(s->resolv_conf);
}

/* A question, and what came back. */

struct reply {
	uint8_t p[65535];
	size_t len;
};

static size_t
make_query(uint8_t *out, const char *name, int type, bool edns)
{
	int n = dns_name_put(out + 12, name);

	assert_true(n > 0);
	memcpy(out, "\x12\x34\x01\0\0\1\0\0\0\0\0\0", 12);
	memcpy(out + 12 + n, (uint8_t[]){ 0, (uint8_t)type, 0, 1 }, 4);
	if (!edns)
		return 12 + (size_t)n + 4;
	out[11] = 1;
	memcpy(out + 12 + n + 4, "\0\0\x29\x10\0\0\0\0\0\0\0", 11);
	return 12 + (size_t)n + 4 + 11;
}

static int
client(int type, int port, int wait_ms)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval tv = { wait_ms / 1000, wait_ms % 1000 * 1000 };
	int fd = socket(AF_INET, type, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	assert_int_equal(connect(fd, (void *)&a, sizeof a), 0);
	return fd;
}

static void
send_udp(struct server *s, const void *q, size_t len, struct reply *r, int wait_ms)
{
	auto_close int fd = client(SOCK_DGRAM, s->config.udp_port, wait_ms);
	ssize_t n;

	assert_int_equal(send(fd, q, len, 0), len);
	n = recv(fd, r->p, sizeof r->p, 0);
	r->len = n < 0 ? 0 : (size_t)n;
}

static void
read_all(int fd, void *p, size_t len)
{
	assert_int_equal(recv(fd, p, len, MSG_WAITALL), len);
}

static void
read_tcp(int fd, struct reply *r)
{
	uint8_t head[2];

	read_all(fd, head, 2);
	r->len = (size_t)head[0] << 8 | head[1];
	read_all(fd, r->p, r->len);
}

static void
send_tcp(int fd, const void *q, size_t len)
{
	uint8_t m[600] = { (uint8_t)(len >> 8), (uint8_t)len };

	memcpy(m + 2, q, len);
	assert_int_equal(send(fd, m, 2 + len, 0), 2 + len);
}

static int
count(const struct reply *r)
{
	return r->p[6] << 8 | r->p[7];
}

static int
rcode(const struct reply *r)
{
	assert_true(r->len >= 12);
	return r->p[3] & 15;
}

/* By UDP; checks what is the same in every answer. */
static void
ask(struct server *s, const char *name, int type, bool edns, struct reply *r)
{
	uint8_t q[600];
	size_t len = make_query(q, name, type, edns), question = len - (edns ? 11 : 0);

	send_udp(s, q, len, r, 8000);
	assert_true(r->len >= question);
	assert_memory_equal(r->p, q, 2);
	assert_int_equal(r->p[2] & 0xf9, 0x81);	/* an answer, recursion as wished */
	assert_true(r->p[3] & 0x80);
	assert_memory_equal(r->p + 12, q + 12, question - 12);
	assert_true(r->len <= (edns ? 1232 : 512));
	assert_int_equal(r->p[11], edns);
	if (edns)
		assert_memory_equal(r->p + r->len - 11, "\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);
}

/* Does the first record of the answer end in these bytes? Its owner is the question's name. */
static void
assert_data(const struct reply *r, const char *name, const void *data, size_t len)
{
	size_t at = 12 + strlen(name) + 2 + 4;

	assert_memory_equal(r->p + at, "\xc0\x0c", 2);
	assert_int_equal(r->p[at + 10] << 8 | r->p[at + 11], len);
	assert_memory_equal(r->p + at + 12, data, len);
}

static void
assert_a(struct server *s, const char *name, const char *ip, int n)
{
	struct in_addr a;
	struct reply r;

	inet_pton(AF_INET, ip, &a);
	ask(s, name, DNS_A, false, &r);
	if (rcode(&r) != 0 || count(&r) != n)
		fail_msg("%s: rcode %d, %d answers", name, rcode(&r), count(&r));
	assert_data(&r, name, &a, 4);
}

static void
assert_nothing(struct server *s, const char *name, int type, int code)
{
	struct reply r;

	ask(s, name, type, false, &r);
	if (rcode(&r) != code || count(&r))
		fail_msg("%s, type %d: rcode %d, %d answers", name, type, rcode(&r), count(&r));
}

TEST(names_of_lima_yaml)
{
	struct server s;
	struct reply r;

	start(&s, false);
	assert_a(&s, "host.lima.internal", "192.168.5.2", 1);
	assert_a(&s, "HOST.Lima.internal", "192.168.5.2", 1);
	assert_a(&s, "lima-t.internal", "192.168.5.15", 1);
	assert_a(&s, "alias2.test", "192.168.5.2", 1);
	assert_a(&s, "filed.test", "10.9.9.9", 2);
	assert_nothing(&s, "host.lima.internal", DNS_AAAA, 0);
	assert_nothing(&s, "host.lima.internal", DNS_MX, 0);
	assert_nothing(&s, "six.internal", DNS_A, 0);
	assert_nothing(&s, "six.internal", DNS_AAAA, 0);
	ask(&s, "alias2.test", DNS_CNAME, false, &r);
	assert_int_equal(count(&r), 1);
	assert_data(&r, "alias2.test", "\4host\4lima\10internal", 20);
	ask(&s, "2.5.168.192.in-addr.arpa", DNS_PTR, false, &r);
	assert_data(&r, "2.5.168.192.in-addr.arpa", "\4host\4lima\10internal", 20);
	assert_int_equal(s.behind.asked, 0);
	/* the alias of something outside: its addresses, with the alias as their owner */
	assert_a(&s, "out.test", "10.1.2.3", 1);
	assert_a(&s, "round.test", "10.1.2.3", 1);
	stop(&s);
}

TEST(names_of_the_hosts_file_and_its_changes)
{
	struct server s;
	struct error err;
	struct reply r;

	start(&s, false);
	assert_a(&s, "printer.lan", "10.9.9.9", 2);
	assert_a(&s, "PRINTER", "10.9.9.9", 1);
	assert_a(&s, "localhost", "127.0.0.1", 1);
	ask(&s, "8.9.9.10.in-addr.arpa", DNS_PTR, false, &r);
	assert_data(&r, "8.9.9.10.in-addr.arpa", "\7printer\3lan", 13);
	assert_int_equal(s.behind.asked, 0);
	ok(fs_write(s.hosts_file, "10.7.7.7 printer.lan\n", 21, 0600, &err));
	usleep(1100 * 1000);
	assert_a(&s, "printer.lan", "10.7.7.7", 1);
	unlink(s.hosts_file);
	usleep(1100 * 1000);
	assert_a(&s, "printer.lan", "10.1.2.3", 1);	/* from the server */
	stop(&s);
}

TEST(ipv6_where_it_is_wanted)
{
	struct server s;
	struct in6_addr six;
	struct reply r;

	start(&s, true);
	inet_pton(AF_INET6, "fd00::6", &six);
	ask(&s, "six.internal", DNS_AAAA, false, &r);
	assert_data(&r, "six.internal", &six, 16);
	inet_pton(AF_INET6, "fd00::7", &six);
	ask(&s, "a.example", DNS_AAAA, false, &r);
	assert_data(&r, "a.example", &six, 16);
	ask(&s, "out.test", DNS_AAAA, false, &r);
	assert_data(&r, "out.test", &six, 16);
	ask(&s, "six.lan", DNS_AAAA, false, &r);
	assert_int_equal(count(&r), 1);
	ask(&s, "6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", DNS_PTR, false, &r);
	assert_int_equal(count(&r), 1);
	assert_memory_equal(r.p + r.len - 14, "\3six\10internal", 14);
	stop(&s);
}

TEST(servers_are_asked_for_the_rest)
{
	static const struct {
		int type;
		const char *data;
		size_t len;
	} cases[] = {
		{ DNS_A, "\12\1\2\3", 4 }, { DNS_MX, "\0\5\1x\xc0\14", 6 }, { DNS_SRV, "\0\1\0\2\0\120\1x\xc0\14", 10 },
		{ DNS_TXT, "\5hello\3you", 10 }, { DNS_NS, "\1x\xc0\14", 4 }, { DNS_CNAME, "\1x\xc0\14", 4 }, { DNS_PTR, "\1x\xc0\14", 4 },
	};
	struct server s;
	struct reply r;

	start(&s, false);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (int edns = 0; edns < 2; edns++) {
			ask(&s, "aB.example", cases[i].type, edns, &r);
			assert_int_equal(rcode(&r), 0);
			assert_int_equal(count(&r), 1);
			assert_data(&r, "aB.example", cases[i].data, cases[i].len);
		}
	assert_nothing(&s, "nx.example", DNS_A, DNS_NXDOMAIN);
	assert_nothing(&s, "fail.example", DNS_A, DNS_SERVFAIL);
	assert_nothing(&s, "short.example", DNS_A, DNS_SERVFAIL);
	assert_nothing(&s, "a.example", DNS_AXFR, DNS_REFUSED);
	stop(&s);
}

TEST(what_is_too_long_for_udp_comes_by_tcp)
{
	struct server s;
	struct reply r;
	uint8_t q[600];
	size_t len;
	int fd;

	start(&s, false);
	ask(&s, "big.example", DNS_A, false, &r);
	assert_true(r.p[2] & 2);
	/* whole records, as many as fit: BusyBox's nslookup does not ask again by TCP */
	assert_int_equal(count(&r), (512 - 12 - 17) / 16);
	ask(&s, "big.example", DNS_A, true, &r);
	assert_false(r.p[2] & 2);
	assert_int_equal(count(&r), 40);
	fd = client(SOCK_STREAM, s.config.tcp_port, 8000);
	/* two questions in one write, the second one's end later */
	len = make_query(q, "big.example", DNS_A, false);
	send_tcp(fd, q, len);
	read_tcp(fd, &r);
	assert_int_equal(count(&r), 40);
	assert_false(r.p[2] & 2);
	len = make_query(q, "host.lima.internal", DNS_A, true);
	send_tcp(fd, q, len);
	send_tcp(fd, q, len);
	read_tcp(fd, &r);
	read_tcp(fd, &r);
	assert_int_equal(count(&r), 1);
	assert_int_equal(r.p[11], 1);
	close(fd);
	/* nothing hurts: too long, half a question, a connection that goes before its answer */
	fd = client(SOCK_STREAM, s.config.tcp_port, 8000);
	assert_int_equal(send(fd, "\xff\xff", 2, 0), 2);
	assert_int_equal(recv(fd, q, 1, 0), 0);
	close(fd);
	fd = client(SOCK_STREAM, s.config.tcp_port, 8000);
	len = make_query(q, "silent.example", DNS_A, false);
	send_tcp(fd, q, len);
	send_tcp(fd, q, len / 2);
	close(fd);
	assert_a(&s, "a.example", "10.1.2.3", 1);
	stop(&s);
}

TEST(a_server_that_is_silent_or_lies)
{
	struct server s;
	struct timespec from, to;
	struct reply r;
	uint8_t q[600];
	size_t len = make_query(q, "silent.example", DNS_A, false);
	int fd, answered = 0;

	start(&s, false);
	clock_gettime(CLOCK_MONOTONIC, &from);
	fd = client(SOCK_DGRAM, s.config.udp_port, 8000);
	/* many at once: those beyond the limit are refused at once, nobody else waits for them */
	for (int i = 0; i < 400; i++) {
		q[0] = (uint8_t)(i >> 8);
		q[1] = (uint8_t)i;
		assert_int_equal(send(fd, q, len, 0), len);
		if (i % 20 == 19)
			usleep(2000);
	}
	assert_nothing(&s, "host.lima.internal", DNS_MX, 0);
	assert_a(&s, "host.lima.internal", "192.168.5.2", 1);
	while (answered < 400 && recv(fd, r.p, sizeof r.p, 0) >= 12) {
		assert_int_equal(rcode(&r), DNS_SERVFAIL);
		answered++;
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_int_equal(answered, 400);
	assert_in_range(to.tv_sec - from.tv_sec, 4, 6);
	close(fd);
	assert_nothing(&s, "lie.example", DNS_A, DNS_SERVFAIL);
	stop(&s);
}

TEST(a_question_that_waits_is_asked_again_when_the_servers_change)
{
	struct server s;
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1) };
	auto_close int silent = socket(AF_INET, SOCK_DGRAM, 0), fd = -1;
	struct error err;
	struct reply r;
	uint8_t q[600];
	size_t len = make_query(q, "a.example", DNS_A, false);

	start(&s, false);
	a.sin_port = htons((in_port_t)s.behind.port);
	assert_int_equal(bind(silent, (void *)&a, sizeof a), 0);
	ok(fs_write(s.resolv_conf, "nameserver 127.0.0.2\n", 21, 0600, &err));
	usleep(1100 * 1000);
	fd = client(SOCK_DGRAM, s.config.udp_port, 4000);
	assert_int_equal(send(fd, q, len, 0), len);
	usleep(1100 * 1000);
	assert_int_equal(recv(fd, r.p, sizeof r.p, MSG_DONTWAIT), -1);
	ok(fs_write(s.resolv_conf, "nameserver 127.0.0.1\noptions edns0\n", 35, 0600, &err));
	assert_a(&s, "host.lima.internal", "192.168.5.2", 1);
	r.len = (size_t)recv(fd, r.p, sizeof r.p, 0);
	assert_int_equal(rcode(&r), 0);
	assert_int_equal(count(&r), 1);
	assert_a(&s, "b.example", "10.1.2.3", 1);
	stop(&s);
}

TEST(what_is_no_question)
{
	static const struct {
		const char *p;
		size_t len;
		int code;	/* -1: silence */
	} cases[] = {
		{ "", 0, -1 },
		{ "\x12\x34\1\0\0\1\0\0\0\0\0", 11, -1 },
		{ "\x12\x34\x81\0\0\1\0\0\0\0\0\0\0\0\1\0\1", 17, -1 },			/* an answer */
		{ "\x12\x34\1\0\0\0\0\0\0\0\0\0", 12, DNS_FORMERR },
		{ "\x12\x34\1\0\0\2\0\0\0\0\0\0\0\0\1\0\1\0\0\1\0\1", 22, DNS_FORMERR },
		{ "\x12\x34\x29\0\0\1\0\0\0\0\0\0\0\0\1\0\1", 17, DNS_NOTIMP },		/* an update */
		{ "\x12\x34\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", 18, DNS_FORMERR },	/* a name that is itself */
		{ "\x12\x34\1\0\0\1\0\0\0\0\0\0\x40" "aaa\0\0\1\0\1", 21, DNS_FORMERR },
		{ "\x12\x34\1\0\0\1\0\0\0\0\0\0\3ab", 15, DNS_FORMERR },
		{ "\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0", 18, DNS_FORMERR },
		{ "\x12\x34\1\0\0\1\0\0\0\0\0\1\1a\0\0\1\0\1\0\0\x29\4\xd0\0\0\0\0\0\5", 30, DNS_FORMERR },	/* EDNS beyond the end */
		{ "\x12\x34\1\0\0\1\0\0\0\0\xff\xff\1a\0\0\1\0\1", 19, DNS_FORMERR },
		{ "\x12\x34\1\0\0\1\0\0\0\0\0\1\1a\0\0\1\0\1\0\0\x29\4\xd0\0\1\0\0\0\0", 30, 0 },	/* BADVERS: the rest is in EDNS */
	};
	struct server s;
	struct reply r;
	uint8_t q[600];

	start(&s, false);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		send_udp(&s, cases[i].p, cases[i].len, &r, cases[i].code < 0 ? 100 : 8000);
		if (cases[i].code < 0 ? r.len != 0 : !r.len || rcode(&r) != cases[i].code)
			fail_msg("case %zu: %zu bytes, %d", i, r.len, r.len ? rcode(&r) : -1);
	}
	assert_int_equal(r.p[r.len - 6], 1);
	/* 255 bytes are a name, 256 are not */
	make_query(q, "a", DNS_A, false);
	memset(q + 12, 'a', 300);
	for (int i = 0; i < 4; i++)
		q[12 + 64 * i] = i < 3 ? 63 : 61;
	q[12 + 192 + 62] = 0;
	memcpy(q + 12 + 255, "\0\1\0\1", 4);
	send_udp(&s, q, 12 + 255 + 4, &r, 8000);
	assert_int_equal(rcode(&r), 0);
	q[12 + 192] = 62;
	q[12 + 192 + 62] = 'a';
	memcpy(q + 12 + 255, "\0\0\1\0\1", 5);
	send_udp(&s, q, 12 + 256 + 4, &r, 8000);
	assert_int_equal(rcode(&r), DNS_FORMERR);
	stop(&s);
}

TEST(a_taken_port_is_named)
{
	struct server s;
	struct error err;
	uv_loop_t loop;

	start(&s, false);
	uv_loop_init(&loop);
	assert_null(dns_start(&loop, &s.config, &err));
	assert_int_equal(err.code, EADDRINUSE);
	assert_non_null(strstr(err.msg, "names: UDP 127.0.0.1:"));
	s.config.udp_port = 0;
	assert_null(dns_start(&loop, &s.config, &err));
	assert_non_null(strstr(err.msg, "names: TCP 127.0.0.1:"));
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	stop(&s);
}
