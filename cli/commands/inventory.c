/* limactl inventory, limactl ssh-config: how other programs reach many instances */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/quote/quote.h"
#include "cli/args/fleet_args.h"
#include "cli/run.h"
#include "cli/view/probe.h"
#include "state/desired/template/name.h"

enum { MAX_CONFIG = 64 * 1024 };

static const struct flag flags[] = {
	{ "list", 0, FLAG_BOOL, .about = "All of them, as Ansible asks a script (the default)" },
	{ "host", 0, FLAG_STRING, .about = "The variables of one of them", .complete = "@instance" },
	{ 0 },
};

/* "ansible_host": ..., for one instance: by its ssh.config, which has the address, the port, the user and the host's key. */
static void
inventory_vars(struct cli *c, const char *name, struct buf *out)
{
	auto_free char *config = xasprintf("%s/%s/ssh.config", c->env.home, name), *host = name_hostname(name);
	AUTO(buf) args = BUF_INIT;

	buf_adds(&args, "-F ");
	quote_shell(&args, config);
	buf_addc(out, '{');
	quote_json_member(out, "ansible_connection", "ssh");
	quote_json_member(out, "ansible_host", host);
	/* a path that Jinja would expand is marked as text, in the words of Ansible's reader of JSON */
	if (strstr(args.s, "{{") || strstr(args.s, "{%") || strstr(args.s, "{#")) {
		quote_json_key(out, "ansible_ssh_common_args");
		buf_addc(out, '{');
		quote_json_member(out, "__ansible_unsafe", args.s);
		buf_addc(out, '}');
	} else {
		quote_json_member(out, "ansible_ssh_common_args", args.s);
	}
	buf_addc(out, '}');
}

static void
inventory_hosts(char *const *names, int n, struct buf *out)
{
	buf_adds(out, "{\"hosts\":[");
	for (int i = 0; i < n; i++) {
		buf_adds(out, i ? "," : "");
		quote_json(out, names[i], false);
	}
	buf_adds(out, "]}");
}

/* One group for each fleet, by name; those of no fleet are in `all` alone. */
static int
inventory_groups(struct cli *c, struct buf *out, struct error *err)
{
	const char **fleet = arena_alloc(&c->arena, ((size_t)c->nargs + 1) * sizeof *fleet);
	char **members = arena_alloc(&c->arena, ((size_t)c->nargs + 1) * sizeof *members);

	for (int i = 0; i < c->nargs; i++) {
		struct fleet_note note;

		if (fleet_note(c, c->args[i], &note, err) < 0)
			return -1;
		fleet[i] = note.fleet;
	}
	for (int i = 0; i < c->nargs; i++) {
		int n = 0;
		bool first = *fleet[i];

		for (int k = 0; k < i; k++)
			first &= strcmp(fleet[k], fleet[i]) != 0;
		if (!first)
			continue;
		for (int k = i; k < c->nargs; k++)
			if (!strcmp(fleet[k], fleet[i]))
				members[n++] = c->args[k];
		quote_json_key(out, fleet[i]);
		inventory_hosts(members, n, out);
	}
	return 0;
}

static int
inventory_check(struct cli *c, struct error *err)
{
	for (int i = 0; i < c->nargs; i++)
		if (name_check(c->args[i], err) < 0)
			return -1;
		else if (!instance_exists(c, c->args[i]))
			return error_set(err, ENOENT, "instance `%s` does not exist", c->args[i]);
	return 0;
}

static int
inventory_run(struct cli *c, struct error *err)
{
	const char *host = cli_str(c, "host");
	AUTO(buf) out = BUF_INIT;
	bool known = false;

	if (inventory_check(c, err) < 0)
		return -1;
	for (int i = 0; i < c->nargs; i++)
		known |= !strcmp(c->args[i], host);
	if (*host && !known)
		return error_set(err, ENOENT, "`%s` is none of these instances", host);
	if (*host) {
		inventory_vars(c, host, &out);
		cli_print_line(out.s);
		return 0;
	}
	buf_adds(&out, "{\"_meta\":{\"hostvars\":{");
	for (int i = 0; i < c->nargs; i++) {
		if (i)
			buf_addc(&out, ',');
		quote_json(&out, c->args[i], false);
		buf_addc(&out, ':');
		inventory_vars(c, c->args[i], &out);
	}
	buf_adds(&out, "}},\"all\":");
	inventory_hosts(c->args, c->nargs, &out);
	if (inventory_groups(c, &out, err) < 0)
		return -1;
	buf_addc(&out, '}');
	cli_print_line(out.s);
	return 0;
}

static int
ssh_config_run(struct cli *c, struct error *err)
{
	AUTO(buf) out = BUF_INIT;

	if (inventory_check(c, err) < 0)
		return -1;
	for (int i = 0; i < c->nargs; i++) {
		auto_free char *path = xasprintf("%s/%s/ssh.config", c->env.home, c->args[i]);
		AUTO(buf) one = BUF_INIT;

		if (!probe_answers(c, c->args[i]))
			return error_set(err, ETIMEDOUT, "instance `%s`: %s", c->args[i], probe_silence(c));
		if (fs_read(path, &one, MAX_CONFIG, err) < 0)
			return error_wrap(err, "instance `%s`", c->args[i]);
		buf_addf(&out, "%s%s", one.s, one.len && one.s[one.len - 1] != '\n' ? "\n" : "");
	}
	cli_print(stdout, out.s, out.len);
	return 0;
}

const struct command command_inventory = {
	.name = "inventory",
	.group = GROUP_ADVANCED,
	.args = "INSTANCE|fleet/NAME...",
	.about = "Print instances as an inventory of Ansible",
	.details = "As a dynamic inventory prints it: a script of one line is one, `exec limactl inventory fleet/NAME \"$@\"`.\n"
		   "Each fleet is a group.",
	.example = "limactl inventory fleet/bench --list\nlimactl inventory fleet/bench --host web-1",
	.complete = "@instance",
	.flags = flags,
	.min_args = 1,
	.max_args = -1,
	.quick = true,
	.run = inventory_run,
};

const struct command command_ssh_config = {
	.name = "ssh-config",
	.group = GROUP_ADVANCED,
	.args = "INSTANCE|fleet/NAME...",
	.about = "Print the ssh.config of instances, one behind the other",
	.example = "limactl ssh-config fleet/bench > ssh.config && ssh -F ssh.config lima-web-1",
	.complete = "@instance",
	.min_args = 1,
	.max_args = -1,
	.quick = true,
	.run = ssh_config_run,
};
