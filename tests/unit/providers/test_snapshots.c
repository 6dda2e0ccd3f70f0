#include "providers/snapshots.h"

#include "tests/unit/test.h"

static const char list[] = "ID        TAG               VM SIZE                DATE     VM CLOCK     ICOUNT\n"
			   "--        live              127 MiB 2026-11-30 02:07:31 00:00:11.368           \n"
			   "--        big              1.25 GiB 2026-11-30 02:07:31 00:00:11.368           \n"
			   "1         cold                  0 B 2026-11-30 02:07:31 00:00:00.000          0\n"
			   "2         cut\n";

TEST(tells_which_is_there)
{
	assert_true(snapshots_has(list, "live"));
	assert_true(snapshots_has(list, "cold"));
	assert_false(snapshots_has(list, "liv"));
	assert_false(snapshots_has(list, "127"));
	assert_false(snapshots_has("", "live"));
}

TEST(tells_how_much_memory_it_holds)
{
	static const struct {
		const char *tag, *memory;
	} cases[] = { { "live", "127 MiB" }, { "big", "1.25 GiB" }, { "cold", "" }, { "cut", "" }, { "none", "" } };
	AUTO(arena) a = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(snapshots_memory(list, cases[i].tag, &a), cases[i].memory);
}
