#include "guest/init/env.h"
#include "tests/unit/test.h"

static size_t
parse(struct env *e, const char *text)
{
	return env_parse(e, text, strlen(text));
}

TEST(lines_are_taken_as_they_stand)
{
	AUTO(env) e = { 0 };

	assert_int_equal(parse(&e, "LIMA_CIDATA_USER=lima\nLIMA_CIDATA_COMMENT=A  'User' # one=two\n\nLIMA_CIDATA_PLAIN=\n"), 0);
	assert_string_equal(env_get(&e, "LIMA_CIDATA_USER"), "lima");
	assert_string_equal(env_get(&e, "LIMA_CIDATA_COMMENT"), "A  'User' # one=two");
	assert_string_equal(env_get(&e, "LIMA_CIDATA_PLAIN"), "");
	assert_null(env_get(&e, "LIMA_CIDATA_US"));
	assert_string_equal(env_str(&e, "LIMA_CIDATA_US"), "");
	assert_int_equal(e.n, 3);
	assert_null(e.v[3]);
}

TEST(the_last_line_needs_no_end)
{
	AUTO(env) e = { 0 };

	assert_int_equal(parse(&e, "A=1\nB=2"), 0);
	assert_string_equal(env_get(&e, "B"), "2");
}

TEST(the_later_assignment_wins)
{
	AUTO(env) e = { 0 };
	AUTO(env) more = { 0 };

	parse(&e, "A=1\nB=2\nA=3\n");
	assert_string_equal(env_get(&e, "A"), "3");
	parse(&more, "B=4\nC=5\n");
	env_merge(&e, &more);
	assert_string_equal(env_get(&e, "B"), "4");
	assert_string_equal(env_get(&e, "C"), "5");
	assert_int_equal(e.n, 3);
}

TEST(what_is_no_assignment_is_counted_and_skipped)
{
	static const char text[] = "=x\n1A=x\nA B=x\nnothing\nA-B=x\nGOOD=1\nA=with\0nul\nB=2\n";
	AUTO(env) e = { 0 };

	assert_int_equal(env_parse(&e, text, sizeof text - 1), 6);
	assert_int_equal(e.n, 2);
	assert_string_equal(env_get(&e, "GOOD"), "1");
	assert_string_equal(env_get(&e, "B"), "2");
}

TEST(garbage_has_a_limit)
{
	AUTO(env) e = { 0 };
	AUTO(buf) b = BUF_INIT;

	for (int i = 0; i < ENV_MAX + 10; i++)
		buf_addf(&b, "V%d=%d\n", i, i);
	assert_int_equal(env_parse(&e, b.s, b.len), 10);
	assert_int_equal(e.n, ENV_MAX);
}

TEST(numbers_outside_their_range_are_not_taken)
{
	AUTO(env) e = { 0 };

	parse(&e, "UID=1000\nNEG=-1\nBIG=99999999999999999999\nTEXT=12a\nEMPTY=\nBLANK= 7\n");
	assert_int_equal(env_num(&e, "UID", 1, 65535, 7), 1000);
	assert_int_equal(env_num(&e, "UID", 1, 999, 7), 7);
	assert_int_equal(env_num(&e, "NEG", 0, 65535, 7), 7);
	assert_int_equal(env_num(&e, "BIG", 0, 65535, 7), 7);
	assert_int_equal(env_num(&e, "TEXT", 0, 65535, 7), 7);
	assert_int_equal(env_num(&e, "EMPTY", 0, 65535, 7), 7);
	assert_int_equal(env_num(&e, "BLANK", 0, 65535, 7), 7);
	assert_int_equal(env_num(&e, "ABSENT", 0, 65535, 7), 7);
}

TEST(etc_environment_follows_pam_env)
{
	static const char text[] =
	    "#LIMA-START\n"
	    "  export A=1\n"
	    "B=\"two words\"\n"
	    "C='single'\n"
	    "D=x # comment\n"
	    "E=\"half\n"
	    "F=\"\"\n"
	    "bad line\n"
	    "#LIMA-END\n";
	AUTO(env) e = { 0 };

	assert_int_equal(env_parse_pam(&e, text, sizeof text - 1), 1);
	assert_string_equal(env_get(&e, "A"), "1");
	assert_string_equal(env_get(&e, "B"), "two words");
	assert_string_equal(env_get(&e, "C"), "single");
	assert_string_equal(env_get(&e, "D"), "x");
	assert_string_equal(env_get(&e, "E"), "\"half");
	assert_string_equal(env_get(&e, "F"), "");
}
