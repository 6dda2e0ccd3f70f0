/* limactl start: an instance running; made first if it is not there */
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
add(struct cli *c, struct goals *g, const char *arg, const char *name, struct error *err)
{
	if (name_check(arg, NULL) == 0 && instance_exists(c, arg))
		return goals_add_instance(c, g, arg, GOAL_RUNNING, NULL, err);
	return goals_add_template(c, g, arg, name, GOAL_RUNNING, NULL, err);
}

static int
run(struct cli *c, struct error *err)
{
	AUTO(goals) g = { 0 };
	const char *name = cli_str(c, "name");
	int status;

	if (c->nargs ? add(c, &g, c->args[0], name, err) < 0 :
	    instance_exists(c, *name ? name : "default") ?
		    goals_add_instance(c, &g, *name ? name : "default", GOAL_RUNNING, NULL, err) < 0 :
		    goals_add_template(c, &g, "template:default", *name ? name : "default", GOAL_RUNNING, NULL, err) < 0)
		return -1;
	name = g.v[0].name;
	status = run_engine(c, &(struct run){ .asks = g.v, .nasks = g.n, .quiet = true }, err);
	if (status == 0)
		c->env.say(&c->env, SAY_INFO, "READY. Run `limactl shell %s` to open the shell.", name);
	return status;
}

const struct command command_start = {
	.name = "start",
	.group = GROUP_BASIC,
	.args = "[INSTANCE|FILE.yaml|URL]",
	.about = "Start an instance of Lima",
	.example = "limactl start default\nlimactl start --name=web template:debian",
	.complete = "instance template",
	.flags = flags,
	.more_flags = run_flags,
	.max_args = 1,
	.run = run,
};
