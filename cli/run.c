#include "cli/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/jobserver.h"
#include "base/mem.h"
#include "cli/args/ask.h"
#include "cli/call_off.h"
#include "cli/plan/hazards.h"
#include "cli/plan/offline.h"
#include "cli/plan/plan_save.h"
#include "cli/run_had.h"
#include "cli/run_locks.h"
#include "cli/pool.h"
#include "cli/rounds/round.h"
#include "cli/view/explain_view.h"
#include "cli/view/outcome.h"
#include "cli/view/progress.h"
#include "cli/view/reach.h"
#include "cli/view/report.h"
#include "cli/view/plan_view.h"
#include "cli/view/wrong.h"
#include "reconciler/explain.h"
#include "resources/instance_copy.h"
#include "resources/types.h"
#include "state/observed/state.h"

enum { DEFAULT_JOBS = 4, AWAY_JOBS = 16, MAKE_JOBS = 64, LOOK_MS = 15000, TIMEOUT_MAX_S = 7 * 24 * 3600 };

const struct flag run_flags[] = {
	{ "jobs", 'j', FLAG_INT, "4", "Steps at the same time", 0, NULL },
	{ "keep-going", 0, FLAG_BOOL, NULL, "After a failure go on with what does not depend on it", 0, NULL },
	{ "no-wait", 0, FLAG_BOOL, NULL, "Fail if another limactl works on the same instance, instead of waiting for it", 0, NULL },
	{ 0 },
};

const struct flag offline_flags[] = {
	{ "offline", 0, FLAG_BOOL, .about = "Download nothing: what is not on this host is told before a step is taken" },
	{ 0 },
};

const struct flag ready_flags[] = {
	{ "", .include = run_flags },
	{ "timeout", 0, FLAG_DURATION, NULL, "How long all of it may take; without it a guest may take 10m to become ready, and three times as long while it gets on", 0, NULL },
	{ "", .include = offline_flags },
	{ 0 },
};

int
run_timeout(struct cli *c, struct error *err)
{
	long long ns = cli_int(c, "timeout");

	if (!cli_given(c, "timeout"))
		return 0;
	if (ns < NS_PER_S || ns > TIMEOUT_MAX_S * NS_PER_S)
		return error_set(err, ERR_INVALID, "--timeout must be between 1 s and 7 days");
	c->env.ready_timeout_s = (int)(ns / NS_PER_S);
	cli_deadline(c, ns / (NS_PER_S / 1000));
	return 0;
}

static void
run_warn(void *ctx, const char *text)
{
	struct cli *c = ctx;

	c->env.say(&c->env, SAY_WARN, "%s", text);
}

/* For who does not show the plan. */
static void
say_of_plan(struct cli *c, const struct run *r, struct engine *e)
{
	explain_moot(&e->plan, run_warn, c);
	if (!r->silent)
		reach_say(c, &e->plan);
}

/* Where something is to be fetched: it is not kept where others could change it. */
static void
tell_cache(struct cli *c, const struct engine *e)
{
	bool fetches = false;

	for (size_t i = 0; c->cache_of_others && i < e->plan.n; i++)
		fetches |= e->plan.v[i]->res->type->fetches;
	if (!fetches)
		return;
	cli_say(&c->env, SAY_WARN, "the cache %s, or a folder that it is in, can be written to by others: using %s; to share one, "
		"make it root's and read-only", c->cache_of_others, c->env.cache);
	c->cache_of_others = NULL;
}

struct walking {
	struct progress *progress;
	struct jobserver *jobserver;
};

struct overs {
	struct cli *cli;
	const struct run *run;
	struct locks *locks;
};

static void
run_over(void *ctx, const struct request *a)
{
	const struct overs *o = ctx;

	locks_over(o->locks, a);
	if (o->run->over)
		o->run->over(o->cli, o->run, a);
}

static void
run_starting(void *ctx, struct step *s)
{
	progress_starting(((struct walking *)ctx)->progress, s);
}

static void
run_settled(void *ctx, struct step *s)
{
	progress_settled(((struct walking *)ctx)->progress, s);
}

static void
run_tick(void *ctx)
{
	progress_tick(((struct walking *)ctx)->progress);
}

static bool
run_take(void *ctx)
{
	return jobserver_take(((struct walking *)ctx)->jobserver);
}

static void
run_give(void *ctx)
{
	jobserver_give(((struct walking *)ctx)->jobserver);
}

/* For the journal: what is secret stays out of it. */
static const char *
run_command(struct cli *c)
{
	AUTO(buf) b = BUF_INIT;

	secrets_hide(&c->secrets, c->argv_text, NULL, &b);
	return arena_strdup(&c->arena, b.s);
}

/* Steps of other hosts are waited for, and cost nothing here: a fifth host does not wait until one of four is through. */
static size_t
run_jobs(const struct cli *c, const struct engine *e)
{
	if (cli_given(c, "jobs") && cli_int(c, "jobs") > 0)
		return (size_t)cli_int(c, "jobs");
	for (size_t i = 0; i < e->plan.n; i++)
		if (e->plan.v[i]->res->type->away)
			return AWAY_JOBS;
	return cli_int(c, "jobs") > 0 ? (size_t)cli_int(c, "jobs") : DEFAULT_JOBS;
}

static int
run_walk(struct cli *c, const struct run *r, struct engine *e, struct locks *locks, struct error *err)
{
	long long began = clock_ms();
	enum level level = r->silent ? SAY_DEBUG : SAY_INFO;
	const char *command = run_command(c);
	struct progress *p;
	struct plan_counts counts;
	size_t stopped;
	struct engine_walk w = {
		.jobs = run_jobs(c, e), .keep_going = r->keep_going || cli_bool(c, "keep-going"),
		.boots = pool_boots(e), .starting = run_starting, .settled = run_settled, .tick = run_tick, .command = command,
		.over = run_over, .over_ctx = &(struct overs){ c, r, locks }, .calls = call_off_calls(),
	};
	const char *kill_at = getenv("LIMACTL_TEST_KILL_AT");
	AUTO(jobserver) js = { 0 };
	int done;

	if (e->plan.n && cli_lazy(c, err) < 0)
		return -1;
	tell_cache(c, e);
	/* a make that started us says how much may go on at a time, unless the user does */
	if (e->plan.n && !cli_given(c, "jobs") && jobserver_join(&js)) {
		w.jobs = MAKE_JOBS;
		w.take = run_take;
		w.give = run_give;
	}
	plan_count(&e->plan, &counts);
	stopped = outcome_stops(&e->plan);
	p = progress_new(c, level, &e->plan, e->state, w.jobs);
	w.ctx = &(struct walking){ p, &js };
	w.tick_ms = progress_tick_ms(p);
	w.kill_at = kill_at ? atoi(kill_at) : 0;
	done = engine_apply(e, &w, err);
	progress_free(p);
	if (done < 0)
		outcome_broken_off(c, level, &e->plan, (double)(clock_ms() - began) / 1e3);
	if (done < 0 && r->keep_going && e->nrequests > 1 && !(err && err->code == ERR_CANCELLED))
		return error_set(err, err ? err->code : ERR_CHILD, "%zu of %zu instances are not as wanted", outcome_instances(c, &e->plan), e->nrequests);
	if (done < 0 && err && err->code == ERR_CANCELLED && cli_out_of_time(c))
		return error_set(err, ERR_CANCELLED, "the time of --timeout is up; run the same command again to go on");
	if (done < 0 && err && err->code == ERR_CANCELLED)
		return error_set(err, ERR_CANCELLED, "interrupted; run the same command again to go on");
	if (done == 0 && e->plan.n)
		outcome_done(c, level, &counts, stopped, (double)(clock_ms() - began) / 1e3);
	return done;
}

/* Of those whose lima.yaml was read: of others nothing is told. */
static void
run_note_secrets(struct cli *c, const struct engine *e)
{
	for (size_t i = 0; i < e->nrequests; i++) {
		const struct spec *spec = e->requests[i].spec ? e->requests[i].spec : e->requests[i].loaded;

		if (spec)
			secrets_add(&c->secrets, spec->json);
	}
}

static int
run_each_instance(const struct env *env, int (*tell)(void *ctx, const char *name), void *ctx, struct error *err)
{
	AUTO(names) all = { 0 };
	int r = names_list(&all, env->home, err);

	for (size_t i = 0; i < all.n && r == 0; i++)
		r = tell(ctx, all.v[i]);
	return r;
}

static int
run_prepare(struct cli *c, const struct run *r, struct engine *e, enum state_flags flags, struct error *err)
{
	const struct state_opts o = { .flags = flags, .cancel = c->env.cancel, .warn = run_warn, .ctx = c };

	if (state_open(&e->state, c->env.home, &o, err) < 0)
		return -1;
	if (engine_prepare(e, r->requests, r->nrequests, err) == 0) {
		run_note_secrets(c, e);
		return 0;
	}
	if (state_heal(e->state, err) != 1)
		return -1;
	engine_release(e);
	if (engine_prepare(e, r->requests, r->nrequests, err) < 0)
		return -1;
	run_note_secrets(c, e);
	return 0;
}

static void
run_forget(struct engine *e)
{
	engine_release(e);
	state_close(e->state);
	e->state = NULL;
}

/* Without locks first: only who has something to do takes them, and then looks again, as it may have been done meanwhile. */
static int
prepare_locked(struct cli *c, const struct run *r, struct engine *e, struct locks *locks, struct error *err)
{
	int first = run_prepare(c, r, e, STATE_READ, err);

	/* A delete that was met may be in progress, so this run waits for it. */
	if (r->dry || (first < 0 && !e->met_delete))
		return first;
	if (first == 0 && engine_is_settled(e))
		return 0;
	run_forget(e);
	if (locks_take(c, r, locks, err) < 0 || run_check_had(c, r, locks, err) < 0 || run_prepare(c, r, e, 0, err) < 0)
		return -1;
	/* Whether an instance is started may be known only now, from its last goal. */
	locks_note_starts(r, locks);
	return 0;
}

static bool
takes_down(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i]->verb == REMOVE && p->v[i]->res->type->runs)
			return true;
	return false;
}

/* Whoever sits at a terminal may not have meant a restart; a program that asks for one has said so. */
static int
ask_takes_down(struct cli *c, const struct plan *p, struct error *err)
{
	static const char *const choices[] = { "Go on", "Leave everything as it is" };
	int k;

	if (!c->tty || !isatty(STDIN_FILENO) || cli_bool(c, "json") || !takes_down(p))
		return 0;
	k = ask_choice(c, "A running machine is taken down for this. (-y does not ask.)", choices, ARRAY_LEN(choices), err);
	return k == 0 ? 0 : k < 0 ? -1 : error_set(err, ERR_CANCELLED, "nothing was done");
}

static void
run_tell_stays(struct cli *c, const struct run *r, struct engine *e, const struct host_request *t)
{
	const struct resource *res = graph_find(&e->graph, t->type, t->name);

	if (res && res->present && !t->wanted && !res->down && res->nusers)
		r->stays(c, t, res->users, res->nusers);
}

static int
run_finish(struct cli *c, const struct run *r, struct engine *e, struct locks *locks, struct error *err)
{
	int changes = e->plan.n > 0;

	if (r->keep_up && takes_down(&e->plan))
		return 0;
	if (e->plan.n && !r->keep_going && !cli_bool(c, "keep-going") && hazards_check(c, e, err) < 0)
		return -1;
	if (offline_check(c, e, err) < 0)
		return -1;
	if (r->explains)
		return explain_view_print(c, r, e, err);
	if (r->shows)
		return r->shows(c, r, e, err);
	for (size_t i = 0; r->stays && i < r->nhost_requests; i++)
		run_tell_stays(c, r, e, &r->host_requests[i]);
	if (r->saved && plan_check(c, r->saved, e, err) < 0)
		return -1;
	if (c->round)
		round_plan(c->round, e);
	if (!r->quiet)
		plan_view_print(c, r, e);
	else
		say_of_plan(c, r, e);
	if (r->out && plan_save(c, r, e, err) < 0)
		return -1;
	if (r->asks_first && ask_takes_down(c, &e->plan, err) < 0)
		return -1;
	if (!r->dry && run_walk(c, r, e, locks, err) < 0) {
		if (state_heal(e->state, NULL) == 1)
			return error_set(err, ERR_CHILD, "the state database was damaged; run the same command again to go on");
		return -1;
	}
	if (e->nwrong)
		return wrong_say(c, e, err);
	return cli_bool(c, "detailed-exitcode") && changes ? 2 : 0;
}

/* What has failed of an instance that was to be new is taken back, while nobody else can have it. */
static void
run_unmake(struct cli *c, const struct run *made, struct locks *locks)
{
	struct spec_opts opts = cli_spec_opts(c);
	struct request a = { .name = made->made, .goal = GOAL_ABSENT, .may_lose = made->if_failed == MADE_GOES };
	const struct run r = { .requests = &a, .nrequests = 1, .quiet = true, .silent = true };
	struct engine e = { .env = &c->env, .types = resource_types, .spec_opts = &opts, .as_it_is = run_as_it_is };
	struct error why = { 0 };

	facts_set(&a.how, &c->arena, DISK_GOES_WITH_FOLDER, made->if_failed == MADE_GOES ? "yes" : NULL);
	/* With a disk that nobody has given up it stays, and is no leftover. */
	if (instance_exists(c, a.name) && (run_prepare(c, &r, &e, 0, &why) < 0 || run_walk(c, &r, &e, locks, &why) < 0) && a.may_lose)
		cli_say(&c->env, SAY_WARN, "what there is of instance %s could not be taken away: %s; `limactl delete %s` does that",
			cli_tick(c, a.name), why.msg, a.name);
	run_forget(&e);
}

int
run_engine(struct cli *c, const struct run *r, struct error *err)
{
	const char *look_ms = getenv("LIMACTL_TEST_LOOK_MS");
	struct spec_opts opts = cli_spec_opts(c);
	struct engine e = {
		.env = &c->env, .types = resource_types, .spec_opts = &opts, .host_requests = r->host_requests, .nhost_requests = r->nhost_requests,
		.aims = r->aims, .naims = r->naims, .only_downloads = r->only_downloads,
		.as_it_is = run_as_it_is, .each_instance = run_each_instance, .beside = r->also_lock, .partial = r->dry || r->keep_going || cli_bool(c, "keep-going"),
		.look_ms = look_ms ? atoi(look_ms) : LOOK_MS,
	};
	AUTO(locks) locks = { 0 };
	int status = -1;

	if (prepare_locked(c, r, &e, &locks, err) == 0) {
		status = run_finish(c, r, &e, &locks, err);
		if (r->ended)
			r->ended(c, r, &e);
	}
	if (status < 0)
		cli_explain_full(c, err);
	if (r->ran)
		*r->ran = e.run;
	if (c->report)
		report_take(c->report, &e);
	if (c->round)
		round_done(c, c->round, &e);
	run_forget(&e);
	if (status < 0 && locks.fresh)
		run_unmake(c, r, &locks);
	return status;
}
