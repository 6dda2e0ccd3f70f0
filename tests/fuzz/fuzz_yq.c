/* Expressions of yq, evaluated: there are results or one line about why not. */
#include "base/auto.h"
#include "base/error.h"
#include "state/desired/yq/yq.h"
#include "tests/fuzz/parts.h"

static int
hear(void *ctx, const char *result, struct error *err)
{
	(void)ctx, (void)err;
	if (!*result)
		abort();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf) expr = BUF_INIT;
	AUTO(buf) json = BUF_INIT;
	struct error err = { 0 };

	next_part(&expr, &data, &size);
	next_part(&json, &data, &size);
	if (yq_eval(json.s, expr.s, hear, NULL, &err) < 0 && (!*err.msg || strchr(err.msg, '\n')))
		abort();
	return 0;
}
