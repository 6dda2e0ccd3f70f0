#include "cli/args/desired_args.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cli/args/adopt.h"
#include "cli/args/edit_flags.h"
#include "cli/args/files.h"
#include "cli/args/fleet_args.h"
#include "cli/args/removal.h"
#include "cli/args/undo.h"
#include "cli/plan/plan_file.h"
#include "state/desired/fleet/fleet.h"
#include "state/desired/template/template.h"

const struct flag desired_flags[] = {
	{ "name", 0, FLAG_STRING, NULL, "Name of the instance; by default that of the file", 0, NULL },
	{ "", .include = file_flags },
	{ "", .include = fleet_flags },
	{ "", .include = removal_flags },
	{ "", .include = undo_flags },
	{ "", .include = adopt_flags },
	{ "target", 0, FLAG_ARRAY, .about = "Only this resource (TYPE.NAME, as `disk.web`), and what it needs", .complete = "@address" },
	{ "replace", 0, FLAG_ARRAY, .about = "Make this resource anew, though it is as wanted", .complete = "@address" },
	{ "all", 'a', FLAG_BOOL, .about = "Every instance there is" },
	{ "", .include = edit_flags },
	{ "", .include = new_flags },
	{ "lenient", 0, FLAG_BOOL, .about = "Only warn of unknown keys and of sizes that nobody means, as upstream does" },
	{ "running", 0, FLAG_BOOL, .about = "Running, also an instance that is named and is not; a file's is without it" },
	{ "stopped", 0, FLAG_BOOL, NULL, "Made, but not running", 0, NULL },
	{ "json", 0, FLAG_BOOL, NULL, "Print the plan, and what apply came to, as JSON", 0, NULL },
	{ 0 },
};

/* An instance that is named stays as it was last asked to be, unless a flag says otherwise. */
static bool
goal_given(struct cli *c)
{
	return cli_bool(c, "running") || cli_bool(c, "stopped");
}

static enum goal
named_goal(struct cli *c)
{
	return cli_bool(c, "running") ? GOAL_RUNNING : GOAL_STOPPED;
}

static const char *
desired_given(const struct cli *c)
{
	return cli_bool(c, "stopped") ? "stopped" : cli_bool(c, "running") ? "running" : edit_given(c) ? "set, and what else changes a lima.yaml," : NULL;
}

/* What goes is named, or everything is meant in so many words. */
static int
check_destroy(struct cli *c, size_t n, struct error *err)
{
	const char *other = desired_given(c);

	if (!cli_bool(c, "destroy"))
		return 0;
	if (other)
		return error_set(err, ERR_INVALID, "--%s says what is wanted of an instance, and --destroy that nothing is", other);
	if (!n && !cli_bool(c, "all"))
		return error_set(err, ERR_INVALID, "what is to be removed? Name an instance, a file or fleet/NAME, or say --all");
	return 0;
}

static int
all_instances(struct cli *c, struct goals *g, struct error *err)
{
	AUTO(names) names = { 0 };

	g->all = true;
	if (names_list(&names, c->env.home, err) < 0)
		return -1;
	if (names.n && !cli_bool(c, "all"))
		cli_say(&c->env, SAY_INFO, "There is no " FILES_DEFAULT " in this folder: every instance of %s is meant, which is %zu", c->env.home,
			names.n);
	for (size_t i = 0; i < names.n; i++) {
		struct request *a;

		if (cli_bool(c, "destroy")) {
			if (removal_add(c, g, names.v[i], err) < 0)
				return -1;
			continue;
		}
		if (goals_add(g, names.v[i], named_goal(c), &a, err) < 0)
			return -1;
		a->keep_goal = !goal_given(c);
		a->meets_delete = true;
		a->may_be_gone = true;
	}
	return 0;
}

/* The instance that the file makes, if it is there. */
static int
destroy_template(struct cli *c, struct goals *g, const struct template *t, const char *arg, struct error *err)
{
	const char *name = *cli_str(c, "name") ? cli_str(c, "name") : t->name ? t->name : "";

	if (name_check(name, err) < 0)
		return error_wrap(err, "%s", arg);
	if (instance_exists(c, name))
		return removal_add(c, g, name, err);
	cli_say(&c->env, SAY_WARN, "Ignoring non-existent instance `%s`", name);
	return 0;
}

/* What a file says is wanted, whatever was begun before. */
static int
template_argument(struct cli *c, struct goals *g, const char *arg, struct error *err)
{
	enum goal goal = cli_bool(c, "stopped") ? GOAL_STOPPED : GOAL_RUNNING;
	struct spec_opts opts = cli_spec_opts(c);
	AUTO(template) t = { 0 };
	struct request *a;

	if (plan_file_is(arg))
		return error_set(err, ERR_INVALID, "%s: is a plan: `limactl show` shows it, `limactl apply` walks it, alone", arg);
	if (template_read(&t, arg, &opts, err) < 0)
		return -1;
	if (fleet_is(t.text, t.len))
		return fleet_args_add(c, g, &t, goal, err);
	if (cli_bool(c, "destroy"))
		return destroy_template(c, g, &t, arg, err);
	if (goals_add_read(c, g, &t, arg, cli_str(c, "name"), goal, &a, err) < 0)
		return -1;
	a->meets_delete = true;
	return 0;
}

/* A flag that is about fleets says nothing of an instance. */
static int
check_fleet_flags(struct cli *c, const struct goals *g, struct error *err)
{
	for (const struct flag *f = fleet_flags; f->name && !g->nfleet; f++)
		if (cli_bool(c, f->name))
			return error_set(err, ERR_INVALID, "--%s is about a fleet file, and none was given: that is one with `instances:` at its top", f->name);
	return 0;
}

static bool
argument_is_folder(const char *arg)
{
	struct stat st;

	return stat(arg, &st) == 0 && S_ISDIR(st.st_mode);
}

static int
folder_argument(struct cli *c, struct goals *g, const char *dir, struct error *err)
{
	char **files;

	if (files_of_folder(c, dir, &files, err) < 0)
		return -1;
	for (; *files; files++)
		if (template_argument(c, g, *files, err) < 0)
			return -1;
	return 0;
}

static int
one_argument(struct cli *c, struct goals *g, const char *arg, struct error *err)
{
	struct request *a;

	if (name_check(arg, NULL) == 0 && !instance_exists(c, arg) && !fs_exists(arg))
		return error_set(err, ENOENT, "there is no instance and no file `%s`", arg), error_hint(err, "; a template is template:%s", arg);
	if ((name_check(arg, NULL) < 0 || !instance_exists(c, arg)) && argument_is_folder(arg))
		return folder_argument(c, g, arg, err);
	if (name_check(arg, NULL) < 0 || !instance_exists(c, arg))
		return template_argument(c, g, arg, err);
	if (cli_bool(c, "destroy"))
		return removal_add(c, g, arg, err);
	if (goals_add_instance(c, g, arg, named_goal(c), &a, err) < 0)
		return -1;
	a->keep_goal = !goal_given(c);
	/* A changed lima.yaml does not say whether the instance is to be deleted. */
	a->meets_delete = !edit_given(c) || !a->keep_goal;
	return 0;
}

static void
add_aims(struct cli *c, struct goals *g, const char *flag, struct aim like)
{
	size_t n = 0;
	char *const *v = cli_list(c, flag, &n);
	struct aim *more = arena_alloc(&c->arena, (g->naims + n + 1) * sizeof *more);

	if (g->naims)
		memcpy(more, g->aims, g->naims * sizeof *more);
	for (size_t i = 0; i < n; i++) {
		like.address = v[i];
		more[g->naims++] = like;
	}
	g->aims = more;
}

struct run
desired_run(struct cli *c, const struct goals *g)
{
	struct run r = goals_run(g);

	r.keep_going = g->nfleet && !cli_bool(c, "destroy");
	r.texts = g->all || g->nfleet ? TEXTS_NONE : TEXTS_NAMED;
	return r;
}

int
desired_args(struct cli *c, struct goals *g, struct error *err)
{
	char **args;
	size_t n;

	if (cli_bool(c, "running") && cli_bool(c, "stopped"))
		return error_set(err, ERR_INVALID, "--running and --stopped: one of the two");
	if (cli_bool(c, "undo") && (cli_bool(c, "destroy") || cli_bool(c, "all") || cli_given(c, "file")))
		return error_set(err, ERR_INVALID, "--undo says itself what is wanted; leave --destroy, --all and --file out");
	if (cli_bool(c, "undo"))
		return undo_args(c, g, err);
	if (cli_bool(c, "adopt-drift") && cli_bool(c, "destroy"))
		return error_set(err, ERR_INVALID, "--adopt-drift says itself what is wanted; leave --destroy out");
	if (cli_bool(c, "adopt-drift"))
		return adopt_args(c, g, err);
	if (files_arguments(c, &args, &n, err) < 0)
		return -1;
	add_aims(c, g, "target", (struct aim){ .how = AIM_TARGET });
	add_aims(c, g, "replace", (struct aim){ .how = AIM_REPLACE, .may_lose = cli_bool(c, "allow-data-loss") });
	if (check_destroy(c, n, err) < 0)
		return -1;
	if (!n && edit_given(c))
		return error_set(err, ERR_INVALID, "what is to be changed?"),
		       error_hint(err, " Name an instance or a file; there is no " FILES_DEFAULT " in this folder");
	if (!n)
		return all_instances(c, g, err) < 0 ? -1 : check_fleet_flags(c, g, err);
	if (n > 1 && *cli_str(c, "name"))
		return error_set(err, ERR_INVALID, "--name names one instance, but %zu files were given", n);
	for (size_t i = 0; i < n; i++)
		if (one_argument(c, g, args[i], err) < 0)
			return -1;
	return check_fleet_flags(c, g, err);
}
