/* limactl create: declared and made, not started */
#include <errno.h>

#include "base/auto.h"
#include "base/error.h"
#include "cli/args/target.h"
#include "cli/view/report.h"

static const struct flag flags[] = {
	{ "", .include = target_flags },
	{ "lenient", 0, FLAG_BOOL, .about = "Only warn of unknown keys and of sizes that nobody means, as upstream does" },
	{ "", .include = report_flags },
	{ "", .include = offline_flags },
	{ 0 },
};

static int
create_go(struct cli *c, struct error *err)
{
	AUTO(goals) g = { 0 };
	struct target t;
	int status;

	if (target_lists(c))
		return 0;
	if (target_parse(c, &t, err) < 0)
		return -1;
	if (!t.locator)
		return error_set(err, EEXIST, "instance `%s` already exists", t.name),
		       error_hint(err, "; `limactl start %s` starts it, `limactl apply` changes it", t.name);
	if (target_add(c, &g, &t, GOAL_STOPPED, NULL, err) < 0)
		return -1;
	status = target_make(c, &g, err);
	if (status == 0)
		cli_say(&c->env, SAY_INFO, "Run `limactl start %s` to start the instance.", g.v[0].name);
	return status;
}

static int
create_run(struct cli *c, struct error *err)
{
	return report_run(c, create_go, err);
}

const struct command command_create = {
	.name = "create",
	.group = GROUP_BASIC,
	.args = "[FILE.yaml|URL|template:NAME|-]",
	.about = "Create an instance of Lima, without starting it",
	.details = "Without an argument it is made from template:default. A plain NAME is the name of an instance, never\n"
		   "that of a file or template.",
	.example = "limactl create template:debian\n"
		   "limactl create --name=web --cpus=2 --memory=1 lima.yaml\n"
		   "limactl create --name=web - < lima.yaml\n"
		   "limactl create --list-templates",
	.complete = "@template @file",
	.flags = flags,
	.more_flags = run_flags,
	.max_args = 1,
	.strict = true,
	.creates = true,
	.run = create_run,
};
