/* limactl protect, unprotect: an instance that `delete` refuses to touch */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "cli/view/instance.h"
#include "cli/run.h"
#include "state/desired/template/name.h"

/* Adds the instance if there is something to change; else says so. */
static void
protect_add(struct cli *c, struct look *l, struct goals *g, const char *name, const struct want *want, struct buf *complaints)
{
	bool yes = strcmp(want->value, "yes") == 0;
	AUTO(instance) i = { 0 };
	struct error err = { 0 };
	struct request *a;

	if (name_check(name, &err) == 0) {
		instance_look(l, name, &i);
		if (instance_check_known(&i, &err) == 0 && !i.has_yaml)
			error_set(&err, ERR_INVALID, "open %s/lima.yaml: no such file or directory", i.dir);
	}
	if (err.code) {
		buf_addf(complaints, "%sfailed to inspect instance %s: %s", complaints->len ? "\n" : "", cli_tick(c, name), err.msg);
	} else if (instance_protected(&i) == yes && (!yes || fs_exists(arena_printf(&i.arena, "%s/protected", i.dir)))) {
		cli_say(&c->env, SAY_WARN, yes ? "Instance `%s` is already protected. Skipping." :
			"Instance `%s` isn't protected. Skipping.", name);
	} else if (goals_add(g, name, GOAL_STOPPED, &a, NULL) == 0) {
		a->keep_goal = true;
		a->only = "dir";
		a->wants = want;
		a->nwants = 1;
	}
}

static int
protect_change(struct cli *c, const struct want *want, struct error *err)
{
	bool yes = strcmp(want->value, "yes") == 0;
	AUTO(buf) complaints = BUF_INIT;
	AUTO(goals) g = { 0 };
	struct look l;
	int status = 0;

	look_begin(&l, c);
	for (int i = 0; i < c->nargs; i++)
		protect_add(c, &l, &g, c->args[i], want, &complaints);
	look_release(&l);
	if (g.n)
		status = run_engine(c, &(struct run){ .requests = g.v, .nrequests = g.n, .quiet = true, .silent = true }, err);
	for (size_t i = 0; i < g.n && status == 0; i++)
		cli_say(&c->env, SAY_INFO, yes ? "Protected `%s`" : "Unprotected `%s`", g.v[i].name);
	if (status == 0 && complaints.len)
		return error_set(err, ERR_INVALID, "%s", complaints.s);
	return status;
}

static int
run_protect(struct cli *c, struct error *err)
{
	return protect_change(c, &(struct want){ "dir", "protected", "yes" }, err);
}

static int
run_unprotect(struct cli *c, struct error *err)
{
	return protect_change(c, &(struct want){ "dir", "protected", "no" }, err);
}

const struct command command_protect = {
	.name = "protect",
	.group = GROUP_ADVANCED,
	.args = "INSTANCE [INSTANCE...]",
	.about = "Protect instances from being deleted or reset",
	.example = "limactl protect web db",
	.complete = "@instance",
	.min_args = 1,
	.max_args = -1,
	.run = run_protect,
};

const struct command command_unprotect = {
	.name = "unprotect",
	.group = GROUP_ADVANCED,
	.args = "INSTANCE [INSTANCE...]",
	.about = "Take the protection of instances away",
	.example = "limactl unprotect web",
	.complete = "@instance",
	.min_args = 1,
	.max_args = -1,
	.run = run_unprotect,
};
