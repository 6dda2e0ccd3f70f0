/* Every word of the expressions: it has a line of help, and its example gives what the table says. */
#include "state/desired/yq/ops.h"
#include "state/desired/yq/yq.h"
#include "tests/unit/test.h"

static void
example(const struct yq_word *w)
{
	struct yq_style style = { .in = YQ_YAML, .out = YQ_YAML, .indent = 2, .unwrap = true };
	AUTO(buf) out = BUF_INIT;
	struct yq_result r = { .out = &out };
	struct error err = { 0 };
	struct yq *q = yq_open(w->example, 0, &err);
	auto_free char *want = xasprintf("%s\n", w->gives ? w->gives : "");

	if (!q)
		fail_msg("%s: %s: %s", w->pattern, w->example, err.msg);
	if (!w->gives)
		assert_int_equal(yq_on_nothing(q, &style, &r, &err), -1);
	else if (yq_on_nothing(q, &style, &r, &err) < 0)
		fail_msg("%s: %s: %s", w->pattern, w->example, err.msg);
	else if (strcmp(out.s, want) != 0)
		fail_msg("%s: %s: gave `%s`, not `%s`", w->pattern, w->example, out.s, want);
	yq_close(q);
}

TEST(examples)
{
	size_t n = 0;

	for (const struct yq_word *w = yq_words; w->pattern; w++) {
		assert_non_null(w->about);
		if (!w->example)
			continue;
		example(w);
		n++;
	}
	assert_true(n > 110);
}

static void
complains(const char *expr, const char *what)
{
	struct error err = { 0 };

	assert_null(yq_open(expr, 0, &err));
	if (!strstr(err.msg, what))
		fail_msg("%s: '%s' is not in '%s'", expr, what, err.msg);
}

/* where it is, what was expected, and a word for who knows jq */
TEST(complaints)
{
	complains(".a | if . then 1 else 2 end", "column 6: `if` is not in yq; use `select`, `//` or `with`");
	complains("def f: 1; f", "column 1: `def` is not in yq; there are no functions");
	complains(".a | startswith(\"x\")", "column 6: `startswith` is not in yq; use `test(\"^...\")`");
	complains("reduce .[] as $x (0; . + $x)", "column 1: `reduce` is not in yq; use `... as $x ireduce (BEGIN; STEP)`");
	complains(".a | gsub(\"x\"; \"y\")", "column 6: `gsub` is not in yq; use `sub(PATTERN; BY)`");
	complains(".a[", "column 4: expected `]` before this, to close what begins in column 3");
	complains("(.a", "column 1: this bracket is never closed");
	complains(".a | select(.b == 1", "column 12: this bracket is never closed");
	complains(".a)", "column 3: `)` closes nothing");
	complains(".a = \"x", "column 6: the text that begins here is never closed by a `\"`");
	complains(".a = ", "column 4: `=` expects a value on both sides, but has 1");
	complains(".a 3", "column 4: expected an operator (`|`, `,`, `+`, ...) before this");
	complains("select", "column 1: `select` expects an argument, in brackets");
	complains(".a & .b", "column 4: invalid input `&`: expected an operator or a value");
}
