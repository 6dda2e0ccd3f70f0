/* limactl generate-jsonschema: the schema of lima.yaml, and files checked against the table that it is made of */
#include <stdio.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "cli/cli.h"
#include "state/desired/fleet/fleet.h"
#include "state/desired/spec/keys.h"
#include "state/desired/spec/schema.h"
#include "state/desired/template/template.h"

static const struct flag flags[] = {
	{ "schemafile", 0, FLAG_STRING, .about = "Where the schema goes when files are checked", .complete = "@file" },
	{ "fleet", 0, FLAG_BOOL, .about = "That of fleet files, fleet.yaml" },
	{ 0 },
};

struct heard {
	struct cli *cli;
	size_t n;
};

/* A schema has no warnings, so unknown keys are errors. */
static void
generate_jsonschema_hear(void *ctx, const char *text)
{
	struct heard *h = ctx;

	h->n++;
	cli_say(&h->cli->env, SAY_ERROR, "%s", text);
}

/* The file is checked as it is, without its bases. */
static int
generate_jsonschema_check(struct cli *c, const char *path, struct error *err)
{
	struct heard h = { c, 0 };
	struct spec_opts opts = cli_spec_opts(c);
	AUTO(template) t = { 0 };
	struct spec *s;

	/* All of them are given the one context, and these take it for the command's. */
	opts.debug = NULL;
	opts.reads = NULL;
	opts.fetch = NULL;
	opts.warn = opts.complain = generate_jsonschema_hear;
	opts.ctx = &h;
	if (template_read(&t, path, &opts, err) < 0 || template_spec(&s, "instance", &t, TEMPLATE_BARE | TEMPLATE_UNCHECKED, &opts, err) < 0)
		return -1;
	spec_free(s);
	return h.n ? error_set(err, ERR_INVALID, "%zu of its keys are not in the schema, or deprecated", h.n) : 0;
}

static int
generate_jsonschema_run(struct cli *c, struct error *err)
{
	const char *to = cli_str(c, "schemafile");
	AUTO(buf) schema = BUF_INIT;

	if (cli_bool(c, "fleet") && c->nargs)
		return error_set(err, ERR_INVALID, "--fleet only writes the schema; `limactl validate` checks fleet files");
	if (cli_bool(c, "fleet"))
		keys_schema_fleet(&schema, &fleet_root, &fleet_member_key);
	else
		keys_schema(&schema);
	if (c->nargs == 0) {
		fwrite(schema.s, 1, schema.len, stdout);
		return 0;
	}
	if (!*to)
		return error_set(err, ERR_INVALID, "need --schemafile to validate");
	if (fs_rewrite(to, schema.s, schema.len, 0644, err) < 0)
		return -1;
	for (int i = 0; i < c->nargs; i++) {
		if (generate_jsonschema_check(c, c->args[i], err) < 0)
			return error_wrap(err, "`%s`", c->args[i]);
		cli_say(&c->env, SAY_INFO, "`%s`: OK", c->args[i]);
	}
	return 0;
}

const struct command command_generate_jsonschema = {
	.name = "generate-jsonschema",
	.group = GROUP_HIDDEN,
	.args = "[FILE...]",
	.about = "Write the JSON schema of lima.yaml, or check files against it",
	.details = "Editors that know JSON schemas complete and check lima.yaml with it.",
	.example = "limactl generate-jsonschema > lima.schema.json\nlimactl generate-jsonschema --schemafile lima.schema.json ./my.yaml",
	.complete = "@file",
	.flags = flags,
	.max_args = -1,
	.quick = true,
	.run = generate_jsonschema_run,
};
