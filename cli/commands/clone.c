/* limactl clone, rename: an instance out of another one's folder */
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "cli/args/ask.h"
#include "cli/args/edit_again.h"
#include "cli/args/edit_flags.h"
#include "cli/view/instance.h"
#include "cli/run.h"
#include "cli/args/target.h"
#include "cli/commands/started.h"
#include "state/desired/template/template.h"

static const struct flag flags[] = {
	{ "start", 0, FLAG_BOOL, .about = "Start the new instance" },
	{ "lenient", 0, FLAG_BOOL, .about = "Only warn of unknown keys and of sizes that nobody means, as upstream does" },
	{ "", .include = edit_flags },
	{ 0 },
};

static int
clone_check(struct cli *c, const char *verb, struct error *err)
{
	const char *old = c->args[0], *name = c->args[1];
	AUTO(instance) i = { 0 };

	if (name_check(old, err) < 0)
		return -1;
	instance_look_one(c, old, &i);
	if (instance_check_known(&i, err) < 0)
		return -1;
	if (!i.has_yaml)
		return error_set(err, ENOENT, "instance `%s` not found", old);
	if (strcmp(old, name) == 0)
		return error_set(err, ERR_INVALID, "new instance name `%s` must be different from `%s`", name, old);
	if (name_check_new(name, c->env.home, err) < 0)
		return -1;
	if (i.status.hypervisor || i.status.agent)
		return error_set(err, ERR_REFUSED, "cannot %s a running instance", verb);
	if (instance_is(&i, "Suspended"))
		return error_set(err, ERR_REFUSED, "cannot %s a suspended instance: its disk is worth nothing without its memory; `limactl start %s` and "
				 "`limactl stop %s` first", verb, old, old);
	if (instance_exists(c, name))
		return error_set(err, EEXIST, "instance `%s` already exists", name);
	return 0;
}

struct cloning {
	const char *how;	/* the new folder is made from the old one: "copied from", "moved from" */
	bool moves;
};

static int
clone_make_once(struct cli *c, void *ctx, struct error *err)
{
	const struct cloning *k = ctx;
	const char *old = c->args[0], *name = c->args[1];
	const char *from = arena_printf(&c->arena, "%s/%s", c->env.home, old);
	AUTO(template) t = { 0 };
	AUTO(goals) g = { 0 };
	const char *text;
	struct request *a;

	if (goals_instance_text(c, old, &t, err) < 0)
		return -1;
	text = arena_strdup(&c->arena, t.text);
	if (edit_apply(c, &t, false, err) < 0 || goals_add_copy(c, &g, &t, name, GOAL_STOPPED, from, &a, err) < 0)
		return -1;
	facts_set(&a->how, &c->arena, k->how, from);
	/* An unfinished copy holds no user's data, so it may be removed. */
	return run_engine(c, &(struct run){ .requests = g.v, .nrequests = g.n, .also_lock = old, .text_was = text, .at_rest = true, .made = name,
					    .if_failed = k->moves ? MADE_STAYS : MADE_GOES, .quiet = true, .silent = true }, err);
}

static int
start_if_wanted(struct cli *c, struct error *err)
{
	int start = ask_start(c, err);

	return start > 0 ? start_now(c, c->args[1], err) : start;
}

static void
warn_of_yes(struct cli *c)
{
	if (cli_given(c, "yes"))
		cli_say(&c->env, SAY_WARN, "--yes is deprecated for `limactl %s`: use --tty=false, or --start", c->command->name);
}

static int
run_clone(struct cli *c, struct error *err)
{
	int status;

	warn_of_yes(c);
	if (clone_check(c, "clone", err) < 0)
		return -1;
	status = edit_again(c, clone_make_once, &(struct cloning){ "copied from", false }, err);
	return status ? status : start_if_wanted(c, err);
}

/*
 * What is recorded of the old name goes; there is nothing of it left to touch. Another limactl may have made an instance of that name
 * meanwhile: then the records are of that one.
 */
static int
clone_forget(struct cli *c, const char *name, struct error *err)
{
	AUTO(goals) g = { 0 };
	struct error why = { 0 };

	if (instance_exists(c, name))
		return 0;
	if (goals_add(&g, name, GOAL_ABSENT, NULL, err) < 0)
		return -1;
	if (run_engine(c, &(struct run){ .requests = g.v, .nrequests = g.n, .gone = name, .quiet = true, .silent = true }, &why) == 0 || why.code == EEXIST)
		return 0;
	return error_set(err, why.code, "%s", why.msg);
}

static int
run_rename(struct cli *c, struct error *err)
{
	int status;

	warn_of_yes(c);
	if (clone_check(c, "rename", err) < 0)
		return -1;
	status = edit_again(c, clone_make_once, &(struct cloning){ "moved from", true }, err);
	if (status == 0)
		status = clone_forget(c, c->args[0], err);
	return status ? status : start_if_wanted(c, err);
}

const struct command command_clone = {
	.name = "clone",
	.group = GROUP_ADVANCED,
	.args = "OLDINST NEWINST",
	.about = "Make an instance that is a copy of a stopped one, disk and all",
	.details = "Data is shared where the file system can do that. The copy is not protected.",
	.example = "limactl clone default test\nlimactl clone --cpus=1 --start default test",
	.complete = "@instance",
	.names = 1,
	.flags = flags,
	.more_flags = ready_flags,
	.strict = true,
	.min_args = 2,
	.max_args = 2,
	.creates = true,
	.run = run_clone,
};

const struct command command_rename = {
	.name = "rename",
	.group = GROUP_ADVANCED,
	.args = "OLDINST NEWINST",
	.about = "Give a stopped instance another name",
	.details = "A protected instance stays protected.",
	.example = "limactl rename default work",
	.complete = "@instance",
	.names = 1,
	.flags = flags,
	.more_flags = ready_flags,
	.strict = true,
	.min_args = 2,
	.max_args = 2,
	.run = run_rename,
};
