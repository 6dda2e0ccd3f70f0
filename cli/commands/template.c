/* limactl template copy, url, yq */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/jsonspan.h"
#include "cli/cli.h"
#include "cli/view/json_yaml.h"
#include "state/desired/template/locator.h"
#include "state/desired/template/template.h"
#include "state/desired/yq/yq.h"

static const struct flag copy_flags[] = {
	{ "embed", 0, FLAG_BOOL, .about = "Merge bases and files in, but not those of template: locators" },
	{ "embed-all", 0, FLAG_BOOL, .about = "Merge all bases and files in" },
	{ "fill", 0, FLAG_BOOL, .about = "Also fill in _config/*.yaml and defaults" },
	{ "verbatim", 0, FLAG_BOOL, .about = "Change nothing, not even relative locators" },
	{ 0 },
};

static int
defaults_fill(const struct template *t, const struct spec_opts *opts, struct spec **out, struct error *err)
{
	return template_spec(out, *t->name ? t->name : "instance", t, TEMPLATE_BARE | TEMPLATE_UNCHECKED, opts, err);
}

/* Builds the text that was asked for. */
static int
make_copy(struct cli *c, struct buf *out, struct error *err)
{
	bool filled = cli_bool(c, "fill"), all = filled || cli_bool(c, "embed-all");
	struct spec_opts opts = cli_spec_opts(c);
	AUTO(template) t = { 0 };
	struct spec *s;

	if (template_read(&t, c->args[0], &opts, err) < 0)
		return -1;
	if (!t.len)
		return error_set(err, ERR_INVALID, "don't know how to interpret `%s` as a template locator", c->args[0]);
	if (all || cli_bool(c, "embed")) {
		enum embed_flags flags = filled ? EMBED_CONFIG : all ? EMBED_ALL : EMBED_BUT_TEMPLATES;

		if (template_embed(&t, flags, &opts, err) < 0)
			return -1;
	} else if (!cli_bool(c, "verbatim") && template_absolute(&t, &opts, err) < 0) {
		return -1;
	}
	if (!filled) {
		buf_add(out, t.text, t.len);
		return 0;
	}
	if (defaults_fill(&t, &opts, &s, err) < 0)
		return -1;
	spec_yaml(s, out);
	spec_free(s);
	return 0;
}

static int
run_copy(struct cli *c, struct error *err)
{
	const char *to = c->nargs > 1 ? c->args[1] : "-";
	AUTO(buf) text = BUF_INIT;
	auto_file FILE *f = NULL;

	if (cli_bool(c, "verbatim") && (cli_bool(c, "embed") || cli_bool(c, "embed-all") || cli_bool(c, "fill")))
		return error_set(err, ERR_INVALID, "--verbatim cannot be used with any of --embed, --embed-all, or --fill");
	if (make_copy(c, &text, err) < 0)
		return -1;
	if (!strcmp(to, "-")) {
		cli_print(stdout, text.s, text.len);
		return fflush(stdout) < 0 ? error_errno(err, "write stdout") : 0;
	}
	if (fs_check_link(to, err) < 0)
		return -1;
	f = fopen(to, "we");
	if (!f)
		return error_errno(err, "open %s", to);
	if (fwrite(text.s, 1, text.len, f) != text.len || fflush(f) < 0)
		return error_errno(err, "write %s", to);
	return 0;
}

static int
run_url(struct cli *c, struct error *err)
{
	struct spec_opts opts = cli_spec_opts(c);
	const char *url;

	if (locator_resolve(&url, &c->arena, c->args[0], false, &opts, err) < 0)
		return -1;
	cli_print_line(url);
	return 0;
}

static int
cmd_template_print_result(void *ctx, const char *json, struct error *err)
{
	AUTO(buf) text = BUF_INIT;

	(void)ctx, (void)err;
	if (strcmp(json, "null") == 0)
		buf_adds(&text, "null\n");
	else
		json_yaml(&text, json_span_of(json));
	cli_print(stdout, text.s, text.len);
	return 0;
}

static int
cmd_template_run_yq(struct cli *c, struct error *err)
{
	struct spec_opts opts = cli_spec_opts(c);
	AUTO(template) t = { 0 };
	struct spec *s;
	int rc;

	if (template_read(&t, c->args[0], &opts, err) < 0 || template_embed(&t, EMBED_CONFIG, &opts, err) < 0 ||
	    defaults_fill(&t, &opts, &s, err) < 0)
		return -1;
	rc = yq_eval(s->json, c->args[1], cmd_template_print_result, NULL, err);
	spec_free(s);
	return rc;
}

const struct command command_template = {
	.name = "template",
	.aliases = "tmpl",
	.group = GROUP_ADVANCED,
	.about = "Copy, check and query templates",
	.example = "limactl template copy --fill template:default -\nlimactl template url github:lima-vm",
};

const struct command command_template_copy = {
	.name = "copy",
	.parent = "template",
	.args = "[OPTIONS] TEMPLATE [DEST]",
	.about = "Copy a template, embedded or filled if asked",
	.details = "DEST is a file, or - for standard output, the default.",
	.example = "limactl template copy template:default default.yaml\nlimactl template copy --fill ./my.yaml -",
	.complete = "@template",
	.flags = copy_flags,
	.min_args = 1,
	.max_args = 2,
	.quick = true,
	.run = run_copy,
};

const struct command command_template_url = {
	.name = "url",
	.parent = "template",
	.args = "LOCATOR",
	.about = "Show what a locator with a scheme of its own stands for",
	.example = "limactl template url github:lima-vm/lima/templates/default",
	.complete = "@template",
	.min_args = 1,
	.max_args = 1,
	.quick = true,
	.run = run_url,
};

const struct command command_template_yq = {
	.name = "yq",
	.parent = "template",
	.args = "TEMPLATE EXPR",
	.about = "Evaluate an expression on a filled template",
	.example = "limactl template yq template:default '.images[].location'",
	.complete = "@template",
	.min_args = 2,
	.max_args = 2,
	.quick = true,
	.run = cmd_template_run_yq,
};
