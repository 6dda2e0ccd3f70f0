/* The guest of a member on a cluster, as something that ssh reaches: what the cluster says of it now, and not what was known once. */
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/quote/quote.h"
#include "cli/away/away.h"
#include "cli/view/instance.h"
#include "providers/cluster.h"
#include "resources/away_guest.h"
#include "resources/away_told.h"

enum { SSH_PORT = 22 };

bool
away_goes_in(const struct cli *c)
{
	static const char *const names[] = { "shell", "exec", "copy" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (away_is_command(c, names[i]))
			return true;
	return false;
}

static void
guest_instance(struct cli *c, const char *name, const char *node, const struct cluster_endpoint *way, struct instance *out)
{
	auto_free char *dir = away_guest_dir(c->env.home, name);
	struct instance i = { .has_yaml = true, .message = "", .vm_type = "", .arch = "" };
	AUTO(buf) config = BUF_INIT;

	buf_adds(&config, "{\"os\":\"Linux\",\"user\":{");
	quote_json_member(&config, "name", way->user);
	buf_adds(&config, "}}");
	i.name = arena_strdup(&i.arena, name);
	i.hostname = arena_printf(&i.arena, "lima-%s", name);
	i.dir = arena_strdup(&i.arena, dir);
	i.node = arena_strdup(&i.arena, node);
	i.proxy = arena_strdup(&i.arena, way->proxy);
	i.config = arena_strdup(&i.arena, config.s);
	i.status.word = "Running";
	i.status.ssh_port = SSH_PORT;
	*out = i;
}

int
away_guest(struct cli *c, const char *name, struct instance *out, struct error *err)
{
	const char *fleet, *node = away_node(c, name, &fleet);
	const struct cluster_machine m = { .name = name, .node = node };
	AUTO(cluster) cluster = { 0 };
	struct cluster_endpoint way;
	AUTO(arena) a = { 0 };
	auto_free char *dir = NULL;

	if (!node)
		return 0;
	if (away_open(c, fleet, &cluster, err) < 0)
		return -1;
	if (!cluster.engine->tells)
		return error_set(err, ERR_UNSUPPORTED, "`%s` is on the host `%s`, whose limactl knows it: log in there, or use `limactl shell`", name, node);
	if (cluster.engine->endpoint(&cluster, &m, &a, &way, err) < 0)
		return -1;
	dir = away_guest_dir(c->env.home, name);
	if (away_guest_known(dir, way.host_key, err) < 0)
		return -1;
	guest_instance(c, name, node, &way, out);
	return 1;
}
