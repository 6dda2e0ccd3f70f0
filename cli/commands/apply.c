/* limactl apply: make it so */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cjson.h"
#include "base/error.h"
#include "cli/args/ask.h"
#include "cli/args/desired_args.h"
#include "cli/args/edit_again.h"
#include "cli/args/files.h"
#include "cli/args/undo.h"
#include "cli/call_off.h"
#include "cli/plan/plan_file.h"
#include "cli/plan/plan_words.h"
#include "cli/rounds/round.h"
#include "cli/rounds/rounds.h"
#include "cli/run.h"
#include "cli/view/refused.h"
#include "cli/view/report.h"

static const struct flag flags[] = {
	{ "", .include = desired_flags },
	{ "", .include = rollback_flags },
	{ "", .include = report_flags },
	{ "", .include = rounds_flags },
	{ 0 },
};

static int
apply_run_goals(struct cli *c, const struct goals *g, const cJSON *saved, int64_t *run, struct error *err)
{
	bool later = c->round && !c->round->first;
	struct run r = desired_run(c, g);

	r.asks_first = !later;
	r.quiet = r.silent = later;
	r.saved = saved;
	r.ran = run;
	return run_engine(c, &r, err);
}

/* Whoever sits at the terminal is asked, and a script has said so before; a Ctrl-C is no failure. */
static bool
apply_goes_back(struct cli *c, const struct goals *back, const struct error *why)
{
	static const char *const choices[] = { "Leave it as it is", "Back to what it was before" };

	if (!back->n || (why->code == ERR_CANCELLED && !cli_out_of_time(c)))
		return false;
	if (cli_bool(c, "rollback-on-failure"))
		return true;
	if (why->code == ERR_CANCELLED || !c->tty || !isatty(STDIN_FILENO) || cli_bool(c, "json"))
		return false;
	cli_say(&c->env, SAY_ERROR, "%s", why->msg);
	return ask_choice(c, "It did not come to what was wanted. What now?", choices, ARRAY_LEN(choices), NULL) == 1;
}

/* What that run has changed before it failed becomes what it was: a plan like any other, and the command has failed all the same. */
static void
apply_roll_back(struct cli *c, const struct goals *g, int64_t run, struct error *err)
{
	AUTO(goals) back = { 0 };
	struct error why = { 0 };
	bool late = cli_out_of_time(c);

	if (!run || undo_run(c, &back, g->v, g->n, run, &why) < 0 || !apply_goes_back(c, &back, err)) {
		if (why.code)
			cli_say(&c->env, SAY_ERROR, "it cannot be taken back: %s", why.msg);
		return;
	}
	cli_say(&c->env, SAY_WARN, "Going back to what there was before run %" PRId64, run);
	cli_time_over(c, false);
	if (run_engine(c, &(struct run){ .requests = back.v, .nrequests = back.n, .quiet = cli_bool(c, "json") }, &why) < 0)
		error_hint(err, "; and on the way back: %s", why.msg);
	else
		error_hint(err, "; it is again as it was before");
	cli_time_over(c, late);
}

static int
apply_goals(struct cli *c, const struct goals *g, const cJSON *saved, struct error *err)
{
	int64_t run = 0;
	int status = apply_run_goals(c, g, saved, &run, err);

	if (status < 0)
		apply_roll_back(c, g, run, err);
	return status;
}

/* The words of a plan that was kept, in the folder that they were given in. */
static int
apply_take_plan(struct cli *c, struct goals *g, cJSON **saved, struct error *err)
{
	const char *file = c->args[0];
	const cJSON *errors;
	const char *home;
	int back = -1, done;

	if (plan_file_read(file, saved, err) < 0)
		return -1;
	home = cjson_text(*saved, "home");
	errors = cjson_get(cjson_get(*saved, "plan"), "errors");
	if (!home || strcmp(home, c->env.home) != 0)
		return error_set(err, ERR_REFUSED, "%s: is a plan of %s, and LIMA_HOME is %s", file, home ? home : "?", c->env.home);
	if (cJSON_GetArraySize(errors) && !cli_bool(c, "keep-going"))
		return error_set(err, ERR_REFUSED, "%s: the plan is not complete: %d of its instances could not be planned; --keep-going walks the rest",
				 file, cJSON_GetArraySize(errors));
	if (plan_words_take(c, *saved, &back, err) < 0)
		return -1;
	done = desired_args(c, g, err);
	return plan_words_return(back, done < 0 ? NULL : err) < 0 ? -1 : done;
}

/*
 * What is to be down, or gone, does not wait until somebody has brought it up. Whoever can be asked first, or has not said that
 * data may go, has not decided that yet.
 */
static int
apply_end_starts(struct cli *c, const struct goals *g, struct error *err)
{
	bool down = cli_bool(c, "stopped"), gone = cli_bool(c, "destroy") && cli_bool(c, "allow-data-loss");

	if ((c->tty && isatty(STDIN_FILENO)) || !(down || gone))
		return 0;
	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].goal == (gone ? GOAL_ABSENT : GOAL_STOPPED) && call_off_start(c, g->v[i].name, err) < 0)
			return -1;
	return 0;
}

static int
apply_go_once(struct cli *c, void *unused, struct error *err)
{
	bool planned = c->nargs == 1 && !instance_exists(c, c->args[0]) && plan_file_is(c->args[0]);
	AUTO(goals) g = { 0 };
	cJSON *saved = NULL;
	int done;

	(void)unused;
	done = planned ? apply_take_plan(c, &g, &saved, err) : desired_args(c, &g, err);
	if (done == 0)
		done = apply_end_starts(c, &g, err) < 0 ? -1 : apply_goals(c, &g, saved, err);
	cJSON_Delete(saved);
	return done;
}

/* Where there is no plan to show, its line says why. */
static int
apply_go(struct cli *c, struct error *err)
{
	int status = edit_again(c, apply_go_once, NULL, err);

	if (status < 0 && cli_bool(c, "json") && !c->told_json)
		refused_print(c, err);
	return status;
}

static int
apply_once(struct cli *c, struct error *err)
{
	return report_run(c, apply_go, err);
}

static int
cmd_apply_run(struct cli *c, struct error *err)
{
	return cli_bool(c, "watch") ? rounds_run(c, apply_once, err) : apply_once(c, err);
}

const struct command command_apply = {
	.name = "apply",
	.group = GROUP_BASIC,
	.args = "[FILE.yaml|URL|INSTANCE...|FILE.plan]",
	.about = "Bring instances to what their lima.yaml says, and nothing more",
	.details = "Shows the plan, then walks it, several steps at a time. A file's instance is wanted running,\n"
		   "one that is named as it was last asked to be, unless --running or --stopped says otherwise.\n"
		   "Without arguments: " FILES_DEFAULT " in this folder; where there is none, or with --all, every\n"
		   "instance there is.\n"
		   "A file that `limactl plan --out` wrote is walked as it was planned; if what it rests on has moved, nothing is done.\n"
		   "On a terminal it asks before it restarts or replaces a machine that runs; -y does not.\n"
		   "Interrupted, killed or out of time, the same command goes on where it was. The exit status is 0 if all is as\n"
		   "wanted, 3 if a plan is stale, 124 if --timeout ended it, 130, 143 or 129 after a signal, else 1.\n"
		   "\n"
		   "With --watch it goes on: each time a file is saved, or a base or script that it names, or something of an instance has\n"
		   "changed, it does the same again, and says a line for each instance that it had something to do with, on stdout. It\n"
		   "asks only at the first time. What fails is told, and tried again at the next save; what does not stay as it is\n"
		   "wanted is left after five times. A signal ends it between two steps.\n"
		   "\n"
		   "With --json there are two lines on stdout: the plan, as `plan --json` has it, also where nothing can be planned, and the result, also of a\n"
		   "failure: its status (done, failed or cancelled), the exit status, the seconds, the steps, and what each guest was waited for with.\n"
		   "With --log-format json each step is an event in the log, with type, name, instance, action, seconds and reason.",
	.example = "limactl apply lima.yaml\nlimactl apply web.yaml db.yaml -j 8\nlimactl apply --set '.cpus=4' --running default\nlimactl apply --junit report.xml web.yaml\nlimactl apply --watch fleet.yaml",
	.complete = "@instance @file",
	.flags = flags,
	.more_flags = ready_flags,
	.max_args = -1,
	.strict = true,
	.creates = true,
	.run = cmd_apply_run,
};
