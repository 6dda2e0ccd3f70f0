/* limactl network list */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "cli/cli.h"
#include "cli/view/table.h"
#include "hostagent/protocol/ha_client.h"
#include "providers/usernet_run.h"
#include "state/desired/spec/networks.h"

static const struct flag list_flags[] = {
	{ "json", 0, FLAG_BOOL, .about = "One JSON object a line" },
	{ 0 },
};

static void
add_member(struct buf *b, const char *key, const char *value)
{
	if (*value)
		quote_json_member(b, key, value);
}

static bool
has_rules(const struct network *n)
{
	return !strcmp(n->mode, "user-v2") && (strcmp(n->egress, "any") != 0 || !n->host_loopback);
}

enum { ASK_MS = 1000 };

/* What its switch says of what its rules have denied, in JSON; to cJSON_Delete(). NULL: none runs. */
static cJSON *
network_ask_denied(struct cli *c, const struct network *n)
{
	auto_free char *dir = usernet_dir(c->env.home, n->name), *socket = xasprintf("%s/%s_ep.sock", dir, n->name);
	const struct ha_request r = { .method = "GET", .path = "/denied", .timeout_ms = ASK_MS };
	AUTO(buf) said = BUF_INIT;

	if (!has_rules(n) || !usernet_process(dir) || ha_request(socket, &r, NULL, &said, NULL) < 0)
		return NULL;
	return cJSON_ParseWithLength(said.s, said.len);
}

/* `denied` and `interfaces`, which says for each how often, and where to last */
static void
add_denied(struct cli *c, struct buf *b, const struct network *n)
{
	cJSON *said = network_ask_denied(c, n);

	for (const cJSON *v = said ? said->child : NULL; v; v = v->next) {
		auto_free char *text = cJSON_PrintUnformatted(v);

		quote_json_key(b, v->string);
		buf_adds(b, text);
	}
	cJSON_Delete(said);
}

static void
network_print_json(struct cli *c, const struct network *n)
{
	AUTO(buf) b = BUF_INIT;

	buf_addc(&b, '{');
	add_member(&b, "name", n->name);
	add_member(&b, "mode", n->mode);
	add_member(&b, "interface", n->interface);
	add_member(&b, "gateway", n->gateway);
	add_member(&b, "dhcpEnd", n->dhcp_end);
	add_member(&b, "netmask", n->netmask);
	if (has_rules(n)) {
		add_member(&b, "egress", n->egress);
		quote_json_key(&b, "hostLoopback");
		buf_adds(&b, n->host_loopback ? "true" : "false");
		add_denied(c, &b, n);
	}
	buf_addc(&b, '}');
	cli_print_line(b.s);
}

/* "192.168.104.1/24" */
static const char *
network_cidr(struct arena *a, const struct network *n)
{
	struct in_addr mask;

	if (!*n->gateway)
		return "-";
	if (inet_pton(AF_INET, n->netmask, &mask) != 1)
		return n->gateway;
	return arena_printf(a, "%s/%d", n->gateway, __builtin_popcount(mask.s_addr));
}

static const char *
network_denied(struct cli *c, const struct network *n)
{
	cJSON *said = network_ask_denied(c, n);
	const cJSON *count = cjson_get(said, "denied");
	const char *text = cJSON_IsNumber(count) ? arena_printf(&c->arena, "%" PRIu64, (uint64_t)count->valuedouble) : "-";

	cJSON_Delete(said);
	return text;
}

static void
network_add_row(struct cli *c, struct table *t, const struct network *n, bool rules)
{
	table_cell(t, n->name);
	table_cell(t, n->mode);
	table_cell(t, network_cidr(&c->arena, n));
	table_cell(t, *n->interface ? n->interface : "-");
	if (rules) {
		table_cell(t, has_rules(n) ? n->egress : "-");
		table_cell(t, network_denied(c, n));
	}
}

static bool
is_asked_for(struct cli *c, const char *name)
{
	for (int i = 0; i < c->nargs; i++)
		if (!strcmp(c->args[i], name))
			return true;
	return !c->nargs;
}

static void
network_print_table(struct cli *c, const struct networks *nets)
{
	AUTO(table) t = { 0 };
	AUTO(buf) out = BUF_INIT;
	bool rules = false;

	for (size_t i = 0; i < nets->n; i++)
		rules |= is_asked_for(c, nets->v[i].name) && has_rules(&nets->v[i]);
	table_begin(&t, rules ? 6 : 4);
	table_cell(&t, "NAME");
	table_cell(&t, "MODE");
	table_cell(&t, "GATEWAY");
	table_cell(&t, "INTERFACE");
	if (rules) {
		table_cell(&t, "EGRESS");
		table_cell(&t, "DENIED");
	}
	for (size_t i = 0; i < nets->n; i++)
		if (is_asked_for(c, nets->v[i].name))
			network_add_row(c, &t, &nets->v[i], rules);
	table_fit(&t, table_terminal(), (const int[]){ TABLE_NARROW, -1 });
	table_print(&t, &out);
	cli_print(stdout, out.s, out.len);
}

static int
network_run_list(struct cli *c, struct error *err)
{
	AUTO(networks) nets = { 0 };

	if (networks_load(&nets, c->env.home, err) < 0)
		return -1;
	for (int i = 0; i < c->nargs; i++)
		if (!networks_find(&nets, c->args[i]))
			cli_say(&c->env, SAY_WARN, "No network matching %s found.", c->args[i]);
	for (size_t i = 0; i < nets.n && cli_bool(c, "json"); i++)
		if (is_asked_for(c, nets.v[i].name))
			network_print_json(c, &nets.v[i]);
	if (!cli_bool(c, "json"))
		network_print_table(c, &nets);
	return 0;
}

const struct command command_network = {
	.name = "network",
	.group = GROUP_ADVANCED,
	.about = "The networks that instances can name",
	.example = "limactl network ls\nlimactl network create mynet --gateway 192.168.42.1/24",
};

const struct command command_network_list = {
	.name = "list",
	.parent = "network",
	.aliases = "ls",
	.args = "[NETWORK...]",
	.about = "List networks",
	.example = "limactl network ls\nlimactl network ls --json shared",
	.complete = "@network",
	.flags = list_flags,
	.max_args = -1,
	.quick = true,
	.run = network_run_list,
};
