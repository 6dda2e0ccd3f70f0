#include "providers/fetch/cache.h"
#include "providers/fetch/cache_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "providers/fetch/digest.h"
#include "tests/unit/http_server.h"

enum { SIZE = 300000 };

struct seen {
	struct buf warnings;
	uint64_t done, total;
	int calls;
	volatile int cancel;	/* raised by progress once so much has come */
	uint64_t cancel_at;
};

static void
on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct seen *s = ctx;

	s->calls++;
	s->done = done;
	s->total = total;
	if (s->cancel_at && done >= s->cancel_at)
		s->cancel = 1;
}

static void
on_warn(void *ctx, const char *text)
{
	struct seen *s = ctx;

	buf_adds(&s->warnings, text);
	buf_addc(&s->warnings, '\n');
}

static struct seen
seen_new(void)
{
	return (struct seen){ .warnings = BUF_INIT };
}

static void
seen_release(struct seen *s)
{
	buf_release(&s->warnings);
}

/* a request of everybody's cache, in the test's own folder */
static struct fetch
ask(const char *url, const char *digest, struct seen *s)
{
	static char *cache;

	if (!cache) {
		cache = xcalloc(1, 100);
		snprintf(cache, 100, "%s/cache", test_dir_);
	}
	return (struct fetch){ .location = url, .digest = digest, .cache = cache, .progress = s ? on_progress : NULL,
			       .warn = s ? on_warn : NULL, .ctx = s, .cancel = s ? &s->cancel : NULL };
}

static char *
digest_of(size_t size, unsigned seed, const char *algo)
{
	auto_free char *p = server_content(size, seed);
	char text[DIGEST_TEXT_MAX];
	struct digest d;
	struct error err;

	ok(digest_init(&d, algo, &err));
	digest_update(&d, p, size);
	digest_text(&d, text);
	return xstrdup(text);
}

/* does the file hold what the server's body of this size and seed is? */
static void
assert_content(const char *path, size_t size, unsigned seed)
{
	auto_free char *want = server_content(size, seed);
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(fs_read(path, &b, 1 << 28, &err));
	assert_int_equal(b.len, size);
	assert_memory_equal(b.s, want, size);
}

static char *
entry_file(const struct fetch *f, const char *name)
{
	auto_free char *entry = cache_entry(f->cache, f->location);

	return xasprintf("%s/%s", entry, name);
}

static void
assert_entry_text(const struct fetch *f, const char *name, const char *want)
{
	auto_free char *path = entry_file(f, name);
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(fs_read(path, &b, 4096, &err));
	assert_string_equal(b.s, want);
}

static bool
entry_has(const struct fetch *f, const char *name)
{
	auto_free char *path = entry_file(f, name);

	return fs_exists(path);
}

static void
assert_no_parts(const struct fetch *f)
{
	assert_false(entry_has(f, "data.part"));
	assert_false(entry_has(f, "data.tmp.resume"));
}

/* fetches; the body must be that of `seed` */
static void
fetched(const struct fetch *f, size_t size, unsigned seed)
{
	auto_free char *path = NULL;
	struct error err;

	ok(cache_fetch(f, &path, &err));
	assert_content(path, size, seed);
	assert_no_parts(f);
}

static void
fails(const struct fetch *f, int code, const char *text)
{
	char *path = "untouched";
	struct error err;

	not_ok(cache_fetch(f, &path, &err), text);
	assert_int_equal(err.code, code);
	assert_string_equal(path, "untouched");
}

TEST(layout_is_that_of_upstream)
{
	auto_free char *url = server_url("layout?size=300000&seed=1"), *digest = digest_of(SIZE, 1, "sha512");
	AUTO(seen) s = seen_new();
	struct fetch f = ask(url, digest, &s);
	auto_free char *entry = cache_entry(f.cache, url), *want = NULL, *looked = NULL;
	char key[65];
	struct stat st;

	fetched(&f, SIZE, 1);
	sha256_hex(url, strlen(url), key);
	want = xasprintf("%s/download/by-url-sha256/%s", f.cache, key);
	assert_string_equal(entry, want);
	assert_entry_text(&f, "url", url);
	assert_entry_text(&f, "time", "Mon, 01 Jan 2024 00:00:00 GMT");
	assert_entry_text(&f, "type", "application/x-test");
	assert_entry_text(&f, "sha512.digest", digest);
	assert_int_equal(stat(entry, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(s.done, SIZE);
	assert_int_equal(s.total, SIZE);
	assert_true(s.calls > 1);
	assert_int_equal(cache_lookup(f.cache, url, digest, &looked), CACHE_GOOD);
}

TEST(digest_known_means_no_network)
{
	auto_free char *url = server_url("once?size=300000"), *digest = digest_of(SIZE, 0, "sha256");
	struct fetch f = ask(url, digest, NULL);

	for (int i = 0; i < 3; i++)
		fetched(&f, SIZE, 0);
	assert_int_equal(server_count("once"), 1);
}

TEST(no_digest_asks_for_news)
{
	auto_free char *url = server_url("news?size=300000&change=3"), *second = NULL;
	struct fetch f = ask(url, NULL, NULL);

	fetched(&f, SIZE, 0);
	fetched(&f, SIZE, 0);
	second = server_request("news", 2);
	assert_non_null(strstr(second, "\"if-none-match\": \"\\\"v0\\\"\""));
	assert_non_null(strstr(second, "\"if-modified-since\": \"Mon, 01 Jan 2024 00:00:00 GMT\""));
	fetched(&f, SIZE, 100);
	assert_entry_text(&f, "time", "Mon, 02 Jan 2024 00:00:00 GMT");
	assert_int_equal(server_count("news"), 3);
}

TEST(servers_that_know_no_conditional_requests)
{
	auto_free char *url = server_url("dumb?size=30000000&noconditional=1");
	AUTO(seen) s = seen_new();
	struct fetch f = ask(url, "", &s);

	fetched(&f, 30000000, 0);
	s.calls = 0;
	fetched(&f, 30000000, 0);
	assert_int_equal(s.calls, 0);		/* the headers were enough */
}

TEST(entry_of_upstream_is_used)
{
	auto_free char *url = server_url("adopt?size=300000"), *digest = digest_of(SIZE, 0, "sha256");
	struct fetch f = ask(url, digest, NULL);
	auto_free char *entry = cache_entry(f.cache, url), *data = entry_file(&f, "data");
	auto_free char *text = entry_file(&f, "sha256.digest"), *body = server_content(SIZE, 0), *looked = NULL;
	struct error err;

	ok(fs_mkdirs(entry, 0700, &err));
	ok(fs_write(data, body, SIZE, 0644, &err));
	ok(fs_write(text, digest, strlen(digest), 0644, &err));
	assert_int_equal(cache_lookup(f.cache, url, digest, &looked), CACHE_UNCHECKED);
	free(looked);
	looked = NULL;
	f.offline = true;
	fetched(&f, SIZE, 0);
	assert_int_equal(cache_lookup(f.cache, url, digest, &looked), CACHE_GOOD);
	assert_int_equal(server_count("adopt"), 0);
}

TEST(statuses)
{
	auto_free char *gone = server_url("c404?fail=404"), *no = server_url("c403?fail=403"), *bad = server_url("c500?fail=500");
	auto_free char *late = server_url("c500ok?size=300000&fail=500&fails=1");
	struct fetch f = ask(gone, NULL, NULL);

	fails(&f, ENOENT, "404 Not Found");
	assert_false(entry_has(&f, "data"));
	assert_no_parts(&f);
	assert_int_equal(server_count("c404"), 1);
	f.location = no;
	fails(&f, EACCES, "403 Forbidden");
	assert_int_equal(server_count("c403"), 1);
	f.location = bad;
	fails(&f, EIO, "500 Internal Server Error (tried 5 times)");
	assert_int_equal(server_count("c500"), 5);
	f.location = late;
	fetched(&f, SIZE, 0);
	assert_int_equal(server_count("c500ok"), 2);
}

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

TEST(bound_of_size)
{
	auto_free char *url = server_url("endless?endless=1"), *big = server_url("big?size=300000&cut=200000&cuts=1");
	struct fetch f = ask(url, NULL, NULL);

	f.max_bytes = 1 << 20;
	fails(&f, EFBIG, "more than 1048576 bytes");
	assert_no_parts(&f);
	f.location = big;
	f.max_bytes = 250000;
	fails(&f, EFBIG, "more than 250000 bytes");
	f.max_bytes = SIZE;
	fetched(&f, SIZE, 0);
}

TEST(wrong_digest_names_both)
{
	auto_free char *url = server_url("wrong?size=300000"), *want = digest_of(SIZE, 9, "sha256"), *is = digest_of(SIZE, 0, "sha256");
	auto_free char *text = xasprintf("digest is %s, want %s", is, want);
	struct fetch f = ask(url, want, NULL);

	fails(&f, EBADMSG, text);
	assert_int_equal(server_count("wrong"), 1);
	assert_false(entry_has(&f, "data"));
	assert_no_parts(&f);
	f.digest = "sha256:123";
	fails(&f, ERR_INVALID, "3 digits, want 64");
}

TEST(cached_file_of_another_digest_heals_once)
{
	auto_free char *url = server_url("heal?size=300000&change=2"), *new = digest_of(SIZE, 100, "sha256");
	auto_free char *other = digest_of(SIZE, 7, "sha256"), *old = digest_of(SIZE, 0, "sha256"), *text = NULL;
	AUTO(seen) s = seen_new();
	struct fetch f = ask(url, old, &s);

	fetched(&f, SIZE, 0);
	f.digest = new;
	fetched(&f, SIZE, 100);
	assert_int_equal(server_count("heal"), 2);
	assert_non_null(strstr(s.warnings.s, "cached file is sha256:"));
	f.digest = other;
	text = xasprintf("digest is %s, want %s", new, other);
	fails(&f, EBADMSG, text);
	assert_int_equal(server_count("heal"), 3);	/* once */
	f.digest = new;
	f.offline = true;
	fetched(&f, SIZE, 100);				/* and what was there is still there */
}

TEST(cached_file_that_rotted_heals)
{
	auto_free char *url = server_url("rot?size=300000"), *digest = digest_of(SIZE, 0, "sha256"), *looked = NULL;
	AUTO(seen) s = seen_new();
	struct fetch f = ask(url, digest, &s);
	auto_free char *data = entry_file(&f, "data");
	auto_close int fd = -1;

	fetched(&f, SIZE, 0);
	fd = open(data, O_WRONLY);
	assert_int_equal(pwrite(fd, "rotten", 6, 1000), 6);
	assert_int_equal(ftruncate(fd, SIZE - 1), 0);
	assert_int_equal(cache_lookup(f.cache, url, digest, &looked), CACHE_UNCHECKED);
	f.offline = true;
	fails(&f, EBADMSG, "cached file is sha256:");
	f.offline = false;
	fetched(&f, SIZE, 0);
	assert_int_equal(server_count("rot"), 2);
}

TEST(offline)
{
	auto_free char *url = server_url("offline?size=300000"), *digest = digest_of(SIZE, 0, "sha256");
	struct fetch f = ask(url, NULL, NULL);
	auto_free char *entry = cache_entry(f.cache, url), *looked = NULL;

	f.offline = true;
	fails(&f, ENOENT, "not in the cache, and offline");
	assert_false(fs_exists(entry));
	assert_int_equal(cache_lookup(f.cache, url, NULL, &looked), CACHE_ABSENT);
	f.offline = false;
	fetched(&f, SIZE, 0);
	f.offline = true;
	fetched(&f, SIZE, 0);
	assert_int_equal(server_count("offline"), 1);
	assert_int_equal(cache_lookup(f.cache, url, NULL, &looked), CACHE_UNCHECKED);
	f.digest = digest;
	fetched(&f, SIZE, 0);
	assert_entry_text(&f, "sha256.digest", digest);
}

TEST(no_network_means_the_cached_file)
{
	auto_free char *url = server_url("gone?size=300000&fail=500&fails=0"), *port = NULL, *from = NULL, *to = NULL;
	AUTO(seen) s = seen_new();
	struct fetch f = ask(url, NULL, NULL), dead = f;

	fetched(&f, SIZE, 0);
	/* the same entry under the URL of a port that nobody serves */
	port = xstrdup("http://127.0.0.1:1/x");
	from = cache_entry(f.cache, url);
	dead = ask(port, NULL, &s);
	to = cache_entry(f.cache, port);
	assert_int_equal(rename(from, to), 0);
	fetched(&dead, SIZE, 0);
	assert_non_null(strstr(s.warnings.s, "http://127.0.0.1:1/x: using the cached file: GET http://127.0.0.1:1/x"));
}

TEST(new_version_that_breaks_off_leaves_the_old_one)
{
	auto_free char *url = server_url("half?size=300000&change=2&cut=5000&from=2");
	AUTO(seen) s = seen_new();
	struct fetch f = ask(url, NULL, &s);
	auto_free char *path = NULL;
	struct error err;

	fetched(&f, SIZE, 0);
	ok(cache_fetch(&f, &path, &err));
	assert_content(path, SIZE, 0);
	assert_non_null(strstr(s.warnings.s, "using the cached file"));
	assert_entry_text(&f, "time", "Mon, 01 Jan 2024 00:00:00 GMT");
	assert_int_equal(server_count("half"), 6);
}

TEST(waiting_processes_fetch_once)
{
	auto_free char *url = server_url("herd?size=300000&delay=1500"), *digest = digest_of(SIZE, 0, "sha256");
	auto_free char *plain = server_url("herdplain?size=300000&delay=1500");
	int status, go[2];

	assert_int_equal(pipe(go), 0);
	for (int i = 0; i < 20; i++)
		if (fork() == 0) {
			struct fetch f = i % 2 ? ask(url, digest, NULL) : ask(plain, NULL, NULL);
			char *path = NULL, c;
			struct stat st;

			close(go[1]);
			if (read(go[0], &c, 1) != 0)	/* all at once */
				_exit(1);
			_exit(cache_fetch(&f, &path, NULL) < 0 || stat(path, &st) < 0 || st.st_size != SIZE);
		}
	close(go[0]);
	close(go[1]);
	for (int i = 0; i < 20; i++) {
		assert_true(waitpid(0, &status, 0) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(server_count("herd"), 1);
	assert_int_equal(server_count("herdplain"), 1);
}

static void *
raise_flag(void *flag)
{
	nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);
	*(volatile int *)flag = 1;
	return NULL;
}

TEST(cancelled_while_waiting_for_another)
{
	auto_free char *url = server_url("locked?size=300000");
	AUTO(seen) s = seen_new();
	struct fetch f = ask(url, NULL, &s);
	auto_free char *entry = cache_entry(f.cache, url);
	auto_close int lock = -1;
	pthread_t th;
	struct error err;

	ok(fs_mkdirs(entry, 0700, &err));
	lock = fs_lock(entry, true, &err);
	assert_true(lock >= 0);
	pthread_create(&th, NULL, raise_flag, (void *)(uintptr_t)&s.cancel);
	fails(&f, ERR_CANCELLED, "cancelled");
	pthread_join(th, NULL);
	assert_non_null(strstr(s.warnings.s, "waiting for another process"));
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

TEST(bytes_are_kept_as_they_are_stored)
{
	auto_free char *url = server_url("coded?size=300000&gzip=accept"), *digest = digest_of(SIZE, 0, "sha256");
	auto_free char *force = server_url("forced?size=300000&gzip=force"), *first = NULL;
	AUTO(seen) s = seen_new();
	struct fetch f = ask(url, digest, &s);

	fetched(&f, SIZE, 0);
	first = server_request("coded", 1);
	assert_non_null(strstr(first, "\"accept-encoding\": \"identity\""));
	f.location = force;		/* the digest tells that the coding is the server's own idea */
	fetched(&f, SIZE, 0);
	assert_int_equal(server_count("forced"), 2);
}

TEST(local_files)
{
	auto_free char *file = test_file("local", "hello", 5), *url = xasprintf("file://%s", file), *got = NULL, *is = NULL;
	auto_free char *digest = NULL, *other = digest_of(5, 0, "sha256"), *looked = NULL, *old_home = xstrdup(getenv("HOME"));
	struct fetch f = ask(url, NULL, NULL);
	struct error err;

	ok(digest_file(file, "sha256", &digest, NULL, &err));
	f.digest = digest;
	ok(cache_fetch(&f, &got, &err));
	assert_string_equal(got, file);
	f.location = file;
	ok(cache_fetch(&f, &is, &err));
	assert_string_equal(is, file);
	assert_int_equal(cache_lookup(f.cache, file, NULL, &looked), CACHE_GOOD);
	f.digest = other;
	fails(&f, EBADMSG, digest);
	f.digest = NULL;
	f.location = "/no/such/file";
	fails(&f, ENOENT, "/no/such/file");
	f.location = "file://relative";
	fails(&f, ERR_INVALID, "absolute");
	f.location = "";
	fails(&f, ERR_INVALID, "not a local file");
	f.location = "/";
	fails(&f, ERR_INVALID, "not an ordinary file");
	f.location = "ftp://host/x";
	fails(&f, ERR_INVALID, "want http");
	setenv("HOME", test_dir_, 1);
	free(got);
	got = NULL;
	f.location = "~/local";
	ok(cache_fetch(&f, &got, &err));
	assert_string_equal(got, file);
	setenv("HOME", old_home, 1);
}

/* a file system of our own, of so many KiB; gone with this program. To free; NULL: not permitted. */
static char *
tiny_fs(const char *name, int kib)
{
	auto_free char *dir = test_path(name), *opts = xasprintf("size=%dk", kib);
	struct error err;

	ok(fs_mkdirs(dir, 0700, &err));
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tiny", dir, "tmpfs", 0, opts) < 0)
		return NULL;
	return steal(dir);
}

TEST(full_disk)
{
	auto_free char *url = server_url("full?size=300000"), *cache = tiny_fs("full", 256), *digest = digest_of(SIZE, 0, "sha256");
	auto_free char *small = server_url("small?size=50000");
	struct fetch f = ask(url, digest, NULL);

	if (!cache) {
		skip();
		return;
	}
	f.cache = cache;
	fails(&f, ENOSPC, "data.part: no space left on device");
	assert_false(entry_has(&f, "data"));
	assert_no_parts(&f);
	f.location = small;		/* the room is there again */
	f.digest = NULL;
	fetched(&f, 50000, 0);
	assert_int_equal(server_count("full"), 1);
	assert_int_equal(umount(cache), 0);
}

TEST(read_only_cache)
{
	auto_free char *url = server_url("ro?size=50000"), *cache = tiny_fs("ro", 1024), *digest = digest_of(50000, 0, "sha256");
	auto_free char *other = server_url("ro2?size=50000");
	AUTO(seen) s = seen_new();
	struct fetch f = ask(url, NULL, &s);

	if (!cache) {
		skip();
		return;
	}
	f.cache = cache;
	fetched(&f, 50000, 0);
	assert_int_equal(mount("tiny", cache, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
	fetched(&f, 50000, 0);
	assert_string_equal(s.warnings.s, "");
	f.digest = digest;
	fetched(&f, 50000, 0);
	f.location = other;
	fails(&f, EROFS, "read-only file system");
	assert_int_equal(umount(cache), 0);
}

/* Entry with bytes that are not what its digest says, and every note that they are: as somebody else could have made it. */
static char *
false_entry(const struct fetch *f, char **entry)
{
	char *data = entry_file(f, "data");
	auto_free char *note = NULL, *verified = NULL, *algo = NULL;
	AUTO(arena) a = { 0 };
	struct error err;

	*entry = cache_entry(f->cache, f->location);
	ok(fs_mkdirs(*entry, 0700, &err));
	ok(fs_write(data, "evil", 4, 0644, &err));
	note = entry_file(f, "sha256.digest");
	verified = entry_file(f, "sha256.verified");
	ok(fs_write(note, f->digest, strlen(f->digest), 0644, &err));
	algo = xstrdup(fs_stamp(&a, data));
	ok(fs_write(verified, algo, strlen(algo), 0644, &err));
	assert_true(cache_verified(*entry, f->digest));
	return data;
}

TEST(what_others_can_write_is_not_believed)
{
	static const struct { const char *file; mode_t mode; uid_t uid; } cases[] = {
		{ "", 0777, 0 }, { "", 0770, 0 }, { "", 0700, 65534 }, { "data", 0666, 0 }, { "data", 0644, 65534 },
		{ "sha256.verified", 0664, 0 }, { "sha256.digest", 0644, 65534 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *path = xasprintf("others%zu?size=300000", i), *url = server_url(path), *digest = digest_of(SIZE, 0, "sha256");
		struct fetch f = ask(url, digest, NULL);
		auto_free char *entry = NULL, *data = false_entry(&f, &entry), *file = NULL, *looked = NULL;

		if (cases[i].uid && geteuid() != 0)
			continue;	/* only root can make what is somebody else's */
		file = *cases[i].file ? entry_file(&f, cases[i].file) : xstrdup(entry);
		assert_int_equal(cases[i].uid ? chown(file, cases[i].uid, 0) : chmod(file, cases[i].mode), 0);
		assert_false(cache_verified(entry, digest));
		assert_int_not_equal(cache_lookup(f.cache, url, digest, &looked), CACHE_GOOD);
		fetched(&f, SIZE, 0);
		assert_true(cache_verified(entry, digest));
	}
}

TEST(what_is_no_file_makes_room)
{
	auto_free char *secret = test_file("secret", "secret", 6);

	for (int i = 0; i < 6; i++) {
		auto_free char *path = xasprintf("odd%d?size=300000", i), *url = server_url(path), *digest = digest_of(SIZE, 0, "sha256");
		struct fetch f = ask(url, i % 2 ? digest : NULL, NULL);
		auto_free char *entry = cache_entry(f.cache, url), *file = entry_file(&f, i < 4 ? "data" : "data.part"), *looked = NULL;
		AUTO(buf) kept = BUF_INIT;
		struct error err;

		ok(fs_mkdirs(entry, 0700, &err));
		assert_int_equal(i % 4 < 2 ? symlink(secret, file) : mkfifo(file, 0600), 0);
		assert_int_equal(cache_lookup(f.cache, url, f.digest, &looked), CACHE_ABSENT);
		fetched(&f, SIZE, 0);
		ok(fs_read(secret, &kept, 100, &err));
		assert_string_equal(kept.s, "secret");
	}
}

TEST(an_entry_that_is_a_link_makes_room)
{
	auto_free char *url = server_url("linked?size=300000"), *digest = digest_of(SIZE, 0, "sha256"), *other = test_path("elsewhere");
	struct fetch f = ask(url, digest, NULL);
	auto_free char *entry = NULL, *data = false_entry(&f, &entry), *moved = xasprintf("%s/data", other);
	struct error err;

	assert_int_equal(rename(entry, other), 0);
	assert_int_equal(symlink(other, entry), 0);
	fetched(&f, SIZE, 0);
	assert_true(fs_exists(moved));
	ok(fs_remove_tree(other, &err));
}

TEST(where_a_cache_may_be)
{
	auto_free char *dir = test_path("places"), *cache = xasprintf("%s/lima", dir), *inner = xasprintf("%s/download", cache);
	struct error err;

	ok(fs_mkdirs(dir, 0700, &err));
	assert_true(cache_place_is_ours(cache));
	assert_int_equal(chmod(dir, 0777), 0);
	assert_false(cache_place_is_ours(cache));
	assert_int_equal(chmod(dir, 01777), 0);
	assert_true(cache_place_is_ours(cache));
	ok(fs_mkdirs(inner, 0700, &err));
	assert_true(cache_place_is_ours(cache));
	assert_int_equal(chmod(inner, 0777), 0);
	assert_false(cache_place_is_ours(cache));
	assert_int_equal(chmod(inner, 01777), 0);
	assert_false(cache_place_is_ours(cache));
	assert_int_equal(chmod(inner, 0755), 0);
	assert_true(cache_place_is_ours(cache));
	if (geteuid() == 0) {
		assert_int_equal(chown(cache, 65534, 65534), 0);
		assert_false(cache_place_is_ours(cache));
	}
}
