/* Commands that upstream's own parts call one another by, and that are other programs, or none, here. */
#include "base/error.h"
#include "base/auto.h"
#include "cli/cli.h"
#include "hostagent/protocol/dns_word.h"

static const struct flag hostagent_flags[] = {
	{ "pidfile", 'p', FLAG_STRING, .about = "File for the pid", .complete = "@file" },
	{ "socket", 0, FLAG_STRING, .about = "Unix socket of the API", .complete = "@file" },
	{ "run-gui", 0, FLAG_BOOL, .about = "Show the screen of the guest" },
	{ "guestagent", 0, FLAG_STRING, .about = "Guest agent for the guest", .complete = "@file" },
	{ "nerdctl-archive", 0, FLAG_STRING, .about = "Archive of containerd for the guest", .complete = "@file" },
	{ "progress", 0, FLAG_BOOL, .about = "Tell what cloud-init does in the guest" },
	{ 0 },
};

static const struct flag usernet_flags[] = {
	{ "pidfile", 'p', FLAG_STRING, .about = "File for the pid", .complete = "@file" },
	{ "endpoint", 'e', FLAG_STRING, .about = "Unix socket of the API", .complete = "@file" },
	{ "listen-qemu", 0, FLAG_STRING, .about = "Unix socket for QEMU", .complete = "@file" },
	{ "listen", 0, FLAG_STRING, .about = "Unix socket for other machines", .complete = "@file" },
	{ "subnet", 0, FLAG_STRING, "192.168.5.0/24", "Addresses of the network" },
	{ "mtu", 0, FLAG_INT, "1500", "Size of packets" },
	{ "leases", 0, FLAG_PAIRS, .about = "Addresses that are given: IP=MAC" },
	{ 0 },
};

static const struct flag dns_flags[] = {
	{ "ipv6", '6', FLAG_BOOL, .about = "Answer for IPv6 too" }, { 0 },
};

static int
run_hostagent(struct cli *c, struct error *err)
{
	return error_set(err, ERR_UNSUPPORTED, "the host agent is a program of its own, %s/lima-hostagent; `limactl start --foreground %s` runs it and stays",
			 c->env.libexec, c->args[0]);
}

static int
run_usernet(struct cli *c, struct error *err)
{
	return error_set(err, ERR_UNSUPPORTED, "the switch of a user-v2 network is a program of its own, %s/lima-usernet, which starts and ends with the "
			 "network's machines", c->env.libexec);
}

static int
run_dns(struct cli *c, struct error *err)
{
	auto_free char *program = xasprintf("%s/lima-hostagent", c->env.libexec);
	const char *argv[] = { program, DNS_WORD, c->args[0], c->nargs > 1 ? c->args[1] : "0", cli_bool(c, "ipv6") ? "1" : "0", NULL };

	for (int i = 0; i < c->nargs; i++)
		if (dns_word_port(c->args[i]) < 0)
			return error_set(err, ERR_INVALID, "%s is no port", c->args[i]);
	execv(program, (char *const *)(uintptr_t)argv);
	return error_errno(err, "%s", program);
}

const struct command command_hostagent = {
	.name = "hostagent",
	.group = GROUP_HIDDEN,
	.args = "INSTANCE",
	.about = "Run the host agent of an instance",
	.flags = hostagent_flags,
	.complete = "@instance",
	.light = true,
	.min_args = 1,
	.max_args = 1,
	.run = run_hostagent,
};

const struct command command_usernet = {
	.name = "usernet",
	.group = GROUP_HIDDEN,
	.about = "Run a user-v2 network",
	.flags = usernet_flags,
	.light = true,
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
	.flags = dns_flags,
	.light = true,
	.min_args = 1,
	.max_args = 2,
	.run = run_dns,
};
