/* Tunnels of the guest agent: bytes, datagrams, both ends of a connection, services that are not there or slow. */
#include "tests/unit/guest_tube.h"

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
