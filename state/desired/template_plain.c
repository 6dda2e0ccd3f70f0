/* A local file as a template, until locators, bases and expressions are read. */
#include "state/desired/template.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"

void
template_release(struct template *t)
{
	free(t->text);
	free(t->path);
	free(t->name);
	*t = (struct template){ 0 };
}

int
template_load(struct template *out, const char *locator, const struct spec_opts *opts, struct error *err)
{
	const char *slash = strrchr(locator, '/');
	AUTO(buf) b = BUF_INIT;
	char *dot;

	(void)opts;
	if (fs_read(locator, &b, 4 << 20, err) < 0)
		return -1;
	out->len = b.len;
	out->text = buf_detach(&b);
	out->path = xstrdup(locator);
	out->name = xstrdup(slash ? slash + 1 : locator);
	if ((dot = strstr(out->name, ".yaml")))
		*dot = '\0';
	return 0;
}

int
template_set(struct template *t, const char *const *exprs, size_t n, struct error *err)
{
	(void)t, (void)exprs, (void)n;
	return error_set(err, ERR_UNSUPPORTED, "--set is not there yet");
}
