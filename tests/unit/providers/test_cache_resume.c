/* Transfers that break off, hang or lie, and how they go on. */
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/unit/fetching.h"

TEST(broken_connection_is_resumed)
{
	auto_free char *url = server_url("cut?size=300000&cut=200000&cuts=1"), *second = NULL;
	struct fetch f = ask(url, NULL, NULL);

	fetched(&f, SIZE, 0);
	second = server_request("cut", 2);
	assert_non_null(second);
	assert_non_null(strstr(second, "\"range\": \"bytes=200000-\""));
	assert_non_null(strstr(second, "\"if-range\": \"\\\"v0\\\"\""));
	assert_int_equal(server_count("cut"), 2);
}

TEST(resumes_with_each_kind_of_validator)
{
	static const struct { const char *path, *if_range; bool digest, range; } cases[] = {
		{ "weak", "\"if-range\": \"Mon, 01 Jan 2024", false, true },
		{ "lmonly", "\"if-range\": \"Mon, 01 Jan 2024", false, true },
		{ "bare", NULL, false, false }, { "baredigest", NULL, true, true },
	};
	static const char *const query[] = { "etag=weak", "etag=none", "etag=none&lm=0", "etag=none&lm=0" };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *path = xasprintf("%s?size=300000&cut=100000&cuts=1&%s", cases[i].path, query[i]);
		auto_free char *url = server_url(path), *digest = digest_of(SIZE, 0, "sha384"), *second = NULL;
		struct fetch f = ask(url, cases[i].digest ? digest : NULL, NULL);

		fetched(&f, SIZE, 0);
		second = server_request(cases[i].path, 2);
		assert_int_equal(strstr(second, "\"range\"") != NULL, cases[i].range);
		if (cases[i].if_range)
			assert_non_null(strstr(second, cases[i].if_range));
		else
			assert_null(strstr(second, "if-range"));
	}
}

TEST(many_breaks_with_progress_are_no_failure)
{
	/* 12 MiB in pieces of at most 1.2 MB */
	auto_free char *url = server_url("pieces?size=12582912&cut=1200000&cuts=11");
	auto_free char *digest = digest_of(12582912, 0, "sha256");
	struct fetch f = ask(url, digest, NULL);

	fetched(&f, 12582912, 0);
	assert_true(server_count("pieces") > 8);
}

TEST(server_that_ignores_range)
{
	auto_free char *url = server_url("norange?size=300000&cut=200000&cuts=1&norange=1"), *second = NULL;
	auto_free char *digest = digest_of(SIZE, 0, "sha256");
	struct fetch f = ask(url, digest, NULL);

	fetched(&f, SIZE, 0);
	second = server_request("norange", 2);
	assert_non_null(strstr(second, "\"range\": \"bytes=200000-\""));
}

TEST(server_that_answers_another_range)
{
	auto_free char *url = server_url("badrange?size=300000&cut=200000&cuts=1&badrange=1"), *third = NULL;
	struct fetch f = ask(url, NULL, NULL);

	fetched(&f, SIZE, 0);
	third = server_request("badrange", 3);
	assert_non_null(third);
	assert_null(strstr(third, "\"range\""));
}

TEST(server_that_refuses_a_range)
{
	auto_free char *url = server_url("r416?size=300000&cut=200000&cuts=1&r416=1");
	struct fetch f = ask(url, NULL, NULL);

	fetched(&f, SIZE, 0);
	assert_int_equal(server_count("r416"), 3);
}

TEST(file_that_changes_between_two_pieces)
{
	auto_free char *url = server_url("midway?size=300000&cut=200000&cuts=1&change=2");
	auto_free char *mixed = server_url("mixed?size=300000&cut=200000&cuts=1&change=2&etag=none&lm=0");
	auto_free char *digest = digest_of(SIZE, 100, "sha256");
	AUTO(seen) s = seen_new();
	struct fetch f = ask(url, NULL, NULL);

	fetched(&f, SIZE, 100);
	/* without validators only the digest tells */
	f = ask(mixed, digest, &s);
	fetched(&f, SIZE, 100);
	assert_non_null(strstr(s.warnings.s, "fetching it again"));
	assert_int_equal(server_count("mixed"), 3);
}

TEST(hang_is_given_up_and_resumed)
{
	auto_free char *url = server_url("hang?size=300000&hang=0&hangs=1");
	struct fetch f = ask(url, NULL, NULL);

	impatient(true);
	fetched(&f, SIZE, 0);
	impatient(false);
	assert_int_equal(server_count("hang"), 2);
}

TEST(lengths_that_lie)
{
	auto_free char *shorter = server_url("short?size=300000&length=1000000000000"), *digest = digest_of(SIZE, 0, "sha256");
	auto_free char *none = server_url("none?size=300000&length=none"), *chunked = server_url("chunk?size=300000&length=chunked");
	auto_free char *longer = server_url("long?size=300000&length=299999");
	AUTO(seen) s = seen_new();
	struct fetch f = ask(shorter, NULL, NULL);

	/* it promises much more, and ends: never taken for whole */
	fails(&f, EIO, "tried");
	assert_false(entry_has(&f, "data"));
	f.location = longer;
	f.digest = digest;
	fails(&f, EBADMSG, "digest is sha256:");
	assert_false(entry_has(&f, "data"));
	f = ask(none, digest, &s);
	fetched(&f, SIZE, 0);
	assert_int_equal(s.total, 0);
	f.location = chunked;
	fetched(&f, SIZE, 0);
}

TEST(cancelled_transfer_is_resumed_by_the_next_call)
{
	auto_free char *url = server_url("pause?size=30000000"), *second = NULL;
	AUTO(seen) s = seen_new();
	struct fetch f = ask(url, NULL, &s);

	s.cancel_at = 10000000;
	fails(&f, ERR_CANCELLED, "cancelled");
	assert_true(entry_has(&f, "data.part"));
	assert_false(entry_has(&f, "data"));
	s.cancel = 0;
	s.cancel_at = 0;
	fetched(&f, 30000000, 0);
	second = server_request("pause", 2);
	assert_non_null(strstr(second, "\"range\": \"bytes=1"));
}

TEST(part_of_an_earlier_boot_is_not_trusted)
{
	auto_free char *url = server_url("boot?size=30000000"), *second = NULL;
	AUTO(seen) s = seen_new();
	struct fetch f = ask(url, NULL, &s);
	auto_free char *note = entry_file(&f, "data.tmp.resume");
	AUTO(buf) b = BUF_INIT;
	struct error err;

	s.cancel_at = 10000000;
	fails(&f, ERR_CANCELLED, "cancelled");
	ok(fs_read(note, &b, 4096, &err));
	b.s[0] = b.s[0] == 'a' ? 'b' : 'a';
	ok(fs_write(note, b.s, b.len, 0644, &err));
	s.cancel = 0;
	s.cancel_at = 0;
	fetched(&f, 30000000, 0);
	second = server_request("boot", 2);
	assert_null(strstr(second, "\"range\""));
}

TEST(killed_process_is_continued)
{
	auto_free char *url = server_url("kill?size=3000000&hang=2000000&hangs=1"), *digest = digest_of(3000000, 0, "sha256");
	auto_free char *second = NULL, *part = NULL;
	struct fetch f = ask(url, digest, NULL);
	struct stat st = { 0 };
	pid_t pid = fork();

	if (pid == 0) {
		char *path;

		_exit(cache_fetch(&f, &path, NULL) < 0);
	}
	part = entry_file(&f, "data.part");
	for (int i = 0; i < 6000 && st.st_size < 2000000; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
		(void)!stat(part, &st);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(st.st_size, 2000000);
	fetched(&f, 3000000, 0);
	second = server_request("kill", 2);
	assert_non_null(strstr(second, "\"range\": \"bytes=2000000-\""));
}
