/* Who listens on a port: found by the kernel's tables, as what would keep us from listening there. */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "providers/listeners.h"
#include "tests/unit/test.h"

static int
listen_on(int family, const char *ip, int *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	int fd = socket(family, SOCK_STREAM, 0);
	void *a = family == AF_INET ? (void *)&in : (void *)&in6;
	socklen_t len = family == AF_INET ? sizeof in : sizeof in6;

	assert_true(fd >= 0);
	assert_int_equal(inet_pton(family, ip, family == AF_INET ? (void *)&in.sin_addr : (void *)&in6.sin6_addr), 1);
	if (bind(fd, a, len) < 0 || listen(fd, 1) < 0 || getsockname(fd, a, &len) < 0) {
		close(fd);
		return -1;
	}
	*port = ntohs(family == AF_INET ? in.sin_port : in6.sin6_port);
	return fd;
}

TEST(a_listener_is_found_with_its_process)
{
	struct listener who;
	AUTO(arena) a = { 0 };
	int port;
	auto_close int fd = listen_on(AF_INET, "127.0.0.1", &port);

	assert_int_equal(listener_find("127.0.0.1", port, false, NULL, &who), 1);
	assert_int_equal(who.pid, getpid());
	assert_string_equal(who.program, "test_listeners");
	assert_non_null(strstr(listener_text(&a, &who), "test_listeners (process "));
	/* who wants all addresses is kept from it, too; another address is free */
	assert_int_equal(listener_find("0.0.0.0", port, false, NULL, &who), 1);
	assert_int_equal(listener_find("127.0.0.2", port, false, NULL, &who), 0);
	assert_int_equal(listener_find("127.0.0.1", port, true, NULL, &who), 0);
	assert_int_equal(listener_find("nowhere", port, false, NULL, &who), -1);
}

struct heard {
	int ports[8];
	size_t n, max;		/* it stops there; 0: nowhere */
};

static int
hear_listener(void *ctx, const struct listener *l)
{
	struct heard *h = ctx;

	assert_int_equal(l->pid, getpid());
	assert_true(h->n < ARRAY_LEN(h->ports));
	h->ports[h->n++] = l->port;
	return h->n == h->max;
}

TEST(of_many_ports_each_is_told_the_lowest_first)
{
	struct heard all = { 0 }, some = { .max = 1 }, none = { 0 };
	int one, two, low, high;
	auto_close int fd = listen_on(AF_INET, "127.0.0.9", &one), other = listen_on(AF_INET, "127.0.0.9", &two);

	low = one < two ? one : two;
	high = one < two ? two : one;
	assert_int_equal(listeners_each("127.0.0.9", low, high, false, NULL, hear_listener, &all), 0);
	assert_int_equal(all.n, 2);
	assert_int_equal(all.ports[0], low);
	assert_int_equal(all.ports[1], high);
	assert_int_equal(listeners_each("127.0.0.9", low, high, false, NULL, hear_listener, &some), 1);
	assert_int_equal(some.n, 1);
	assert_int_equal(listeners_each("127.0.0.9", low + 1, high - 1, false, NULL, hear_listener, &none), 0);
	assert_int_equal(none.n, 0);
}

TEST(one_on_all_addresses_is_on_each)
{
	struct listener who;
	int port;
	auto_close int fd = listen_on(AF_INET, "0.0.0.0", &port), six = -1;

	assert_int_equal(listener_find("127.0.0.1", port, false, NULL, &who), 1);
	close(steal_fd(fd));
	assert_int_equal(listener_find("127.0.0.1", port, false, NULL, &who), 0);
	six = listen_on(AF_INET6, "::", &port);
	if (six >= 0)	/* a host without IPv6 has no such thing to be found */
		assert_int_equal(listener_find("127.0.0.1", port, false, NULL, &who), 1);
}
