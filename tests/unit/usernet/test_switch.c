/* The program itself, between two machines that are sockets of ours. */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "hostagent/protocol/ha_client.h"
#include "providers/pidfile.h"
#include "providers/sock.h"
#include "tests/unit/test.h"
#include "hostagent/dns/dns_msg.h"
#include "tests/unit/usernet/frames.h"

enum { LIMIT_MS = 20000, QUIET_MS = 200 };

static uint8_t f[FRAME_MAX], got[FRAME_MAX];

struct lab {
	char *dir;
	pid_t parent, pid;
	int a, b;
	int dns_port; /* of the resolver that a.0 and b.0 have on this host; 0: none */
};

static void
lab_address(const char *dir, const char *name, struct sockaddr_un *to)
{
	*to = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(to->sun_path, sizeof to->sun_path, "%s/%s", dir, name);
}

/* A machine: bound, and never connected, as QEMU is. */
static int
lab_machine(const char *dir, const char *name)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un at;

	lab_address(dir, name, &at);
	unlink(at.sun_path);
	assert_int_equal(bind(fd, (void *)&at, sizeof at), 0);
	return fd;
}

static pid_t
lab_switch(const struct lab *l)
{
	auto_free char *pidfile = xasprintf("%s/usernet_%s.pid", l->dir, strrchr(l->dir, '/') + 1);

	return pidfile_process(pidfile);
}

/* The switch, once it is another one than `before`. */
static void
lab_find_switch(struct lab *l, pid_t before)
{
	for (long long end = clock_ms() + LIMIT_MS; clock_ms() < end; poll(NULL, 0, 10)) {
		l->pid = lab_switch(l);
		if (l->pid > 0 && l->pid != before)
			return;
	}
	fail_msg("the switch did not start");
}

/* It listens a moment after it has taken the pid file. */
static void
lab_await_endpoint(const struct lab *l)
{
	auto_free char *socket = xasprintf("%s/%s_ep.sock", l->dir, strrchr(l->dir, '/') + 1);
	struct error err;

	for (long long end = clock_ms() + LIMIT_MS; clock_ms() < end; poll(NULL, 0, 10)) {
		auto_close int fd = sock_connect(socket, &(struct sock_wait){.deadline = end}, &err);

		if (fd >= 0)
			return;
	}
	fail_msg("the switch does not answer: %s", err.msg);
}

static void
lab_start(struct lab *l)
{
	l->parent = fork();
	if (!l->parent) {
		execl("build/libexec/lima/lima-usernet", "lima-usernet", l->dir, NULL);
		_exit(127);
	}
	lab_find_switch(l, 0);
	lab_await_endpoint(l);
}

static void
lab_port(const struct lab *l, const char *id, const uint8_t *mac, uint32_t ip)
{
	auto_free char *name = xasprintf("ports/%s", id), *socket = xasprintf("%s/vm.%s", l->dir, id),
		       *hostname = xasprintf("lima-%c", id[0]);
	struct usernet_port p = {id, socket, hostname, {0}, ip, 0, l->dns_port};
	AUTO(buf) b = BUF_INIT;

	memcpy(p.mac, mac, MAC_LEN);
	usernet_port_text(&p, &b);
	test_put(l->dir, name, b.s);
}

static void
lab_open(struct lab *l, const char *name, const char *rules)
{
	auto_free char *network = xasprintf("gateway 192.168.104.1\nnetmask 255.255.255.0\n%s", rules);

	l->dir = test_path(name);
	test_put(l->dir, "network", network);
	lab_port(l, "a.0", mac_a, IP_A);
	lab_port(l, "b.0", mac_b, IP_B);
	l->a = lab_machine(l->dir, "vm.a.0");
	l->b = lab_machine(l->dir, "vm.b.0");
	lab_start(l);
}

static void
lab_close(struct lab *l)
{
	int status;

	assert_int_equal(kill(l->pid, SIGTERM), 0);
	assert_int_equal(waitpid(l->parent, &status, 0), l->parent);
	assert_int_equal(status, 0);
	close(l->a);
	close(l->b);
	free(l->dir);
}

/* As QEMU does: by name, each time. Until the switch is there. */
static void
lab_send(const struct lab *l, int fd, const char *port, size_t len)
{
	struct sockaddr_un to;
	long long end = clock_ms() + LIMIT_MS;

	lab_address(l->dir, port, &to);
	while (sendto(fd, f, len, 0, (void *)&to, sizeof to) < 0 && clock_ms() < end)
		poll(NULL, 0, 10);
	assert_true(clock_ms() < end);
}

/* The next frame of that type; its length, 0: none came. */
static size_t
lab_receive(int fd, uint16_t type, int limit_ms)
{
	struct pollfd p = {fd, POLLIN, 0};

	while (poll(&p, 1, limit_ms) > 0) {
		ssize_t n = recv(fd, got, sizeof got, 0);

		/* the switch looks whether a machine is there by asking for its own address */
		if (n > 14 && get16(got + 12) == type && !(type == ETH_TYPE_ARP && got[ETH_HEADER + 7] == 1))
			return (size_t)n;
	}
	return 0;
}

static void
lab_reaches(const struct lab *l, char what)
{
	size_t n;

	lab_send(l, l->a, "ports/a.0.sock", make_udp(f, mac_a, mac_b, IP_A, IP_B, 1, 2, &what, 1));
	n = lab_receive(l->b, ETH_TYPE_IP, LIMIT_MS);
	assert_true(n > 0);
	assert_int_equal(got[n - 1], what);
	lab_send(l, l->b, "ports/b.0.sock", make_udp(f, mac_b, mac_a, IP_B, IP_A, 2, 1, &what, 1));
	assert_true(lab_receive(l->a, ETH_TYPE_IP, LIMIT_MS) > 0);
}

TEST(two_machines_reach_each_other_and_survive_the_switch)
{
	struct lab l = {0};

	lab_open(&l, "two", "");
	lab_reaches(&l, '1');
	for (int i = 0; i < 3; i++) {
		pid_t before = l.pid;

		assert_int_equal(kill(before, SIGKILL), 0);
		lab_find_switch(&l, before);
		lab_reaches(&l, '2');
	}
	/* nor does it end when its parent does */
	test_kill(l.parent);
	lab_reaches(&l, '3');
	assert_int_equal(kill(l.pid, SIGKILL), 0);
	while (lab_switch(&l) > 0)
		poll(NULL, 0, 10);
	lab_start(&l);
	lab_reaches(&l, '4');
	/* and a machine that is started anew under the same name */
	close(l.b);
	l.b = lab_machine(l.dir, "vm.b.0");
	lab_send(&l, l.a, "ports/a.0.sock", make_udp(f, mac_a, mac_b, IP_A, IP_B, 1, 2, "x", 1));
	lab_send(&l, l.b, "ports/b.0.sock", make_udp(f, mac_b, mac_b, IP_B, IP_B, 1, 2, "x", 1));
	lab_reaches(&l, '5');
	lab_close(&l);
}

TEST(the_switch_answers_arp_dhcp_and_names)
{
	uint8_t d[300];
	struct lab l = {0};
	/* lima-b.internal, A */
	static const uint8_t query[] = "\0\7\1\0\0\1\0\0\0\0\0\0\6lima-b\10internal\0\0\1\0";
	size_t n;

	lab_open(&l, "answers", "");
	lab_send(&l, l.a, "ports/a.0.sock", make_arp(f, mac_a, IP_A, IP_B, 1));
	assert_true(lab_receive(l.a, ETH_TYPE_ARP, LIMIT_MS) > 0);
	assert_memory_equal(got + ETH_HEADER + 8, mac_b, MAC_LEN);
	n = make_dhcp(d, mac_a, 1, 0);
	lab_send(&l, l.a, "ports/a.0.sock", make_udp(f, mac_a, mac_all, 0, UINT32_MAX, 68, 67, d, n));
	assert_true(lab_receive(l.a, ETH_TYPE_IP, LIMIT_MS) > 0);
	assert_int_equal(get32(got + ETH_HEADER + IP_HEADER + UDP_HEADER + 16), IP_A);
	guard_gateway_mac(&(struct usernet){.gateway = GATEWAY}, d);
	lab_send(&l, l.a, "ports/a.0.sock", make_udp(f, mac_a, d, IP_A, GATEWAY, 5000, 53, query, sizeof query));
	n = lab_receive(l.a, ETH_TYPE_IP, LIMIT_MS);
	assert_true(n > 0);
	assert_int_equal(get32(got + n - 4), IP_B);
	assert_int_equal(lab_receive(l.b, ETH_TYPE_IP, QUIET_MS), 0);
	lab_close(&l);
}

TEST(who_lies_is_not_heard)
{
	struct lab l = {0};

	lab_open(&l, "lies", "");
	lab_reaches(&l, '1');
	lab_send(&l, l.a, "ports/a.0.sock", make_udp(f, mac_a, mac_b, GATEWAY, IP_B, 1, 2, "x", 1));
	lab_send(&l, l.a, "ports/a.0.sock", make_udp(f, mac_b, mac_all, IP_B, UINT32_MAX, 1, 2, "x", 1));
	lab_send(&l, l.a, "ports/a.0.sock", make_udp(f, mac_a, mac_all, IP_A, UINT32_MAX, 67, 68, "x", 1));
	lab_send(&l, l.a, "ports/a.0.sock", make_arp(f, mac_a, GATEWAY, IP_B, 2));
	lab_send(&l, l.a, "ports/a.0.sock", 13);
	assert_int_equal(lab_receive(l.b, ETH_TYPE_IP, QUIET_MS), 0);
	/* a stranger cannot speak by that port either, now that its machine has */
	f[0] = 0;
	{
		auto_close int stranger = lab_machine(l.dir, "stranger");
		struct sockaddr_un to;
		size_t n = make_udp(f, mac_a, mac_b, IP_A, IP_B, 1, 2, "y", 1);

		lab_address(l.dir, "ports/a.0.sock", &to);
		assert_true(sendto(stranger, f, n, 0, (void *)&to, sizeof to) < 0);
	}
	lab_reaches(&l, '2');
	lab_close(&l);
}

TEST(who_floods_or_sleeps_harms_nobody)
{
	struct lab l = {0};
	int c;
	static const uint8_t mac_c[] = {0x52, 0x55, 0x55, 0, 0, 3};

	lab_open(&l, "floods", "");
	lab_port(&l, "c.0", mac_c, NET + 5);
	c = lab_machine(l.dir, "vm.c.0");
	lab_send(&l, c, "ports/c.0.sock", make_udp(f, mac_c, mac_b, NET + 5, IP_B, 1, 2, "x", 1));
	assert_true(lab_receive(l.b, ETH_TYPE_IP, LIMIT_MS) > 0);
	/* c reads nothing any more, and says much, to one and to all */
	for (int i = 0; i < 5000; i++) {
		struct sockaddr_un to;
		size_t n = make_udp(f, mac_c, i % 2 ? mac_all : mac_c, NET + 5, i % 2 ? UINT32_MAX : NET + 5, 1, 2, "x",
				    1);

		lab_address(l.dir, "ports/c.0.sock", &to);
		sendto(c, f, n, MSG_DONTWAIT, (void *)&to, sizeof to);
		n = make_udp(f, mac_a, mac_c, IP_A, NET + 5, 1, 2, "x", 1);
		lab_address(l.dir, "ports/a.0.sock", &to);
		sendto(l.a, f, n, MSG_DONTWAIT, (void *)&to, sizeof to);
	}
	while (lab_receive(l.b, ETH_TYPE_IP, QUIET_MS))
		;
	while (lab_receive(l.a, ETH_TYPE_IP, QUIET_MS))
		;
	lab_reaches(&l, '1');
	close(c);
	lab_close(&l);
}

TEST(a_port_goes_with_its_file)
{
	struct lab l = {0};
	auto_free char *path = NULL, *sock = NULL;
	struct error err;

	lab_open(&l, "goes", "");
	lab_reaches(&l, '1');
	path = xasprintf("%s/ports/b.0", l.dir);
	sock = xasprintf("%s.sock", path);
	ok(fs_unlink(path, &err));
	for (long long end = clock_ms() + LIMIT_MS; fs_exists(sock) && clock_ms() < end;)
		poll(NULL, 0, 10);
	assert_false(fs_exists(sock));
	lab_send(&l, l.a, "ports/a.0.sock", make_arp(f, mac_a, IP_A, IP_B, 1));
	assert_int_equal(lab_receive(l.a, ETH_TYPE_ARP, QUIET_MS), 0);
	lab_port(&l, "b.0", mac_b, IP_B);
	lab_reaches(&l, '2');
	lab_close(&l);
}

TEST(a_hundred_ports)
{
	struct lab l = {0};

	lab_open(&l, "hundred", "");
	for (uint8_t i = 10; i < 108; i++) {
		auto_free char *id = xasprintf("m%d.0", i);
		const uint8_t mac[] = {0x52, 0x55, 0x55, 0, 1, i};

		lab_port(&l, id, mac, NET + i);
	}
	lab_port(&l, "b.1", (const uint8_t[]){0x52, 0x55, 0x55, 0, 2, 0}, NET + 200);
	for (long long end = clock_ms() + LIMIT_MS; clock_ms() < end;) {
		lab_send(&l, l.a, "ports/a.0.sock", make_arp(f, mac_a, IP_A, NET + 200, 1));
		if (lab_receive(l.a, ETH_TYPE_ARP, 100))
			break;
	}
	assert_int_equal(got[ETH_HEADER + 12], 2);
	lab_reaches(&l, '1');
	lab_close(&l);
}

/* What its endpoint says; in `out`. */
static void
lab_ask(const struct lab *l, const char *path, struct buf *out)
{
	auto_free char *socket = xasprintf("%s/%s_ep.sock", l->dir, strrchr(l->dir, '/') + 1);
	const struct ha_request r = {.method = "GET", .path = path, .timeout_ms = LIMIT_MS};
	struct error err;

	buf_truncate(out, 0);
	ok(ha_request(socket, &r, NULL, out, &err));
}

TEST(the_endpoint_says_who_is_there)
{
	AUTO(buf) said = BUF_INIT;
	struct lab l = {0};
	auto_free char *socket = NULL;
	const struct ha_request wrong = {.method = "POST", .path = "/services/none", .body = "{}", .timeout_ms = LIMIT_MS};
	struct error err;
	const struct sock_wait w = {.deadline = clock_ms() + LIMIT_MS};
	struct stat st;

	lab_open(&l, "endpoint", "");
	lab_ask(&l, "/services/dhcp/leases", &said);
	assert_string_equal(said.s, "{\"192.168.104.3\":\"52:55:55:00:00:01\",\"192.168.104.4\":\"52:55:55:00:00:02\"}\n");
	lab_ask(&l, "/services/forwarder/all", &said);
	assert_string_equal(said.s, "[]\n");
	lab_ask(&l, "/services/dns/all", &said);
	assert_non_null(strstr(said.s, "{\"Name\":\"lima-b\",\"IP\":\"192.168.104.4\"}"));
	socket = xasprintf("%s/endpoint_ep.sock", l.dir);
	assert_int_equal(stat(socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	not_ok(ha_request(socket, &wrong, NULL, NULL, &err), "404");
	/* who says nothing keeps nobody out, and what is no request is answered */
	for (int i = 0; i < 40; i++) {
		int fd = sock_connect(socket, &w, &err);

		assert_true(fd >= 0);
		if (i == 20)
			assert_int_equal(write(fd, "POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 45), 45);
	}
	lab_ask(&l, "/services/forwarder/all", &said);
	assert_string_equal(said.s, "[]\n");
	lab_close(&l);
}

/* The resolver of a host agent's: asked for www.example.org, it answers with 203.0.113.7; whatever it was asked is in `got`. */
static size_t
resolver_serve(int fd, bool answers)
{
	static const uint8_t answer[] = "\300\14\0\1\0\1\0\0\0\74\0\4\313\0\161\7";
	struct pollfd p = {fd, POLLIN, 0};
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	ssize_t n;

	if (poll(&p, 1, answers ? LIMIT_MS : QUIET_MS) <= 0)
		return 0;
	n = recvfrom(fd, got, sizeof got, 0, (void *)&from, &len);
	assert_true(n > 12);
	if (answers) {
		uint8_t reply[512];

		memcpy(reply, got, (size_t)n);
		reply[2] |= 0x80;
		reply[7] = 1;
		memcpy(reply + n, answer, sizeof answer - 1);
		assert_true(sendto(fd, reply, (size_t)n + sizeof answer - 1, 0, (void *)&from, len) > 0);
	}
	return (size_t)n;
}

static void
lab_asks_for(const struct lab *l, const char *name)
{
	uint8_t query[300] = "\0\7\1\0\0\1\0\0\0\0\0\0", gateway[MAC_LEN];
	int n = dns_name_put(query + DNS_HEADER, name);

	assert_true(n > 0);
	memcpy(query + DNS_HEADER + n, "\0\1\0\1", 4);
	guard_gateway_mac(&(struct usernet){.gateway = GATEWAY}, gateway);
	lab_send(l, l->a, "ports/a.0.sock", make_udp(f, mac_a, gateway, IP_A, GATEWAY, 5000, 53, query, (size_t)n + DNS_HEADER + 4));
}

static void
lab_goes_outside(const struct lab *l)
{
	uint8_t gateway[MAC_LEN];

	guard_gateway_mac(&(struct usernet){.gateway = GATEWAY}, gateway);
	lab_send(l, l->a, "ports/a.0.sock", make_udp(f, mac_a, gateway, IP_A, 0xcb007107, 5001, 443, "x", 1));
}

TEST(a_name_opens_the_way_to_where_it_leads_and_no_other)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof here;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	AUTO(buf) said = BUF_INIT;
	struct lab l = {0};

	assert_int_equal(bind(fd, (void *)&here, len), 0);
	assert_int_equal(getsockname(fd, (void *)&here, &len), 0);
	l.dns_port = ntohs(here.sin_port);
	lab_open(&l, "names", "hostLoopback 0\negress 10.0.0.0/8 *.example.org\n");
	lab_goes_outside(&l);
	lab_ask(&l, "/denied", &said);
	assert_non_null(strstr(said.s, "\"last\":[{\"address\":\"203.0.113.7\",\"protocol\":\"udp\",\"port\":443,\"count\":1}]"));
	/* nobody else is asked for a name that the rules have not */
	lab_asks_for(&l, "www.example.net");
	assert_true(resolver_serve(fd, false) > 0);
	assert_int_equal(got[2] & 1, 0);
	lab_ask(&l, "/denied", &said);
	assert_non_null(strstr(said.s, "{\"denied\":2,"));
	assert_non_null(strstr(said.s, "{\"name\":\"www.example.net\",\"count\":1}"));
	lab_asks_for(&l, "www.example.org");
	assert_true(resolver_serve(fd, true) > 0);
	assert_int_equal(got[2] & 1, 1);
	assert_true(lab_receive(l.a, ETH_TYPE_IP, LIMIT_MS) > 0);
	lab_goes_outside(&l);
	lab_ask(&l, "/denied", &said);
	assert_non_null(strstr(said.s, "{\"denied\":2,"));
	close(fd);
	lab_close(&l);
}
