/* Reading YAML: trees with places, bounds, and what scalars mean. */
#include "state/desired/yaml/emit.h"
#include "state/desired/yaml/scalar.h"
#include "state/desired/yaml/yaml.h"
#include "tests/unit/test.h"

static struct arena arena;
static struct source src;

static struct node *
read_len(const char *text, size_t len, struct error *err)
{
	struct node *n;

	src = (struct source){ .name = "f.yaml", .text = text, .len = len };
	*err = (struct error){ 0 };
	return yaml_read(&n, &arena, &src, NULL, err) < 0 ? NULL : n;
}

static struct node *
must_read(const char *text)
{
	struct error err;
	struct node *n = read_len(text, strlen(text), &err);

	if (!n)
		fail_msg("%s: %s", text, err.msg);
	return n;
}

static void
refuses(const char *text, const char *why)
{
	struct error err;

	if (read_len(text, strlen(text), &err))
		fail_msg("%s: accepted", text);
	if (strncmp(err.msg, why, strlen(why)))
		fail_msg("%s: want '%s', got '%s'", text, why, err.msg);
}

static void
where(const struct node *n, const char *want)
{
	AUTO(buf) b = BUF_INIT;

	node_where(n, &b);
	assert_string_equal(b.s, want);
}

/* All that a node says, but for where its texts lie. */
static void
same_nodes(const struct node *a, const struct node *b, const struct source *of)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->style, b->style);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->start, b->start);
	assert_int_equal(a->end, b->end);
	assert_int_equal(a->line, b->line);
	assert_int_equal(a->col, b->col);
	assert_ptr_equal(b->src, of);
	assert_int_equal(a->n, b->n);
	if (a->kind <= NODE_SCALAR)
		assert_memory_equal(a->text, b->text, a->len + 1);
	for (size_t i = 0; a->kind == NODE_LIST && i < a->n; i++)
		same_nodes(a->item[i], b->item[i], of);
	for (size_t i = 0; a->kind == NODE_MAP && i < a->npair; i++) {
		same_nodes(a->pair[i].key, b->pair[i].key, of);
		same_nodes(a->pair[i].value, b->pair[i].value, of);
	}
}

TEST(a_copy_for_another_source_is_what_reading_that_gives)
{
	static const char text[] = "# c\na: &x {k: ~, l: [1, 'two', \"three\"]}\nb: *x\nc: |\n  lines\n\n  of text\nd: !!str 5\ne:\n";
	struct source from = { .name = "", .text = text, .len = sizeof text - 1 };
	struct source other = { .name = "g.yaml", .text = xstrdup(text), .len = sizeof text - 1 }, again = other;
	struct arena first = { 0 };
	struct node *n, *copy, *read;
	struct error err;

	ok(yaml_read(&n, &first, &from, NULL, &err));
	copy = node_copy_to(&arena, n, &other);
	arena_release(&first);
	ok(yaml_read(&read, &arena, &again, NULL, &err));
	same_nodes(read, copy, &other);
	assert_true(other.anchors);
	where(node_get(copy, "d"), "g.yaml:8:4");
	free((char *)(uintptr_t)other.text);
	arena_release(&arena);
}

TEST(places)
{
	struct node *n = must_read("# c\na: 1\n\xc3\xa4: [x, {y: z}]\nb:\n  - c\n");

	where(node_get(n, "a"), "f.yaml:2:4");
	where(node_get(n, "\xc3\xa4")->item[1], "f.yaml:3:8");
	where(node_get(n, "b")->item[0], "f.yaml:5:5");
	assert_memory_equal(src.text + node_get(n, "b")->item[0]->start, "c\n", 2);	/* bytes, behind a two-byte letter */
	arena_release(&arena);
}

TEST(documents)
{
	struct error err;
	struct node *n;
	bool more;

	assert_int_equal(must_read("")->kind, NODE_NULL);
	assert_int_equal(must_read("# only\n")->kind, NODE_NULL);
	assert_int_equal(must_read("~")->kind, NODE_NULL);
	src = (struct source){ .name = "f", .text = "a: 1\n---\nb: 2\n", .len = 14 };
	ok(yaml_read(&n, &arena, &src, &more, &err));
	assert_true(more);
	assert_non_null(node_get(n, "a"));
	assert_non_null(node_get(must_read("\xef\xbb\xbf" "a: 1\n"), "a"));	/* a byte order mark is nobody's */
	arena_release(&arena);
}

TEST(anchors_and_merges)
{
	struct node *n = must_read("x: &x {a: 1, b: 2}\ny: *x\nz: {<<: *x, b: 3}\nw: {<<: [{c: 1}, *x], d: 4}\n");

	assert_string_equal(node_get(node_get(n, "y"), "b")->text, "2");
	assert_string_equal(node_get(node_get(n, "z"), "a")->text, "1");
	assert_string_equal(node_get(node_get(n, "z"), "b")->text, "3");
	assert_int_equal(node_get(n, "z")->npair, 2);
	assert_int_equal(node_get(n, "w")->npair, 4);
	where(node_get(n, "y"), "f.yaml:2:4");
	refuses("a: *x\n", "f.yaml:1:4: alias `*x` without an anchor");
	refuses("a: &x [*x]\n", "f.yaml:1:8: alias `*x` without an anchor");	/* no node holds itself */
	refuses("a: {<<: 1}\n", "f.yaml:1:9: `<<` takes a mapping");
	arena_release(&arena);
}

TEST(what_is_refused)
{
	refuses("a: 1\na: 2\n", "f.yaml:2:1: key `a` is given twice, first in line 1");
	refuses("# x\n\xef\xbb\xbf" "a: 1\n", "f.yaml:2:1: a byte order mark can only stand at the beginning of a file");
	refuses("a:\n\tb: 1\n", "f.yaml:2:1: a tab cannot indent");
	refuses("a: [1, 2\n", "f.yaml:2:1: expected `,` or `]`");
	refuses("a: {b: 1\nc: 2\n", "f.yaml:2:");
	refuses("a: b: c\n", "f.yaml:1:5: a `:` cannot stand here");
	refuses("a: \"x\n", "f.yaml:");
	refuses("[a]: 1\n", "f.yaml:1:1: a key must be a word");
	refuses("a: !!binary \"%\"\n", "f.yaml:1:4: not base64");
	refuses("a: \xff\xfe\n", "f.yaml:1:4: ");
	arena_release(&arena);
}

TEST(bounds)
{
	AUTO(buf) b = BUF_INIT;
	struct error err;

	/* the laughs are counted before they are laughed */
	buf_adds(&b, "a0: &a0 [l, l, l, l, l, l, l, l, l, l]\n");
	for (int i = 1; i < 9; i++) {
		buf_addf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			buf_addf(&b, "%s*a%d", k ? ", " : "", i - 1);
		buf_adds(&b, "]\n");
	}
	refuses(b.s, "f.yaml:5:");
	buf_truncate(&b, 0);
	for (int i = 0; i < 200; i++)
		buf_addc(&b, '[');
	refuses(b.s, "f.yaml:1:102: nested too deeply");
	buf_truncate(&b, 0);
	buf_adds(&b, "a0: &a0 [x]\n");
	for (int i = 1; i < 110; i++)	/* each alias as deep as what it names, and one more */
		buf_addf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	assert_null(read_len(b.s, b.len, &err));
	buf_truncate(&b, 0);
	buf_addc(&b, '[');
	for (int i = 0; i < 100001; i++)
		buf_adds(&b, "a,");
	buf_addc(&b, ']');
	refuses(b.s, "f.yaml:1:");
	assert_null(read_len("", YAML_MAX_TEXT + 1, &err));
	arena_release(&arena);
}

static void
means(const char *scalar, const char *text)
{
	const char *got = scalar_text(&arena, must_read(scalar));

	if (!got || strcmp(got, text))
		fail_msg("%s: want '%s', got '%s'", scalar, text, got ? got : "(none)");
}

TEST(scalars_as_text)
{
	static const char *const cases[][2] = {
		{ "42", "42" }, { "0xff", "255" }, { "0755", "493" }, { "0o17", "15" }, { "0b11", "3" }, { "2.50", "2.5" }, { "1.0", "1" },
		{ "12345678.9", "1.23456789e+07" }, { "1.10e5", "110000" }, { "1000000.0", "1e+06" }, { ".inf", "+Inf" }, { "-.inf", "-Inf" },
		{ "1_000", "1000" }, { "+5", "5" }, { "-7", "-7" }, { "True", "true" }, { "FALSE", "false" }, { "1e3", "1e3" },
		{ "1e21", "1e21" }, { "09", "09" }, { "12:34:56", "12:34:56" }, { "2024-02-29", "2024-02-29" }, { "yes", "yes" },
		{ "99999999999999999999", "99999999999999999999" }, { "18446744073709551615", "18446744073709551615" },
		{ "~", "" }, { "null", "" }, { "\"007\"", "007" }, { "'0x10'", "0x10" }, { "!!str 0x10", "0x10" }, { "0.00001", "1e-05" },
		{ "|\n  a\n  b\n", "a\nb\n" }, { ">-\n  a\n  b\n", "a b" }, { "!!binary aGk=", "hi" }, { "0", "0" },
		{ "123456.7", "123456.7" }, { "0.1", "0.1" }, { ".5", "0.5" }, { "5.", "5" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		means(cases[i][0], cases[i][1]);
	assert_null(scalar_text(&arena, must_read("\"a\\0b\"")));
	arena_release(&arena);
}

TEST(scalars_as_integers)
{
	static const struct { const char *text; int64_t want; } good[] = {
		{ "3", 3 }, { "0x10", 16 }, { "010", 8 }, { "1_000", 1000 }, { "2.7", 2 }, { "1e1", 10 }, { "\"3\"", 3 }, { "\"3.9\"", 3 }, { "-2", -2 },
		{ "9223372036854775807", INT64_MAX },
	};
	static const char *const bad[] = { "four", "true", "\"0x10\"", "\"\"", "99999999999999999999", "[]", "~", ".inf", "1e300", "--1", "\"1a\"" };
	int64_t got;
	bool b;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(scalar_int(must_read(good[i].text), &got));
		assert_int_equal(got, good[i].want);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (scalar_int(must_read(bad[i]), &got))
			fail_msg("%s is taken for %lld", bad[i], (long long)got);
	assert_true(scalar_bool(must_read("True"), &b) && b);
	assert_true(scalar_bool(must_read("FALSE"), &b) && !b);
	assert_false(scalar_bool(must_read("yes"), &b) || scalar_bool(must_read("\"true\""), &b) || scalar_bool(must_read("1"), &b));
	arena_release(&arena);
}

/* what is made anew must read back as the same */
TEST(words_read_back)
{
	static const char *const words[] = {
		"x", "", " x", "x ", "a: b", "a:b", "a #b", "#a", "true", "yes", "null", "~", "1", "1.5", "0x1f", "- a", "-", "[a]", "{a}", "a,b", "&a", "*a",
		"!a", "|", ">", "'a'", "\"a\"", "%a", "@a", "`a`", "?", "? a", "a\nb", "a\n", "\n", "\t", "\x01", "\xc3\xa4", "2024-01-01", "12:30",
		"line one\nline two\n", "no end\nof line", "two\n\n", "  indented\nx\n", "trailing \nx\n", "a\r\nb\r\n", "<<", "=", ".inf", "0o17", "key: |\n  x\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct node *map = node_map(&arena), *back;
		AUTO(buf) b = BUF_INIT;
		struct error err;

		node_set(&arena, map, "k", node_text(&arena, words[i]));
		yaml_emit(&b, map, NULL);
		back = read_len(b.s, b.len, &err);
		if (!back || strcmp(scalar_text(&arena, node_get(back, "k")), words[i]))
			fail_msg("'%s' became '%s'", words[i], b.s);
	}
	arena_release(&arena);
}
