/* limactl tunnel: a SOCKS proxy into the guest's network */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/proc.h"
#include "cli/ssh/ssh.h"
#include "providers/ssh/ssh_config.h"

static const struct flag flags[] = {
	{ "type", 0, FLAG_STRING, "socks", "Type of tunnel", .complete = "socks" },
	{ "socks-port", 0, FLAG_INT, .about = "Port of the host for the proxy (0: any)" },
	{ 0 },
};

static int
check_flags(struct cli *c, struct error *err)
{
	long long port = cli_int(c, "socks-port");

	cli_say(&c->env, SAY_WARN, "`limactl tunnel` is experimental");
	if (strcmp(cli_str(c, "type"), "socks") != 0)
		return error_set(err, ERR_INVALID, "unknown tunnel type: %s", cli_tick(c, cli_str(c, "type")));
	if (port != 0 && (port < 1024 || port > 65535))
		return error_set(err, ERR_INVALID, "invalid socks port %lld", port);
	return 0;
}

/* Ssh goes into the background by itself once the proxy listens */
static int
cmd_tunnel_open(struct cli *c, struct instance *i, int port, struct error *err)
{
	AUTO(argv) a = { 0 };
	int status;

	if (ssh_begin(c, i, &a, err) < 0)
		return -1;
	argv_add(&a, "-q");
	argv_add(&a, "-f");
	argv_add(&a, "-N");
	argv_add(&a, "-o");
	argv_add(&a, "ExitOnForwardFailure=yes");
	argv_add(&a, "-D");
	argv_addf(&a, "127.0.0.1:%d", port);
	argv_add(&a, ssh_host(i));
	status = run_argv(c, &a, err);
	if (status > 0)
		return error_set(err, ERR_CHILD, "ssh could not open a SOCKS proxy on 127.0.0.1:%d (exit status %d)", port, status);
	return status;
}

static int
cmd_tunnel_run(struct cli *c, struct error *err)
{
	AUTO(instance) i = { 0 };
	struct look l;
	int r, port;

	if (check_flags(c, err) < 0)
		return -1;
	look_begin(&l, c);
	r = guest_look(&l, c->args[0], &i, err);
	look_release(&l);
	if (r < 0 || guest_not_stopped(&i, err) < 0)
		return -1;
	port = (int)cli_int(c, "socks-port");
	if (!port && (port = ssh_free_port(err)) < 0)
		return -1;
	if (cmd_tunnel_open(c, &i, port, err) < 0)
		return -1;
	printf("Set `ALL_PROXY=socks5h://127.0.0.1:%d`, etc.\n", port);
	printf("A browser that uses it finds the instance at <http://%s.internal>.\n", i.hostname);
	return 0;
}

const struct command command_tunnel = {
	.name = "tunnel",
	.group = GROUP_ADVANCED,
	.args = "INSTANCE",
	.about = "Open a SOCKS proxy into the network of an instance",
	.details = "The proxy lives until the instance stops.",
	.example = "limactl tunnel default\nlimactl tunnel --socks-port=1080 default",
	.complete = "@instance",
	.flags = flags,
	.min_args = 1,
	.max_args = 1,
	.stop_at_first_arg = true,
	.quick = true,
	.run = cmd_tunnel_run,
};
