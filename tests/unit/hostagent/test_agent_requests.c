/* What a host agent answers to requests that are none, or are too many. */
#include "hostagent/protocol/ha_client.h"

#include <sys/socket.h>

#include "base/clock.h"
#include "providers/sock.h"
#include "tests/unit/agent.h"

TEST(bad_requests_are_sent_away)
{
	static const struct {
		const char *text, *answer;
	} cases[] = {
		{ "hello\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET /v1/info HTTP/2.0\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET /nope HTTP/1.1\r\n\r\n", "HTTP/1.1 404 " },
		{ "POST /v1/info HTTP/1.1\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n" },
		{ "PUT /v1/forwards/x HTTP/1.1\r\nContent-Length: 1\r\n\r\n{", "HTTP/1.1 400 " },
		{ "PUT /v1/forwards/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 413 " },
		{ "PUT /v1/forwards/x HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", "HTTP/1.1 413 " },
		{ "PUT /v1/forwards/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 413 " },
		{ "PUT /v1/forwards/ HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 400 " },
		{ "GET /v1/screenshot?format=png HTTP/1.1\r\n\r\n", "HTTP/1.1 501 " },
		{ "GET /v1/wait?until=monday HTTP/1.1\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET /v1/info?x=y HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" },
	};
	auto_free char *path = test_path("o/ha.sock");
	struct sock_wait w = { .deadline = clock_ms() + 20000 };
	struct machine m;
	struct error err;
	int fds[70];

	make(&m, "o");
	ok(start(&m, &err));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_close int fd = sock_connect(path, &w, &err);
		char got[4096] = "";

		assert_true(fd >= 0);
		ok(sock_write(fd, cases[i].text, strlen(cases[i].text), &w, &err));
		assert_true(sock_read(fd, got, sizeof got - 1, &w, &err) > 0);
		if (strncmp(got, cases[i].answer, strlen(cases[i].answer)) != 0)
			fail_msg("%s -> %s", cases[i].text, got);
	}
	/* too much, and from too many; then it still works */
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = sock_connect(path, &w, &err);
		assert_true(fds[i] >= 0);
	}
	for (int i = 0; i < 3000 && send(fds[0], "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 38, MSG_NOSIGNAL) > 0; i++)
		;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	/* it sends us away as well until it has seen them go */
	for (int i = 0; i < 500; i++) {
		AUTO(arena) a = { 0 };
		struct ha_info info;

		if (ha_info(m.dir, &a, &info, &err) == 0)
			break;
		usleep(10000);
	}
	assert_true(qemu_of(&m) > 0);
	done(&m);
}
