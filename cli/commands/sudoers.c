/* limactl sudoers: only of use where socket_vmnet is */
#include "base/error.h"
#include "cli/cli.h"

static const struct flag flags[] = {
	{ "check", 0, FLAG_BOOL, .about = "Check that the sudoers file is up to date" },
	{ 0 },
};

static int
sudoers_run(struct cli *c, struct error *err)
{
	(void)c;
	return error_set(err, ERR_UNSUPPORTED, "sudoers command is only supported on macOS right now");
}

const struct command command_sudoers = {
	.name = "sudoers",
	.group = GROUP_ADVANCED,
	.args = "[SUDOERSFILE]",
	.about = "Print what networks of macOS need in /etc/sudoers.d",
	.example = "limactl sudoers | sudo tee /etc/sudoers.d/lima",
	.complete = "@file",
	.flags = flags,
	.max_args = 1,
	.quick = true,
	.run = sudoers_run,
};
