/* limactl factory-reset: everything but the configuration anew; a plan from scratch */
#include "base/auto.h"
#include "base/error.h"
#include "cli/call_off.h"
#include "cli/run.h"

static int
factory_reset_run(struct cli *c, struct error *err)
{
	AUTO(goals) g = { 0 };
	const char *name = c->nargs ? c->args[0] : "default";
	struct request *a;
	int status;

	if (!instance_exists(c, name)) {
		cli_say(&c->env, SAY_INFO, "Instance `%s` not found", name);
		return 0;
	}
	c->env.force = true;
	if (call_off_start(c, name, err) < 0 || goals_add_instance(c, &g, name, GOAL_STOPPED, &a, err) < 0)
		return -1;
	a->reset = a->may_lose = true;
	status = run_engine(c, &(struct run){ .requests = g.v, .nrequests = g.n, .quiet = true }, err);
	if (status == 0)
		cli_say(&c->env, SAY_INFO, "Instance `%s` has been factory reset", name);
	return status;
}

const struct command command_factory_reset = {
	.name = "factory-reset",
	.group = GROUP_ADVANCED,
	.args = "[INSTANCE]",
	.about = "Make an instance anew from its image; its lima.yaml stays, its disk does not",
	.example = "limactl factory-reset default",
	.complete = "@instance",
	.more_flags = run_flags,
	.max_args = 1,
	.run = factory_reset_run,
};
