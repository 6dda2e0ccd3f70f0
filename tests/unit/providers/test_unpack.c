#include "providers/fetch/unpack.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/proc.h"
#include "tests/unit/test.h"

enum { MIB = 1 << 20 };

static const char *const programs[] = { "gzip", "bzip2", "xz", "zstd" };

/* the bytes as the program compresses them, in a file whose name says nothing; to free */
static char *
packed(const char *program, const void *p, size_t len)
{
	const char *argv[] = { program, "-c", NULL };
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(proc_run(argv, &(struct proc_opts){ .out = &b, .input = p, .input_len = len }, &err));
	return test_file(program, b.s, b.len);
}

static int
unpack(const char *from, const char *to, struct error *err)
{
	return unpack_file(&(struct unpack){ .from = from, .to = to, .mode = 0640 }, err);
}

static void
assert_bytes(const char *path, const void *p, size_t len)
{
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(fs_read(path, &b, 1 << 28, &err));
	assert_int_equal(b.len, len);
	assert_memory_equal(b.s, p, len);
}

static struct stat
look(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st;
}

/* text that compresses a little, with pages of zeros in between and at the end */
static char *
sparse_bytes(size_t len)
{
	char *p = xcalloc(1, len);

	for (size_t i = 0; i < len; i++)
		p[i] = i / 5000 % 7 == 2 ? (char)(i * i >> 7) : 0;
	return p;
}

TEST(every_filter)
{
	auto_free char *want = sparse_bytes(5 * MIB + 123), *to = test_path("out");
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		auto_free char *from = packed(programs[i], want, 5 * MIB + 123);

		ok(unpack(from, to, &err));	/* over what the last one left */
		assert_bytes(to, want, 5 * MIB + 123);
		assert_int_equal(look(to).st_mode & 0777, 0640);
		assert_true(look(to).st_blocks * 512 < 3 * MIB);
	}
}

TEST(zstd_without_checksums_and_with_great_blocks)
{
	auto_free char *want = sparse_bytes(3 * MIB), *to = test_path("nocheck"), *plain = test_file("plain", want, 3 * MIB);
	static const char *const levels[] = { "-1", "-9", "--fast=9" };
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		const char *argv[] = { "zstd", "-q", "-c", "--no-check", levels[i], plain, NULL };
		auto_free char *from = NULL;
		AUTO(buf) b = BUF_INIT;

		ok(proc_run(argv, &(struct proc_opts){ .out = &b }, &err));
		from = test_file("nocheck.zst", b.s, b.len);
		ok(unpack(from, to, &err));
		assert_bytes(to, want, 3 * MIB);
	}
}

TEST(zeros_are_holes)
{
	auto_free char *want = xcalloc(1, 8 * MIB), *to = test_path("zeros"), *from = packed("xz", want, 8 * MIB);
	struct error err;

	ok(unpack(from, to, &err));
	assert_int_equal(look(to).st_size, 8 * MIB);
	assert_int_equal(look(to).st_blocks, 0);
	free(from);
	want[5 * MIB + 7] = 1;
	from = packed("xz", want, 8 * MIB);
	ok(unpack(from, to, &err));
	assert_bytes(to, want, 8 * MIB);
	assert_true(look(to).st_blocks <= 16);
}

TEST(nothing_packed)
{
	auto_free char *to = test_path("empty");
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		auto_free char *from = packed(programs[i], "", 0);

		ok(unpack(from, to, &err));
		assert_int_equal(look(to).st_size, 0);
	}
}

TEST(several_members_are_one_file)
{
	AUTO(buf) both = BUF_INIT;
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		auto_free char *one = packed(programs[i], "one ", 4), *to = test_path("members"), *from = NULL, *two = NULL;

		buf_truncate(&both, 0);
		ok(fs_read(one, &both, MIB, &err));
		two = packed(programs[i], "two", 3);
		ok(fs_read(two, &both, MIB, &err));
		from = test_file("both", both.s, both.len);
		ok(unpack(from, to, &err));
		assert_bytes(to, "one two", 7);
	}
}

TEST(padding_and_garbage_at_the_end)
{
	AUTO(buf) b = BUF_INIT;
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		auto_free char *one = packed(programs[i], "one", 3), *to = test_path("tail"), *from = NULL, *bad = NULL;

		buf_truncate(&b, 0);
		ok(fs_read(one, &b, MIB, &err));
		buf_add(&b, "\0\0\0\0\0\0\0", 8);
		from = test_file("padded", b.s, b.len);
		ok(unpack(from, to, &err));
		assert_bytes(to, "one", 3);
		buf_adds(&b, "garbage that is longer than any header");
		bad = test_file("garbage", b.s, b.len);
		not_ok(unpack(bad, to, &err), "damaged");
		assert_false(fs_exists(to));
	}
}

TEST(one_layer_only)
{
	auto_free char *inner = packed("gzip", "hello", 5), *to = test_path("layer"), *outer = NULL;
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(fs_read(inner, &b, MIB, &err));
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		free(outer);
		outer = packed(programs[i], b.s, b.len);
		ok(unpack(outer, to, &err));
		assert_bytes(to, b.s, b.len);
	}
}

TEST(other_files_are_copied)
{
	static const struct { const char *bytes; size_t len; } cases[] = {
		{ "", 0 }, { "\x1f", 1 }, { "plain", 5 }, { "BZ", 2 }, { "\xfd" "7zX", 4 }, { "QFI\xfb", 4 },
	};
	auto_free char *to = test_path("copy"), *big = xcalloc(1, 4 * MIB), *from = NULL;
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *small = test_file("other.gz", cases[i].bytes, cases[i].len);

		ok(unpack(small, to, &err));
		assert_bytes(to, cases[i].bytes, cases[i].len);
		assert_int_equal(look(to).st_mode & 0777, 0640);
	}
	/* holes stay holes */
	from = test_file("holes", "x", 1);
	assert_int_equal(truncate(from, 4 * MIB), 0);
	big[0] = 'x';
	ok(unpack(from, to, &err));
	assert_bytes(to, big, 4 * MIB);
	assert_true(look(to).st_blocks <= 16);
}

TEST(damaged_data)
{
	auto_free char *want = sparse_bytes(MIB), *to = test_path("damaged");
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		auto_free char *from = packed(programs[i], want, MIB), *bad = NULL;
		AUTO(buf) b = BUF_INIT;

		ok(fs_read(from, &b, MIB, &err));
		free(from);
		from = test_file("cut", b.s, b.len / 2);
		not_ok(unpack(from, to, &err), "/cut: ");
		assert_int_equal(err.code, ERR_INVALID);
		assert_false(fs_exists(to));
		memset(b.s + b.len / 2, 0xff, 64);
		bad = test_file("bad", b.s, b.len);
		not_ok(unpack(bad, to, &err), "/bad: ");
		assert_int_equal(err.code, ERR_INVALID);
		assert_false(fs_exists(to));
	}
}

TEST(every_length_of_a_header)
{
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		auto_free char *from = packed(programs[i], "some text to be packed", 22), *to = test_path("head");
		AUTO(buf) b = BUF_INIT;

		ok(fs_read(from, &b, MIB, &err));
		for (size_t len = 7; len + 12 < b.len; len++) {
			auto_free char *cut = test_file("headcut", b.s, len);

			not_ok(unpack(cut, to, &err), "/headcut: ");
			assert_false(fs_exists(to));
		}
	}
}

struct seen {
	int calls;
	uint64_t done, total;
	volatile int cancel;
};

static void
on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct seen *s = ctx;

	assert_true(done >= s->done);
	s->calls++;
	s->done = done;
	s->total = total;
}

static void
cancel_soon(void *ctx, uint64_t done, uint64_t total)
{
	struct seen *s = ctx;

	(void)done, (void)total;
	if (++s->calls == 3)
		s->cancel = 1;
}

TEST(progress_and_cancel)
{
	auto_free char *want = sparse_bytes(8 * MIB), *from = packed("gzip", want, 8 * MIB), *to = test_path("p");
	struct seen s = { 0 };
	struct unpack u = { .from = from, .to = to, .mode = 0600, .progress = on_progress, .ctx = &s, .cancel = &s.cancel };
	struct error err;

	ok(unpack_file(&u, &err));
	assert_true(s.calls > 3);
	assert_int_equal(s.total, look(from).st_size);
	assert_int_equal(s.done, s.total);
	s = (struct seen){ 0 };
	u.progress = cancel_soon;
	not_ok(unpack_file(&u, &err), "");
	assert_int_equal(err.code, ERR_CANCELLED);
	assert_int_equal(s.calls, 3);
	assert_false(fs_exists(to));
}

TEST(no_room_and_no_file)
{
	auto_free char *want = sparse_bytes(4 * MIB), *from = packed("zstd", want, 4 * MIB), *to = test_path("r");
	struct error err;
	int status;

	not_ok(unpack("/no/such/file", to, &err), "/no/such/file");
	assert_int_equal(err.code, ENOENT);
	not_ok(unpack(from, "/no/such/folder/x", &err), "/no/such/folder/x");
	if (fork() == 0) {
		struct rlimit small = { MIB, MIB };

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &small);
		_exit(unpack(from, to, &err) == 0 || err.code != EFBIG || fs_exists(to));
	}
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
}

/* The sha256 of a file, as it is asked for; to free. */
static char *
sum_of(const char *path)
{
	const char *argv[] = { "sha256sum", path, NULL };
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(proc_run(argv, &(struct proc_opts){ .out = &b }, &err));
	return xasprintf("sha256:%.64s", b.s);
}

/* 2 MB of gzip can be 2 GB: it ends at the bound, and nothing of it stays. */
TEST(no_more_is_unpacked_than_was_asked_for)
{
	auto_free char *to = test_path("bounded"), *large = xcalloc(1, 40 * MIB);
	struct error err;

	memset(large, 'x', 40 * MIB);
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		auto_free char *from = packed(programs[i], large, 40 * MIB);
		struct unpack u = { .from = from, .to = to, .mode = 0600, .max_bytes = 8 * MIB };

		not_ok(unpack_file(&u, &err), "unpacks to more than 8MiB");
		assert_int_equal(err.code, EFBIG);
		assert_false(fs_exists(to));
		u.max_bytes = 40 * MIB;
		ok(unpack_file(&u, &err));
		assert_int_equal(look(to).st_size, 40 * MIB);
	}
}

TEST(what_is_unpacked_is_what_was_asked_for)
{
	static const char *const kinds[] = { "gzip", "cat" };
	auto_free char *want = sparse_bytes(3 * MIB), *to = test_path("digested");
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const char *argv[] = { kinds[i], i ? NULL : "-c", NULL };
		AUTO(buf) b = BUF_INIT;
		auto_free char *from = NULL, *sum = NULL, *other = NULL;
		struct unpack u = { .to = to, .mode = 0600, .max_bytes = 4 * MIB };

		ok(proc_run(argv, &(struct proc_opts){ .out = &b, .input = want, .input_len = 3 * MIB }, &err));
		u.from = from = test_file(kinds[i], b.s, b.len);
		u.digest = sum = sum_of(from);
		ok(unpack_file(&u, &err));
		assert_bytes(to, want, 3 * MIB);
		u.digest = other = xasprintf("sha256:%064d", 0);
		not_ok(unpack_file(&u, &err), "want sha256:0000");
		assert_int_equal(err.code, EBADMSG);
		assert_false(fs_exists(to));
	}
}

TEST(what_lies_behind_the_last_byte_is_in_the_digest)
{
	auto_free char *want = sparse_bytes(MIB), *whole = packed("zstd", want, MIB), *to = test_path("behind"), *sum = sum_of(whole);
	auto_free char *longer = NULL;
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(fs_read(whole, &b, 1 << 24, &err));
	buf_add(&b, "junk", 4);
	longer = test_file("longer", b.s, b.len);
	not_ok(unpack_file(&(struct unpack){ .from = longer, .to = to, .mode = 0600, .digest = sum }, &err), "longer");
	assert_false(fs_exists(to));
}
