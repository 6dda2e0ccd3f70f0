/* The client against a host agent that is not one; with the real one: test_agent_*.c. */
#include "hostagent/protocol/ha_client.h"

#include <errno.h>

#include "hostagent/protocol/forward_rule.h"
#include "tests/unit/fake_server.h"

enum { LONG_MS = 60000, SHORT_MS = 300 };	/* an answer that comes; one that does not */

static int
asked(const char *answer, bool stays, size_t flood, int timeout_ms, struct buf *out, int *status, struct error *err)
{
	const char *const say[] = { answer, NULL };
	auto_free char *path = test_path("ha.sock");
	pid_t pid = fake_server(path, &(struct script){ say, false, stays, flood });
	struct ha_request r = { .method = "GET", .path = "/", .timeout_ms = timeout_ms };
	int n = ha_request(path, &r, status, out, err);

	test_kill(pid);
	return n;
}

TEST(good_answers)
{
	static const struct {
		const char *text, *body;
		int status;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "{}", 200 },
		{ "HTTP/1.0 204 \r\ncontent-length:0\r\n\r\n", "", 204 },
		{ "HTTP/1.1 200 OK\r\nX-Content-Length: 7\r\nContent-Type: x\r\nContent-Length: 3\r\n\r\nabcdef", "abc", 200 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf) out = BUF_INIT;
		struct error err;
		int status;

		ok(asked(cases[i].text, true, 0, LONG_MS, &out, &status, &err));
		assert_int_equal(status, cases[i].status);
		assert_string_equal(out.s, cases[i].body);
	}
}

TEST(bad_answers)
{
	static const struct {
		const char *text;
		bool stays;
		size_t flood;
		const char *says;
		int code;
	} cases[] = {
		{ "HTTP/1.1 409 Conflict\r\nContent-Length: 19\r\n\r\n{\"message\":\"taken\"}", true, 0, "taken", EADDRINUSE },
		{ "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", true, 0, "HTTP status 404", ENOENT },
		{ "HTTP/1.1 500 x\r\nContent-Length: 2\r\n\r\n{}", true, 0, "HTTP status 500", EPROTO },
		{ "SSH-2.0\r\n\r\n", true, 0, "not HTTP/1.1", EPROTO },
		{ "HTTP/1.1 200 OK\r\n\r\n", true, 0, "not HTTP/1.1 with a length", EPROTO },
		{ "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", true, 0, "not HTTP/1.1", EPROTO },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n", true, 0, "not HTTP/1.1", EPROTO },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n", true, 0, "not HTTP/1.1", EPROTO },
		{ "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", true, 0, "not HTTP/1.1", EPROTO },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", false, 0, "gone before it answered", ECONNRESET },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", true, 0, "in time", ETIMEDOUT },
		{ "HTTP/1.1 200 OK\r\nX: ", true, 8 << 20, "more than", EPROTO },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf) out = BUF_INIT;
		struct error err;
		int status;

		not_ok(asked(cases[i].text, cases[i].stays, cases[i].flood, cases[i].code == ETIMEDOUT ? SHORT_MS : LONG_MS,
			     &out, &status, &err), cases[i].says);
		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(out.len, 0);
	}
}

/* What is to go is gone with its agent: one that ends meanwhile, or is not there. */
TEST(what_goes_with_its_agent)
{
	static const char *const nothing[] = { "", NULL };
	auto_free char *path = test_path("ha.sock"), *dir = test_path(".");
	struct error err;

	for (int mount = 0; mount < 2; mount++) {
		pid_t pid = fake_server(path, &(struct script){ nothing, false, false, 0 });

		ok(mount ? ha_delete_mount(dir, "one", NULL, &err) : ha_delete_forward(dir, "one", &err));
		test_kill(pid);
		unlink(path);
		ok(mount ? ha_delete_mount(dir, "one", NULL, &err) : ha_delete_forward(dir, "one", &err));
	}
}

TEST(what_upstreams_agent_tells)
{
	static const char *const say[] = { "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n"
					   "{\"sshLocalPort\":41409}", NULL };
	auto_free char *path = test_path("ha.sock"), *dir = test_path("");
	pid_t pid = fake_server(path, &(struct script){ say, false, true });
	AUTO(arena) a = { 0 };
	struct ha_info i;
	struct error err;

	dir[strlen(dir) - 1] = '\0';
	ok(ha_info(dir, &a, &i, &err));
	assert_int_equal(i.phase, HA_UNKNOWN);
	assert_int_equal(i.ssh_port, 41409);
	assert_string_equal(i.errors, "");
	test_kill(pid);
}

TEST(cancelled)
{
	static const char *const say[] = { "", NULL };
	auto_free char *path = test_path("ha.sock"), *dir = test_path("");
	pid_t pid = fake_server(path, &(struct script){ say, false, true });
	volatile int cancel = 1;
	AUTO(arena) a = { 0 };
	struct ha_info i;
	struct error err;

	dir[strlen(dir) - 1] = '\0';
	not_ok(ha_wait_ready(dir, 0, 5000, &cancel, &a, &i, &err), "cancelled");
	assert_int_equal(err.code, ERR_CANCELLED);
	test_kill(pid);
	ok(ha_stop("/nonexistent", 100, NULL, &err));
	not_ok(ha_put_forward(dir, "../x", &(struct forward_rule){ 0 }, &err), "no name for a forward");
}
