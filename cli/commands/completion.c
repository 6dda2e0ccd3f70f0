/* limactl completion SHELL: the script that makes a shell complete our words */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "completion.inc"

static const struct flag flags[] = {
	{ "no-descriptions", 0, FLAG_BOOL, .about = "Candidates only, without what they mean" },
	{ 0 },
};

static int
completion_print(const struct cli *c, const char *script)
{
	static const char mark[] = "@COMPLETE@";
	const char *at = strstr(script, mark);

	printf("%.*s%s%s", (int)(at - script), script, cli_bool(c, "no-descriptions") ? "__completeNoDesc" : "__complete",
	       at + strlen(mark));
	return 0;
}

static int
run_bash(struct cli *c, struct error *err)
{
	(void)err;
	return completion_print(c, script_bash);
}

static int
run_zsh(struct cli *c, struct error *err)
{
	(void)err;
	return completion_print(c, script_zsh);
}

static int
run_fish(struct cli *c, struct error *err)
{
	(void)err;
	return completion_print(c, script_fish);
}

static int
run_powershell(struct cli *c, struct error *err)
{
	(void)err;
	return completion_print(c, script_ps1);
}

const struct command command_completion = {
	.name = "completion",
	.group = GROUP_OTHER,
	.about = "Print the script that makes a shell complete limactl's words",
	.example = "limactl completion bash > /etc/bash_completion.d/limactl",
	.light = true,
};

const struct command command_completion_bash = {
	.name = "bash",
	.parent = "completion",
	.about = "For bash",
	.example = "limactl completion bash > /etc/bash_completion.d/limactl",
	.flags = flags,
	.light = true,
	.run = run_bash,
};

const struct command command_completion_zsh = {
	.name = "zsh",
	.parent = "completion",
	.about = "For zsh",
	.example = "limactl completion zsh > ~/.zfunc/_limactl",
	.flags = flags,
	.light = true,
	.run = run_zsh,
};

const struct command command_completion_fish = {
	.name = "fish",
	.parent = "completion",
	.about = "For fish",
	.example = "limactl completion fish > ~/.config/fish/completions/limactl.fish",
	.flags = flags,
	.light = true,
	.run = run_fish,
};

const struct command command_completion_powershell = {
	.name = "powershell",
	.parent = "completion",
	.about = "For PowerShell",
	.example = "limactl completion powershell | Out-String | Invoke-Expression",
	.flags = flags,
	.light = true,
	.run = run_powershell,
};
