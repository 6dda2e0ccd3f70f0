/* What differs between two texts, line by line. */
#include "base/line_diff.h"
#include "tests/unit/test.h"

static void
differs(const char *have, const char *want, const char *told)
{
	AUTO(buf) b = BUF_INIT;

	line_diff(&b, have, want, "> ");
	assert_string_equal(b.s ? b.s : "", told);
}

TEST(equal_texts_have_no_difference_and_one_gap)
{
	differs("", "", "");
	differs("a\nb\n", "a\nb\n", ">   ...\n");
}

TEST(a_line_is_changed_added_and_taken_out)
{
	differs("1\n2\n3\n4\n5\n", "1\n2\nx\n4\n5\n", ">   ...\n>   2\n> - 3\n> + x\n>   4\n>   ...\n");
	differs("a\n", "a\nb\n", ">   a\n> + b\n");
	differs("a\nb", "b", "> - a\n>   b\n");
	differs("", "a", "> + a\n");
}

TEST(two_places_are_told_apart)
{
	differs("a\n1\n2\n3\n4\nb\n", "A\n1\n2\n3\n4\nB\n", "> - a\n> + A\n>   1\n>   ...\n>   4\n> - b\n> + B\n");
}

TEST(very_long_ones_are_gone_and_come)
{
	AUTO(buf) a = BUF_INIT, b = BUF_INIT, told = BUF_INIT;
	size_t lines = 0;

	for (int i = 0; i < 3000; i++) {
		buf_addf(&a, "a%d\n", i);
		buf_addf(&b, "b%d\n", i);
	}
	line_diff(&told, a.s, b.s, "");
	for (const char *s = told.s; (s = strchr(s, '\n')); s++)
		lines++;
	assert_int_equal(lines, 6000);
}
