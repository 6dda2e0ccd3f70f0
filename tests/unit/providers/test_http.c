#include "providers/fetch/http.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "tests/unit/http_server.h"

static int
get(const char *url, struct buf *out, struct error *err)
{
	return http_get(&(struct http_get){ .url = url, .max_bytes = 1 << 20 }, out, err);
}

/* asks for what must not come */
static void
refused(const char *path, int code, const char *text)
{
	auto_free char *url = server_url(path);
	AUTO(buf) b = BUF_INIT;
	struct error err;

	buf_adds(&b, "kept");
	not_ok(get(url, &b, &err), text);
	assert_int_equal(err.code, code);
	assert_string_equal(b.s, "kept");
}

TEST(small_body_is_appended)
{
	auto_free char *url = server_url("a?size=5000&seed=3"), *want = server_content(5000, 3);
	AUTO(buf) b = BUF_INIT;
	struct error err;

	buf_adds(&b, "x");
	ok(get(url, &b, &err));
	assert_int_equal(b.len, 5001);
	assert_memory_equal(b.s + 1, want, 5000);
}

TEST(headers_are_sent)
{
	const char *headers[] = { "Authorization: Bearer sesame", "Accept: application/json", NULL };
	auto_free char *url = server_url("headers?size=1"), *seen = NULL;
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(http_get(&(struct http_get){ .url = url, .headers = headers, .max_bytes = 10 }, &b, &err));
	seen = server_request("headers", 1);
	assert_non_null(strstr(seen, "\"authorization\": \"Bearer sesame\""));
	assert_non_null(strstr(seen, "\"accept\": \"application/json\""));
	assert_non_null(strstr(seen, "\"user-agent\": \"limactl\""));
}

TEST(compressed_bodies_are_decoded)
{
	auto_free char *url = server_url("gz?size=70000&gzip=accept"), *force = server_url("gzf?size=70000&gzip=force");
	auto_free char *want = server_content(70000, 0);
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(get(url, &b, &err));
	assert_int_equal(b.len, 70000);
	assert_memory_equal(b.s, want, 70000);
	buf_truncate(&b, 0);
	ok(get(force, &b, &err));
	assert_int_equal(b.len, 70000);
}

TEST(statuses)
{
	refused("s404?fail=404", ENOENT, "/s404?fail=404: 404 Not Found");
	refused("s410?fail=410", ENOENT, "410 Gone");
	refused("s403?fail=403", EACCES, "403 Forbidden");
	refused("s418?fail=418", EIO, "418");
	refused("s500?fail=500", EIO, "500 Internal Server Error (tried 5 times)");
	assert_int_equal(server_count("s404"), 1);
	assert_int_equal(server_count("s403"), 1);
	assert_int_equal(server_count("s500"), 5);
}

TEST(what_may_pass_is_tried_again)
{
	static const char *const paths[] = {
		"p500?size=10&fail=500&fails=2", "p503?size=10&fail=503&fails=4", "p408?size=10&fail=408&fails=1",
		"p429?size=10&fail=429&fails=1&retry_after=1", "pcut?size=10&cut=5&cuts=2",
		"phang?size=10&hang=0&hangs=1", "phang0?size=10&hang=-1&hangs=1",
	};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		auto_free char *url = server_url(paths[i]), *want = server_content(10, 0);
		AUTO(buf) b = BUF_INIT;
		struct error err;

		impatient(strstr(paths[i], "hang") != NULL);
		ok(get(url, &b, &err));
		assert_int_equal(b.len, 10);
		assert_memory_equal(b.s, want, 10);
	}
	impatient(false);
	assert_int_equal(server_count("p503"), 5);
}

TEST(retry_after_is_honoured)
{
	auto_free char *url = server_url("later?size=1&fail=429&fails=1&retry_after=1");
	struct timespec a, b;
	AUTO(buf) body = BUF_INIT;
	struct error err;

	clock_gettime(CLOCK_MONOTONIC, &a);
	ok(get(url, &body, &err));
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_true((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 >= 990);
}

static int
no_begin(void *ctx, const struct http_answer *a, struct error *err)
{
	(void)ctx, (void)a, (void)err;
	return 0;
}

static int
no_body(void *ctx, const void *p, size_t len, struct error *err)
{
	(void)ctx, (void)p, (void)len, (void)err;
	return 0;
}

TEST(silence_is_given_up)
{
	auto_free char *url = server_url("mute?size=10&hang=-1");
	const struct http_request r = { .url = url, .begin = no_begin, .body = no_body };
	AUTO(http_answer) a = { 0 };
	struct error err;

	impatient(true);
	not_ok(http_request(&r, &a, &err), "/mute?size=10&hang=-1: Operation too slow");
	impatient(false);
	assert_int_equal(err.code, ETIMEDOUT);
	assert_true(a.transient);
	assert_int_equal(a.status, 0);
}

TEST(bodies_that_are_not_as_long_as_said)
{
	auto_free char *longer = server_url("longer?size=100&length=40");
	AUTO(buf) b = BUF_INIT;
	struct error err;

	refused("shorter?size=100&length=1000000000000", EIO, "(tried 5 times)");
	refused("chunks?size=100&length=chunked&cut=50", EIO, "(tried 5 times)");
	ok(get(longer, &b, &err));
	assert_int_equal(b.len, 40);
}

TEST(too_much)
{
	refused("big?size=1048577", EFBIG, "more than 1048576 bytes");
	refused("endless?endless=1", EFBIG, "endless?endless=1: more than 1048576 bytes");
	refused("bomb?size=3000000&gzip=force", EFBIG, "more than");
	assert_int_equal(server_count("big"), 1);
}

TEST(redirects)
{
	auto_free char *to = server_url("target?size=7"), *path = xasprintf("from?redirect=%s", to);
	auto_free char *url = server_url(path);
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(get(url, &b, &err));
	assert_int_equal(b.len, 7);
	refused("loop?loop=1", EIO, "redirects");
	assert_int_equal(server_count("loop"), 11);
	refused("tofile?redirect=file:///etc/passwd", ERR_INVALID, "\"file\" not supported");
	refused("toftp?redirect=ftp://127.0.0.1/", ERR_INVALID, "\"ftp\" not supported");
	refused("toscp?redirect=gopher://127.0.0.1/", ERR_INVALID, "");
}

/* Whoever stands between could send anything from there on, whatever the user trusted. */
TEST(https_is_never_left_for_http)
{
	auto_free char *plain = server_url("aim?size=7"), *tls = server_tls_url("aim?size=7");
	auto_free char *to_plain = xasprintf("down?redirect=%s", plain), *to_tls = xasprintf("over?redirect=%s", tls);
	auto_free char *down = server_tls_url(to_plain), *up = server_url(to_tls), *over = server_tls_url(to_tls);
	auto_free char *hop = xasprintf("hop?redirect=%s", down), *first = server_tls_url(hop);
	auto_free char *shouted = xasprintf("HTTPS%s", down + strlen("https"));
	const char *const refused_urls[] = { down, first, shouted }, *const allowed[] = { up, over, tls };
	AUTO(buf) b = BUF_INIT;
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(refused_urls); i++) {
		not_ok(get(refused_urls[i], &b, &err), "from https to http");
		assert_int_equal(err.code, ERR_REFUSED);
		assert_int_equal(b.len, 0);
	}
	assert_int_equal(server_count("aim"), 0);
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		ok(get(allowed[i], &b, &err));
	assert_int_equal(b.len, 21);
}

TEST(addresses_that_are_none)
{
	auto_free char *tls = server_tls_url("whole?size=1"), *trusted = xstrdup(getenv("SSL_CERT_FILE"));
	AUTO(buf) b = BUF_INIT;
	struct error err;

	not_ok(get("file:///etc/passwd", &b, &err), "GET file:///etc/passwd: ");
	assert_int_equal(err.code, ERR_INVALID);
	not_ok(get("http://127.0.0.1:1/x", &b, &err), "GET http://127.0.0.1:1/x: ");
	assert_int_equal(err.code, ECONNREFUSED);
	not_ok(get("http://me:secret@127.0.0.1:1/x@y", &b, &err), "GET http://127.0.0.1:1/x@y: ");
	assert_null(strstr(err.msg, "secret"));
	not_ok(get("http://no-such-host.invalid/", &b, &err), "no-such-host.invalid");
	assert_int_equal(err.code, EHOSTUNREACH);
	unsetenv("SSL_CERT_FILE");
	not_ok(get(tls, &b, &err), "GET https://");
	setenv("SSL_CERT_FILE", trusted, 1);
	assert_int_equal(b.len, 0);
}

/* Neither by thousands of bytes a second, which is no silence, nor by fewer, which is one. */
TEST(a_text_that_comes_drop_by_drop_is_given_up)
{
	auto_free char *slow = server_url("slow?size=5000000&drip=4&sip=100"), *drops = server_url("drops?size=100000&drip=200");
	const struct http_request r = { .url = drops, .begin = no_begin, .body = no_body };
	AUTO(http_answer) a = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct error err;

	setenv("LIMA_HTTP_STALL_TIMEOUT_S", "2", 1);
	not_ok(get(slow, &b, &err), "/slow?size=5000000&drip=4&sip=100: it is not all here after 10 s");
	assert_int_equal(err.code, ETIMEDOUT);
	assert_int_equal(server_count("slow"), 1);
	impatient(true);
	not_ok(http_request(&r, &a, &err), "drops?size=100000&drip=200: Operation too slow");
	assert_int_equal(err.code, ETIMEDOUT);
	impatient(false);
}

static void *
raise_flag(void *flag)
{
	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	*(volatile int *)flag = 1;
	return NULL;
}

TEST(cancel)
{
	auto_free char *hang = server_url("ch?size=10&hang=5"), *later = server_url("cl?fail=503&retry_after=60");
	const char *urls[] = { hang, later };

	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		volatile int cancel = 0;
		AUTO(buf) b = BUF_INIT;
		pthread_t th;
		struct error err;
		time_t start = time(NULL);

		pthread_create(&th, NULL, raise_flag, (void *)(uintptr_t)&cancel);
		not_ok(http_get(&(struct http_get){ .url = urls[i], .max_bytes = 100, .cancel = &cancel }, &b, &err),
		       "cancelled");
		pthread_join(th, NULL);
		assert_int_equal(err.code, ERR_CANCELLED);
		assert_true(time(NULL) - start < 30);
	}
}

static void *
get_many(void *fails)
{
	for (int i = 0; i < 10; i++) {
		auto_free char *url = server_url("many?size=100000");
		AUTO(buf) b = BUF_INIT;

		if (get(url, &b, NULL) < 0 || b.len != 100000)
			__atomic_add_fetch((int *)fails, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST(many_threads)
{
	pthread_t th[8];
	int fails = 0;

	free(server_url(""));
	for (size_t i = 0; i < ARRAY_LEN(th); i++)
		pthread_create(&th[i], NULL, get_many, &fails);
	for (size_t i = 0; i < ARRAY_LEN(th); i++)
		pthread_join(th[i], NULL);
	assert_int_equal(fails, 0);
}
