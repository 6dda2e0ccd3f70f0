/* limactl stop: an instance made, but not running */
#include "base/auto.h"
#include "base/error.h"
#include "cli/run.h"

static const struct flag flags[] = {
	{ "force", 'f', FLAG_BOOL, NULL, "stop at once, without asking the guest to shut down", 0, NULL },
	{ 0 },
};

static int
run(struct cli *c, struct error *err)
{
	AUTO(goals) g = { 0 };

	c->env.force = cli_bool(c, "force");
	for (int i = 0; i < c->nargs || (i == 0 && !c->nargs); i++)
		if (goals_add_instance(c, &g, c->nargs ? c->args[i] : "default", GOAL_STOPPED, NULL, err) < 0)
			return -1;
	return run_engine(c, &(struct run){ .asks = g.v, .nasks = g.n, .quiet = true }, err);
}

const struct command command_stop = {
	.name = "stop",
	.group = GROUP_BASIC,
	.args = "[INSTANCE...]",
	.about = "Stop an instance",
	.example = "limactl stop default\nlimactl stop --force web db",
	.complete = "instance",
	.flags = flags,
	.more_flags = run_flags,
	.max_args = -1,
	.run = run,
};
