/* limactl guest-install: the guest's part of Lima put into a running instance anew */
#include "base/auto.h"
#include "base/error.h"
#include "cli/run.h"
#include "cli/ssh/ssh.h"

static int
guest_install_pose(struct cli *c, struct error *err)
{
	const char *name = c->nargs ? c->args[0] : "default";
	struct request a = { .name = name, .goal = GOAL_RUNNING, .keep_goal = true, .only = "guest-install", .only_is = TO_BE_THERE, .again = true };
	AUTO(instance) i = { 0 };
	struct look l;
	int r;

	look_begin(&l, c);
	r = guest_look(&l, name, &i, err);
	look_release(&l);
	if (r < 0 || guest_not_stopped(&i, err) < 0)
		return -1;
	return run_engine(c, &(struct run){ .requests = &a, .nrequests = 1, .quiet = true, .silent = true }, err);
}

const struct command command_guest_install = {
	.name = "guest-install",
	.group = GROUP_HIDDEN,
	.args = "[INSTANCE]",
	.about = "Install the guest agent, and containerd, in a running instance anew",
	.example = "limactl guest-install default",
	.complete = "@instance",
	.max_args = 1,
	.run = guest_install_pose,
};
