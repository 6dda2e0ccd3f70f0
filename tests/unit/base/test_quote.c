#include "base/quote/quote.h"

#include "base/buf.h"
#include "base/jsonspan.h"
#include "base/utf8.h"
#include "base/words.h"
#include "tests/unit/test.h"

#define SAME(call, text) do { \
	AUTO(buf) b_ = BUF_INIT; \
	struct buf *b = &b_; \
	call; \
	assert_string_equal(b->s, text); \
} while (0)

TEST(go_strings)
{
	SAME(quote_go(b, ""), "\"\"");
	SAME(quote_go(b, "a b"), "\"a b\"");
	SAME(quote_go(b, "\"\\\n\t\a"), "\"\\\"\\\\\\n\\t\\a\"");
	SAME(quote_go(b, "\x1b\x7f"), "\"\\x1b\\x7f\"");
	SAME(quote_go(b, "\u00e9\u4e2d\U0001f600"), "\"\u00e9\u4e2d\U0001f600\"");
	SAME(quote_go(b, "\u00a0\u200b\ufeff"), "\"\\u00a0\\u200b\\ufeff\"");
	SAME(quote_go(b, "\U000e0001"), "\"\\U000e0001\"");
	/* not UTF-8: a lone byte, an overlong slash, a surrogate, a cut-off sequence */
	SAME(quote_go(b, "\xff"), "\"\\xff\"");
	SAME(quote_go(b, "\xc0\xaf"), "\"\\xc0\\xaf\"");
	SAME(quote_go(b, "\xed\xa0\x80"), "\"\\xed\\xa0\\x80\"");
	SAME(quote_go(b, "a\xe4\xb8"), "\"a\\xe4\\xb8\"");
}

TEST(names_in_messages)
{
	SAME(quote_tick(b, "foo"), "`foo`");
	SAME(quote_tick(b, ""), "``");
	SAME(quote_tick(b, "a`b"), "\"a`b\"");
	SAME(quote_tick(b, "a\nb"), "\"a\\nb\"");
	SAME(quote_tick(b, "a\tb"), "`a\tb`");
}

TEST(json_strings)
{
	SAME(quote_json(b, "a\"\\/\b\f\n\r\t\x01", false), "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\"");
	SAME(quote_json(b, "<&>", true), "\"\\u003c\\u0026\\u003e\"");
	SAME(quote_json(b, "<&>", false), "\"<&>\"");
	SAME(quote_json(b, "\xff\u2028", false), "\"\\ufffd\\u2028\"");
}

TEST(shell_words_survive)
{
	SAME(quote_shell(b, ""), "''");
	SAME(quote_shell(b, "a_b@%+=:,./-9"), "a_b@%+=:,./-9");
	SAME(quote_shell(b, "a b"), "'a b'");
	SAME(quote_shell(b, "it's"), "'it'\"'\"'s'");
	SAME(quote_shell(b, "$HOME;\n`x`"), "'$HOME;\n`x`'");
	SAME(quote_shell(b, "~"), "'~'");
}

static void
split(const char *line, const char *expected)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct error err;
	const char **w;
	size_t n;

	ok(words_split(&a, line, &w, &n, &err));
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "<%s>", w[i]);
	assert_string_equal(b.s, expected);
	assert_null(w[n]);
}

TEST(lines_into_words)
{
	AUTO(arena) a = { 0 };
	struct error err;
	const char **w;
	size_t n;

	split("", "");
	split("  ssh \t -v\n", "<ssh><-v>");
	split("a'b c'\"d e\"f", "<ab cd ef>");
	split("'' \"\"", "<><>");
	split("a\\ b \"\\\"\\x\" '\\'", "<a b><\"\\x><\\>");
	not_ok(words_split(&a, "ssh 'x", &w, &n, &err), "not closed");
	not_ok(words_split(&a, "ssh \\", &w, &n, &err), "not closed");
}

TEST(values_out_of_json)
{
	static const char text[] =
		"{\"a\":1,\"b\":{\"c\":\"x\\\"y\",\"d\":[1,{\"e\":2},\"]\"]},\"s\":\"\\u00e9\\n\\ud83d\\ude00\\/\", \"t\" : true}";
	struct json_span v = json_span_of(text), key, item;
	AUTO(arena) a = { 0 };
	size_t at = 0, n = 0;

	assert_int_equal(json_int(json_at(v, "a"), -1), 1);
	assert_string_equal(json_text(&a, json_at(v, "b.c")), "x\"y");
	assert_string_equal(json_text(&a, json_at(v, "s")), "\u00e9\n\U0001f600/");
	assert_true(json_true(json_at(v, "t")));
	assert_null(json_at(v, "b.nix").p);
	assert_null(json_at(v, "a.b").p);
	assert_string_equal(json_text(&a, json_at(v, "b.d")), "[1,{\"e\":2},\"]\"]");
	while ((item = json_each(json_at(v, "b.d"), &at, NULL)).p)
		n++;
	assert_int_equal(n, 3);
	at = 0;
	assert_non_null(json_each(v, &at, &key).p);
	assert_string_equal(json_text(&a, key), "a");
	assert_string_equal(json_text(&a, json_at(json_span_of(NULL), "a")), "");
	assert_int_equal(json_int(json_at(v, "s"), -1), -1);
}

TEST(damaged_json_is_absent_not_read_beyond)
{
	static const char text[] = "{\"a\":[1,2,{\"b\":\"c\\\"\"}],\"d\":\"\\ud83d\\ude00\",\"e\":null}";

	/* each cut in a block of its own size, so that a sanitizer sees one byte too many */
	for (size_t len = 0; len < sizeof text; len++) {
		char *cut = malloc(len ? len : 1);
		struct json_span v = { cut, len }, item;
		AUTO(arena) a = { 0 };
		size_t at = 0;

		memcpy(cut, text, len);
		(void)json_text(&a, json_at(v, "d"));
		(void)json_text(&a, json_at(v, "e"));
		while ((item = json_each(json_at(v, "a"), &at, NULL)).p)
			(void)json_text(&a, item);
		free(cut);
	}
}

static void
terminal(const char *text, const char *expected)
{
	AUTO(buf) b = BUF_INIT;

	quote_terminal(&b, text, strlen(text));
	assert_string_equal(b.s, expected);
}

TEST(what_a_terminal_would_obey_is_taken_out)
{
	terminal("plain\ttext\nof \u4e2d \U0001f600", "plain\ttext\nof \u4e2d \U0001f600");
	terminal("a\033[31;1mred\033[0m b\033[2J\033[?1049h", "ared b");
	terminal("a\033]52;c;ZXZpbA==\ab\033]0;title\033\\c", "abc");
	terminal("a\033P1$r0m\033\\b\033_x\033\\c\033^y\033\\d\033Xz\033\\e", "abcde");
	terminal("a\033(Bb\033cd\0337e", "abde");
	/* as one character of UTF-8, and as the bare byte of older terminals */
	terminal("a\xc2\x9b" "31mb\xc2\x9d" "52;c;x\xc2\x9c" "c\xc2\x85" "d", "abcd");
	terminal("a\x9b" "31mb", "a?31mb");
	terminal("a\033]52;c;no end\nnext", "a\nnext");
	terminal("a\033[", "a");
	terminal("a\033", "a?");
	terminal("x\r\ny\rz\b\b\a\177", "x\nyz????");
	terminal("a\u202eb\u2066c", "a?b?c");
	terminal("\033\033]52;c;x\a", "]52;c;x?");
}

/* Whatever the bytes are, nothing is left that is a control character but line breaks and tabs. */
TEST(no_bytes_leave_a_control_character)
{
	unsigned seed = 1;

	for (int round = 0; round < 20000; round++) {
		char text[24];
		AUTO(buf) b = BUF_INIT;
		size_t n = 1 + (seed >> 8) % (sizeof text - 1);

		for (size_t i = 0; i < n; i++) {
			seed = seed * 1103515245 + 12345;
			text[i] = "\033\033[]P;0m\\\a\n\xc2\x9b\x9d\x80\xff\xe2\x80\xae" "ab\x01\x7f"[(seed >> 16) % 23];
			text[i] = text[i] ? text[i] : 'x';
		}
		text[n] = '\0';
		quote_terminal(&b, text, n);
		for (const char *p = b.s; *p;) {
			uint32_t rune;
			bool bad;

			p += utf8_next(p, &rune, &bad);
			assert_false(bad || (rune < ' ' && rune != '\n' && rune != '\t') || (rune >= 0x7f && rune < 0xa0));
		}
	}
}
