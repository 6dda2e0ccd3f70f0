/* The memory of a machine in a file: what was said comes out again, byte by byte, and of anything else it is told what is wrong. */
#include "providers/memory_file.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/test.h"

enum { SIZE = 3 << 20 };

static char said[SIZE];

struct speaker {
	int fd;
	size_t len;
};

static void *
speak(void *arg)
{
	const struct speaker *s = arg;

	for (size_t at = 0; at < s->len;) {
		ssize_t n = send(s->fd, said + at, s->len - at < 4099 ? s->len - at : 4099, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	close(s->fd);
	return NULL;
}

static void
file_made(const char *path, size_t len, struct arena *a)
{
	static const char *const words[] = { "/usr/bin/machine", "-m", "512", NULL };
	static const struct memory_disk disks[] = { { "/a/disk", "1 2.3" } };
	struct memory_head h = { .driver = "d", .program = "p 1", .words = words, .nwords = 3, .disks = disks, .ndisks = 1 };
	const struct memory_way way = { 0 };
	struct speaker s = { .len = len };
	pthread_t t;
	struct error err;
	int fds[2];

	for (size_t i = 0; i < SIZE; i++)
		said[i] = (char)(i % 4096 < 2048 ? 0 : i * i / 4096);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	s.fd = fds[1];
	pthread_create(&t, NULL, speak, &s);
	ok(memory_file_take(path, fds[0], &way, a, &h, &err));
	pthread_join(t, NULL);
	close(fds[0]);
	ok(memory_file_seal(path, &h, &err));
}

static void *
give(void *arg)
{
	const struct memory_way way = { 0 };
	struct error err;
	struct speaker *s = arg;
	auto_free char *path = test_path("m");

	s->len = memory_file_give(path, s->fd, &way, &err) == 0;
	close(s->fd);
	return NULL;
}

TEST(what_was_said_comes_out_again)
{
	auto_free char *path = test_path("m"), *tmp = fs_tmp(path), *got = xcalloc(1, SIZE + 1);
	const struct memory_way way = { 0 };
	struct speaker s = { 0 };
	struct memory_head h;
	AUTO(arena) a = { 0 };
	size_t n = 0;
	ssize_t r;
	pthread_t t;
	struct error err;
	int fds[2];

	file_made(path, SIZE, &a);
	assert_false(fs_exists(tmp));
	ok(memory_file_head(path, &a, &h, &err));
	assert_string_equal(h.driver, "d");
	assert_string_equal(h.program, "p 1");
	assert_int_equal(h.nwords, 3);
	assert_string_equal(h.words[2], "512");
	assert_string_equal(h.disks[0].stamp, "1 2.3");
	assert_string_equal(h.memory_bytes, "3145728");
	ok(memory_file_check(path, &h, &way, &err));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	s.fd = fds[1];
	pthread_create(&t, NULL, give, &s);
	while ((r = read(fds[0], got + n, SIZE + 1 - n)) > 0)
		n += (size_t)r;
	pthread_join(t, NULL);
	close(fds[0]);
	assert_int_equal(s.len, 1);
	assert_int_equal(n, SIZE);
	assert_memory_equal(got, said, SIZE);
}

/* Each byte of the head, and some of the rest. */
TEST(a_changed_bit_is_found)
{
	auto_free char *path = test_path("m");
	const struct memory_way way = { 0 };
	struct memory_head h;
	AUTO(arena) a = { 0 };
	AUTO(buf) whole = BUF_INIT;
	struct error err;
	size_t text;

	file_made(path, 100000, &a);
	ok(fs_read(path, &whole, SIZE, &err));
	text = strlen(whole.s);
	for (size_t i = 0; i < whole.len; i += i < text ? 1 : i < MEMORY_HEAD ? MEMORY_HEAD - i : whole.len / 97) {
		whole.s[i] ^= 1;
		ok(fs_write(path, whole.s, whole.len, 0600, &err));
		/* a zero behind the head's text is nobody's */
		if (memory_file_head(path, &a, &h, &err) == 0 && memory_file_check(path, &h, &way, &err) == 0 && (i < text - 1 || i >= MEMORY_HEAD))
			fail_msg("byte %zu", i);
		whole.s[i] ^= 1;
	}
}

TEST(a_piece_less_is_found)
{
	auto_free char *path = test_path("m");
	const struct memory_way way = { 0 };
	struct memory_head h;
	AUTO(arena) a = { 0 };
	struct error err;

	file_made(path, 100000, &a);
	for (off_t size = MEMORY_HEAD + 1000; size >= 0; size -= 331) {
		assert_int_equal(truncate(path, size), 0);
		assert_true(memory_file_head(path, &a, &h, &err) < 0 || memory_file_check(path, &h, &way, &err) < 0);
		assert_int_equal(err.code, ERR_INVALID);
	}
}

TEST(who_calls_it_off_leaves_nothing_under_its_name)
{
	auto_free char *path = test_path("called-off"), *tmp = fs_tmp(path);
	volatile int cancel = 1;
	const struct memory_way way = { .cancel = &cancel };
	struct memory_head h = { 0 };
	AUTO(arena) a = { 0 };
	struct error err;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(memory_file_take(path, fds[0], &way, &a, &h, &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	assert_false(fs_exists(path));
	memory_file_forget(path);
	assert_false(fs_exists(tmp));
	close(fds[0]);
	close(fds[1]);
}
