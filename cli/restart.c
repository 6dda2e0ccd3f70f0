/* limactl restart: the machine of an instance anew */
#include "base/auto.h"
#include "base/error.h"
#include "cli/run.h"

static const struct flag flags[] = {
	{ "force", 'f', FLAG_BOOL, NULL, "stop at once, without asking the guest to shut down", 0, NULL },
	{ "set", 0, FLAG_ARRAY, NULL, "change the lima.yaml: '.cpus=4' (repeatable)", 0, "set" },
	{ 0 },
};

static int
run(struct cli *c, struct error *err)
{
	AUTO(goals) g = { 0 };
	const char *name = c->nargs ? c->args[0] : "default";
	struct ask *a;
	int status;

	c->env.force = cli_bool(c, "force");
	if (goals_add_instance(c, &g, name, GOAL_RUNNING, &a, err) < 0)
		return -1;
	a->remake_vm = true;
	status = run_engine(c, &(struct run){ .asks = g.v, .nasks = g.n, .quiet = true }, err);
	if (status == 0)
		c->env.say(&c->env, SAY_INFO, "READY. Run `limactl shell %s` to open the shell.", name);
	return status;
}

const struct command command_restart = {
	.name = "restart",
	.group = GROUP_BASIC,
	.args = "[INSTANCE]",
	.about = "Restart an instance",
	.example = "limactl restart default",
	.complete = "instance",
	.flags = flags,
	.more_flags = run_flags,
	.max_args = 1,
	.run = run,
};
