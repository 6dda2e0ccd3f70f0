/* limactl apply: make it so */
#include "base/auto.h"
#include "cli/args/desired_args.h"
#include "cli/args/files.h"
#include "cli/run.h"

static int
cmd_apply_run(struct cli *c, struct error *err)
{
	AUTO(goals) g = { 0 };

	if (desired_args(c, &g, err) < 0)
		return -1;
	return run_engine(c, &(struct run){ .asks = g.v, .nasks = g.n, .things = g.things, .nthings = g.nthings, .asks_first = true,
			.keep_going = g.nfleet && !cli_bool(c, "destroy"), .tells_texts = !g.all }, err);
}

const struct command command_apply = {
	.name = "apply",
	.group = GROUP_BASIC,
	.args = "[FILE.yaml|URL|INSTANCE...]",
	.about = "Bring instances to what their lima.yaml says, and nothing more",
	.details = "Shows the plan, then walks it, several steps at a time. A file's instance is wanted running.\n"
		   "Without arguments: " FILES_DEFAULT " in this folder; where there is none, or with --all, every\n"
		   "instance there is.\n"
		   "On a terminal it asks before it restarts or replaces a machine that runs; -y does not.\n"
		   "Interrupted or killed, the same command goes on where it was.",
	.example = "limactl apply lima.yaml\nlimactl apply web.yaml db.yaml -j 8\nlimactl apply --set '.cpus=4' default",
	.complete = "@instance @file",
	.flags = desired_flags,
	.more_flags = ready_flags,
	.max_args = -1,
	.strict = true,
	.creates = true,
	.run = cmd_apply_run,
};
