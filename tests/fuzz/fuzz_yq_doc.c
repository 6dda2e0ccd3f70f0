/*
 * limactl yq: an expression on documents gives results or one line about why not. And what is printed of a document is
 * read again as the same data.
 */
#include "base/auto.h"
#include "base/error.h"
#include "state/desired/yq/yq.h"
#include "tests/fuzz/parts.h"

static int
run_one(const char *expr, const struct buf *text, enum yq_format to, struct buf *out)
{
	struct yq_style style = { .in = YQ_YAML, .out = to, .indent = to == YQ_JSON ? 0 : 2, .lead = true };
	struct yq_input in = { .name = "t", .text = text->s, .len = text->len };
	struct yq_result r = { .out = out };
	struct error err = { 0 };
	struct yq *q = yq_open(expr, 0, &err);
	int rc = q ? yq_documents(q, &style, &in, 0, &r, &err) : -1;

	yq_close(q);
	if (rc < 0 && (!*err.msg || strchr(err.msg, '\n')))
		abort();
	return rc;
}

/* A document of nothing at all is printed as nothing, which is no document. */
static void
drop_nulls(struct buf *b)
{
	AUTO(buf) rest = BUF_INIT;

	for (const char *p = b->s; *p;) {
		size_t n = strcspn(p, "\n");

		if (n != 4 || memcmp(p, "null", 4) != 0)
			buf_add(&rest, p, n + (p[n] == '\n'));
		p += n + (p[n] == '\n');
	}
	buf_truncate(b, 0);
	buf_add(b, rest.s, rest.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf) expr = BUF_INIT;
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) printed = BUF_INIT;
	AUTO(buf) want = BUF_INIT;
	AUTO(buf) have = BUF_INIT;
	AUTO(buf) result = BUF_INIT;

	next_part(&expr, &data, &size);
	next_part(&text, &data, &size);
	run_one(expr.s, &text, YQ_YAML, &result);
	if (run_one(".", &text, YQ_JSON, &want) < 0 || run_one(".", &text, YQ_YAML, &printed) < 0)
		return 0;
	if (run_one(".", &printed, YQ_JSON, &have) < 0)
		abort();
	drop_nulls(&want);
	drop_nulls(&have);
	if (strcmp(want.s, have.s) != 0)
		abort();
	return 0;
}
