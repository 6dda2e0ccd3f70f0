/* limactl validate, limactl template validate */
#include <errno.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "cli/args/files.h"
#include "cli/args/fleet_args.h"
#include "cli/cli.h"
#include "state/desired/fleet/fleet.h"
#include "state/desired/template/template.h"

static const struct flag flags[] = {
	{ "fill", 0, FLAG_BOOL, .about = "Print the filled configuration: bases, default.yaml, override.yaml, defaults" },
	{ "", .include = file_flags },
	{ "lenient", 0, FLAG_BOOL, .about = "Only warn of unknown keys and of sizes that nobody means, as upstream does" },
	{ 0 },
};

static int
validate_load(struct cli *c, const char *locator, bool fill, struct spec **out, struct buf *text, size_t *members, struct error *err)
{
	struct spec_opts opts = cli_strict_opts(c);
	AUTO(template) t = { 0 };

	if (template_read(&t, locator, &opts, err) < 0)
		return -1;
	if (fleet_is(t.text, t.len))
		return fleet_args_validate(c, &t, fill ? text : NULL, members, err);
	if (!*t.name)
		return error_set(err, ERR_INVALID, "%s", t.name_fault);
	if (template_embed(&t, fill ? EMBED_CONFIG : EMBED_ALL, &opts, err) < 0)
		return -1;
	return template_spec(out, t.name, &t, TEMPLATE_BARE, &opts, err);
}

static int
validate_run(struct cli *c, struct error *err)
{
	bool fill = cli_bool(c, "fill");
	AUTO(buf) text = BUF_INIT;
	char **args;
	size_t n;

	if (files_arguments(c, &args, &n, err) < 0)
		return -1;
	if (!n)
		return error_set(err, ENOENT, "there is no " FILES_DEFAULT " in this folder"),
		       error_hint(err, "; name the file: `limactl validate FILE.yaml`");
	for (size_t i = 0; i < n; i++) {
		size_t warned = c->warned, members = 0;
		struct spec *s = NULL;

		if (validate_load(c, args[i], fill, &s, &text, &members, err) < 0)
			return error_wrap(err, "failed to validate YAML file `%s`", args[i]);
		if (s && fill && n > 1)
			buf_adds(&text, "---\n");
		if (s && fill)
			spec_yaml(s, &text);
		if (s && fill && n > 1)
			buf_adds(&text, "...\n");
		spec_free(s);
		warned = c->warned - warned;
		if (warned)
			cli_say(&c->env, SAY_INFO, "`%s`: OK, %zu warning%s", args[i], warned, warned == 1 ? "" : "s");
		else
			cli_say(&c->env, SAY_INFO, "`%s`: OK%s", args[i], members ? arena_printf(&c->arena, ", a fleet of %zu", members) : "");
	}
	cli_print(stdout, text.s, text.len);
	return 0;
}

const struct command command_validate = {
	.name = "validate",
	.group = GROUP_ADVANCED,
	.args = "[TEMPLATE...]",
	.about = "Check templates or lima.yaml files",
	.details = "Without arguments: " FILES_DEFAULT " in this folder. Every complaint names file, line, column and key; all of a file are told at once.",
	.example = "limactl validate ./my.yaml\nlimactl validate --fill template:default",
	.complete = "@template",
	.flags = flags,
	.min_args = 0,
	.max_args = -1,
	.quick = true,
	.strict = true,
	.run = validate_run,
};

const struct command command_template_validate = {
	.name = "validate",
	.parent = "template",
	.group = GROUP_ADVANCED,
	.args = "[TEMPLATE...]",
	.about = "Check templates or lima.yaml files",
	.example = "limactl template validate ./my.yaml",
	.complete = "@template",
	.flags = flags,
	.min_args = 0,
	.max_args = -1,
	.quick = true,
	.strict = true,
	.run = validate_run,
};
