/* limactl delete: nothing of the instance wanted */
#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/fs.h"
#include "cli/call_off.h"
#include "cli/view/instance.h"
#include "cli/run.h"
#include "state/desired/template/name.h"

static const struct flag flags[] = {
	{ "force", 'f', FLAG_BOOL, .about = "Delete a running instance too, and do not ask it to shut down" },
	{ 0 },
};

static int
delete_refuse(const char *name, const char *why, struct error *err)
{
	return error_set(err, ERR_REFUSED, "failed to delete instance `%s`: %s", name, why);
}

/* Its folder has gone from its place, but the deleting of that did not come to its end. */
static bool
instance_has_tomb(const struct cli *c, const char *name)
{
	auto_free char *tomb = xasprintf("%s/.%s.deleted", c->env.home, name);

	return fs_exists(tomb);
}

/* 1: it is to go; 0: it is not there, or no instance, which is told */
static int
delete_check(struct cli *c, struct look *l, const char *name, struct buf *complaints, struct error *err)
{
	AUTO(instance) i = { 0 };
	AUTO(buf) why = BUF_INIT;

	if (!instance_exists(c, name) && instance_has_tomb(c, name))
		return 1;
	if (!instance_exists(c, name)) {
		cli_say(&c->env, SAY_WARN, "Ignoring non-existent instance `%s`", name);
		return 0;
	}
	if (c->env.force && call_off_start(c, name, err) < 0)
		return -1;
	instance_look(l, name, &i);
	if (i.is_unknown) {
		buf_addf(complaints, "%sinstance `%s`: %s", complaints->len ? "\n" : "", name, i.errors[0]);
		return 0;
	}
	if (!i.has_yaml) {
		buf_addf(complaints, "%sinstance `%s` directory `%s` exists but its `lima.yaml` could not be read; it was NOT "
			 "deleted, since it may hold other things", complaints->len ? "\n" : "", name, i.dir);
		return 0;
	}
	if (c->env.force || instance_is(&i, "Stopped") || instance_is(&i, "Suspended") || (!i.config && !i.status.agent && !i.status.hypervisor))
		return 1;
	buf_addf(&why, "expected status `Stopped`, got `%s` (`limactl stop %s` first, or `limactl delete --force %s`)", i.status.word, name,
		 name);
	return delete_refuse(name, why.s, err);
}

/* `names` are told in their order: the engine sorts what it is asked. */
static int
delete(struct cli *c, struct request *requests, const char *const *names, size_t n, struct error *err)
{
	int status = n ? run_engine(c, &(struct run){ .requests = requests, .nrequests = n, .at_rest = !c->env.force, .quiet = true }, err) : 0;

	for (size_t i = 0; i < n && status == 0; i++)
		cli_say(&c->env, SAY_INFO, "Deleted `%s` (`%s/%s`)", names[i], c->env.home, names[i]);
	return status;
}

static int
delete_alone(struct cli *c, const char *name, struct error *err)
{
	struct request a = { .name = name, .goal = GOAL_ABSENT, .may_lose = true };
	int status = delete(c, &a, &name, 1, err);

	return status < 0 ? error_wrap(err, "failed to delete instance `%s`", name) : status;
}

/* Together; when the plan of one is refused, one after the other: a refusal keeps those behind it, not those before it. */
static int
delete_all(struct cli *c, struct goals *g, struct error *err)
{
	auto_free const char **names = xcalloc(g->n + 1, sizeof *names);
	struct error why = { .code = ERR_REFUSED };
	int status = 0;

	for (size_t i = 0; i < g->n; i++)
		names[i] = g->v[i].name;
	if (g->n > 1)
		status = delete(c, g->v, names, g->n, &why);
	if (g->n > 1 && (status >= 0 || why.code != ERR_REFUSED)) {
		if (status < 0 && err)
			*err = why;
		return status;
	}
	status = 0;
	for (size_t i = 0; i < g->n && status == 0; i++)
		status = delete_alone(c, names[i], err);
	return status;
}

static int
delete_run(struct cli *c, struct error *err)
{
	AUTO(buf) complaints = BUF_INIT;
	struct error refused = { 0 };
	AUTO(goals) g = { 0 };
	struct look l;
	int r = 0, status;

	c->env.force = cli_bool(c, "force");
	look_begin(&l, c);
	for (int i = 0; i < c->nargs && r == 0; i++) {
		struct request *a;

		r = name_check(c->args[i], &refused) < 0 ? -1 : delete_check(c, &l, c->args[i], &complaints, &refused);
		if (r == 1 && goals_add(&g, c->args[i], GOAL_ABSENT, &a, NULL) == 0)
			a->may_lose = true;
		r = r < 0 ? -1 : 0;
	}
	look_release(&l);
	/* The first refusal keeps those behind it from being deleted, not those before it */
	status = delete_all(c, &g, err);
	if (status == 0 && r < 0 && err)
		*err = refused;
	if (status == 0 && r == 0 && complaints.len)
		return error_set(err, ERR_REFUSED, "%s", complaints.s);
	return r < 0 ? -1 : status;
}

const struct command command_delete = {
	.name = "delete",
	.aliases = "remove rm",
	.group = GROUP_BASIC,
	.args = "INSTANCE [INSTANCE...]",
	.about = "Delete instances, with their disks",
	.details = "Additional disks stay. A protected instance is not deleted, forced or not.",
	.example = "limactl delete web\nlimactl delete --force web db",
	.complete = "@instance",
	.flags = flags,
	.more_flags = run_flags,
	.min_args = 1,
	.max_args = -1,
	.run = delete_run,
};
