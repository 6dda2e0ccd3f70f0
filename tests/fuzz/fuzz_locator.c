/* Locators, from here and from a remote template, which must come to nothing but remote things and template names. */
#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "state/desired/template/locator.h"
#include "tests/fuzz/parts.h"

static struct buf page = BUF_INIT;

static int
fetch(void *ctx, const char *url, struct buf *out, size_t max, struct error *err)
{
	(void)ctx;
	if (strncmp(url, "https://", 8) != 0)
		abort();
	if (page.len > max)
		return error_set(err, ERR_INVALID, "too long");
	buf_add(out, page.s, page.len);
	return 0;
}

static void
hear(void *ctx, const char *text)
{
	(void)ctx, (void)text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) locator = BUF_INIT;
	AUTO(buf) of = BUF_INIT;
	AUTO(buf) text = BUF_INIT;
	struct spec_opts opts = { .home = "/nowhere", .version = "2.2.0", .warn = hear, .fetch = fetch };
	const char *out, *fault;
	struct error err;

	setenv("PATH", "", 1);
	next_part(&locator, &data, &size);
	next_part(&of, &data, &size);
	next_part(&page, &data, &size);
	if (locator_resolve(&out, &a, locator.s, true, &opts, &err) == 0 && !locator_is_remote(out) && !locator_is_template(out))
		abort();
	locator_resolve(&out, &a, locator.s, false, &opts, &err);
	locator_absolute(&out, &a, locator.s, of.s, &err);
	out = locator_name(&a, locator.s, &fault);
	if (!out && !fault)
		abort();
	if (locator_is_image(locator.s))
		locator_image_text(&text, &a, locator.s, &opts);
	return 0;
}
