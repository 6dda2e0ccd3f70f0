/* Commands that upstream's own parts call one another by, and that are other programs, or none, here. */
#include "base/error.h"
#include "cli/cli.h"

static int
run_hostagent(struct cli *c, struct error *err)
{
	return error_set(err, ERR_UNSUPPORTED, "the host agent is a program of its own, %s/lima-hostagent; `limactl start` runs it",
			 c->env.libexec);
}

static int
run_usernet(struct cli *c, struct error *err)
{
	(void)c;
	return error_set(err, ERR_UNSUPPORTED, "user-v2 networks are not supported by this version");
}

static int
run_dns(struct cli *c, struct error *err)
{
	(void)c;
	return error_set(err, ERR_UNSUPPORTED, "the name server is a part of the host agent and does not run alone");
}

const struct command command_hostagent = {
	.name = "hostagent",
	.group = GROUP_HIDDEN,
	.args = "INSTANCE",
	.about = "Run the host agent of an instance",
	.raw = true,
	.light = true,
	.max_args = -1,
	.run = run_hostagent,
};

const struct command command_usernet = {
	.name = "usernet",
	.group = GROUP_HIDDEN,
	.args = "[FLAGS]",
	.about = "Run a user-v2 network",
	.raw = true,
	.light = true,
	.max_args = -1,
	.run = run_usernet,
};

const struct command command_debug = {
	.name = "debug",
	.group = GROUP_HIDDEN,
	.about = "Tools for those who work on Lima",
};

const struct command command_debug_dns = {
	.name = "dns",
	.parent = "debug",
	.group = GROUP_HIDDEN,
	.args = "UDPPORT [TCPPORT]",
	.about = "Run the name server alone",
	.raw = true,
	.light = true,
	.max_args = -1,
	.run = run_dns,
};
