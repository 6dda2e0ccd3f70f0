/* Bytes that gzip unpacks again. */
#include "providers/pack_gzip.h"

#include "base/proc.h"
#include "tests/unit/test.h"

static void
gzip_gives_back(const char *text, size_t len)
{
	const char *argv[] = { "gzip", "-dc", NULL };
	AUTO(buf) packed = BUF_INIT, again = BUF_INIT, back = BUF_INIT;
	struct error err;

	buf_adds(&packed, "in front");
	ok(pack_gzip(&packed, text, len, &err));
	ok(pack_gzip(&again, text, len, &err));
	assert_int_equal(again.len, packed.len - strlen("in front"));
	assert_memory_equal(again.s, packed.s + strlen("in front"), again.len);
	ok(proc_run(argv, &(struct proc_opts){ .input = again.s, .input_len = again.len, .out = &back }, &err));
	assert_int_equal(back.len, len);
	assert_memory_equal(back.s, text, len);
}

TEST(what_is_packed_is_what_gzip_unpacks)
{
	enum { MANY = 3 << 20 };
	auto_free char *much = xcalloc(1, MANY);

	gzip_gives_back("", 0);
	gzip_gives_back("a\0b", 3);
	gzip_gives_back(much, MANY);
	for (unsigned i = 0, x = 1; i < MANY; i++, x = x * 1103515245u + 12345u)
		much[i] = (char)(x >> 16);
	gzip_gives_back(much, MANY);
}
