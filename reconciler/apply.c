/*
 * The walk of a plan with the database kept: begin before, facts after.
 *
 * What is to be noted is gathered and written in a transaction of its own, which no step runs in: SQLite has one
 * writer for a whole home, and nobody may wait for a download of somebody else.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "reconciler/address.h"
#include "reconciler/far.h"
#include "reconciler/finish.h"
#include "reconciler/mates.h"
#include "reconciler/price.h"
#include "reconciler/records.h"
#include "reconciler/step_locks.h"
#include "reconciler/walk.h"
#include "state/observed/state.h"

struct applying {
	struct engine *e;
	const struct engine_walk *w;
	int64_t *step_id;		/* by the step's place in the plan, kept in res->mark of the walk */
	struct note {
		struct step *step;
		bool over;		/* else it begins */
	} *notes;			/* to be written by the next journal_commit() */
	size_t nnotes, notes_cap;
	struct far_notes far;
	struct finish finish;		/* each instance as soon as its last step is over */
	atomic_int boundaries;		/* passed so far */
};

/* A crash here leaves another state than one at the boundary before: the step is noted, done, or noted as done. */
static void
apply_boundary(struct applying *ap)
{
	if (ap->w->kill_at && atomic_fetch_add(&ap->boundaries, 1) + 1 == ap->w->kill_at)
		kill(getpid(), SIGKILL);
}

static const char *
verb_text(const struct step *s)
{
	return s->verb == REMOVE ? "remove" : "ensure";
}

/* A resource has two steps at most: the id of its way down is at 2 * mark, that of its way up behind it. */
static int64_t *
id_of(struct applying *ap, const struct step *s)
{
	return &ap->step_id[2 * s->res->mark + (s->verb == ENSURE)];
}

static void
note_step(struct applying *ap, struct step *s, bool over)
{
	GROW(ap->notes, ap->nnotes, ap->notes_cap);
	ap->notes[ap->nnotes++] = (struct note){ s, over };
}

static void
apply_starting(void *ctx, struct step *s)
{
	struct applying *ap = ctx;

	note_step(ap, s, false);
	if (ap->w->starting)
		ap->w->starting(ap->w->ctx, s);
}

static struct request *
owner_of(const struct engine *e, const struct resource *r)
{
	return *r->owner ? engine_request(e, r->owner) : NULL;
}

/* The resource becomes what the step made of it. */
static void
take_over(struct step *s)
{
	struct resource *r = s->res;

	r->present = s->verb == ENSURE;
	r->have = s->have;
	r->unfinished = false;
	graph_stand_on_needs(r);
	if (s->verb == REMOVE)
		r->nstands_on = 0;
}

static void
apply_settled(void *ctx, struct step *s)
{
	struct applying *ap = ctx;

	/* one that was left by those it was begun with is noted too: it was begun */
	if (s->status == DONE || s->status == FAILED || s->task)
		note_step(ap, s, true);
	finish_step(&ap->finish, s);
	if (ap->w->settled)
		ap->w->settled(ap->w->ctx, s);
}

static int
journal_begun(struct applying *ap, const struct step *s, struct error *err)
{
	const struct resource *r = s->res;
	AUTO(arena) a = { 0 };

	return state_step_begin(ap->e->state, ap->e->run, r->owner, r->type->name, r->name, verb_text(s), reason_text(&a, r, &s->why),
				step_sort(&a, r), id_of(ap, s), err);
}

/* What is kept of a failure has no secret in it, also when nobody knows any more what was one. */
static const char *
journal_text(const struct engine *e, const char *text, struct buf *plain)
{
	if (!text || !e->env->conceal)
		return text;
	e->env->conceal(e->env->secrets, text, plain);
	return plain->s;
}

static int
journal_over(struct applying *ap, struct step *s, struct error *err)
{
	struct state *st = ap->e->state;
	struct resource *r = s->res;
	AUTO(buf) plain = BUF_INIT;

	if (s->status == SKIPPED)
		return state_step_end(st, *id_of(ap, s), r->type->name, r->name, "left, since what it waits for failed", err);
	if (s->status == FAILED)
		return state_step_end(st, *id_of(ap, s), r->type->name, r->name, journal_text(ap->e, s->err.msg, &plain), err);
	take_over(s);
	if (state_step_end(st, *id_of(ap, s), r->type->name, r->name, NULL, err) < 0)
		return -1;
	return records_store(st, r, err);
}

/* A goal is remembered before it is begun, because `plan` without names goes by it. */
static int
note_goals(struct engine *e, struct error *err)
{
	for (size_t i = 0; i < e->nrequests && !e->only_downloads; i++) {
		struct state_instance si = { .name = e->requests[i].name, .goal = (int)e->requests[i].goal, .stamp = "", .json = "" };

		if (e->requests[i].declared && state_put_instance(e->state, &si, err) < 0)
			return -1;
	}
	return 0;
}

/* This runs inside a transaction; the first of a run also records what the run is for. */
static int
journal_write(struct applying *ap, struct error *err)
{
	struct engine *e = ap->e;

	if (!e->run && (state_run_begin(e->state, ap->w->command, &e->run, err) < 0 || note_goals(e, err) < 0))
		return -1;
	for (size_t i = 0; i < ap->nnotes; i++) {
		const struct note *n = &ap->notes[i];

		if ((n->over ? journal_over(ap, n->step, err) : journal_begun(ap, n->step, err)) < 0)
			return -1;
	}
	if (far_write(&ap->far, e->state, e->run, e->env, err) < 0)
		return -1;
	return finish_write(&ap->finish, err);
}

/* Those that are through, once that is durable: nobody else waits for them any more. */
static void
tell_over(struct applying *ap)
{
	const struct request *a;

	while ((a = finish_next(&ap->finish)))
		if (ap->w->over)
			ap->w->over(ap->w->over_ctx, a);
}

static int
journal_commit(void *ctx, struct error *err)
{
	struct applying *ap = ctx;
	struct state *s = ap->e->state;

	if (!ap->nnotes && !finish_due(&ap->finish) && !far_due(&ap->far))
		return 0;
	if (state_begin(s, err) < 0)
		return -1;
	if (journal_write(ap, err) < 0) {
		state_rollback(s);
		return -1;
	}
	if (state_commit(s, err) < 0)
		return -1;
	ap->nnotes = 0;
	far_written(&ap->far);
	apply_boundary(ap);
	tell_over(ap);
	return 0;
}

/*
 * What is shared while it is used is looked at once more under its lock: somebody may have come to use it since the
 * plan, and then it stays.
 */
static int
apply_remove(const struct env *env, struct step *s, struct error *err)
{
	const struct resource *r = s->res;
	struct facts have = { 0 };
	const char *users = NULL;

	if (r->type->users && !r->may_lose && !r->up && r->type->observe(env, r, &have, &s->arena, err) == 1)
		users = facts_get(&have, r->type->users);
	if (!users || !*users)
		return r->type->remove(env, r, err);
	env->say(env, SAY_INFO, "%s %s stays: %s uses it by now", r->type->name, r->name, users);
	return 0;
}

/* What `s` needs and another run, whose instance was the last to use it, has taken away since the plan; NULL: all is there. */
static const struct resource *
apply_missed(const struct env *env, struct step *s)
{
	for (size_t i = 0; i < s->res->nneeds; i++) {
		const struct resource *d = s->res->needs[i].to;
		struct facts have = { 0 };

		if (d->type->lifetime == SHARED_WHILE_USED && d->wanted && d->type->observe(env, d, &have, &s->arena, NULL) == 0)
			return d;
	}
	return NULL;
}

/* The locks of a step, with all that it needs in its place: what is missed is made again, alone under its lock. */
static int
apply_lock(struct step_locks *l, const struct env *env, struct step *s, struct error *err)
{
	const struct resource *d;
	struct facts have = { 0 };

	if (step_locks_take(l, env, s, NULL, err) < 0)
		return -1;
	d = s->verb == ENSURE ? apply_missed(env, s) : NULL;
	if (!d)
		return 0;
	step_locks_release(l);
	if (step_locks_take(l, env, s, d, err) < 0)
		return -1;
	if (d->type->ensure(env, d, &have, &s->arena, err) == 0)
		return 0;
	step_locks_release(l);
	return -1;
}

static int
apply_run(void *ctx, struct step *s, struct error *err)
{
	struct applying *ap = ctx;
	const struct resource *r = s->res;
	struct env env = *ap->e->env;
	struct step_locks locks = { 0 };
	int done;

	env.cancel = &s->cancel;
	env.run = ap->e->run;
	if (apply_lock(&locks, &env, s, err) < 0)
		return error_of(r, err);
	if (s->verb == REMOVE) {
		done = apply_remove(&env, s, err);
	} else {
		s->have = (struct facts){ 0 };
		facts_copy(&s->have, &s->arena, &r->have);
		done = r->type->ensure(&env, r, &s->have, &s->arena, err);
	}
	step_locks_release(&locks);
	apply_boundary(ap);
	return done < 0 ? error_of(r, err) : 0;
}

static bool
apply_are_mates(void *ctx, const struct step *a, const struct step *b)
{
	(void)ctx;
	return mates_are(a, b);
}

/* The whole run may be called off; what one of them alone was called off by is its own. */
static int
apply_run_together(void *ctx, struct step *first, struct error *err)
{
	struct applying *ap = ctx;
	struct env env = *ap->e->env;

	(void)err;
	env.run = ap->e->run;
	mates_run(&env, first, &ap->far);
	apply_boundary(ap);
	return 0;
}

static void
apply_tick(void *ctx)
{
	struct applying *ap = ctx;

	if (ap->w->tick)
		ap->w->tick(ap->w->ctx);
}

static bool
apply_take(void *ctx)
{
	struct applying *ap = ctx;

	return ap->w->take(ap->w->ctx);
}

static void
apply_give(void *ctx)
{
	struct applying *ap = ctx;

	ap->w->give(ap->w->ctx);
}

static bool
apply_is_unwanted(void *ctx, const struct step *s)
{
	const struct applying *ap = ctx;
	const struct request *a = owner_of(ap->e, s->res);

	return a && request_caller(a);
}

/* The others went on; but what was asked for is not as wanted. */
static int
tell_called_off(const struct engine *e, struct error *err)
{
	for (size_t i = 0; i < e->nrequests; i++)
		if (!e->requests[i].over && request_caller(&e->requests[i]))
			return error_set(err, ERR_CALLED_OFF, "instance `%s`: another limactl (process %d) has ended this, to bring it down",
					 e->requests[i].name, request_caller(&e->requests[i]));
	return 0;
}

static int
apply_walk(struct applying *ap, struct error *err)
{
	struct walk w = {
		.jobs = ap->w->jobs, .boots = ap->w->boots, .take = ap->w->take ? apply_take : NULL, .give = apply_give, .keep_going = ap->w->keep_going, .cancel = ap->e->env->cancel,
		.tick_ms = ap->w->tick_ms, .ctx = ap, .run = apply_run, .are_mates = apply_are_mates, .run_together = apply_run_together,
		.starting = apply_starting, .settled = apply_settled,
		.commit = journal_commit, .tick = apply_tick, .is_unwanted = apply_is_unwanted, .calls = ap->w->calls,
	};
	int r;

	for (size_t i = 0; i < ap->e->graph.n; i++)
		ap->e->graph.v[i]->mark = (unsigned)i;
	ap->step_id = xcalloc(2 * ap->e->graph.n, sizeof *ap->step_id);
	finish_begin(&ap->finish, ap->e);
	far_begin(&ap->far);
	r = plan_walk(&ap->e->plan, &w, err);
	far_release(&ap->far);
	finish_release(&ap->finish);
	free(ap->step_id);
	free(ap->notes);
	return r < 0 ? r : tell_called_off(ap->e, err);
}

/* A run that only removes goes on with a full disk, because it is how to come by space. */
static bool
only_removes(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i]->verb != REMOVE)
			return false;
	return p->n > 0;
}

/* The journal gets what was found and how the run ended; a walk that never began has no outcome. */
static int
journal_close(struct engine *e, bool went_well, const char *outcome, struct error *err)
{
	struct state *s = e->state;
	AUTO(buf) plain = BUF_INIT;

	if (!went_well && !e->run)
		return 0;
	if (state_begin(s, err) < 0)
		return -1;
	if ((went_well && finish_rest(e, err) < 0) || (e->run && state_run_end(s, e->run, journal_text(e, outcome, &plain), err) < 0)) {
		state_rollback(s);
		return -1;
	}
	return state_commit(s, err);
}

int
engine_apply(struct engine *e, const struct engine_walk *w, struct error *err)
{
	struct applying ap = { .e = e, .w = w };
	struct error why = { 0 };

	if (engine_is_settled(e))
		return 0;
	if (only_removes(&e->plan))
		state_use_reserve(e->state);
	if (apply_walk(&ap, &why) == 0)
		return journal_close(e, true, "done", err);
	journal_close(e, false, why.msg, NULL);	/* what went wrong is the error, not that it could not be noted */
	if (err)
		*err = why;
	return -1;
}
