/* Expressions that would take all there is: each ends, soon, with a word about why. */
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

/* each doubles what the one before it made */
static void
doubled(struct buf *out, const char *first, const char *step, int times)
{
	buf_adds(out, first);
	for (int i = 0; i < times; i++)
		buf_adds(out, step);
}

TEST(endless)
{
	AUTO(buf) expr = BUF_INIT;

	refuse("{\"x\": \"eval(.x)\"} | eval(.x)", "runs too deeply");
	doubled(&expr, "((\"a\" * 18) + \"b\") as $s | [1]", " | . + .", 10);
	buf_adds(&expr, " | .[] as $i | $s | test(\"^(a|a)*$\")");
	refuse(expr.s, "takes more than 3 s of the processor; does it ever end?");
	refuse("((\"a\" * 60) + \"b\") | test(\"^(a|a)*$\")", "takes more than 5000000 steps");
}

TEST(memory)
{
	AUTO(buf) list = BUF_INIT;
	AUTO(buf) text = BUF_INIT;

	refuse("\"x\" * 9000000 | . + . | . + . | . + . | . + . | . + .", "takes more than 64 MiB of memory");
	refuse(".a[100000000] = 1", "takes more than 64 MiB of memory");
	doubled(&list, "[1]", " | . + .", 40);
	refuse(list.s, "takes more than 64 MiB of memory");
	doubled(&text, "\"x\"", " | \"\\(.)\\(.)\"", 40);
	refuse(text.s, "takes more than 64 MiB of memory");
}

TEST(depth)
{
	AUTO(buf) expr = BUF_INIT;
	struct error err = { 0 };

	doubled(&expr, "1", " | [.]", 3000);
	refuse(expr.s, "nested too deeply");
	buf_truncate(&expr, 0);
	doubled(&expr, "", "(", 50000);
	assert_null(yq_open(expr.s, 0, &err));
	buf_truncate(&expr, 0);
	doubled(&expr, "", "[", 20000);
	doubled(&expr, "1", "]", 20000);
	assert_null(yq_open(expr.s, 0, &err));
	assert_non_null(strstr(err.msg, "nested too deeply"));
	refuse("(\"[\" * 50000) | from_yaml", "1:1001: nested too deeply (more than 1000 levels)");
	refuse("(\"{a: \" * 50000) | from_yaml", "nested too deeply (more than 1000 levels)");
	doubled(&expr, "", "-", 100000);
	assert_null(yq_open(expr.s, 0, &err));
	assert_non_null(strstr(err.msg, "128 KiB"));
}

/* what a long list has of each is found in time that grows with the list, not with its square */
TEST(many_groups)
{
	AUTO(buf) json = BUF_INIT;
	AUTO(buf) out = BUF_INIT;
	struct error err = { 0 };

	for (int i = 0; i < 60000; i++)
		buf_addf(&json, "%c%d", i ? ',' : '[', i);
	buf_addc(&json, ']');
	ok(yq_eval(json.s, "(unique | length), (group_by(.) | length)", add, &out, &err));
	assert_string_equal(out.s, "60000 60000 ");
}

/* and so with what a pattern matches in a long text */
TEST(many_matches)
{
	AUTO(buf) out = BUF_INIT;
	struct error err = { 0 };

	ok(yq_eval("null", "(\"a\" * 300000) | sub(\"a\", \"bc\") | length", add, &out, &err));
	assert_string_equal(out.s, "600000 ");
}

TEST(one_line)
{
	refuse(".a.b\n| .c", "`.a.b | .c`: cannot index array with");
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
	struct yq *q = yq_open(".a[] | . + \"\" | upcase", 0, &err);
	AUTO(buf) out = BUF_INIT;

	assert_non_null(q);
	not_ok(yq_run(q, "{\"a\":[{}]}", add, &out, &err), "`.a[] | . + \"\" | upcase`: !!str () cannot be added to a !!map (a[0])");
	not_ok(yq_run(q, "{\"a\":", add, &out, &err), "`.a[] | . + \"\" | upcase`: no JSON at byte 6");
	ok(yq_run(q, "{\"a\":[1,\"x\"]}", add, &out, &err));
	assert_string_equal(out.s, "\"1\" \"X\" ");
	not_ok(yq_run(q, "{\"a\":[1,2]}", stop, NULL, &err), "`.a[] | . + \"\" | upcase`: \"1\" is enough");
	yq_close(q);
}
