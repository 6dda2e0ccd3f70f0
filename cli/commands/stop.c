/* limactl stop: an instance made, but not running; or put aside, to go on from there */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/call_off.h"
#include "cli/commands/stop.h"
#include "cli/view/instance.h"
#include "cli/run.h"
#include "resources/instance_lock.h"
#include "resources/suspend.h"
#include "state/desired/template/name.h"

enum { GRACE_S = 180 };	/* what the host agent gives a guest, whatever is asked of limactl */

static const struct flag flags[] = {
	{ "force", 'f', FLAG_BOOL, .about = "Stop at once, without asking the guest to shut down" },
	{ "suspend", 0, FLAG_BOOL, .about = "Put its memory aside, from which `start` goes on; as `limactl suspend`" },
	{ "timeout", 0, FLAG_DURATION, "3m", .about = "How long a guest may take to shut down, 3m at most; then its machine is ended" },
	{ 0 },
};

/* One that is suspended has lost nothing yet; whoever stops it by force has said that it may. */
static int
stop_add_one(struct cli *c, struct goals *g, const struct instance *i, bool suspend, struct error *err)
{
	struct request *a;

	if (goals_add(g, i->name, suspend ? GOAL_SUSPENDED : GOAL_STOPPED, &a, err) < 0)
		return -1;
	if (!suspend && c->env.force && instance_is(i, "Suspended")) {
		cli_say(&c->env, SAY_WARN, "%s: its memory is given up, which is to its disk like a power cut", i->name);
		facts_set(&a->how, &c->arena, VM_GIVES_UP, "yes");
	}
	return 0;
}

/* Adds the instance, or what keeps it from being stopped to `complaints`. */
static int
stop_add(struct cli *c, struct look *l, struct goals *g, const char *name, bool suspend, struct buf *complaints, struct error *err)
{
	AUTO(instance) i = { 0 };
	AUTO(buf) why = BUF_INIT;
	/* A guest that is still booting has nothing worth keeping, and one that waits for it is to go on waiting. */
	int ended = suspend ? 0 : call_off_start(c, name, err);

	if (ended < 0)
		return -1;
	instance_look(l, name, &i);
	if (i.is_unknown)
		buf_addf(&why, "instance `%s`: %s", name, i.errors[0]);
	else if (!i.has_yaml)
		buf_addf(&why, "instance `%s` does not exist: open %s/lima.yaml: no such file or directory", name, i.dir);
	else if (!ended && !c->env.force && instance_is(&i, "Suspended"))
		buf_addf(&why, "instance `%s` is suspended%s%s%s%s%s", name, suspend ? " already" : ": `limactl start ", suspend ? "" : name,
			 suspend ? "" : "` resumes it, `limactl stop --force ", suspend ? "" : name, suspend ? "" : "` gives its memory up, which is to its disk like a power cut");
	/* Where another limactl is about to bring it up, or down, that is waited for, and then it is stopped. */
	else if (!ended && !c->env.force && !instance_is(&i, "Running") && !instance_is_worked_on(&c->env, name))
		buf_addf(&why, "expected status `Running`, got `%s` (maybe use `limactl stop -f`?)", i.status.word);
	else
		return stop_add_one(c, g, &i, suspend, err);
	buf_addf(complaints, "%s%s", complaints->len ? "\n" : "", why.s);
	return 0;
}

/* Another limactl may have stopped it meanwhile, and then there was nothing to put aside. */
static int
stop_tell(const struct cli *c, const char *name, bool suspend, struct error *err)
{
	auto_free char *dir = xasprintf("%s/%s", c->env.home, name);

	if (suspend && !suspend_is_there(dir))
		return error_set(err, ERR_REFUSED, "instance `%s` is not suspended: another limactl stopped or started it meanwhile; see `limactl list`", name);
	cli_say(&c->env, SAY_INFO, suspend ? "The instance `%s` is suspended" : "The instance `%s` has shut down", name);
	return 0;
}

int
stop_instances(struct cli *c, bool suspend, struct error *err)
{
	static char *const only_default[] = { "default" };
	char *const *names = c->nargs ? c->args : only_default;
	AUTO(buf) complaints = BUF_INIT;
	AUTO(goals) g = { 0 };
	struct look l;
	int n = c->nargs ? c->nargs : 1, r = 0;

	look_begin(&l, c);
	for (int i = 0; i < n && r == 0; i++)
		r = name_check(names[i], err) < 0 ? -1 : stop_add(c, &l, &g, names[i], suspend, &complaints, err);
	look_release(&l);
	if (r == 0 && g.n)
		r = run_engine(c, &(struct run){ .requests = g.v, .nrequests = g.n, .quiet = true }, err);
	for (int i = 0; i < n && r == 0; i++)
		if (goals_has(&g, names[i]))
			r = stop_tell(c, names[i], suspend, err);
	if (r == 0 && complaints.len)
		return error_set(err, ERR_REFUSED, "%s", complaints.s);
	return r;
}

static int
stop_run(struct cli *c, struct error *err)
{
	long long timeout_s = cli_int(c, "timeout") / NS_PER_S;

	if (timeout_s < 1 || timeout_s > GRACE_S)
		return error_set(err, ERR_INVALID, "--timeout: a guest is given between 1 s and 3 min to shut down; `--force` gives it none");
	if (cli_bool(c, "suspend") && (cli_bool(c, "force") || cli_given(c, "timeout")))
		return error_set(err, ERR_INVALID, "--suspend: the guest is not shut down, so there is no --force and no --timeout");
	c->env.stop_timeout_s = timeout_s < GRACE_S ? (int)timeout_s : 0;
	c->env.force = cli_bool(c, "force");
	return stop_instances(c, cli_bool(c, "suspend"), err);
}

const struct command command_stop = {
	.name = "stop",
	.group = GROUP_BASIC,
	.args = "[INSTANCE...]",
	.about = "Stop instances",
	.details = "Several are stopped at the same time. One that does not run is an error, unless it is forced.\n"
		   "A suspended one is stopped by --force alone, which gives its memory up: that is to its disk like a power cut.",
	.example = "limactl stop\nlimactl stop --force web db",
	.complete = "@instance",
	.flags = flags,
	.more_flags = run_flags,
	.max_args = -1,
	.run = stop_run,
};
