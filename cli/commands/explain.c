/* limactl explain: one resource, and why something would happen to it */
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "cli/args/desired_args.h"
#include "cli/run.h"
#include "state/observed/state.h"

static const struct flag flags[] = {
	{ "set", 0, FLAG_ARRAY, .about = "As if the lima.yaml were changed by a yq expression: '.cpus=4' (repeatable)", .complete = "@set" },
	{ "json", 0, FLAG_BOOL, .about = "As an object, with the same" },
	{ 0 },
};

struct explained {
	const char *type, *name;
	char *owner;		/* NULL: there is no record of it */
};

static int
explained_record(void *ctx, const struct record *r)
{
	struct explained *x = ctx;

	if (strcmp(r->type, x->type) != 0 || strcmp(r->name, x->name) != 0)
		return 0;
	x->owner = xstrdup(r->owner);
	return 1;
}

/* Whose it is, by the records of earlier runs. */
static int
explained_find(struct cli *c, const char *address, struct explained *x, struct error *err)
{
	const char *dot = strchr(address, '.');
	struct state *s;
	int r;

	x->type = dot ? arena_memdup(&c->arena, address, (size_t)(dot - address)) : address;
	x->name = dot ? dot + 1 : "";
	if (state_open(&s, c->env.home, &(struct state_opts){ .flags = STATE_READ }, err) < 0)
		return -1;
	r = state_records(s, NULL, explained_record, x, err);
	state_close(s);
	return r < 0 ? -1 : 0;
}

/* What is shared is explained by all instances: what becomes of it is theirs to say. */
static int
explained_args(struct cli *c, struct goals *g, const char *address, struct error *err)
{
	struct explained x = { 0 };
	AUTO(names) all = { 0 };
	int r = 0;

	if (c->nargs)
		return desired_args(c, g, err);
	if (explained_find(c, address, &x, err) < 0)
		return -1;
	if (x.owner && *x.owner && instance_exists(c, x.owner)) {
		GROW(all.v, all.n, all.cap);
		all.v[all.n++] = xstrdup(x.owner);
	} else if (names_list(&all, c->env.home, err) < 0) {
		return -1;
	}
	free(x.owner);
	for (size_t i = 0; i < all.n && r == 0; i++) {
		struct request *a;

		r = goals_add(g, all.v[i], GOAL_STOPPED, &a, err);
		if (r == 0)
			a->keep_goal = a->meets_delete = true;
	}
	return r;
}

static int
explain_run(struct cli *c, struct error *err)
{
	const char *address = c->args[0];
	AUTO(goals) g = { 0 };
	struct run r;

	c->args++;
	c->nargs--;
	if (explained_args(c, &g, address, err) < 0)
		return -1;
	r = goals_run(&g);
	r.dry = true;
	r.explains = address;
	return run_engine(c, &r, err);
}

const struct command command_explain = {
	.name = "explain",
	.group = GROUP_ADVANCED,
	.args = "ADDRESS [FILE.yaml|URL|INSTANCE...]",
	.about = "Tell what a resource is, who needs it, and what apply would do with it, and why",
	.details = "ADDRESS is TYPE.NAME, as `plan` tells it: `vm.web`. Behind it stands what `plan` takes; without that it is the\n"
		   "instance that the resource belongs to, as it was last asked to be. Nothing is changed.",
	.example = "limactl explain vm.web\nlimactl explain disk.web --set '.disk=\"20GiB\"' web\nlimactl explain --json image./srv/debian.img",
	.complete = "@address @instance @file",
	.flags = flags,
	.min_args = 1,
	.max_args = -1,
	.strict = true,
	.run = explain_run,
};
