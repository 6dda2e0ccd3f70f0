/* The small ones of base/: base64, numbers, versions, sha256; and paths. */
#include <sys/stat.h>

#include "base/base64.h"
#include "base/distance.h"
#include "base/facts.h"
#include "base/fs.h"
#include "base/nearest.h"
#include "base/number.h"
#include "base/path_rest.h"
#include "base/semver.h"
#include "base/sha256.h"
#include "base/size.h"
#include "base/utf8.h"
#include "state/desired/template/name.h"
#include "state/desired/spec/paths.h"
#include "tests/unit/test.h"

TEST(what_of_a_path_is_in_a_folder)
{
	static const struct {
		const char *path, *top, *rest;
	} all[] = {
		{ "/a/b", "/a", "/b" }, { "/a/b/c", "/a/", "/b/c" }, { "/a", "/a", "" }, { "/a", "/a//", "" }, { "/a/", "/a", "/" },
		{ "/ab", "/a", NULL }, { "/b", "/a", NULL }, { "/", "/a", NULL }, { "", "/a", NULL }, { "/a", "/a/b", NULL },
		{ "/a", "/", "/a" }, { "/", "/", "" }, { "/a", "", NULL }, { "", "", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const char *rest = path_rest(all[i].path, all[i].top);

		if (!rest != !all[i].rest || (rest && strcmp(rest, all[i].rest) != 0))
			fail_msg("%s in %s: %s", all[i].path, all[i].top, rest ? rest : "not");
	}
}

TEST(base64_both_ways)
{
	static const char *const cases[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "\xff\xfe\xfd", "//79" } };
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_truncate(&b, 0);
		base64_encode(&b, cases[i][0], strlen(cases[i][0]));
		assert_string_equal(b.s, cases[i][1]);
		buf_truncate(&b, 0);
		assert_int_equal(base64_decode(&b, cases[i][1], strlen(cases[i][1])), 0);
		assert_string_equal(b.s, cases[i][0]);
	}
	assert_int_equal(base64_decode(&b, "Zm 9\nv", 6), 0);
	assert_int_equal(base64_decode(&b, "Z", 1), -1);
	assert_int_equal(base64_decode(&b, "Zg==x", 5), -1);
	assert_int_equal(base64_decode(&b, "Z%==", 4), -1);
	assert_int_equal(base64_decode(&b, "Zg\0=", 4), -1);
}

TEST(numbers)
{
	static const struct { double d; int big; const char *text; } cases[] = {
		{ 2.5, 21, "2.5" }, { 0, 21, "0" }, { 1e6, 6, "1e+06" }, { 1e6, 21, "1000000" }, { 123456.7, 6, "123456.7" }, { 0.0001, 21, "0.0001" },
		{ 0.00001, 21, "1e-05" }, { 1e21, 21, "1e+21" }, { -1.25e-10, 21, "-1.25e-10" }, { 0.1, 21, "0.1" }, { __builtin_inf(), 21, "+Inf" },
		{ 9007199254740993.0, 21, "9007199254740992" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf) b = BUF_INIT;

		number_add(&b, cases[i].d, cases[i].big);
		assert_string_equal(b.s, cases[i].text);
	}
}

TEST(versions)
{
	static const char *const good[] = { "1.2.3", "v1.2.3", "1.2.3-rc.1", "1.2.3.m", "1.2.3-153-gabc.m" };
	static const char *const bad[] = { "", "1", "1.2", "1.2.x", "1.2.3.4", "a.b.c", "1..2", "-1.2.3", "1.2.3m", "99999999999999999999999.1.1" };
	struct semver a, b = { { 1, 2, 3 } }, c = { { 1, 10, 0 } };

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(semver_parse(&a, good[i]), 0);
		assert_int_equal(semver_compare(&a, &b), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (semver_parse(&a, bad[i]) == 0)
			fail_msg("'%s' is taken for a version", bad[i]);
	assert_true(semver_compare(&b, &c) < 0);
	assert_true(semver_compare(&c, &b) > 0);
}

TEST(sha256_of_abc)
{
	char hex[65];

	sha256_hex("abc", 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(sizes)
{
	static const struct { const char *text; uint64_t bytes; } good[] = {
		{ "4GiB", (uint64_t)4 << 30 }, { "1.5 g", (uint64_t)3 << 29 }, { "1024", 1024 }, { "1kb", 1024 }, { "1K", 1024 }, { ".5k", 512 },
		{ "5.", 5 }, { "1e3", 1000 }, { "8E0", 8 }, { "0", 0 }, { "2048kb", 2 << 20 }, { "1PiB", (uint64_t)1 << 50 }, { "999999b", 999999 },
	};
	static const char *const bad[] = { "", "GiB", "lots", "-4GiB", "4XiB", "2Gi", "1..5G", "1,5GiB", " 1", "4 apples", "1_000", "0x10", "nan", "inf",
					   "1e999", "4GiBx", "1  g" };
	uint64_t bytes;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct error err;

		ok(size_parse(&bytes, good[i].text, &err));
		if (bytes != good[i].bytes)
			fail_msg("%s: %llu", good[i].text, (unsigned long long)bytes);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (size_parse(&bytes, bad[i], NULL) == 0)
			fail_msg("'%s' is taken for %llu", bad[i], (unsigned long long)bytes);
}

TEST(paths)
{
	static const char *const clean[][2] = {
		{ "a/../b//c/", "b/c" }, { "", "." }, { ".", "." }, { "/", "/" }, { "//", "/" }, { "/..", "/" }, { "..", ".." }, { "../..", "../.." },
		{ "a/../..", ".." }, { "a/../../b", "../b" }, { "/a/./b/../c", "/a/c" }, { "./a", "a" }, { "a/b/../../..", ".." }, { "~/a/..", "~" },
	};
	AUTO(arena) a = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(clean); i++)
		assert_string_equal(path_clean(&a, clean[i][0]), clean[i][1]);
	assert_string_equal(path_expand_tilde(&a, "~/x", "/h"), "/h/x");
	assert_string_equal(path_expand_tilde(&a, "~", "/h"), "/h");
	assert_string_equal(path_expand_tilde(&a, "~u/x", "/h"), "~u/x");
	assert_string_equal(path_join(&a, "/a", "../b"), "/b");
	assert_string_equal(path_join(&a, "/a", "/b"), "/b");
	assert_string_equal(path_dir(&a, "/b"), "/");
	assert_string_equal(path_dir(&a, "b"), ".");
	assert_string_equal(path_base("/a/b"), "b");
}

TEST(names)
{
	static const char *const good[] = { "a", "default", "a-b_c.d", "A1", "9" };
	static const char *const bad[] = { "", "-a", "a-", "a--b", "a._b", "_a", "a b", "a/b", "a.yaml", "x.YML", "\xc3\xa4" };
	auto_free char *name = NULL;
	struct error err;
	char big[100];

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		ok(name_check(good[i], &err));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		not_ok(name_check(bad[i], &err), "instance name");
	memset(big, 'n', sizeof big);
	big[77] = '\0';
	not_ok(name_check(big, &err), "greater than maximum length (76 characters)");
	big[76] = '\0';
	ok(name_check(big, &err));
	not_ok(name_check_new(big, "/home/somebody/.lima", &err), "too long");
	ok(name_from_path(&name, "/a/b/Foo.yml.yaml", &err) < 0 ? -1 : 0);
	assert_string_equal(name, "foo.yml");
}

/* Texts alone are put together by hand, the rest by libc: the two must say the same. */
TEST(formats_of_texts_alone)
{
	char big[1000], want[1100], *again;
	AUTO(arena) a = { 0 };

	memset(big, 'b', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	assert_string_equal(arena_printf(&a, "%s/%s", "a", "s"), "a/s");
	assert_string_equal(arena_printf(&a, "s%ss", ""), "ss");
	assert_string_equal(arena_printf(&a, "%s", ""), "");
	assert_string_equal(arena_printf(&a, "100%% of %s", "it"), "100% of it");
	assert_string_equal(arena_printf(&a, "%s: %d%s", "n", 7, "!"), "n: 7!");
	for (size_t len = 250; len < 260; len++) {
		snprintf(want, sizeof want, "%.*s/%s", (int)len, big, "x");
		big[len] = '\0';
		assert_string_equal(arena_printf(&a, "%s/%s", big, "x"), want);
		again = xasprintf("%s/%s", big, "x");
		assert_string_equal(again, want);
		free(again);
		big[len] = 'b';
	}
}

TEST(stamps_are_as_a_format_would_write_them)
{
	static const struct timespec times[] = { { 0, 0 }, { 1, 5 }, { 1700000000, 999999999 }, { -3, 20 } };
	AUTO(arena) a = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		struct stat st = { .st_ino = i * 1234567890123, .st_size = (off_t)i * 77, .st_mtim = times[i] };

		assert_string_equal(fs_stamp_of(&a, &st), arena_printf(&a, "%llu.%lld.%lld%09ld", (unsigned long long)st.st_ino,
				    (long long)st.st_size, (long long)times[i].tv_sec, times[i].tv_nsec));
	}
}

TEST(facts_know_their_bytes)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct facts f = { 0 }, back = { 0 };

	facts_set(&f, &a, "size", "5");
	facts_set(&f, &a, "path", "/a");
	facts_pack(&f, &b);
	assert_int_equal(facts_unpack(&back, &a, b.s, b.len), 0);
	assert_true(facts_are_packed(&f, b.s, b.len) && facts_are_packed(&back, b.s, b.len));
	assert_false(facts_are_packed(&f, b.s, b.len - 1));
	facts_set(&back, &a, "size", "6");
	assert_false(facts_are_packed(&back, b.s, b.len));
	facts_set(&back, &a, "size", "5");
	assert_true(facts_are_packed(&back, b.s, b.len));
	facts_set(&back, &a, "path", NULL);
	assert_false(facts_are_packed(&back, b.s, b.len));
	facts_set(&back, &a, "path", "/a");
	facts_set(&back, &a, "more", "");
	assert_false(facts_are_packed(&back, b.s, b.len));
}

/* What is meant by `name`, of `words`; "" where none is near. */
static void
assert_nearest(const char *name, const char *const *words, const char *want)
{
	AUTO(arena) a = { 0 };
	struct nearest n = nearest_begin(name, strlen(name));
	const char *found;

	for (; *words; words++)
		nearest_offer(&n, *words, strlen(*words));
	found = nearest_found(&n, &a);
	assert_string_equal(found ? found : "", want);
}

#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }

TEST(near_names)
{
	AUTO(arena) a = { 0 };

	assert_nearest("strat", WORDS("stop", "start", "restart"), "start");
	assert_nearest("xy", WORDS("ab"), "");
	assert_nearest("preserve", WORDS("force", "preserve-env"), "preserve-env");
	assert_nearest("port", WORDS("localPort", "user"), "localPort");
	assert_nearest("memroy", WORDS("memory", "message"), "memory");
	assert_string_equal(nearest_hint(&a, NULL), "");
	assert_string_equal(nearest_hint(&a, "memory"), " (did you mean `memory`?)");
	assert_int_equal(word_distance("kitten", 6, "sitting", 7), 3);
	assert_int_equal(word_distance("", 0, "abc", 3), 3);
}

TEST(what_is_written_as_utf8_is_read_as_it)
{
	static const uint32_t none[] = { 0xd800, 0xdfff, 0x110000, UINT32_MAX };

	for (uint32_t r = 1; r <= 0x10ffff; r++) {
		char s[5] = "";
		uint32_t got;
		bool bad;
		size_t n;

		if (r == 0xd800)
			r = 0xe000;
		n = utf8_put(s, r);
		if (utf8_next(s, &got, &bad) != n || bad || got != r)
			fail_msg("%x", r);
	}
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		char s[4];

		assert_int_equal(utf8_put(s, none[i]), 3);
		assert_memory_equal(s, "\xef\xbf\xbd", 3);
	}
}
