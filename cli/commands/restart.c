/* limactl restart: the machine of an instance anew */
#include "base/auto.h"
#include "base/error.h"
#include "cli/args/edit_flags.h"
#include "cli/call_off.h"
#include "cli/view/instance.h"
#include "cli/run.h"
#include "cli/view/report.h"
#include "cli/commands/started.h"

static const struct flag flags[] = {
	{ "force", 'f', FLAG_BOOL, .about = "Stop at once, without asking the guest to shut down" },
	{ "lenient", 0, FLAG_BOOL, .about = "Only warn of unknown keys and of sizes that nobody means, as upstream does" },
	{ "progress", 0, FLAG_BOOL, .about = "Show what cloud-init does in the guest" },
	{ "", .include = edit_flags },
	{ "", .include = report_flags },
	{ 0 },
};

static int
tell_before(struct cli *c, const char *name, struct error *err)
{
	AUTO(instance) i = { 0 };

	instance_look_one(c, name, &i);
	if (instance_check_known(&i, err) < 0)
		return -1;
	if (!instance_is(&i, "Running"))
		cli_say(&c->env, SAY_WARN, "The instance is not running, continuing with the restart");
	if (c->env.force)
		cli_say(&c->env, SAY_INFO, "Restarting the instance forcibly");
	return 0;
}

static int
restart_go(struct cli *c, struct error *err)
{
	AUTO(goals) g = { 0 };
	const char *name = c->nargs ? c->args[0] : "default";
	struct request *a;
	int status;

	c->env.force = cli_bool(c, "force");
	/* What starts now would only be taken down. */
	if (goals_add_instance(c, &g, name, GOAL_RUNNING, &a, err) < 0 || call_off_start(c, name, err) < 0 || tell_before(c, name, err) < 0)
		return -1;
	a->restart = true;
	status = run_engine(c, &(struct run){ .requests = g.v, .nrequests = g.n, .quiet = true }, err);
	if (status == 0 && edit_given(c))
		cli_say(&c->env, SAY_INFO, "Instance `%s` configuration edited", name);
	if (status == 0)
		started_tell(c, name);
	return status;
}

static int
restart_run(struct cli *c, struct error *err)
{
	return report_run(c, restart_go, err);
}

const struct command command_restart = {
	.name = "restart",
	.group = GROUP_BASIC,
	.args = "[INSTANCE]",
	.about = "Restart an instance",
	.example = "limactl restart\nlimactl restart --cpus=4 web",
	.complete = "@instance",
	.flags = flags,
	.more_flags = ready_flags,
	.strict = true,
	.max_args = 1,
	.run = restart_run,
};
