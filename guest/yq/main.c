/* lima-yq - limactl's yq as a program of its own, for mode yq of provisioning. */
#include <stdio.h>

#include "cli/cli.h"

extern const struct command command_yq;

/* This program has no half that is loaded later. */
int
cli_lazy(struct cli *c, struct error *err)
{
	(void)c, (void)err;
	return 0;
}

int
main(int argc, char **argv)
{
	struct cli c = { .command = &command_yq, .args = argv + 1, .nargs = argc - 1, .argv0 = argv[0], .env.version = "guest" };
	int r = command_yq.run(&c, NULL);

	arena_release(&c.arena);
	if (fflush(stdout) != 0)
		return 1;
	return r;
}
