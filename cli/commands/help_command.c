/* limactl help: the same as --help; and topics of their own */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/commands/start.h"

static int
help_command_run(struct cli *c, struct error *err)
{
	const struct command *cmd = NULL;

	(void)err;
	if (c->nargs == 0) {
		help_root(c, stdout);
		return 0;
	}
	for (int i = 0; i < c->nargs; i++) {
		const struct command *next = command_find(cmd ? cmd->name : NULL, c->args[i]);

		if (!next && i == 0) {
			fprintf(stderr, "Unknown help topic [%s]\n", cli_tick(c, c->args[0]));
			help_root(c, stderr);
			return 0;
		}
		if (!next)
			break;
		cmd = next;
	}
	help_command(c, cmd);
	return 0;
}

const struct command command_help = {
	.name = "help",
	.group = GROUP_OTHER,
	.args = "[COMMAND]",
	.about = "Help about any command",
	.example = "limactl help disk create",
	.complete = "@command",
	.max_args = -1,
	.light = true,
	.run = help_command_run,
};

static int
run_restrictions(struct cli *c, struct error *err)
{
	(void)err;
	help_command(c, c->command);
	return 0;
}

const struct command command_yq_restrictions = {
	.name = "yq-restrictions",
	.group = GROUP_HIDDEN,
	.about = "What yq expressions may not do in Lima",
	.details = "An expression given to --set, --yq or --filter may come out of somebody else's script. So there is no\n"
		   "env, strenv or envsubst (the environment), no load, load_str and their kin (files), and no system\n"
		   "(programs). `limactl yq` allows env and strenv, unless --security-disable-env-ops is given.",
	.light = true,
	.run = run_restrictions,
};
