/* limactl plan: what apply would do, and why */
#include "base/auto.h"
#include "cli/args/desired_args.h"
#include "cli/args/files.h"
#include "cli/run.h"
#include "cli/view/drift_view.h"
#include "cli/view/refused.h"

static const struct flag flags[] = {
	{ "", .include = desired_flags },
	{ "out", 'o', FLAG_STRING, .about = "Write the plan to this file too, for `limactl show` and `limactl apply`", .complete = "@file" },
	{ "drift", 0, FLAG_BOOL, .about = "Only what changed behind our back, and the two ways out: adopt it, or revert it, which apply does" },
	{ "detailed-exitcode", 0, FLAG_BOOL, NULL, "Exit with 2 if there is something to do", 0, NULL },
	{ 0 },
};

static int
plan_make_and_show(struct cli *c, struct error *err)
{
	AUTO(goals) g = { 0 };
	struct run r;

	if (desired_args(c, &g, err) < 0)
		return -1;
	r = desired_run(c, &g);
	r.dry = true;
	r.out = cli_given(c, "out") ? cli_str(c, "out") : NULL;
	r.texts = g.all ? TEXTS_ALL : r.texts;
	if (cli_bool(c, "drift"))
		r.shows = drift_view_print, r.keep_going = true;
	return run_engine(c, &r, err);
}

static int
cmd_plan_run(struct cli *c, struct error *err)
{
	int status = plan_make_and_show(c, err);

	/* Who reads the answer is told in it, too, unless there is one already. */
	if (status < 0 && cli_bool(c, "json") && !c->told_json)
		refused_print(c, err);
	return status;
}

const struct command command_plan = {
	.name = "plan",
	.group = GROUP_BASIC,
	.args = "[FILE.yaml|URL|INSTANCE...]",
	.about = "Show what apply would do, and why",
	.details = "Without arguments: " FILES_DEFAULT " in this folder; where there is none, or with --all, every\n"
		   "instance there is, each as it was last asked to be, running or not.\n"
		   "Signs: + create, ~ change in place, -/+ remade, - removed. Nothing is changed.\n"
		   "\n"
		   "--json has Terraform's names where they fit (resource_changes, change.actions, resource_drift, applyable, complete), and the\n"
		   "price beside them: class, downtime, bytes_at_risk. Where nothing can be planned it has status and diagnostics. PREFIX/share/lima/plan.schema.json says all that may be in it.\n"
		   "\n"
		   "--drift tells what was found otherwise than it was left, apart from what you have changed: what of it lima.yaml has a key\n"
		   "for (`apply --adopt-drift`), and what becomes of it otherwise. With --json that is resource_drift, beside all else.\n"
		   "\n"
		   "With --out the plan is kept: `limactl apply FILE` walks it, and nothing else. If what it rests on has moved by then,\n"
		   "a text, or what is there, nothing is done, what has moved is told, and the exit status is 3.",
	.example = "limactl plan lima.yaml\nlimactl plan --set '.memory=\"4GiB\"' default\nlimactl plan --detailed-exitcode --json\nlimactl plan --out web.plan web.yaml && limactl apply web.plan",
	.complete = "@instance @file",
	.flags = flags,
	.more_flags = ready_flags,
	.max_args = -1,
	.strict = true,
	.run = cmd_plan_run,
};
