/* The parts of the guest agent that need no host: command line, unit, addresses, the kernel's answers, prefaces. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include "guest/agent/dial.h"
#include "guest/agent/h2_preface.h"
#include "guest/agent/install.h"
#include "guest/agent/loop.h"
#include "guest/agent/options.h"
#include "guest/agent/ports.h"
#include "guest/agent/sock_diag.h"
#include "tests/unit/test.h"

TEST(durations)
{
	static const struct { const char *text; unsigned ms; } good[] = {
		{ "3s", 3000 }, { "250ms", 250 }, { "1m30s", 90000 }, { "1.5s", 1500 }, { "24h", 86400000 }, { "0s", 0 },
		{ "1h1m1s1ms", 3661001 }, { "1500us", 1 }, { "0.25s", 250 }, { "2.000s", 2000 },
	};
	static const char *const bad[] = { "", "3", "s", "3 s", "-3s", "3x", "3s3", "25h", "1.5.5s", ".5s", "99999999999999999999s",
					   "3m s", "0x10s", "1e3s", "inf" };
	struct error err;
	unsigned ms;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		ok(date_duration_parse(good[i].text, &ms, &err));
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		not_ok(date_duration_parse(bad[i], &ms, &err), "not a duration");
}

TEST(flags_as_boot_scripts_give_them)
{
	const char *dir = "default", *port = NULL;
	unsigned owner = 0, tick = 3000;
	bool debug = true, updated = false;
	const struct option options[] = {
		{ "runtime-dir", OPTION_TEXT, &dir }, { "virtio-port", OPTION_TEXT, &port },
		{ "socket-owner", OPTION_NUMBER, &owner }, { "tick", OPTION_DURATION, &tick },
		{ "debug", OPTION_BOOL, &debug }, { "updated", OPTION_BOOL, &updated },
	};
	char *all[] = { "daemon", "--debug=false", "--socket-owner", "501", "--runtime-dir=/run/x", "--tick", "1s",
			"--updated", "--virtio-port", "", NULL };
	char *bad[][4] = {
		{ "daemon", "x" }, { "daemon", "--nothing" }, { "daemon", "--tick" }, { "daemon", "--debug=maybe" },
		{ "daemon", "--socket-owner=-1" }, { "daemon", "--socket-owner", "5x" }, { "daemon", "--socket-owner=" },
		{ "daemon", "--socket-owner=4294967296" }, { "daemon", "-d" }, { "daemon", "--tic=3s" },
	};
	struct error err;

	ok(options_parse(all, options, ARRAY_LEN(options), &err));
	assert_false(debug);
	assert_true(updated);
	assert_int_equal(owner, 501);
	assert_int_equal(tick, 1000);
	assert_string_equal(dir, "/run/x");
	assert_string_equal(port, "");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(options_parse(bad[i], options, ARRAY_LEN(options), &err), -1);
		assert_int_equal(err.code, EINVAL);
	}
}

TEST(unit_says_what_the_agent_is_started_with)
{
	struct install i = { .program = "/usr/local/bin/lima-guestagent", .socket_owner = 501, .debug = true };
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(install_unit(&i, &b, &err));
	assert_non_null(strstr(b.s, "\nExecStart=/usr/local/bin/lima-guestagent daemon --socket-owner 501 --debug "
				    "--runtime-dir=\"%t/%N\"\n"));
	assert_non_null(strstr(b.s, "\nType=simple\n"));
	assert_non_null(strstr(b.s, "\nRestart=on-failure\n"));
	assert_non_null(strstr(b.s, "\nOOMPolicy=continue\nOOMScoreAdjust=-500\n"));
	assert_non_null(strstr(b.s, "\n[Install]\nWantedBy=multi-user.target\n"));
	buf_truncate(&b, 0);
	i = (struct install){ .program = "/a", .virtio_port = "io.lima-vm.guest_agent.0" };
	ok(install_unit(&i, &b, &err));
	assert_non_null(strstr(b.s, "\nExecStart=/a daemon --virtio-port io.lima-vm.guest_agent.0 --runtime-dir"));
	i.virtio_port = "x %n";
	not_ok(install_unit(&i, &b, &err), "cannot be part of a unit");
	i = (struct install){ .program = "/a b" };
	not_ok(install_unit(&i, &b, &err), "cannot be part of a unit");
}

static void
expect_calls(const char *log, const char *want)
{
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(fs_read_if(log, &b, 4096, &err));
	assert_string_equal(b.s, want);
	unlink(log);
}

TEST(systemd_is_told_only_what_is_new)
{
	auto_free char *log = test_path("calls"), *unit = test_path("agent.service"), *program = test_path("systemctl");
	auto_free char *script = xasprintf("#!/bin/sh\necho \"$*\" >>%s\n", log);
	struct install i = { .program = "/a", .unit = unit, .systemctl = program };
	struct error err;

	ok(fs_write(program, script, strlen(script), 0700, &err));
	ok(install_systemd(&i, &err));
	expect_calls(log, "--system daemon-reload\n--system enable lima-guestagent.service\n"
			  "--system try-restart lima-guestagent.service\n--system start lima-guestagent.service\n");
	ok(install_systemd(&i, &err));
	expect_calls(log, "");
	i.updated = true;
	ok(install_systemd(&i, &err));
	expect_calls(log, "--system enable lima-guestagent.service\n--system try-restart lima-guestagent.service\n"
			  "--system start lima-guestagent.service\n");
	i = (struct install){ .program = "/a", .unit = unit, .systemctl = "/bin/false", .debug = true };
	not_ok(install_systemd(&i, &err), "false");
}

TEST(addresses_of_services)
{
	static const struct { const char *proto, *addr; } good[] = {
		{ "tcp", "127.0.0.1:80" }, { "tcp", "[::1]:65535" }, { "udp", "0.0.0.0:1" }, { "tcp", "localhost:8080" },
		{ "unix", "/run/docker.sock" }, { "udp", "[::]:53" },
	};
	static const struct { const char *proto, *addr; } bad[] = {
		{ "tcp", "" }, { "tcp", "127.0.0.1" }, { "tcp", "127.0.0.1:" }, { "tcp", ":80" }, { "tcp", "127.0.0.1:0" },
		{ "tcp", "127.0.0.1:65536" }, { "tcp", "127.0.0.1:+80" }, { "tcp", "127.0.0.1: 80" }, { "tcp", "::1:80" },
		{ "tcp", "[::1]" }, { "tcp", "[::1:80" }, { "tcp", "[]:80" }, { "tcp", "example.com:80" }, { "tcp", "[::1]80" },
		{ "tcp", "/run/x" }, { "unix", "run/x" }, { "unix", "" }, { "TCP", "127.0.0.1:80" }, { "", "127.0.0.1:80" },
		{ "tcp", "[fe80::1%lo]:80" },
	};
	char longest[200];
	struct error err;
	struct dial d;

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		ok(dial_parse(&d, good[i].proto, strlen(good[i].proto), good[i].addr, strlen(good[i].addr), &err));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		not_ok(dial_parse(&d, bad[i].proto, strlen(bad[i].proto), bad[i].addr, strlen(bad[i].addr), &err), "");
	for (size_t len = 1; len < sizeof longest; len++) {
		bool fits;

		memset(longest, 'x', len);
		longest[0] = '/';
		fits = dial_parse(&d, "unix", 4, longest, len, &err) == 0;
		assert_true(fits == (len < 108));
	}
	not_ok(dial_parse(&d, "unix", 4, "/run\0/x", 7, &err), "");
}

/* A dump as the kernel sends it: one message a socket. */
static void
add_socket(struct buf *b, int family, int state, const char *ip, unsigned port)
{
	struct nlmsghdr h = { .nlmsg_len = sizeof h + sizeof(struct inet_diag_msg) };
	struct inet_diag_msg m = { .idiag_family = (uint8_t)family, .idiag_state = (uint8_t)state };

	m.id.idiag_sport = htons((uint16_t)port);
	inet_pton(family, ip, m.id.idiag_src);
	buf_add(b, &h, sizeof h);
	buf_add(b, &m, sizeof m);
}

TEST(dumps_of_the_kernel)
{
	struct nlmsghdr done = { .nlmsg_len = sizeof done, .nlmsg_type = NLMSG_DONE };
	AUTO(ga_ports) l = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct error err;
	char text[54];

	add_socket(&b, AF_INET, 10, "127.0.0.1", 80);
	add_socket(&b, AF_INET6, 10, "::", 81);
	add_socket(&b, AF_INET6, 10, "::ffff:10.0.0.1", 82);
	add_socket(&b, AF_INET, 1, "127.0.0.1", 83);	/* established */
	add_socket(&b, AF_INET, 10, "127.0.0.1", 0);	/* no number yet */
	add_socket(&b, AF_UNIX, 10, "", 84);
	assert_int_equal(sock_diag_parse(b.s, b.len, GA_TCP, &l, &err), 1);
	assert_int_equal(l.n, 3);
	assert_string_equal(ga_port_addr(&l.v[0], text), "127.0.0.1:80");
	assert_string_equal(ga_port_addr(&l.v[1], text), "[::]:81");
	assert_string_equal(ga_port_addr(&l.v[2], text), "10.0.0.1:82");
	buf_add(&b, &done, sizeof done);
	assert_int_equal(sock_diag_parse(b.s, b.len, GA_TCP, &l, &err), 0);
	assert_int_equal(sock_diag_parse(b.s, 0, GA_TCP, &l, &err), 1);
	for (size_t cut = 1; cut < sizeof done; cut++)
		not_ok(sock_diag_parse(b.s, cut, GA_TCP, &l, &err), "damaged");
}

TEST(refusals_of_the_kernel)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} m = { { .nlmsg_len = sizeof m, .nlmsg_type = NLMSG_ERROR }, { .error = -ENOENT } };
	AUTO(ga_ports) l = { 0 };
	struct error err;

	not_ok(sock_diag_parse(&m, sizeof m, GA_UDP, &l, &err), "socket diagnostics");
	assert_int_equal(err.code, ENOENT);
	m.h.nlmsg_len = sizeof m.h;	/* no code in it */
	not_ok(sock_diag_parse(&m, sizeof m.h, GA_UDP, &l, &err), "socket diagnostics");
	m.h.nlmsg_len = 5;
	not_ok(sock_diag_parse(&m, sizeof m, GA_UDP, &l, &err), "damaged");
}

static void
add(struct ga_ports *l, const char *proto, const char *ip, unsigned port)
{
	struct ga_port p;

	assert_true(ga_port_parse(&p, proto, strlen(proto), ip, strlen(ip), port));
	ga_ports_add(l, &p);
}

TEST(a_service_is_a_port_unless_a_socket_has_its_number)
{
	struct ports p;

	ports_init(&p);
	add(&p.parts[0], "tcp", "127.0.0.1", 80);
	add(&p.parts[2], "udp", "127.0.0.1", 53);
	add(&p.services, "tcp", "0.0.0.0", 53);		/* the protocol does not matter */
	add(&p.services, "tcp", "0.0.0.0", 30000);
	add(&p.services, "udp", "0.0.0.0", 30000);
	ports_merge(&p);
	assert_int_equal(p.all.n, 4);
	ports_release(&p);
}

TEST(prefaces_in_any_pieces)
{
	static const char *const before[] = { "", "x", "P", "PRI * HTTP", "PRI * HTTPRI * HTT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r" };

	for (size_t i = 0; i < ARRAY_LEN(before); i++)
		for (size_t piece = 1; piece < 60; piece++) {
			auto_free char *all = xasprintf("%s%s%s", before[i], PREFACE, "behind");
			size_t len = strlen(all), at = 0, rest = PREFACE_NONE;
			struct h2_preface f = { 0 };

			while (at < len && rest == PREFACE_NONE) {
				size_t n = piece < len - at ? piece : len - at;

				rest = h2_preface_find(&f, all + at, n);
				at += n;
			}
			assert_true(rest != PREFACE_NONE);
			assert_int_equal(at - rest, strlen(before[i]) + PREFACE_LEN);
		}
}

struct ticks {
	struct loop loop;
	struct timer a, b, c;
	char order[8];
};

static void
tick_a(struct timer *t)
{
	struct ticks *k = CONTAINER_OF(t, struct ticks, a);

	strcat(k->order, "a");
	loop_untimer(&k->loop, &k->c);	/* due at the same time */
}

static void
tick_b(struct timer *t)
{
	struct ticks *k = CONTAINER_OF(t, struct ticks, b);

	strcat(k->order, "b");
	if (strlen(k->order) < 4)
		loop_timer(&k->loop, &k->b, loop_now() + 5);
	else
		loop_stop(&k->loop);
}

TEST(timers_fire_in_order_and_may_be_changed_meanwhile)
{
	struct ticks k = { .a.fire = tick_a, .b.fire = tick_b };
	uint64_t now = loop_now();
	struct error err;

	ok(loop_init(&k.loop, &err));
	loop_timer(&k.loop, &k.c, now + 21);
	loop_timer(&k.loop, &k.b, now + 40);
	loop_timer(&k.loop, &k.a, now + 50);
	loop_timer(&k.loop, &k.a, now + 20);
	loop_timer_by(&k.loop, &k.b, now + 90);
	loop_timer(&k.loop, &k.c, now + 200);
	ok(loop_run(&k.loop, &err));
	assert_string_equal(k.order, "abbb");
	assert_false(k.c.armed);
	loop_release(&k.loop);
}
