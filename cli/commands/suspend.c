/* limactl suspend: the memory of instances put aside, from which they go on */
#include "cli/commands/stop.h"
#include "cli/cli.h"
#include "cli/run.h"

static int
suspend_run(struct cli *c, struct error *err)
{
	return stop_instances(c, true, err);
}

const struct command command_suspend = {
	.name = "suspend",
	.group = GROUP_BASIC,
	.args = "[INSTANCE...]",
	.about = "Put instances aside with all that runs in them",
	.details = "What the guest holds in its memory goes to the file `memory` in the instance's folder, compressed, and the machine ends.\n"
		   "`limactl start` lets it go on from there, once, also after this host was booted anew. Until then the disk is that of a\n"
		   "machine in the middle of its work: it is not cloned, and lima.yaml can change only in what needs no restart.\n"
		   "`limactl stop --force` gives the memory up. Folders shared by 9p or virtiofs keep an instance from being suspended: with\n"
		   "`mountType: reverse-sshfs` it can be, and with 9p also when they are unmounted in the guest first.",
	.example = "limactl suspend\nlimactl suspend web db\nlimactl start web",
	.complete = "@instance",
	.more_flags = run_flags,
	.max_args = -1,
	.run = suspend_run,
};
