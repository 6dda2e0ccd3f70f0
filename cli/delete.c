/* limactl delete: nothing of the instance wanted */
#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cli/run.h"
#include "providers/pidfile.h"
#include "state/desired/template.h"

static const struct flag flags[] = {
	{ "force", 'f', FLAG_BOOL, NULL, "delete a running instance too, and do not ask it to shut down", 0, NULL },
	{ 0 },
};

static int
check(struct cli *c, const char *name, struct error *err)
{
	auto_free char *protected = xasprintf("%s/%s/protected", c->env.home, name);
	auto_free char *pidfile = xasprintf("%s/%s/qemu.pid", c->env.home, name);

	if (fs_exists(protected))
		return error_set(err, ERR_REFUSED, "instance `%s` is protected; run `limactl unprotect %s` first", name, name);
	if (!c->env.force && pidfile_process(pidfile) > 0)
		return error_set(err, ERR_REFUSED, "instance `%s` is running; stop it first, or use --force", name);
	return 0;
}

static int
run(struct cli *c, struct error *err)
{
	AUTO(goals) g = { 0 };

	c->env.force = cli_bool(c, "force");
	for (int i = 0; i < c->nargs; i++) {
		struct ask *a;

		if (name_check(c->args[i], err) < 0)
			return -1;
		if (!instance_exists(c, c->args[i])) {
			c->env.say(&c->env, SAY_WARN, "Ignoring non-existent instance `%s`", c->args[i]);
			continue;
		}
		if (check(c, c->args[i], err) < 0 || goals_add(&g, c->args[i], GOAL_ABSENT, &a, err) < 0)
			return -1;
		a->may_lose = true;
	}
	if (!g.n)
		return 0;
	return run_engine(c, &(struct run){ .asks = g.v, .nasks = g.n, .quiet = true }, err);
}

const struct command command_delete = {
	.name = "delete",
	.aliases = "remove rm",
	.group = GROUP_BASIC,
	.args = "INSTANCE [INSTANCE...]",
	.about = "Delete an instance of Lima, with its disk",
	.example = "limactl delete web\nlimactl delete --force web db",
	.complete = "instance",
	.flags = flags,
	.more_flags = run_flags,
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
