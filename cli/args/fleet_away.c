/*
 * A fleet file with an `engine`. All nodes are looked at once; each member that is to be, or to go, becomes a request with what was found of
 * it (spec->away), which the planner takes like any other.
 */
#include "cli/args/fleet_away.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/args/ask.h"
#include "cli/args/edit_flags.h"
#include "cli/args/engine_args.h"
#include "resources/away_files.h"
#include "state/desired/fleet/fleet.h"
#include "state/desired/template/name.h"
#include "state/desired/template/template.h"

struct away_fleet {
	struct cli *c;
	const struct fleet *f;
	struct cluster cluster;
	struct cluster_view view;
	struct spec **specs;		/* of the members that are wanted, in their order; the goals' */
	struct cluster_member *members;
};

static void
away_fleet_release(struct away_fleet *w)
{
	cluster_view_release(&w->view);
	cluster_release(&w->cluster);
	free(w->specs);
	free(w->members);
}

/* --- the members of the file --- */

int
fleet_away_check(struct cli *c, const struct fleet *f, struct spec *const *specs, struct error *err)
{
	const struct cluster_engine *engine = cluster_find(f->engine->type);
	struct spec_opts opts = cli_strict_opts(c);
	struct fleet_lack *lacks;
	size_t n = 0;

	if (!engine)
		return error_set(err, ERR_INVALID, "%s:%u:%u: engine.type: there is no engine `%s`; there are %s", f->engine_place.file, f->engine_place.line,
				 f->engine_place.col, f->engine->type, cluster_types(&c->arena));
	while (engine->lacks && engine->lacks[n].key)
		n++;
	lacks = arena_alloc(&c->arena, (n + 1) * sizeof *lacks);
	for (size_t i = 0; i < n; i++)
		lacks[i] = (struct fleet_lack){ engine->lacks[i].key, engine->lacks[i].why };
	return fleet_check_lacks(f, specs, lacks, &opts, err);
}

static int
away_spec(struct away_fleet *w, struct goals *g, const struct fleet_member *m, struct spec **out, struct error *err)
{
	struct spec_opts opts = cli_strict_opts(w->c);
	AUTO(template) t = { 0 };

	if (instance_exists(w->c, m->name))
		return error_set(err, ERR_REFUSED, "%s:%u:%u: instances.%s: this host has an instance `%s` too, and a name means one; with a `namePrefix` there "
				 "can be both", m->place.file, m->place.line, m->place.col, m->key, m->name);
	if (name_check(m->name, err) < 0 || fleet_template(&t, w->f, m, &opts, err) < 0 || goals_may_use_host(w->c, &t, err) < 0 ||
	    edit_apply_member(w->c, &t, err) < 0 || template_spec(out, m->name, &t, 0, &opts, err) < 0)
		return -1;
	goals_own(g, *out);
	spec_join_fleet(*out, &(struct spec_member){ w->f->name, w->f->home_file, fleet_short_name(w->f, m), m->depends, m->ndepends });
	return 0;
}

/* What is a path here is none on a node, and what has no digest may be another file on each. */
static int
away_check_image(struct away_fleet *w, size_t i, struct error *err)
{
	const struct cluster_engine *engine = cluster_find(w->f->engine->type);
	const struct fleet_member *m = &w->f->members[i];
	const struct spec *s = w->specs[i];

	if (!engine || !engine->fetches || (s->nimages && strstr(s->images[0].image.location, "://") && *s->images[0].image.digest))
		return 0;
	return error_set(err, ERR_INVALID, "%s:%u:%u: instances.%s: nodes of the engine `%s` fetch the image themselves: the first of `images` needs a URL and a `digest`",
			 m->place.file, m->place.line, m->place.col, m->key, engine->name);
}

static int
away_specs(struct away_fleet *w, struct goals *g, struct error *err)
{
	const char *told = NULL;
	struct error first = { 0 };

	w->specs = xcalloc(w->f->nmembers + 1, sizeof(struct spec *));
	for (size_t i = 0; i < w->f->nmembers; i++) {
		const struct fleet_member *m = &w->f->members[i];
		struct error why = { 0 };

		if ((told && !strcmp(told, m->key)) || (away_spec(w, g, m, &w->specs[i], &why) == 0 && away_check_image(w, i, &why) == 0))
			continue;
		if (told)
			cli_say(&w->c->env, SAY_ERROR, "%s", why.msg);
		else
			first = why;
		told = m->key;
	}
	if (told && err)
		*err = first;
	return told ? -1 : fleet_away_check(w->c, w->f, w->specs, err);
}

static int
away_locate(struct away_fleet *w, struct error *err)
{
	w->members = xcalloc(w->f->nmembers + 1, sizeof *w->members);
	for (size_t i = 0; i < w->f->nmembers; i++) {
		const struct fleet_member *m = &w->f->members[i];
		struct away_member record;

		if (away_member_read(w->c->env.home, m->name, &w->c->arena, &record, err) < 0)
			return -1;
		w->members[i] = (struct cluster_member){
			.name = m->name, .recorded = strcmp(record.fleet, w->f->name) ? "" : record.node,
			.want = { .pin = m->at.host, .group = *m->at.group ? m->at.group : m->group, .spread = m->at.spread, .memory = w->specs[i]->memory_bytes,
				  .labels = m->at.labels, .nlabels = m->at.nlabels },
		};
	}
	return cluster_locate(&w->cluster, &w->view, w->f->name, w->members, w->f->nmembers, err);
}

/* Strings live as long as the command: the view does not. */
static struct spec_away *
away_found(struct away_fleet *w, const struct cluster_machine *m)
{
	struct arena *a = &w->c->arena;
	struct spec_away *away = arena_alloc(a, sizeof *away);

	*away = (struct spec_away){ .engine = w->f->engine, .node = "", .image = "", .image_digest = "", .there = m, .at = "", .digest = "", .by = "", .told = "", .key = "" };
	if (!m)
		return away;
	away->at = away->node = arena_strdup(a, m->node);
	away->digest = arena_strdup(a, m->digest);
	away->by = arena_strdup(a, m->by);
	away->told = arena_strdup(a, m->told ? m->told : "");
	away->key = arena_strdup(a, m->key);
	away->off = m->off ? arena_strdup(a, m->off) : NULL;
	away->runs = m->status == MACHINE_IS_RUNNING;
	away->generation = m->generation;
	return away;
}

/* On the way down it waits for those that depend on it and run: whoever does not run keeps nobody up. */
static void
away_wait_down(struct away_fleet *w, size_t at)
{
	const struct fleet *f = w->f;
	const struct fleet_member *m = &f->members[at];
	struct spec_depend *v = arena_alloc(&w->c->arena, (f->nmembers + 1) * sizeof *v);
	size_t n = 0;

	for (size_t i = 0; i < f->nmembers; i++) {
		const struct cluster_machine *found = w->members[i].found;

		for (size_t k = 0; found && found->status == MACHINE_IS_RUNNING && k < f->members[i].ndepends; k++)
			if (!strcmp(f->members[i].depends[k].name, m->name)) {
				v[n++] = (struct spec_depend){ f->members[i].name, false };
				break;
			}
	}
	spec_join_fleet(w->specs[at], &(struct spec_member){ f->name, f->home_file, fleet_short_name(f, m), v, n });
}

static int
away_add(struct away_fleet *w, struct goals *g, size_t i, enum goal goal, struct error *err)
{
	const struct cluster_member *x = &w->members[i];
	const struct fleet_member *m = &w->f->members[i];
	struct spec_away *away = away_found(w, x->found);
	struct arena *a = &w->c->arena;
	struct request *req;

	away->ephemeral = m->at.ephemeral;
	away->why = x->why ? arena_strdup(a, x->why) : NULL;
	away->unknown = x->unknown;
	away->tells = w->cluster.engine->tells;
	away->moves = w->cluster.engine->moves;
	if (x->node)
		away->node = arena_strdup(a, *m->at.host ? m->at.host : x->node);
	if (w->specs[i]->nimages) {
		away->image = w->specs[i]->images[0].image.location;
		away->image_digest = w->specs[i]->images[0].image.digest;
	}
	w->specs[i]->away = away;
	if (goal == GOAL_STOPPED)
		away_wait_down(w, i);
	if (goals_add(g, m->name, goal, &req, err) < 0)
		return -1;
	req->spec = w->specs[i];
	req->meets_delete = true;
	req->may_lose = m->at.ephemeral;
	return 0;
}

/* --- what goes --- */

static bool
away_lists(const struct fleet *f, const char *name)
{
	for (size_t i = 0; i < f->nmembers; i++)
		if (!strcmp(f->members[i].name, name))
			return true;
	return false;
}

static int
away_may_lose(struct away_fleet *w, const char *who, size_t n, struct error *err)
{
	static const char *const choices[] = { "Remove them, and what is on their disks", "Leave everything as it is" };
	int k;

	if (!n || cli_bool(w->c, "allow-data-loss") || !w->c->command->creates)
		return 0;
	if (!w->c->tty)
		return error_set(err, ERR_REFUSED, "%s would be removed with what is on %s; --allow-data-loss says that it may be lost", who,
				 n == 1 ? "its disk" : "their disks");
	cli_say(&w->c->env, SAY_WARN, "%s would be removed with what is on %s", who, n == 1 ? "its disk" : "their disks");
	k = ask_choice(w->c, "May that be lost?", choices, ARRAY_LEN(choices), err);
	return k == 0 ? 0 : k < 0 ? -1 : error_set(err, ERR_CANCELLED, "nothing was done");
}

/* A member that is to go and was last on a node which does not answer: that cannot be planned, and the exit status says so. */
static int
away_add_unknown(struct away_fleet *w, struct goals *g, const char *name, struct error *err)
{
	struct spec_opts opts = cli_spec_opts(w->c);
	const struct cluster_node *node;
	struct away_member record;
	struct spec_away *away;
	struct request *req;
	struct spec *spec;

	if (away_member_read(w->c->env.home, name, &w->c->arena, &record, err) < 0)
		return -1;
	node = strcmp(record.fleet, w->f->name) ? NULL : cluster_view_node(&w->view, record.node);
	if (!node || node->answers)
		return 0;
	spec = spec_bare(name, &opts);
	goals_own(g, spec);
	spec->away = away = away_found(w, NULL);
	away->why = arena_printf(&w->c->arena, "it is on host `%s`, which %s", node->name, node->why);
	away->unknown = true;
	if (goals_add(g, name, GOAL_ABSENT, &req, err) < 0)
		return -1;
	req->spec = spec;
	return 0;
}

static int
away_add_gone(struct away_fleet *w, struct goals *g, bool all, struct error *err)
{
	struct spec_opts opts = cli_spec_opts(w->c);
	AUTO(buf) who = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < w->view.nmachines; i++) {
		const struct cluster_machine *m = &w->view.machines[i];
		struct request *req;
		struct spec *spec;

		if (strcmp(m->fleet, w->f->name) != 0 || (!all && away_lists(w->f, m->name)))
			continue;
		spec = spec_bare(m->name, &opts);
		goals_own(g, spec);
		spec->away = away_found(w, m);
		if (goals_add(g, m->name, GOAL_ABSENT, &req, err) < 0)
			return -1;
		req->spec = spec;
		req->may_lose = req->meets_delete = true;
		buf_addf(&who, "%s`%s`", n++ ? ", " : "", m->name);
	}
	for (size_t i = 0; all && i < w->f->nmembers; i++)
		if (!goals_has(g, w->f->members[i].name) && away_add_unknown(w, g, w->f->members[i].name, err) < 0)
			return -1;
	for (size_t i = 0; i < w->view.nnodes; i++)
		if (!w->view.nodes[i].answers)
			cli_say(&w->c->env, SAY_WARN, "host `%s` %s: what is to go there stays", w->view.nodes[i].name, w->view.nodes[i].why);
	return away_may_lose(w, who.s, n, err);
}

/* --- all of it --- */

static void
away_tell_strangers(struct away_fleet *w)
{
	for (size_t i = 0; i < w->view.nnodes; i++)
		if (!w->view.nodes[i].answers)
			cli_say(&w->c->env, SAY_DEBUG, "host `%s` %s", w->view.nodes[i].name, w->view.nodes[i].why);
}

int
fleet_away_add(struct cli *c, struct goals *g, const struct fleet *f, enum goal goal, struct error *err)
{
	AUTO(away_fleet) w = { .c = c, .f = f };
	bool destroy = cli_bool(c, "destroy");

	if (!destroy && away_specs(&w, g, err) < 0)
		return -1;
	if (destroy && fleet_away_check(c, f, NULL, err) < 0)
		return -1;
	if (engine_look(c, f->engine, &w.cluster, &w.view, err) < 0)
		return -1;
	away_tell_strangers(&w);
	if (!destroy && away_locate(&w, err) < 0)
		return -1;
	for (size_t i = 0; !destroy && i < f->nmembers; i++)
		if (away_add(&w, g, i, goal, err) < 0)
			return -1;
	return destroy || cli_bool(c, "prune") ? away_add_gone(&w, g, destroy, err) : 0;
}
