#include "cli/commands/rejected.h"

#include "base/error.h"
#include "base/fs.h"
#include "cli/cli.h"
#include "state/desired/template/template.h"

#define REJECTED "lima.REJECTED.yaml"

int
keep_rejected(const struct template *t, struct error *err)
{
	struct error why;

	if (fs_write(REJECTED, t->text, t->len, 0600, &why) < 0)
		return error_wrap(err, "the YAML is invalid, attempted to save the buffer as `%s` but failed: %s", REJECTED, why.msg);
	return error_wrap(err, "the YAML is invalid, saved the buffer as `%s`", REJECTED);
}

int
load_or_keep(struct cli *c, const struct template *t, const char *name, struct spec **out, struct error *err)
{
	struct spec_opts opts = cli_strict_opts(c);

	if (template_spec(out, name, t, 0, &opts, err) == 0)
		return 0;
	return keep_rejected(t, err);
}
