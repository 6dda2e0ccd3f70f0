/* limactl network create, delete: entries of _config/networks.yaml, and the switch of one that goes */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "cli/run.h"
#include "state/desired/template/name.h"
#include "state/desired/spec/networks.h"

static const struct flag create_flags[] = {
	{ "mode", 0, FLAG_STRING, "user-v2", "Mode: user-v2, host, shared, bridged", .complete = "user-v2 host shared bridged" },
	{ "gateway", 0, FLAG_STRING, .about = "Address of the gateway: 192.168.42.1/24" },
	{ "interface", 0, FLAG_STRING, .about = "Interface of the host, for bridged mode", .complete = "@interface" },
	{ 0 },
};
static const struct flag delete_flags[] = {
	{ "force", 'f', FLAG_BOOL, .about = "Delete it though stopped instances name it" },
	{ 0 },
};

/* "ADDRESS[/BITS]" into address and mask, as text */
static int
parse_gateway(struct cli *c, const char *text, const char **address, const char **mask, struct error *err)
{
	size_t len = strcspn(text, "/");
	const char *ip = arena_memdup(&c->arena, text, len), *bits = text[len] ? text + len + 1 : "24";
	char room[INET_ADDRSTRLEN], *end;
	struct in_addr a, m;
	long n = strtol(bits, &end, 10);

	if (inet_pton(AF_INET, ip, &a) != 1 || *end || end == bits || n < 1 || n > 32)
		return error_set(err, ERR_INVALID, "failed to parse CIDR %s: an IPv4 address, or address/bits, is wanted",
				 cli_tick(c, text));
	if (a.s_addr == 0 || ntohl(a.s_addr) >> 24 == 127)
		return error_set(err, ERR_INVALID, "invalid IP address: %s", ip);
	m.s_addr = htonl(~0u << (32 - n));
	*address = ip;
	*mask = arena_strdup(&c->arena, inet_ntop(AF_INET, &m, room, sizeof room));
	return 0;
}

static int
check_new(struct cli *c, const char *name, struct error *err)
{
	const char *fault = identifier_fault(&c->arena, name);
	struct networks n;
	bool there;

	if (fault)
		return error_set(err, ERR_INVALID, "%s", fault);
	if (networks_load(&n, c->env.home, err) < 0)
		return -1;
	there = networks_find(&n, name) != NULL;
	networks_release(&n);
	return there ? error_set(err, EEXIST, "network %s already exists", cli_tick(c, name)) : 0;
}

static int
check_mode(struct cli *c, const char *mode, struct error *err)
{
	static const char *const modes[] = { "user-v2", "host", "shared", "bridged" };
	const char *gateway = cli_str(c, "gateway"), *interface = cli_str(c, "interface");
	bool bridged = strcmp(mode, "bridged") == 0, known = false;

	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		known |= strcmp(mode, modes[i]) == 0;
	if (!known)
		return error_set(err, ERR_INVALID, "network mode %s is none of user-v2, host, shared, bridged", cli_tick(c, mode));
	if (bridged ? *gateway : !*gateway)
		return error_set(err, ERR_INVALID, bridged ? "network mode `%s` does not support specifying gateway" :
				 "network mode `%s` requires specifying gateway", mode);
	if (bridged ? !*interface : *interface)
		return error_set(err, ERR_INVALID, bridged ? "network mode `%s` requires specifying interface" :
				 "network mode `%s` does not support specifying interface", mode);
	return 0;
}

static int
network_edit_run(struct cli *c, const struct host_request *t, size_t n, struct error *err)
{
	return run_engine(c, &(struct run){ .host_requests = t, .nhost_requests = n, .quiet = true, .silent = true }, err);
}

static int
network_edit_run_create(struct cli *c, struct error *err)
{
	const char *name = c->args[0], *mode = cli_str(c, "mode"), *address = "", *mask = "";

	if (check_new(c, name, err) < 0 || check_mode(c, mode, err) < 0)
		return -1;
	if (strcmp(mode, "bridged") != 0 && parse_gateway(c, cli_str(c, "gateway"), &address, &mask, err) < 0)
		return -1;
	const struct want wants[] = {
		{ .attr = "mode", .value = mode }, { .attr = "interface", .value = cli_str(c, "interface") },
		{ .attr = "gateway", .value = address }, { .attr = "netmask", .value = mask },
	};

	return network_edit_run(c, &(struct host_request){ "network-entry", name, .wanted = true, .wants = wants, .nwants = ARRAY_LEN(wants) }, 1, err);
}

/* Each with its switch, in front of its entry. One that runs is stopped by nobody: its machines would lose it under their feet. */
static int
network_edit_run_delete(struct cli *c, struct error *err)
{
	size_t n = (size_t)c->nargs;
	struct host_request *t = arena_alloc(&c->arena, 2 * n * sizeof *t);

	for (size_t i = 0; i < n; i++) {
		const char *fault = identifier_fault(&c->arena, c->args[i]);

		if (fault)
			return error_set(err, ERR_INVALID, "%s", fault);
		t[i] = (struct host_request){ "network-entry", c->args[i], .may_lose = true,
				       .if_used = cli_bool(c, "force") ? USED_REFUSED_STOOD_ON : USED_REFUSED };
		t[n + i] = (struct host_request){ "network", c->args[i], .may_lose = true, .if_used = USED_REFUSED_STOOD_ON, .on = &t[i] };
	}
	return network_edit_run(c, t, 2 * n, err);
}

const struct command command_network_create = {
	.name = "create",
	.parent = "network",
	.args = "NETWORK",
	.about = "Create a network",
	.example = "limactl network create mynet --gateway 192.168.42.1/24\n"
		   "limactl network create br --mode bridged --interface en0",
	.flags = create_flags,
	.more_flags = run_flags,
	.min_args = 1,
	.max_args = 1,
	.run = network_edit_run_create,
};

const struct command command_network_delete = {
	.name = "delete",
	.parent = "network",
	.aliases = "remove rm",
	.args = "NETWORK [NETWORK...]",
	.about = "Delete networks",
	.example = "limactl network delete mynet",
	.complete = "@network",
	.flags = delete_flags,
	.more_flags = run_flags,
	.min_args = 1,
	.max_args = -1,
	.run = network_edit_run_delete,
};
