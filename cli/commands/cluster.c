/* limactl cluster setup: what nodes of a cluster need before machines of ours can be made on them */
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "cli/args/engine_args.h"
#include "cli/run.h"
#include "resources/os_definition.h"
#include "state/desired/fleet/fleet.h"
#include "state/desired/template/template.h"

static const struct flag setup_flags[] = {
	{ "dry-run", 0, FLAG_BOOL, .about = "Only tell what would be done on which node" },
	{ 0 },
};

static int
setup_read(struct cli *c, const char *file, struct fleet *out, struct error *err)
{
	struct spec_opts opts = cli_strict_opts(c);
	AUTO(template) t = { 0 };

	if (template_read(&t, file, &opts, err) < 0)
		return -1;
	if (!fleet_is(t.text, t.len))
		return error_set(err, ERR_INVALID, "%s: is no fleet file: the cluster stands in `engine` of one", file);
	if (fleet_read(out, &t, NULL, 0, &opts, err) < 0)
		return -1;
	if (!out->engine)
		return error_set(err, ERR_INVALID, "%s: its fleet runs on this host, as long as it has no `engine`", file);
	return 0;
}

/* A step a node that answers; how many do not is in *silent. */
static int
setup_nodes(struct cli *c, const struct fleet *f, const struct cluster_view *v, size_t *silent, struct error *err)
{
	struct arena *a = &c->arena;
	struct host_request *steps = arena_alloc(a, (v->nnodes + 1) * sizeof *steps);
	struct want *want = arena_alloc(a, sizeof *want);
	struct run run = { .host_requests = steps, .dry = cli_bool(c, "dry-run") };

	want->type = "os-definition";
	want->attr = "scripts";
	if (os_definition_wanted(&c->env, a, &want->value, err) < 0)
		return -1;
	for (size_t i = 0; i < v->nnodes; i++) {
		struct host_request *h = &steps[run.nhost_requests];

		if (!v->nodes[i].answers) {
			cli_say(&c->env, SAY_WARN, "node `%s` %s: nothing is done on it", v->nodes[i].name, v->nodes[i].why);
			++*silent;
			continue;
		}
		*h = (struct host_request){ .type = want->type, .name = arena_strdup(a, v->nodes[i].name), .wanted = true, .wants = want, .nwants = 1 };
		facts_set(&h->how, a, "user", f->engine->ssh_user);
		run.nhost_requests++;
	}
	return run.nhost_requests ? run_engine(c, &run, err) : 0;
}

static int
setup_run(struct cli *c, struct error *err)
{
	const char *file = c->nargs ? c->args[0] : "fleet.yaml";
	AUTO(fleet) f = { 0 };
	AUTO(cluster) cluster = { 0 };
	AUTO(cluster_view) view = { 0 };
	size_t silent = 0;
	int r;

	if (setup_read(c, file, &f, err) < 0)
		return -1;
	if (strcmp(f.engine->type, "ganeti") != 0)
		return error_set(err, ERR_UNSUPPORTED, "%s: its engine is `%s`, whose hosts need limactl and nothing else: install the package `lima` on each", file, f.engine->type);
	if (engine_look(c, f.engine, &cluster, &view, err) < 0)
		return -1;
	r = setup_nodes(c, &f, &view, &silent, err);
	return r ? r : silent != 0;
}

const struct command command_cluster = {
	.name = "cluster",
	.group = GROUP_ADVANCED,
	.about = "The clusters that fleets are on",
	.example = "limactl cluster setup fleet.yaml",
};

const struct command command_cluster_setup = {
	.name = "setup",
	.parent = "cluster",
	.args = "[FILE]",
	.about = "Bring to the nodes of a fleet's cluster what makes machines there",
	.details = "FILE is a fleet file, fleet.yaml by default. Each node of its Ganeti cluster that answers gets the OS definition `lima`, and a folder for\n"
		   "images, by ssh, as root or by sudo; `engine.sshUser` says who one is there. What is there already stays as it is.",
	.example = "limactl cluster setup --dry-run\nlimactl cluster setup fleet.yaml",
	.complete = "@template",
	.flags = setup_flags,
	.more_flags = run_flags,
	.max_args = 1,
	.run = setup_run,
};
