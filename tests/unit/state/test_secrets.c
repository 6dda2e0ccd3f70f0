/* What a lima.yaml calls secret is hidden wherever it stands; equal ones are told from others only with a salt. */
#include <stdlib.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/quote/quote.h"
#include "state/desired/spec/secrets.h"
#include "state/desired/spec/spec.h"
#include "tests/unit/test.h"

#define CONFIG(pw) "{\"env\":{\"A\":\"open\",\"T\":\"to-ken\"},\"param\":{\"pw\":\"" pw "\",\"x\":\"y\"},\"secrets\":[\"pw\",\"T\",\"gone\"]," \
	"\"probes\":[{\"script\":\"login " pw " open\"}]}"

static void
hidden(const struct secrets *s, const char *text, const char *salt, const char *want)
{
	AUTO(buf) b = BUF_INIT;

	secrets_hide(s, text, salt, &b);
	assert_string_equal(b.s, want);
}

TEST(values_are_hidden_and_nothing_else)
{
	AUTO(secrets) s = { 0 };

	secrets_add(&s, CONFIG("hunter2"));
	assert_int_equal(s.n, 2);
	hidden(&s, "login hunter2, to-ken; open y", NULL, "login (secret), (secret); open y");
	hidden(&s, "hunter2hunter2", NULL, "(secret)(secret)");
	hidden(&s, "", NULL, "");
	secrets_add(&s, "{\"param\":{\"a\":\"none\"}}");
	assert_int_equal(s.n, 2);
}

/* Who quotes a text writes it otherwise: the journal its command line, a bundle JSON and YAML. */
TEST(what_is_quoted_is_hidden_too)
{
	AUTO(secrets) s = { 0 };
	AUTO(buf) word = BUF_INIT, json = BUF_INIT;

	secrets_add(&s, "{\"param\":{\"pw\":\"it's \\\"zz\\\" <&> \\\\q\"},\"secrets\":[\"pw\"]}");
	hidden(&s, "x it's \"zz\" <&> \\q y", NULL, "x (secret) y");
	hidden(&s, "--param 'pw=it'\"'\"'s \"zz\" <&> \\q' f", NULL, "--param 'pw=(secret)' f");
	hidden(&s, "{\"pw\":\"it's \\\"zz\\\" <&> \\\\q\"}", NULL, "{\"pw\":\"(secret)\"}");
	hidden(&s, "{\"pw\":\"it's \\\"zz\\\" \\u003c\\u0026\\u003e \\\\q\"}", NULL, "{\"pw\":\"(secret)\"}");
	hidden(&s, "pw: 'it''s \"zz\" <&> \\q'", NULL, "pw: '(secret)'");
	quote_json(&json, "it's \"zz\" <&> \\q", false);
	quote_shell(&word, json.s);
	hidden(&s, word.s, NULL, "'\"(secret)\"'");
}

/* A text of two letters stands in many others; where it is all, it is hidden. */
TEST(short_ones_are_hidden_where_they_are_all)
{
	AUTO(secrets) s = { 0 };

	secrets_add(&s, CONFIG("ab"));
	hidden(&s, "ab", NULL, "(secret)");
	hidden(&s, "about", NULL, "about");
}

TEST(the_longest_comes_first)
{
	AUTO(secrets) s = { 0 };

	secrets_add(&s, "{\"env\":{\"A\":\"abcd\",\"B\":\"abcdefgh\"},\"secrets\":[\"A\",\"B\"]}");
	hidden(&s, "x abcdefgh y abcd", NULL, "x (secret) y (secret)");
}

TEST(lines_of_one_are_hidden)
{
	AUTO(secrets) s = { 0 };

	secrets_add(&s, "{\"env\":{\"KEY\":\"first line\\nsecond line\\nx\"},\"secrets\":[\"KEY\"]}");
	hidden(&s, "  second line!", NULL, "  (secret)!");
}

TEST(digests_depend_on_the_salt)
{
	auto_free char *one = secrets_masked(CONFIG("hunter2"), "a"), *same = secrets_masked(CONFIG("hunter2"), "a");
	auto_free char *other = secrets_masked(CONFIG("hunter3"), "a"), *salted = secrets_masked(CONFIG("hunter2"), "b");
	AUTO(buf) b = BUF_INIT, c = BUF_INIT;

	assert_string_equal(one, same);
	assert_string_not_equal(one, other);
	assert_string_not_equal(one, salted);
	assert_null(strstr(one, "hunter"));
	secrets_forget_digests(one, &b);
	secrets_forget_digests(other, &c);
	assert_string_equal(b.s, c.s);
	assert_null(secrets_masked("{\"env\":{}}", "a"));
}

TEST(a_difference_tells_that_and_not_what)
{
	AUTO(arena) a = { 0 };
	struct spec_change *v;
	struct error err;
	size_t n;

	ok(spec_diff(&a, CONFIG("hunter2"), CONFIG("hunter3"), &v, &n, &err));
	assert_int_equal(n, 2);
	assert_string_equal(v[0].path, "param.pw");
	assert_string_equal(v[0].have, "(secret)");
	assert_string_equal(v[0].want, "(another secret)");
	assert_string_equal(v[1].path, "probes[0].script");
	assert_string_equal(v[1].have, "...");
	ok(spec_diff(&a, CONFIG("hunter2"), CONFIG("hunter2"), &v, &n, &err));
	assert_int_equal(n, 0);
}
