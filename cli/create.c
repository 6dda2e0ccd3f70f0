/* limactl create: declared and made, not started */
#include <errno.h>

#include "base/auto.h"
#include "base/error.h"
#include "cli/run.h"
#include "state/desired/template.h"

static const struct flag flags[] = {
	{ "name", 0, FLAG_STRING, NULL, "name of the instance; by default that of the template", 0, NULL },
	{ "set", 0, FLAG_ARRAY, NULL, "change the lima.yaml: '.cpus=4' (repeatable)", 0, "set" },
	{ 0 },
};

static int
run(struct cli *c, struct error *err)
{
	AUTO(goals) g = { 0 };
	const char *locator = c->nargs ? c->args[0] : "template:default", *name = cli_str(c, "name");
	struct ask *a;

	if (!c->nargs && !*name)
		name = "default";
	if (goals_add_template(c, &g, locator, name, GOAL_STOPPED, &a, err) < 0)
		return -1;
	if (instance_exists(c, a->name))
		return error_set(err, EEXIST, "instance `%s` already exists; `limactl apply` changes an existing one", a->name);
	return run_engine(c, &(struct run){ .asks = g.v, .nasks = g.n, .quiet = true }, err);
}

const struct command command_create = {
	.name = "create",
	.group = GROUP_BASIC,
	.args = "[FILE.yaml|URL]",
	.about = "Create an instance of Lima, without starting it",
	.example = "limactl create lima.yaml\nlimactl create --name=web template:debian",
	.complete = "template",
	.flags = flags,
	.more_flags = run_flags,
	.max_args = 1,
	.run = run,
};
