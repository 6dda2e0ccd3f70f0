#include "cli/ssh/copy_paths.h"

#include "tests/unit/test.h"

/* Words apart by blanks through the slash rule; those with a colon lie in a guest. */
static char *
slashes(const char *line)
{
	struct copy_path v[8];
	AUTO(arena) a = { 0 };
	AUTO(buf) out = BUF_INIT;
	size_t n = 0;
	char *save = NULL;

	for (char *w = strtok_r(arena_strdup(&a, line), " ", &save); w; w = strtok_r(NULL, " ", &save))
		v[n++] = copy_path_parse(&a, w);
	copy_slashes(&a, v, n);
	for (size_t i = 0; i < n; i++)
		buf_addf(&out, "%s%s", i ? " " : "", v[i].path);
	return buf_detach(&out);
}

#define SLASHES(line, expected) do { \
	auto_free char *got = slashes(line); \
	assert_string_equal(got, expected); \
} while (0)

TEST(rsync_is_made_to_copy_as_scp)
{
	SLASHES("a I:b", "a/ b/");
	SLASHES("a/ I:b", "a b/");
	SLASHES("a I:b/", "a b/");
	SLASHES("a/ I:b/", "a b/");
	SLASHES("I:b a", "b/ a/");
	SLASHES("I:b/ a/", "b/ a/");
}

TEST(what_is_in_a_guest)
{
	AUTO(arena) a = { 0 };
	struct copy_path v[] = { copy_path_parse(&a, "x:/a:b"), copy_path_parse(&a, "/c") };

	assert_string_equal(v[0].instance, "x");
	assert_string_equal(v[0].path, "/a:b");
	assert_null(v[1].instance);
	assert_int_equal(copy_remotes(v, 2), 1);
}
