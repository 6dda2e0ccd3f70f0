/* `start`, `stop` and `delete` of members on a cluster, by name: only whether a machine is to run, or to be. */
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "cli/args/engine_args.h"
#include "cli/away/away.h"
#include "cli/run.h"

static const struct { const char *command; enum goal goal; } posed[] = {
	{ "start", GOAL_RUNNING }, { "stop", GOAL_STOPPED }, { "delete", GOAL_ABSENT },
};

bool
away_poses(const struct cli *c)
{
	for (size_t i = 0; i < ARRAY_LEN(posed); i++)
		if (away_is_command(c, posed[i].command))
			return true;
	return false;
}

static enum goal
pose_goal(const struct cli *c)
{
	size_t i = 0;

	while (strcmp(c->command->name, posed[i].command) != 0)
		i++;
	return posed[i].goal;
}

/* Strings live as long as the command: the view does not. */
static struct spec_away *
pose_found(struct cli *c, const struct engine_conf *conf, const struct cluster_machine *m)
{
	struct spec_away *away = arena_alloc(&c->arena, sizeof *away);

	*away = (struct spec_away){
		.engine = conf, .image = "", .image_digest = "", .tells = true, .as_is = true, .there = true, .runs = m->status == MACHINE_IS_RUNNING, .generation = m->generation,
		.node = arena_strdup(&c->arena, m->node), .digest = arena_strdup(&c->arena, m->digest), .by = arena_strdup(&c->arena, m->by),
		.told = arena_strdup(&c->arena, m->told ? m->told : ""), .key = "",
	};
	away->at = away->node;
	return away;
}

static const struct cluster_machine *
pose_find(const struct cluster_view *v, const char *name, const char *fleet)
{
	const struct cluster_machine *m = NULL;

	while ((m = cluster_view_machine(v, name, m)))
		if (!strcmp(m->fleet, fleet))
			return m;
	return NULL;
}

/* As on one host: what runs is not deleted by mistake. */
static int
pose_check(const struct cli *c, const struct cluster_machine *m, enum goal goal, struct error *err)
{
	if (goal != GOAL_ABSENT || m->status != MACHINE_IS_RUNNING || cli_bool(c, "force"))
		return 0;
	return error_set(err, ERR_REFUSED, "`%s` runs on `%s`; stop it first, `limactl stop %s`, or say --force", m->name, m->node, m->name);
}

static int
pose_add(struct cli *c, struct goals *g, const struct engine_conf *conf, const struct cluster_view *v, const char *name, struct error *err)
{
	const struct cluster_machine *m = pose_find(v, name, conf->fleet);
	struct spec_opts opts = cli_spec_opts(c);
	enum goal goal = pose_goal(c);
	struct request *req;
	struct spec *spec;

	if (!m)
		return error_set(err, ENOENT, "`%s` of the fleet `%s` is on no node that answers; `limactl plan` of its file says more", name, conf->fleet);
	if (pose_check(c, m, goal, err) < 0)
		return -1;
	spec = spec_bare(name, &opts);
	goals_own(g, spec);
	spec->away = pose_found(c, conf, m);
	if (goals_add(g, name, goal, &req, err) < 0)
		return -1;
	req->spec = spec;
	req->may_lose = req->meets_delete = goal == GOAL_ABSENT;
	return 0;
}

/* All that are named of one fleet: its cluster is looked at once. */
static int
pose_fleet(struct cli *c, struct goals *g, const struct away_words *w, const char *fleet, struct error *err)
{
	const struct engine_conf *conf;
	AUTO(cluster) known = { 0 }, cluster = { 0 };
	AUTO(cluster_view) view = { 0 };

	if (away_open(c, fleet, &known, err) < 0)
		return -1;
	conf = known.conf;
	if (!known.engine->tells)
		return error_set(err, ERR_INVALID, "`%s` is on hosts with limactl, and others of these are not: give two commands", fleet);
	if (engine_look(c, conf, &cluster, &view, err) < 0)
		return -1;
	for (size_t i = 0; i < w->n; i++)
		if (!strcmp(w->v[i].fleet, fleet) && !goals_has(g, w->v[i].name) && pose_add(c, g, conf, &view, w->v[i].name, err) < 0)
			return -1;
	return 0;
}

int
away_pose(struct cli *c, const struct away_words *w, struct error *err)
{
	AUTO(goals) g = { 0 };
	struct run run;

	for (size_t i = 0; i < w->n; i++)
		if (!goals_has(&g, w->v[i].name) && pose_fleet(c, &g, w, w->v[i].fleet, err) < 0)
			return -1;
	run = goals_run(&g);
	run.quiet = true;
	return run_engine(c, &run, err);
}
