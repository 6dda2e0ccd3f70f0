/* limactl fetch: what apply and start would download, ahead of them */
#include "base/auto.h"
#include "cli/args/desired_args.h"
#include "cli/args/edit_flags.h"
#include "cli/args/files.h"
#include "cli/run.h"

static const struct flag flags[] = {
	{ "name", 0, FLAG_STRING, .about = "Name of the instance; by default that of the file" },
	{ "", .include = file_flags },
	{ "all", 'a', FLAG_BOOL, .about = "Every instance there is" },
	{ "", .include = edit_flags },
	{ "", .include = new_flags },
	{ "lenient", 0, FLAG_BOOL, .about = "Only warn of unknown keys and of sizes that nobody means, as upstream does" },
	{ "dry-run", 0, FLAG_BOOL, .about = "Only show what would be fetched" },
	{ "json", 0, FLAG_BOOL, .about = "Print the plan as JSON" },
	{ 0 },
};

/* Also of one that is to be stopped: what its next start would fetch. */
static int
cmd_fetch_run(struct cli *c, struct error *err)
{
	AUTO(goals) g = { 0 };

	c->env.fetches_ahead = true;
	if (desired_args(c, &g, err) < 0)
		return -1;
	for (size_t i = 0; i < g.n; i++) {
		g.v[i].goal = GOAL_RUNNING;
		g.v[i].keep_goal = false;
	}
	return run_engine(c, &(struct run){ .requests = g.v, .nrequests = g.n, .only_downloads = true, .dry = cli_bool(c, "dry-run"),
					    .keep_going = g.nfleet != 0 }, err);
}

const struct command command_fetch = {
	.name = "fetch",
	.group = GROUP_ADVANCED,
	.args = "[FILE.yaml|URL|INSTANCE...]",
	.about = "Download what apply would download, and do nothing else",
	.details = "Images with their kernels, firmware, containerd, and the texts of templates that a server has, are put into the download cache,\n"
		   "each checked by its digest. Then `limactl apply --offline` needs no network. Of an instance that is there it is what\n"
		   "its next start would fetch. What a guest downloads by itself, packages for one, is not known here.\n"
		   "Without arguments: as plan.",
	.example = "limactl fetch web.yaml\nlimactl fetch template:debian-12 fleet.yaml\nlimactl apply --offline web.yaml",
	.complete = "@instance @template @file",
	.flags = flags,
	.more_flags = run_flags,
	.max_args = -1,
	.strict = true,
	.run = cmd_fetch_run,
};
