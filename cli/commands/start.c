/* limactl start: an instance running; made first if it is not there */
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "cli/args/edit_flags.h"
#include "cli/args/origin.h"
#include "cli/view/instance.h"
#include "cli/commands/started.h"
#include "cli/view/report.h"
#include "cli/view/texts.h"
#include "cli/args/target.h"

static const struct flag flags[] = {
	{ "foreground", 0, FLAG_BOOL, .about = "Stay until the instance stops; Ctrl-C shuts it down" },
	{ "progress", 0, FLAG_BOOL, .about = "Show what cloud-init does in the guest" },
	{ "", .include = target_flags },
	{ "", .include = report_flags },
	{ 0 },
};

static int
start_look(struct cli *c, const char *name, struct instance *out, struct error *err)
{

	instance_look_one(c, name, out);
	if (instance_check_known(out, err) < 0)
		return -1;
	if (out->config || !out->nerrors)
		return 0;
	return error_set(err, ERR_INVALID, "instance \"%s\" has configuration errors: %s", name, out->errors[0]);
}

/* A running machine stays up: what would restart it is for its next start. What was left unfinished is finished. */
static int
already_running(struct cli *c, struct goals *g, const char *name, struct error *err)
{
	struct request *a = &g->v[0];
	int status;

	if (edit_given(c)) {
		a->only = "dir";
		a->keep_goal = true;
	}
	status = run_engine(c, &(struct run){ .requests = g->v, .nrequests = g->n, .quiet = true, .keep_up = true }, err);
	if (status == 0)
		cli_say(&c->env, SAY_INFO, "The instance `%s` is already running. Run `%s%s` to open the shell.", name,
			strcmp(name, "default") == 0 ? "lima" : "limactl shell ", strcmp(name, "default") == 0 ? "" : name);
	return status;
}

static int
bring_up(struct cli *c, struct goals *g, const char *name, const char *vm_type, bool new, struct error *err)
{
	int status;

	started_begin(c, name, vm_type);
	status = new ? target_make(c, g, err) : run_engine(c, &(struct run){ .requests = g->v, .nrequests = g->n, .quiet = true }, err);
	if (status != 0)
		return status;
	started_tell(c, name);
	return cli_bool(c, "foreground") ? started_stay(c, name, err) : 0;
}

static int
start_existing(struct cli *c, const char *name, struct error *err)
{
	AUTO(instance) i = { 0 };
	AUTO(goals) g = { 0 };

	cli_say(&c->env, SAY_INFO, "Using the existing instance `%s`", name);
	if (start_look(c, name, &i, err) < 0 || goals_add_instance(c, &g, name, GOAL_RUNNING, NULL, err) < 0)
		return -1;
	if (instance_is(&i, "Running"))
		return already_running(c, &g, name, err);
	if (!instance_is(&i, "Stopped") && !instance_is(&i, "Suspended"))
		cli_say(&c->env, SAY_WARN, "expected status `Stopped`, got `%s`", i.status.word);
	return bring_up(c, &g, name, i.vm_type, false, err);
}

static int
start_go(struct cli *c, struct error *err)
{
	AUTO(goals) g = { 0 };
	const char *made;
	struct target t;

	if (target_lists(c))
		return 0;
	if (target_parse(c, &t, err) < 0)
		return -1;
	if (!t.locator)
		return start_existing(c, t.name, err);
	made = origin_made_already(c, t.locator, t.name);
	if (made) {
		texts_say_differing(c, made);
		return start_existing(c, made, err);
	}
	if (target_add(c, &g, &t, GOAL_RUNNING, NULL, err) < 0)
		return -1;
	return bring_up(c, &g, arena_strdup(&c->arena, g.v[0].name), g.v[0].spec->vm_type, true, err);
}

static int
start_run(struct cli *c, struct error *err)
{
	return report_run(c, start_go, err);
}

const struct command command_start = {
	.name = "start",
	.group = GROUP_BASIC,
	.args = "[INSTANCE|FILE.yaml|URL|template:NAME|-]",
	.about = "Start an instance of Lima, making it first if need be",
	.details = "Without an argument it is the instance default. A plain NAME is an instance; anything else is a template\n"
		   "for a new one. Flags that change the lima.yaml of a running instance count from its next start on.",
	.example = "limactl start\n"
		   "limactl start template:debian\n"
		   "limactl start --name=web --cpus=2 lima.yaml\n"
		   "limactl start --set='.memory=\"2GiB\"' web",
	.complete = "@instance @template @file",
	.flags = flags,
	.more_flags = ready_flags,
	.max_args = 1,
	.creates = true,
	.run = start_run,
};
