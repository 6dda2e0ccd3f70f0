/* limactl factory-reset: everything but the configuration anew; a plan from scratch */
#include "base/auto.h"
#include "cli/run.h"

static int
run(struct cli *c, struct error *err)
{
	AUTO(goals) g = { 0 };
	struct ask *a;

	c->env.force = true;
	if (goals_add_instance(c, &g, c->nargs ? c->args[0] : "default", GOAL_STOPPED, &a, err) < 0)
		return -1;
	a->reset = a->may_lose = true;
	return run_engine(c, &(struct run){ .asks = g.v, .nasks = g.n, .quiet = true }, err);
}

const struct command command_factory_reset = {
	.name = "factory-reset",
	.group = GROUP_ADVANCED,
	.args = "[INSTANCE]",
	.about = "Make an instance anew from its image; its lima.yaml stays, its disk does not",
	.example = "limactl factory-reset default",
	.complete = "instance",
	.more_flags = run_flags,
	.max_args = 1,
	.run = run,
};
