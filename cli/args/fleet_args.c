/* A fleet file on the command line: from its members to what is asked of which instance. */
#include "cli/args/fleet_args.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "cli/args/edit_flags.h"
#include "cli/args/origin.h"
#include "cli/args/fleet_away.h"
#include "cli/args/fleet_host.h"
#include "cli/args/fleet_same.h"
#include "cli/args/removal.h"
#include "resources/set_by.h"
#include "state/desired/fleet/fleet.h"
#include "state/desired/template/template.h"

const struct flag fleet_flags[] = {
	{ "prune", 0, FLAG_BOOL, .about = "Of a fleet file: remove what the same fleet made and no longer lists" },
	{ "adopt", 0, FLAG_BOOL, .about = "Of a fleet file: take over instances and networks of its names that are another's, or nobody's" },
	{ 0 },
};

int
fleet_args_read(struct cli *c, const struct template *t, struct fleet *out, struct error *err)
{
	struct spec_opts opts = cli_strict_opts(c);
	size_t n = 0;
	char *const *list = cli_list(c, "param", &n);
	struct fleet_param *given = arena_alloc(&c->arena, (n + 1) * sizeof *given);

	for (size_t i = 0; i < n; i++) {
		const char *eq = strchr(list[i], '=');

		if (!eq)
			return error_set(err, ERR_INVALID, "--param %s: must be NAME=VALUE", list[i]);
		given[i] = (struct fleet_param){ arena_memdup(&c->arena, list[i], (size_t)(eq - list[i])), eq + 1 };
	}
	return fleet_read(out, t, given, n, &opts, err);
}

/* --- whose is what */

static int
fleet_refuse_taken(const struct fleet_member *m, const struct fleet_note *note, struct error *err)
{
	return error_set(err, ERR_REFUSED, "%s:%u:%u: instances.%s: the instance `%s` is there already, and %s%s%s; --adopt takes it over, "
			 "and with a `namePrefix` there can be both", m->place.file, m->place.line, m->place.col, m->key, m->name,
			 *note->fleet ? "belongs to the fleet `" : "belongs to no fleet", note->fleet, *note->fleet ? "`" : "");
}

static int
fleet_check_owner(struct cli *c, const struct fleet *f, const struct fleet_member *m, struct fleet_note *note, struct error *err)
{
	*note = (struct fleet_note){ "", "" };
	if (!instance_exists(c, m->name))
		return 0;
	if (fleet_note(c, m->name, note, err) < 0)
		return -1;
	return strcmp(note->fleet, f->name) != 0 && !cli_bool(c, "adopt") ? fleet_refuse_taken(m, note, err) : 0;
}

static int
fleet_check_networks(struct cli *c, const struct fleet *f, struct error *err)
{
	AUTO(networks) there = { 0 };

	if (!f->nnetworks || cli_bool(c, "adopt"))
		return 0;
	if (networks_load(&there, c->env.home, err) < 0)
		return -1;
	for (size_t i = 0; i < f->nnetworks; i++) {
		const struct network *n = networks_find(&there, f->networks[i].name);

		if (n && strcmp(n->fleet, f->name) != 0)
			return error_set(err, ERR_REFUSED, "%s: networks.%s: there is a network of that name in networks.yaml already, which %s%s%s; "
					 "--adopt takes it over", f->file, n->name, *n->fleet ? "belongs to the fleet `" : "belongs to no fleet",
					 n->fleet, *n->fleet ? "`" : "");
	}
	return 0;
}

/* --- members */

static int
fleet_add_protect(struct cli *c, struct request *a, const struct fleet_member *m)
{
	struct want *w = arena_alloc(&c->arena, (a->nwants + 1) * sizeof *w);

	if (a->nwants)
		memcpy(w, a->wants, a->nwants * sizeof *w);
	w[a->nwants++] = (struct want){ "dir", "protected", m->protect ? "yes" : "no" };
	a->wants = w;
	return 0;
}

static int
fleet_add_member(struct cli *c, struct goals *g, const struct fleet *f, const struct fleet_member *m, enum goal goal, struct spec **spec,
		 struct error *err)
{
	struct spec_opts opts = cli_spec_opts(c);
	AUTO(template) t = { 0 };
	struct fleet_note note;
	struct request *a;
	const char *file = f->home_file;

	if (fleet_check_owner(c, f, m, &note, err) < 0 || name_check_new(m->name, c->env.home, err) < 0 ||
	    fleet_template(&t, f, m, &opts, err) < 0 || goals_may_use_host(c, &t, err) < 0 || edit_apply_member(c, &t, err) < 0)
		return -1;
	origin_note_none(&t);
	if (goals_add_spec(c, g, &t, m->name, goal, &a, err) < 0)
		return -1;
	/* The note keeps the file that made the member, even if it has moved, because --prune goes by that. */
	if (!strcmp(note.fleet, f->name) && !cli_bool(c, "adopt"))
		file = note.file;
	*spec = a->spec;
	spec_join_fleet(a->spec, &(struct spec_member){ f->name, file, fleet_short_name(f, m), m->depends, m->ndepends });
	if (!edit_given(c))
		facts_set(&a->how, &c->arena, SET_BY_HOW, arena_printf(&c->arena, SET_BY_FLEET " %s", f->home_file));
	a->meets_delete = true;
	return m->is_protect_given ? fleet_add_protect(c, a, m) : 0;
}

/* As they were recorded. */
static int
fleet_add_recorded(struct goals *g, const struct fleet *f, enum goal goal, struct error *err)
{
	for (size_t i = 0; i < f->nmembers; i++) {
		struct request *a;

		if (goals_add(g, f->members[i].name, goal, &a, err) < 0)
			return -1;
		a->meets_delete = true;
	}
	return 0;
}

/* Mistakes of all keys are told; those that the members of one key have in common, once. */
static int
fleet_add_members(struct cli *c, struct goals *g, const struct fleet *f, enum goal goal, struct error *err)
{
	auto_free struct spec **specs = xcalloc(f->nmembers + 1, sizeof *specs);
	struct spec_opts opts = cli_strict_opts(c);
	const char *told = NULL;
	struct error first = { 0 };
	int result = 0;

	if (fleet_is_as_applied(c, f))
		return fleet_add_recorded(g, f, goal, err);
	for (size_t i = 0; i < f->nmembers; i++) {
		const struct fleet_member *m = &f->members[i];
		struct error why = { 0 };

		if ((told && !strcmp(told, m->key)) || fleet_add_member(c, g, f, m, goal, &specs[i], &why) == 0)
			continue;
		/* A mistake in a base or in `defaults` is the same for all members and is told once; where there are several, each was told. */
		if (result < 0 && strcmp(why.msg, first.msg) != 0 && !strstr(why.msg, " more)"))
			cli_say(&c->env, SAY_ERROR, "%s", why.msg);
		if (result == 0)
			first = why;
		told = m->key;
		result = -1;
	}
	if (result < 0 && err)
		*err = first;
	if (result < 0 || fleet_check_taken(c, f, specs, &opts, err) < 0)
		return -1;
	return fleet_check_host(c, f, specs, err);
}

/* --- what goes */

static bool
fleet_lists(const struct fleet *f, const char *name)
{
	for (size_t i = 0; i < f->nmembers; i++)
		if (!strcmp(f->members[i].name, name))
			return true;
	return false;
}

/* One that another file made under the same name of a fleet is not ours to take away. */
static int
fleet_check_file(struct cli *c, const struct fleet *f, const char *name, struct error *err)
{
	struct fleet_note note;

	if (fleet_note(c, name, &note, err) < 0)
		return -1;
	if (!strcmp(note.file, f->home_file) || cli_bool(c, "adopt"))
		return 0;
	return error_set(err, ERR_REFUSED, "`%s` is of a fleet `%s` too, but another file made it: %s; --adopt says that it is the same fleet, "
			 "and with another `name` or `namePrefix` they are two", name, f->name, *note.file ? note.file : "(no file)");
}

static int
fleet_add_gone(struct cli *c, struct goals *g, const struct fleet *f, bool all, struct error *err)
{
	AUTO(names) there = { 0 };
	AUTO(names) go = { 0 };
	int r = 0;

	if (fleet_instances(c, f->name, &there, err) < 0)
		return -1;
	for (size_t i = 0; i < there.n && r == 0; i++) {
		struct request *a;

		if (!all && fleet_lists(f, there.v[i]))
			continue;
		r = fleet_check_file(c, f, there.v[i], err) < 0 || goals_add(g, there.v[i], GOAL_ABSENT, &a, err) < 0 ? -1 : 0;
		if (r < 0)
			break;
		a->may_lose = true;
		GROW(go.v, go.n, go.cap);
		go.v[go.n++] = xstrdup(there.v[i]);
	}
	return r < 0 ? -1 : removal_allowed(c, &go, err);
}

/* Networks that were made for the fleet, and that it has no more; an entry goes behind its switch. */
static int
fleet_add_networks(struct cli *c, struct goals *g, const struct fleet *f, bool all, struct error *err)
{
	AUTO(networks) there = { 0 };

	if (networks_load(&there, c->env.home, err) < 0)
		return -1;
	g->host_requests = arena_alloc(&c->arena, 2 * (there.n + 1) * sizeof *g->host_requests);
	for (size_t i = 0; i < there.n; i++) {
		struct host_request *entry = &g->host_requests[g->nhost_requests];
		bool listed = false;

		for (size_t k = 0; k < f->nnetworks; k++)
			listed |= !strcmp(f->networks[k].name, there.v[i].name);
		if (strcmp(there.v[i].fleet, f->name) != 0 || (listed && !all))
			continue;
		*entry = (struct host_request){ .type = "network-entry", .name = arena_strdup(&c->arena, there.v[i].name), .may_lose = true };
		entry[1] = (struct host_request){ .type = "network", .name = entry->name, .may_lose = true, .on = entry };
		g->nhost_requests += 2;
	}
	return 0;
}

/* --- all of it */

static void
fleet_keep_networks(struct cli *c, const struct fleet *f)
{
	struct network *v = arena_alloc(&c->arena, (c->nnetworks + f->nnetworks + 1) * sizeof *v);

	if (c->nnetworks)
		memcpy(v, c->networks, c->nnetworks * sizeof *v);
	if (f->nnetworks)
		memcpy(v + c->nnetworks, f->networks, f->nnetworks * sizeof *v);
	c->networks = v;
	c->nnetworks += f->nnetworks;
}

int
fleet_args_add(struct cli *c, struct goals *g, const struct template *t, enum goal goal, struct error *err)
{
	bool destroy = cli_bool(c, "destroy");
	struct fleet *f = xcalloc(1, sizeof *f);

	GROW(g->fleet, g->nfleet, g->fleet_cap);
	g->fleet[g->nfleet++] = f;
	if (fleet_args_read(c, t, f, err) < 0)
		return -1;
	if (*cli_str(c, "name"))
		return error_set(err, ERR_INVALID, "--name names one instance, and `%s` is a fleet", t->path);
	if (f->engine)
		return fleet_away_add(c, g, f, goal, err);
	if (!destroy) {
		fleet_keep_networks(c, f);
		if (fleet_check_networks(c, f, err) < 0 || fleet_add_members(c, g, f, goal, err) < 0)
			return -1;
	}
	if (!destroy && !cli_bool(c, "prune"))
		return 0;
	return fleet_add_gone(c, g, f, destroy, err) < 0 ? -1 : fleet_add_networks(c, g, f, destroy, err);
}
