/* Expressions that would never end, take all memory, or crash libjq: each ends, soon, with a word about why. */
#include <sys/resource.h>
#include <sys/wait.h>

#include "state/desired/yq/yq.h"
#include "tests/unit/test.h"

static int
add(void *ctx, const char *result, struct error *err)
{
	struct buf *b = ctx;

	(void)err;
	if (b->len < 100)
		buf_addf(b, "%s ", result);
	return 0;
}

static void
refuse(const char *expr, const char *why)
{
	AUTO(buf) out = BUF_INIT;
	struct error err = { 0 };

	if (yq_eval("{\"a\":[1,2]}", expr, add, &out, &err) == 0)
		fail_msg("%s: gave %s", expr, out.s);
	if (!strstr(err.msg, why))
		fail_msg("%s: '%s' is not in '%s'", expr, why, err.msg);
}

TEST(endless)
{
	refuse("def f: f; f", "takes more than 3 s of the processor; does it ever end?");
#ifndef __SANITIZE_ADDRESS__
	refuse("\"x\" * 1e6 | repeat(.)", "has too many results");
#endif
}

#ifndef __SANITIZE_ADDRESS__	/* has memory of its own, and hangs where there is none left */
TEST(memory)
{
	static const char *const bombs[] = {
		"[range(1e12)]", "\"x\" * 1e9", "[limit(1e9; repeat(1))]", "[repeat(.)]", "def f: [f]; f", ".a[1e8] = 1",
		"reduce range(1e9) as $i (\"x\"; . + .)", "[.a | recurse([., .])]",
	};

	for (size_t i = 0; i < ARRAY_LEN(bombs); i++)
		refuse(bombs[i], "takes more than 32 MiB of memory");
	struct rusage r;

	assert_int_equal(getrusage(RUSAGE_CHILDREN, &r), 0);
	assert_in_range(r.ru_maxrss, 1, 64 << 10);
}

TEST(crashes)
{
	AUTO(buf) expr = BUF_INIT;
	struct error err = { 0 };

	refuse("reduce range(50000) as $i (null; [.]) | contains(reduce range(50000) as $i (null; [.]))", "it crashed");
	for (size_t i = 0; i < 100000; i++)
		buf_addc(&expr, '-');
	assert_null(yq_open(expr.s, &err));
	assert_non_null(strstr(err.msg, "-...`: memory exhausted"));
	for (size_t i = 0; i < 100000; i++)
		buf_addc(&expr, '-');
	assert_null(yq_open(expr.s, &err));
	assert_non_null(strstr(err.msg, "128 KiB"));
}

#endif

TEST(one_line)
{
	refuse(".a.b\n| .c", "`.a.b | .c`: Cannot index array with");
}

static int
stop(void *ctx, const char *result, struct error *err)
{
	(void)ctx;
	return error_set(err, ERR_INVALID, "%s is enough", result);
}

/* one bad input is no reason to refuse the next; whoever has heard enough ends it */
TEST(goes_on)
{
	struct error err = { 0 };
	struct yq *q = yq_open(".a[]", &err);
	AUTO(buf) out = BUF_INIT;

	assert_non_null(q);
	not_ok(yq_run(q, "{\"a\":1}", add, &out, &err), "`.a[]`: Cannot iterate over number (1)");
	not_ok(yq_run(q, "{\"a\":", add, &out, &err), "`.a[]`: the input is no JSON");
	ok(yq_run(q, "{\"a\":[1,\"x\"]}", add, &out, &err));
	assert_string_equal(out.s, "1 \"x\" ");
	not_ok(yq_run(q, "{\"a\":[1,2]}", stop, NULL, &err), "`.a[]`: 1 is enough");
	yq_close(q);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);	/* no child is left */
}
