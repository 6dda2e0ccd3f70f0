/* limactl network create, delete: entries of _config/networks.yaml, whose comments and order survive */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/quote/quote.h"
#include "cli/cli.h"
#include "providers/usernet_run.h"
#include "state/desired/template/name.h"
#include "state/desired/spec/networks.h"
#include "state/desired/template/template.h"

static const struct flag create_flags[] = {
	{ "mode", 0, FLAG_STRING, "user-v2", "Mode: user-v2, host, shared, bridged", .complete = "user-v2 host shared bridged" },
	{ "gateway", 0, FLAG_STRING, .about = "Address of the gateway: 192.168.42.1/24" },
	{ "interface", 0, FLAG_STRING, .about = "Interface of the host, for bridged mode", .complete = "@interface" },
	{ 0 },
};
static const struct flag delete_flags[] = {
	{ "force", 'f', FLAG_BOOL, .about = "Delete it whether stopped instances name it or not (always needed for now)" },
	{ 0 },
};

enum { MAX_YAML = 4 << 20 };

/* networks.yaml by way of these expressions; made with what is in force by default if there is none. */
static int
network_edit_change(struct cli *c, const char *const *exprs, size_t n, struct error *err)
{
	auto_free char *dir = xasprintf("%s/_config", c->env.home);
	AUTO(template) t = { .path = xasprintf("%s/networks.yaml", dir), .name = xstrdup("") };
	auto_free char *lock = xasprintf("%s/.networks.yaml.lock", dir);
	auto_close int fd = -1;
	AUTO(buf) text = BUF_INIT;
	int there;

	if (fs_mkdirs(dir, 0700, err) < 0)
		return -1;
	fd = fs_lock(lock, true, err);
	if (fd < 0)
		return -1;
	there = fs_read_if(t.path, &text, MAX_YAML, err);
	if (there < 0)
		return -1;
	if (!there)
		networks_default_text(&text);
	t.len = text.len;
	t.text = buf_detach(&text);
	if (template_set(&t, exprs, n, err) < 0)
		return -1;
	return fs_rewrite(t.path, t.text, t.len, 0644, err);
}

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

static const char *
network_edit_quoted(struct cli *c, const char *s)
{
	AUTO(buf) b = BUF_INIT;

	quote_json(&b, s, false);
	return arena_strdup(&c->arena, b.s);
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
network_edit_run_create(struct cli *c, struct error *err)
{
	const char *name = c->args[0], *mode = cli_str(c, "mode"), *address = "", *mask = "", *expr;

	if (check_new(c, name, err) < 0 || check_mode(c, mode, err) < 0)
		return -1;
	if (strcmp(mode, "bridged") == 0) {
		expr = arena_printf(&c->arena, ".networks[%s] = {\"mode\": \"bridged\", \"interface\": %s}", network_edit_quoted(c, name),
				    network_edit_quoted(c, cli_str(c, "interface")));
	} else {
		if (parse_gateway(c, cli_str(c, "gateway"), &address, &mask, err) < 0)
			return -1;
		expr = arena_printf(&c->arena, ".networks[%s] = {\"mode\": \"%s\", \"gateway\": \"%s\", \"netmask\": \"%s\"}",
				    network_edit_quoted(c, name), mode, address, mask);
	}
	return network_edit_change(c, &expr, 1, err);
}

static int
name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Machines that are plugged in would lose it under their feet. */
static int
check_unused(struct cli *c, const char *name, struct error *err)
{
	auto_free char *dir = usernet_dir(c->env.home, name), *ports = xasprintf("%s/ports", dir);
	auto_dir DIR *d = identifier_fault(&c->arena, name) ? NULL : opendir(ports);
	AUTO(buf) users = BUF_INIT;
	const char **v = NULL;
	size_t n = 0, cap = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		const char *dot = strrchr(e->d_name, '.');

		if (*e->d_name == '.' || !dot || strspn(dot + 1, "0123456789") != strlen(dot + 1))
			continue;
		GROW(v, n, cap);
		v[n++] = arena_memdup(&c->arena, e->d_name, (size_t)(dot - e->d_name));
	}
	if (n)
		qsort(v, n, sizeof *v, name_compare);
	for (size_t i = 0; i < n; i++)
		if (!i || strcmp(v[i], v[i - 1]) != 0)
			buf_addf(&users, "%s%s", i ? ", " : "", v[i]);
	free(v);
	return n ? error_set(err, ERR_REFUSED, "network %s is used by the running instance%s %s; stop %s first", cli_tick(c, name),
			     strchr(users.s, ',') ? "s" : "", users.s, strchr(users.s, ',') ? "them" : "it") : 0;
}

static int
network_edit_run_delete(struct cli *c, struct error *err)
{
	const char **exprs = arena_alloc(&c->arena, (size_t)c->nargs * sizeof *exprs);

	if (!cli_bool(c, "force"))
		return error_set(err, ERR_REFUSED, "`limactl network delete` currently always requires `--force`");
	for (int i = 0; i < c->nargs; i++)
		if (check_unused(c, c->args[i], err) < 0)
			return -1;
	for (int i = 0; i < c->nargs; i++)
		exprs[i] = arena_printf(&c->arena, "del(.networks[%s])", network_edit_quoted(c, c->args[i]));
	return network_edit_change(c, exprs, (size_t)c->nargs, err);
}

const struct command command_network_create = {
	.name = "create",
	.parent = "network",
	.args = "NETWORK",
	.about = "Create a network",
	.example = "limactl network create mynet --gateway 192.168.42.1/24\n"
		   "limactl network create br --mode bridged --interface en0",
	.flags = create_flags,
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
	.example = "limactl network delete --force mynet",
	.complete = "@network",
	.flags = delete_flags,
	.min_args = 1,
	.max_args = -1,
	.run = network_edit_run_delete,
};
