/* limactl show: a plan that was kept */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/plan/plan_file.h"

static const struct flag flags[] = {
	{ "json", 0, FLAG_BOOL, .about = "As `limactl plan --json` has it" },
	{ 0 },
};

static void
show_json(const cJSON *body)
{
	char *text = cJSON_PrintUnformatted(cjson_get(body, "plan"));

	cli_print_line(text ? text : "{}");
	cJSON_free(text);
}

static int
show_run(struct cli *c, struct error *err)
{
	AUTO(buf) out = BUF_INIT;
	cJSON *body = NULL;

	if (plan_file_read(c->args[0], &body, err) < 0)
		return -1;
	if (cli_bool(c, "json")) {
		show_json(body);
	} else {
		buf_addf(&out, "Plan of %s, made %s by limactl %s; `limactl apply %s` walks it.\n%s", cjson_text_or(body, "home", ""),
			 cjson_text_or(body, "made", ""), cjson_text_or(body, "limactl_version", ""), c->args[0], cjson_text_or(body, "text", ""));
		cli_print(stdout, out.s, out.len);
	}
	cJSON_Delete(body);
	return 0;
}

const struct command command_show = {
	.name = "show",
	.group = GROUP_BASIC,
	.args = "FILE",
	.about = "Show a plan that `limactl plan --out FILE` kept",
	.example = "limactl plan --out web.plan web.yaml\nlimactl show web.plan\nlimactl show --json web.plan | jq .summary",
	.complete = "@file",
	.flags = flags,
	.min_args = 1,
	.max_args = 1,
	.quick = true,
	.run = show_run,
};
