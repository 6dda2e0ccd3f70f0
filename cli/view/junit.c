#include "cli/view/junit.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "cli/view/report.h"

/* What came of cases: of a suite, and of all. */
struct junit_counts {
	size_t tests, failures, errors, skipped;
	double seconds;
};

struct junit {
	struct buf cases; /* of the suite that is being written */
	struct junit_counts now, all;
	struct buf suites;
};

static void
junit_release(struct junit *j)
{
	buf_release(&j->cases);
	buf_release(&j->suites);
}

static const char *
junit_get(const cJSON *o, const char *key)
{
	return cjson_text_or(o, key, "");
}

static double
junit_seconds(const cJSON *o)
{
	const cJSON *v = cjson_get(o, "seconds");

	return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

static void
junit_attr(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, " %s=\"", name);
	quote_xml(b, value);
	buf_addc(b, '"');
}

static void
junit_counts_attrs(struct buf *b, const struct junit_counts *n)
{
	buf_addf(b, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\"", n->tests,
		 n->failures, n->errors, n->skipped, n->seconds);
}

enum junit_came { JUNIT_PASSED, JUNIT_FAILURE, JUNIT_ERROR, JUNIT_SKIPPED };

static void
junit_case(struct junit *j, const char *class, const char *name, double seconds, enum junit_came came,
	   const char *message, const cJSON *lines)
{
	static const char *const tags[] = {"", "failure", "error", "skipped"};
	struct buf *b = &j->cases;
	const cJSON *line;

	j->now.tests++;
	j->now.failures += came == JUNIT_FAILURE;
	j->now.errors += came == JUNIT_ERROR;
	j->now.skipped += came == JUNIT_SKIPPED;
	j->now.seconds += seconds;
	buf_adds(b, "    <testcase");
	junit_attr(b, "classname", class);
	junit_attr(b, "name", name);
	buf_addf(b, " time=\"%.3f\"", seconds);
	if (came == JUNIT_PASSED) {
		buf_adds(b, "/>\n");
		return;
	}
	buf_addf(b, "><%s", tags[came]);
	junit_attr(b, "message", message);
	if (came != JUNIT_SKIPPED)
		junit_attr(b, "type", came == JUNIT_FAILURE ? "failed" : "cancelled");
	if (!cJSON_GetArraySize(lines)) {
		buf_adds(b, "/></testcase>\n");
		return;
	}
	buf_addc(b, '>');
	cJSON_ArrayForEach(line, lines)
	{
		quote_xml(b, cJSON_IsString(line) ? cJSON_GetStringValue(line) : "");
		buf_addc(b, '\n');
	}
	buf_addf(b, "</%s></testcase>\n", tags[came]);
}

static void
junit_suite_end(struct junit *j, const char *name)
{
	struct buf *b = &j->suites;

	if (!j->now.tests)
		return;
	buf_adds(b, "  <testsuite");
	junit_attr(b, "name", name);
	junit_counts_attrs(b, &j->now);
	buf_adds(b, ">\n");
	buf_add(b, j->cases.s, j->cases.len);
	buf_adds(b, "  </testsuite>\n");
	j->all.tests += j->now.tests;
	j->all.failures += j->now.failures;
	j->all.errors += j->now.errors;
	j->all.skipped += j->now.skipped;
	j->all.seconds += j->now.seconds;
	buf_truncate(&j->cases, 0);
	j->now = (struct junit_counts){0};
}

static void
junit_step(struct junit *j, const char *class, const cJSON *s)
{
	static const struct {
		const char *word;
		enum junit_came came;
	} known[] = {
		{"done", JUNIT_PASSED},
		{"failed", JUNIT_FAILURE},
		{"cancelled", JUNIT_ERROR},
	};
	const char *status = junit_get(s, "status"), *error = junit_get(s, "error");
	bool remove = !strcmp(junit_get(s, "action"), "remove");
	auto_free char *name =
		xasprintf("%s %s%s", junit_get(s, "type"), junit_get(s, "name"), remove ? " (removed)" : "");
	enum junit_came came = JUNIT_SKIPPED;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!strcmp(known[i].word, status))
			came = known[i].came;
	junit_case(j, class, name, junit_seconds(s), came, came == JUNIT_SKIPPED ? "not begun" : error,
		   cjson_get(s, "lines"));
}

/* The steps of `owner`; "" those of the host. */
static void
junit_steps(struct junit *j, const struct report *r, const char *owner)
{
	auto_free char *class = xasprintf("%s.step", *owner ? owner : "host");
	const cJSON *s;

	cJSON_ArrayForEach(s, r->steps) if (!strcmp(junit_get(s, "instance"), owner)) junit_step(j, class, s);
}

static void
junit_condition(struct junit *j, const char *owner, const cJSON *k)
{
	bool probe = cjson_is_true(k, "probe");
	auto_free char *class = xasprintf("%s.%s", owner, probe ? "probe" : "condition");
	const char *state = junit_get(k, "state"), *said = junit_get(k, "said");
	auto_free char *why = xasprintf("%s: %s%s%s", !strcmp(state, "failed") ? "cannot be met" : "not met in time",
					junit_get(k, "hint"), *said ? "; it said: " : "", said);

	junit_case(j, class, junit_get(k, "what"), junit_seconds(k),
		   !strcmp(state, "met") ? JUNIT_PASSED : JUNIT_FAILURE, why, NULL);
	/* They are waited for at once, in the time of the step `ready`. */
	j->now.seconds -= junit_seconds(k);
}

static void
junit_instance(struct junit *j, const struct report *r, const cJSON *i)
{
	const char *name = junit_get(i, "name"), *error = junit_get(i, "error");
	auto_free char *class = xasprintf("%s.plan", name);
	const cJSON *k;

	junit_case(j, class, "plan", 0, *error ? JUNIT_FAILURE : JUNIT_PASSED, error, NULL);
	junit_steps(j, r, name);
	cJSON_ArrayForEach(k, cjson_get(i, "conditions")) junit_condition(j, name, k);
	junit_suite_end(j, name);
}

void
junit_text(struct buf *out, const struct report *r, const struct error *err)
{
	AUTO(junit) j = {.cases = BUF_INIT, .suites = BUF_INIT};
	const cJSON *i;

	junit_steps(&j, r, "");
	junit_suite_end(&j, "host");
	cJSON_ArrayForEach(i, r->instances) junit_instance(&j, r, i);
	if (err && !j.all.failures && !j.all.errors) {
		junit_case(&j, "limactl", "apply", 0, err->code == ERR_CANCELLED ? JUNIT_ERROR : JUNIT_FAILURE,
			   err->msg, NULL);
		junit_suite_end(&j, "limactl");
	}
	buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"limactl apply\"");
	junit_counts_attrs(out, &j.all);
	buf_adds(out, ">\n");
	buf_add(out, j.suites.s, j.suites.len);
	buf_adds(out, "</testsuites>\n");
}
