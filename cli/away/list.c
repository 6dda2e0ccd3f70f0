/* What there is of fleets on other hosts, as instances for `list`. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "cli/args/engine_args.h"
#include "cli/away/away.h"
#include "cli/view/instance.h"
#include "resources/away_files.h"

enum { ENGINE_MAX = 1 << 20 };

static bool
list_is_engine(const char *name)
{
	size_t len = strlen(name);

	return len > 7 && !strcmp(name + len - 7, ".engine");
}

bool
away_is_any(const struct cli *c)
{
	auto_free char *folder = xasprintf("%s/" CLUSTER_FOLDER, c->env.home);
	auto_dir DIR *d = opendir(folder);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (list_is_engine(e->d_name))
			return true;
	return false;
}

static bool
list_wants(const struct cli *c, const char *name)
{
	for (int i = 0; i < c->nargs; i++)
		if (!strcmp(c->args[i], name))
			return true;
	return !c->nargs;
}

static void
list_add(struct cli *c, struct instance **v, size_t *n, const char *name, const char *node, const char *status, unsigned long long memory)
{
	struct instance i = { 0 };

	if (!list_wants(c, name))
		return;
	i.name = arena_strdup(&i.arena, name);
	i.node = arena_strdup(&i.arena, node);
	i.node_memory = memory;
	i.dir = i.hostname = i.vm_type = i.arch = i.message = "";
	i.status.word = status;
	i.has_yaml = true;
	*v = xrealloc(*v, *n + 2, sizeof **v);
	(*v)[(*n)++] = i;
}

/* One that was on a node which does not answer is there as far as anybody knows. */
static void
list_unknown(struct cli *c, const struct cluster_view *view, const char *fleet, struct instance **v, size_t *n)
{
	auto_free char *folder = xasprintf("%s/" CLUSTER_FOLDER, c->env.home);
	auto_dir DIR *d = opendir(folder);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		size_t len = strlen(e->d_name);
		const struct cluster_node *node;
		struct away_member m;
		char *name;

		if (len < 8 || strcmp(e->d_name + len - 7, ".member") != 0)
			continue;
		name = arena_memdup(&c->arena, e->d_name, len - 7);
		if (away_member_read(c->env.home, name, &c->arena, &m, NULL) < 0 || strcmp(m.fleet, fleet) != 0)
			continue;
		node = cluster_view_node(view, m.node);
		if (node && !node->answers)
			list_add(c, v, n, name, m.node, "Unknown", 0);
	}
}

static void
list_fleet(struct cli *c, const struct engine_conf *conf, struct instance **v, size_t *n)
{
	static const char *const words[] = { [MACHINE_IS_STOPPED] = "Stopped", [MACHINE_IS_RUNNING] = "Running", [MACHINE_IS_BROKEN] = "Broken" };
	AUTO(cluster) cluster = { 0 };
	AUTO(cluster_view) view = { 0 };
	struct error why = { 0 };

	if (engine_look(c, conf, &cluster, &view, &why) < 0) {
		cli_say(&c->env, SAY_WARN, "the fleet `%s`: %s", conf->fleet, why.msg);
		return;
	}
	for (size_t i = 0; i < view.nnodes; i++)
		if (!view.nodes[i].answers)
			cli_say(&c->env, SAY_WARN, "host `%s` %s", view.nodes[i].name, view.nodes[i].why);
	for (size_t i = 0; i < view.nmachines; i++)
		if (!strcmp(view.machines[i].fleet, conf->fleet))
			list_add(c, v, n, view.machines[i].name, view.machines[i].node,
				 view.machines[i].off ? "Offline" : words[view.machines[i].status], view.machines[i].memory);
	list_unknown(c, &view, conf->fleet, v, n);
}

static int
list_compare(const void *x, const void *y)
{
	return strcmp(((const struct instance *)x)->name, ((const struct instance *)y)->name);
}

void
away_list(struct cli *c, struct instance **v, size_t *n)
{
	auto_free char *folder = xasprintf("%s/" CLUSTER_FOLDER, c->env.home);
	auto_dir DIR *d = opendir(folder);
	size_t first = *n;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		auto_free char *path = xasprintf("%s/%s", folder, e->d_name);
		struct engine_conf conf;
		AUTO(buf) text = BUF_INIT;

		if (!list_is_engine(e->d_name) || fs_read_if(path, &text, ENGINE_MAX, NULL) != 1)
			continue;
		if (away_engine_parse(text.s, text.len, &c->arena, &conf))
			list_fleet(c, &conf, v, n);
	}
	if (*n > first)
		qsort(*v + first, *n - first, sizeof **v, list_compare);
}
