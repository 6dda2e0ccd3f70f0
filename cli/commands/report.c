/* limactl report: a run, or a plan, as a page */
#include <cjson/cJSON.h>

#include "base/auto.h"
#include "base/buf.h"
#include "cli/look/look.h"
#include "cli/look/page.h"
#include "cli/plan/plan_file.h"

static const struct flag flags[] = {
	{ "output", 'o', FLAG_STRING, .about = "Write to this file, and not to stdout", .complete = "@file" },
	{ 0 },
};

static int
report_show_run(struct cli *c, const struct story *s, struct error *err)
{
	AUTO(buf) out = BUF_INIT;
	AUTO(page) p = { .c = c, .out = &out };

	page_of_run(&p, s);
	return look_write(c, &out, err);
}

/* What it calls secret is in no plan that is kept. */
static int
report_show_plan(struct cli *c, struct error *err)
{
	AUTO(buf) out = BUF_INIT;
	AUTO(page) p = { .c = c, .out = &out };
	cJSON *file = NULL;

	if (plan_file_read(c->args[0], &file, err) < 0)
		return -1;
	page_of_plan(&p, file);
	cJSON_Delete(file);
	return look_write(c, &out, err);
}

static int
report_command_run(struct cli *c, struct error *err)
{
	if (c->nargs && plan_file_is(c->args[0]))
		return report_show_plan(c, err);
	return look_at_run(c, c->nargs ? c->args[0] : NULL, report_show_run, err);
}

const struct command command_report = {
	.name = "report",
	.group = GROUP_ADVANCED,
	.args = "[RUN|PLAN]",
	.about = "Make one HTML page of a run (timeline, critical path, graph, what failed), or of a plan",
	.details = "RUN is a number of `limactl history`; without one it is the newest run. PLAN is a file of `limactl plan --out`.\n"
		   "The page stands alone, for a job of CI to keep: it needs no network, no script and no file beside it. What lima.yaml calls secret is not in it, nor what looks like a key or a token.",
	.example = "limactl report -o report.html\nlimactl report 42 -o report.html\nlimactl plan --out web.plan web.yaml && limactl report web.plan -o plan.html",
	.complete = "@file",
	.flags = flags,
	.max_args = 1,
	.quick = true,
	.run = report_command_run,
};
