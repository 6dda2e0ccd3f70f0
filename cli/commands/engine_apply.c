/*
 * limactl engine-apply: what the engine `hosts` wants of a host (providers/clusters/hosts), which is this one.
 *
 * The goals are posed to the engine as by any other command; so what was begun is gone on with, whoever was killed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/away/errand.h"
#include "cli/run.h"

static const struct flag apply_flags[] = {
	{ "expects", 0, FLAG_STRING, "0", "The generation that this rests on" },
	{ "note", 0, FLAG_STRING, .about = "GENERATION KEY DIGEST FLEET BY" },
	{ "goal", 0, FLAG_STRING, "running", "What is to become of it", .complete = "running stopped absent" },
	{ 0 },
};

static int
engine_apply_run(struct cli *c, struct error *err)
{
	struct errand_job one = { .name = c->nargs ? c->args[0] : "", .goal = cli_str(c, "goal"), .note = cli_str(c, "note"), .expects = atoll(cli_str(c, "expects")) };
	struct errand x = { .fleet = "", .jobs = &one, .n = 1 };

	if (!c->nargs) {
		x.n = 0;
		return errand_read(c, &x, err) < 0 ? -1 : errand_run(c, &x, err);
	}
	if (strcmp(one.goal, "absent") != 0 && errand_read_text(c, &one, err) < 0)
		return -1;
	return errand_run(c, &x, err);
}

const struct command command_engine_apply = {
	.name = "engine-apply",
	.group = GROUP_HIDDEN,
	.args = "[INSTANCE]",
	.about = "Do on this host what the engine of a fleet wants; jobs, or the lima.yaml of the one that is named, are read from standard input",
	.flags = apply_flags,
	.more_flags = ready_flags,
	.max_args = 1,
	.creates = true,
	.run = engine_apply_run,
};
