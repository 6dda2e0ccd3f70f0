/* Template expressions: of the guest and the host, and of `list --format`. */
#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/gotmpl.h"
#include "base/mem.h"
#include "tests/fuzz/fuzz.h"

static const struct gotmpl_field param[] = {
	{ "a", { GOTMPL_TEXT, .s = "1", .len = 1 } }, { "b", { GOTMPL_TEXT, .s = "", .len = 0 } }, { "c", { GOTMPL_TEXT, .s = "<x>\n", .len = 4 } }, { NULL },
};

static void
run(const char *text, size_t len, enum gotmpl_kind kind, const struct gotmpl_opts *opts)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) out = BUF_INIT;
	struct gotmpl_field top[] = {
		{ "Half", { GOTMPL_FLOAT, .d = 1.5 } }, { "List", gotmpl_fields(param, GOTMPL_LIST) }, { "Name", gotmpl_text("vm") },
		{ "Param", gotmpl_fields(param, GOTMPL_MAP) }, { "UID", gotmpl_int(1000) }, { "Yes", gotmpl_bool(true) }, { NULL },
	};
	struct gotmpl_value data = gotmpl_fields(top, kind);
	struct error err = { 0 };

	if (gotmpl_run(&out, &a, text, len, &data, opts, &err) < 0 && !*err.msg)
		abort();
	if (out.len > (size_t)16 << 20)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	size_t len = strlen(text);

	run(text, len, GOTMPL_MAP, &(struct gotmpl_opts){ 0 });
	run(text, len, GOTMPL_RECORD, &(struct gotmpl_opts){ .missing_is_error = true });
	free(text);
	return 0;
}
