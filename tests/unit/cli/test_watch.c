#include "cli/view/watch_text.h"

#include <fcntl.h>

#include "cli/view/tail.h"
#include "tests/unit/test.h"

#define TELLS(status, expected) do { \
	AUTO(buf) b = BUF_INIT; \
	watch_text(&b, "foo", "{\"time\":\"2026-08-21T18:27:58.123456789+09:00\",\"status\":" status "}"); \
	assert_string_equal(b.s, expected); \
} while (0)
#define AT "2026-08-21 18:27:58 foo | "

TEST(events_in_words)
{
	TELLS("{\"running\":true}", AT "running\n");
	TELLS("{\"running\":true,\"degraded\":true,\"errors\":[\"a\",\"b\"]}", AT "running (degraded)\n" AT "error: a\n" AT "error: b\n");
	TELLS("{\"exiting\":true}", AT "exiting\n");
	TELLS("{\"sshLocalPort\":60022}", AT "ssh available on port 60022\n");
	TELLS("{\"cloudInitProgress\":{\"logLine\":\"x\",\"active\":true}}", AT "cloud-init: x\n");
	TELLS("{\"cloudInitProgress\":{\"completed\":true}}", AT "cloud-init completed\n");
	TELLS("{\"portForward\":{\"type\":\"forwarding\",\"protocol\":\"tcp\",\"guestAddr\":\"0.0.0.0:80\",\"hostAddr\":\"127.0.0.1:80\"}}",
	      AT "forwarding tcp 0.0.0.0:80 to 127.0.0.1:80\n");
	TELLS("{\"portForward\":{\"type\":\"failed\",\"protocol\":\"udp\",\"guestAddr\":\"g\",\"error\":\"e\"}}",
	      AT "failed to forward udp g: e\n");
	TELLS("{\"vsock\":{\"type\":\"started\",\"hostAddr\":\"h\",\"vsockPort\":22}}", AT "started vsock forwarder: h -> vsock:22\n");
	TELLS("{}", "");
}

TEST(what_is_no_event_tells_nothing)
{
	AUTO(buf) b = BUF_INIT;

	watch_text(&b, "foo", "");
	watch_text(&b, "foo", "garbage");
	watch_text(&b, "foo", "{\"time\":1,\"status\":[1]}");
	assert_string_equal(b.s, "");
}

static void
collect(void *ctx, const char *line)
{
	buf_addf(ctx, "<%s>", line);
}

static void
append(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

#define READS(expected) do { \
	AUTO(buf) b = BUF_INIT; \
	tail_read(&t, collect, &b); \
	assert_string_equal(b.s, expected); \
} while (0)

TEST(a_file_is_followed)
{
	auto_free char *path = test_path("log"), *other = test_path("other");
	struct tail t;

	tail_open(&t, path, 0);
	READS("");
	append(path, "one\ntw", 0);
	READS("<one>");
	append(path, "o\n", O_APPEND);
	READS("<two>");
	append(path, "x\n", O_TRUNC);		/* cut */
	READS("<x>");
	append(path, "last\n", O_APPEND);
	append(other, "new\n", 0);
	rename(other, path);			/* replaced: the old one is read to its end */
	append(path, "more\n", O_APPEND);
	READS("<last><new><more>");
	tail_release(&t);
	tail_open(&t, path, 1);
	append(path, "from now\n", O_APPEND);
	READS("<from now>");
	tail_release(&t);
}
