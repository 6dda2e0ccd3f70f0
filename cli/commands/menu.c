/* limactl menu: a screen of instances, by a program of its own (cli/menu/menu.h) */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/cli.h"

static int
menu_run(struct cli *c, struct error *err)
{
	auto_free char *program = xasprintf("%s/lima-menu", c->env.libexec);
	char *const argv[] = { program, NULL };

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return error_set(err, ERR_INVALID, "a menu needs a terminal; `limactl list` is for anything else");
	if (setenv("LIMACTL", c->env.program, 1) < 0 || setenv("LIMA_HOME", c->env.home, 1) < 0)
		return error_errno(err, "the environment");
	execv(program, argv);
	return error_set(err, errno, "run %s: %s; is this installation whole?", program, strerror(errno));
}

const struct command command_menu = {
	.name = "menu",
	.group = GROUP_ADVANCED,
	.about = "Show a screen of instances, with keys to start, stop, enter and look at them",
	.example = "limactl menu",
	.max_args = 0,
	.quick = true,
	.run = menu_run,
};
