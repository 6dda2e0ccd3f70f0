/* limactl stop: an instance made, but not running */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "cli/call_off.h"
#include "cli/view/instance.h"
#include "cli/run.h"
#include "state/desired/template/name.h"

enum { GRACE_S = 180 };	/* what the host agent gives a guest, whatever is asked of limactl */

static const struct flag flags[] = {
	{ "force", 'f', FLAG_BOOL, .about = "Stop at once, without asking the guest to shut down" },
	{ "timeout", 0, FLAG_DURATION, "3m", .about = "How long a guest may take to shut down, 3m at most; then its machine is ended" },
	{ 0 },
};

/* Adds the instance, or what keeps it from being stopped to `complaints`. */
static int
stop_add(struct cli *c, struct look *l, struct goals *g, const char *name, struct buf *complaints, struct error *err)
{
	AUTO(instance) i = { 0 };
	AUTO(buf) why = BUF_INIT;
	int ended = call_off_start(c, name, err);

	if (ended < 0)
		return -1;
	instance_look(l, name, &i);
	if (i.is_unknown)
		buf_addf(&why, "instance `%s`: %s", name, i.errors[0]);
	else if (!i.has_yaml)
		buf_addf(&why, "instance `%s` does not exist: open %s/lima.yaml: no such file or directory", name, i.dir);
	else if (!ended && !c->env.force && !instance_is(&i, "Running"))
		buf_addf(&why, "expected status `Running`, got `%s` (maybe use `limactl stop -f`?)", i.status.word);
	else
		return goals_add(g, name, GOAL_STOPPED, NULL, err);
	buf_addf(complaints, "%s%s", complaints->len ? "\n" : "", why.s);
	return 0;
}

static int
stop_run(struct cli *c, struct error *err)
{
	static char *const only_default[] = { "default" };
	char *const *names = c->nargs ? c->args : only_default;
	AUTO(buf) complaints = BUF_INIT;
	AUTO(goals) g = { 0 };
	struct look l;
	long long timeout_s = cli_int(c, "timeout") / NS_PER_S;
	int n = c->nargs ? c->nargs : 1, r = 0;

	if (timeout_s < 1 || timeout_s > GRACE_S)
		return error_set(err, ERR_INVALID, "--timeout: a guest is given between 1 s and 3 min to shut down; `--force` gives it none");
	c->env.stop_timeout_s = timeout_s < GRACE_S ? (int)timeout_s : 0;
	c->env.force = cli_bool(c, "force");
	look_begin(&l, c);
	for (int i = 0; i < n && r == 0; i++)
		r = name_check(names[i], err) < 0 ? -1 : stop_add(c, &l, &g, names[i], &complaints, err);
	look_release(&l);
	if (r == 0 && g.n)
		r = run_engine(c, &(struct run){ .asks = g.v, .nasks = g.n, .quiet = true }, err);
	for (int i = 0; i < n && r == 0; i++)
		if (goals_has(&g, names[i]))
			cli_say(&c->env, SAY_INFO, "The instance `%s` has shut down", names[i]);
	if (r == 0 && complaints.len)
		return error_set(err, ERR_REFUSED, "%s", complaints.s);
	return r;
}

const struct command command_stop = {
	.name = "stop",
	.group = GROUP_BASIC,
	.args = "[INSTANCE...]",
	.about = "Stop instances",
	.details = "Several are stopped at the same time. One that does not run is an error, unless it is forced.",
	.example = "limactl stop\nlimactl stop --force web db",
	.complete = "@instance",
	.flags = flags,
	.more_flags = run_flags,
	.max_args = -1,
	.run = stop_run,
};
