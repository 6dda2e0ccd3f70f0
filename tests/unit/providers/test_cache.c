/* What a cache keeps, believes and heals. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/fetching.h"

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
