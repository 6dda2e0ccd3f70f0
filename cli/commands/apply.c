/* limactl apply: make it so */
#include "base/auto.h"
#include "cli/args/desired_args.h"
#include "cli/args/files.h"
#include "cli/run.h"
#include "cli/view/report.h"

static const struct flag flags[] = {
	{ "", .include = desired_flags },
	{ "", .include = report_flags },
	{ 0 },
};

static int
apply_go(struct cli *c, struct error *err)
{
	AUTO(goals) g = { 0 };

	if (desired_args(c, &g, err) < 0)
		return -1;
	return run_engine(c, &(struct run){ .asks = g.v, .nasks = g.n, .things = g.things, .nthings = g.nthings, .aims = g.aims, .naims = g.naims, .asks_first = true,
			.keep_going = g.nfleet && !cli_bool(c, "destroy"), .tells_texts = !g.all && !g.nfleet }, err);
}

static int
cmd_apply_run(struct cli *c, struct error *err)
{
	return report_run(c, apply_go, err);
}

const struct command command_apply = {
	.name = "apply",
	.group = GROUP_BASIC,
	.args = "[FILE.yaml|URL|INSTANCE...]",
	.about = "Bring instances to what their lima.yaml says, and nothing more",
	.details = "Shows the plan, then walks it, several steps at a time. A file's instance is wanted running,\n"
		   "one that is named as it was last asked to be, unless --running or --stopped says otherwise.\n"
		   "Without arguments: " FILES_DEFAULT " in this folder; where there is none, or with --all, every\n"
		   "instance there is.\n"
		   "On a terminal it asks before it restarts or replaces a machine that runs; -y does not.\n"
		   "Interrupted, killed or out of time, the same command goes on where it was. The exit status is 0 if all is as\n"
		   "wanted, 124 if --timeout ended it, 130, 143 or 129 after a signal, else 1.\n"
		   "\n"
		   "With --json there are two lines on stdout: the plan, as `plan --json` has it, and at the end the result, also of a\n"
		   "failure: its status (done, failed or cancelled), the exit status, the seconds, the steps, and what each guest was waited for with.\n"
		   "With --log-format json each step is an event in the log, with type, name, instance, action, seconds and reason.",
	.example = "limactl apply lima.yaml\nlimactl apply web.yaml db.yaml -j 8\nlimactl apply --set '.cpus=4' --running default\nlimactl apply --junit report.xml web.yaml",
	.complete = "@instance @file",
	.flags = flags,
	.more_flags = ready_flags,
	.max_args = -1,
	.strict = true,
	.creates = true,
	.run = cmd_apply_run,
};
