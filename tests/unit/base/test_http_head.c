/* HTTP/1 between programs of one host: what is read, what is refused, and when. */
#include "base/http_head.h"
#include "tests/unit/test.h"

enum { MAX = 100 };

static enum http_verdict
read_request(const char *text, size_t len, char *room, struct http_request *r)
{
	memcpy(room, text, len);
	room[len] = '\0';
	return http_request_read(room, len, MAX, r);
}

/* The verdict on all of it; on any part of it, it is the same or that more is needed. */
static enum http_verdict
request_of(const char *text, size_t len, struct http_request *r, char *room)
{
	enum http_verdict whole = read_request(text, len, room, r);

	for (size_t n = 0; n < len; n++) {
		enum http_verdict v = read_request(text, n, room, r);

		if (v != HTTP_MORE && v != whole)
			fail_msg("%.*s: %d after %zu bytes, and %d in the end", (int)len, text, (int)v, n, (int)whole);
		if (v == HTTP_MORE && memcmp(room, text, n) != 0)
			fail_msg("%.*s: changed, though more is needed", (int)len, text);
	}
	return read_request(text, len, room, r);
}

TEST(requests)
{
	static const struct {
		const char *text, *method, *path, *query, *body;
	} good[] = {
		{ "GET /v1/info HTTP/1.1\r\n\r\n", "GET", "/v1/info", "", "" },
		{ "GET /a?b=c?d HTTP/1.0\r\nHost: x\r\n\r\n", "GET", "/a", "b=c?d", "" },
		{ "PUT / HTTP/1.1\r\ncontent-length:3\r\n\r\nabcdef", "PUT", "/", "", "abc" },
		{ "PUT / HTTP/1.1\nX: y\nContent-Length:\t 3 \r\n\r\nabc", "PUT", "/", "", "abc" },
		{ "PUT / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "PUT", "/", "", "abc" },
		{ "PUT / HTTP/1.1\r\nX-Content-Length: 9\r\nContent-Length-Not: 9\r\n\r\n", "PUT", "/", "", "" },
	};
	struct http_request r;
	char room[512];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		if (request_of(good[i].text, strlen(good[i].text), &r, room) != HTTP_WHOLE)
			fail_msg("%s: not whole", good[i].text);
		assert_string_equal(r.method, good[i].method);
		assert_string_equal(r.path, good[i].path);
		assert_string_equal(r.query, good[i].query);
		assert_string_equal(r.body, good[i].body);
		assert_int_equal(r.body_len, strlen(good[i].body));
	}
}

TEST(no_requests)
{
	static const struct {
		const char *text;
		enum http_verdict verdict;
	} bad[] = {
		{ "", HTTP_MORE },
		{ "GET / HTTP/1.1\r\n", HTTP_MORE },
		{ "GET / HTTP/1.1\n\n", HTTP_MORE },
		{ "PUT / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabc", HTTP_MORE },
		{ "hello\r\n\r\n", HTTP_BAD_LINE },
		{ " / HTTP/1.1\r\n\r\n", HTTP_BAD_LINE },
		{ "GET x HTTP/1.1\r\n\r\n", HTTP_BAD_LINE },
		{ "GET / HTTP/2.0\r\n\r\n", HTTP_BAD_LINE },
		{ "GET /\r\n\r\n", HTTP_BAD_LINE },
		{ "GET / HTTP/1.1\r\nContent-Length: 101\r\n\r\n", HTTP_BAD_LENGTH },
		{ "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", HTTP_BAD_LENGTH },
		{ "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", HTTP_BAD_LENGTH },
		{ "GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", HTTP_BAD_LENGTH },
		{ "GET / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n", HTTP_BAD_LENGTH },
		{ "GET / HTTP/1.1\r\nContent-Length:\r\n\r\n", HTTP_BAD_LENGTH },
		{ "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", HTTP_BAD_LENGTH },
		{ "GET / HTTP/1.1\r\nX: y\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", HTTP_BAD_LENGTH },
		{ "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_BAD_LENGTH },
	};
	static const char nul[] = "GET / HTTP/1.1\r\nX: \0\r\n\r\n";
	struct http_request r;
	char room[512];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (request_of(bad[i].text, strlen(bad[i].text), &r, room) != bad[i].verdict)
			fail_msg("%s: not %d", bad[i].text, (int)bad[i].verdict);
	assert_int_equal(request_of(nul, sizeof nul - 1, &r, room), HTTP_BAD_LINE);
}

TEST(answers)
{
	static const struct {
		const char *text;
		enum http_verdict verdict;
		int status;
	} all[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", HTTP_WHOLE, 200 },
		{ "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}", HTTP_WHOLE, 200 },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", HTTP_MORE, 0 },
		{ "HTTP/1.1 200 OK\r\n\r\n{}", HTTP_BAD_LENGTH, 0 },
		{ "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n", HTTP_BAD_LINE, 0 },
		{ "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", HTTP_BAD_LINE, 0 },
		{ "HTTP/1.1 20\r\nContent-Length: 0\r\n\r\n", HTTP_BAD_LINE, 0 },
		{ "HTTP/1. 200 OK\r\nContent-Length: 0\r\n\r\n", HTTP_BAD_LINE, 0 },
		{ "HTTP/1.1-200 OK\r\nContent-Length: 0\r\n\r\n", HTTP_BAD_LINE, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct http_answer a;

		if (http_answer_read(all[i].text, strlen(all[i].text), MAX, &a) != all[i].verdict)
			fail_msg("%s: not %d", all[i].text, (int)all[i].verdict);
		if (all[i].verdict == HTTP_WHOLE) {
			assert_int_equal(a.status, all[i].status);
			assert_int_equal(a.body_len, 2);
			assert_memory_equal(a.body, "{}", 2);
		}
	}
}

TEST(what_is_written_is_read)
{
	AUTO(buf) b = BUF_INIT;
	struct http_request r;
	struct http_answer a;

	http_request_write(&b, "PUT", "/x?y", "here", "{\"a\":1}");
	assert_int_equal(http_request_read(b.s, b.len, MAX, &r), HTTP_WHOLE);
	assert_string_equal(r.method, "PUT");
	assert_string_equal(r.path, "/x");
	assert_string_equal(r.query, "y");
	assert_string_equal(r.body, "{\"a\":1}");
	buf_truncate(&b, 0);
	http_answer_write(&b, 404, "text/plain", "none\n");
	assert_string_equal(b.s, "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nnone\n");
	assert_int_equal(http_answer_read(b.s, b.len, MAX, &a), HTTP_WHOLE);
	assert_int_equal(a.status, 404);
	assert_string_equal(a.body, "none\n");
}
