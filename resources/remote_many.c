/*
 * resources/remote_many.c - the members that go to one node go in one errand (cluster_engine.submit_all).
 *
 * Each is noted with the key of its job before anybody hears of it, and the note is closed when its job is known to be done. So what a killed run
 * began is asked for again with the same keys, and done once.
 */
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "reconciler/env.h"
#include "resources/away_files.h"
#include "resources/remote_job.h"
#include "state/desired/spec/spec.h"

enum { TOLD_MS = 500 /* a step that took less is not told by itself */ };

struct errand {
	const struct env *env;
	struct many *many;
	struct cluster_job *jobs;
	struct arena arena;
};

static void
errand_release(struct errand *x)
{
	free(x->jobs);
	arena_release(&x->arena);
}

static const char *
remote_goes_to(const struct spec_away *away, bool removes)
{
	return removes ? away->at : away->node;
}

bool
remote_together(const struct resource *a, const struct resource *b, bool removes)
{
	const struct spec_away *x = a->spec ? a->spec->away : NULL, *y = b->spec ? b->spec->away : NULL;
	const struct cluster_engine *engine = x ? cluster_find(x->engine->type) : NULL;

	if (!engine || !engine->submit_all || !y || x->as_is || y->as_is || (removes && !(x->there && y->there)))
		return false;
	return !strcmp(x->engine->fleet, y->engine->fleet) && !strcmp(remote_goes_to(x, removes), remote_goes_to(y, removes));
}

static int
errand_note(struct errand *x, const struct cluster_job *job, const char *key, struct error *err)
{
	const struct away_member note = { job->fleet, job->node, key, "" };

	if (!*key && job->verb == CLUSTER_REMOVE)
		return away_member_remove(x->env->home, job->name, err);
	return away_member_write(x->env->home, job->name, &note, err);
}

static void
many_over(void *ctx, size_t i, enum shard_end end, const struct error *why)
{
	struct errand *x = ctx;
	const struct many_one *one = &x->many->v[i];
	const struct cluster_job *job = &x->jobs[i];
	struct error own = { 0 };

	if (end != SHARD_DONE) {
		x->many->over(x->many, i, end == SHARD_LEFT ? MANY_LEFT : MANY_FAILED, why);
		return;
	}
	if (errand_note(x, job, "", &own) < 0) {
		x->many->over(x->many, i, MANY_FAILED, &own);
		return;
	}
	if (job->verb != CLUSTER_REMOVE)
		remote_facts(one->have, one->a, one->r->spec, job->node, job->digest, job->verb == CLUSTER_RUN ? "running" : "stopped", "", job->generation);
	x->many->over(x->many, i, MANY_DONE, NULL);
}

/* A step there is one of the journal here. */
static void
errand_step(struct errand *x, const struct cluster_event *e)
{
	const char *node = x->jobs[0].node;

	x->many->far(x->many, &(struct far_step){ .place = node, .type = e->type, .name = e->name, .removes = e->removes, .error = e->text, .took_ms = e->took_ms });
	if (!e->text)
		x->env->say(x->env, e->took_ms < TOLD_MS ? SAY_DEBUG : SAY_INFO, "%s: %s %s: %s (%.1fs)", node, e->type, e->name, e->removes ? "removed" : "done",
			    (double)e->took_ms / 1e3);
}

static void
many_tell(void *ctx, const struct cluster_event *e)
{
	struct errand *x = ctx;

	if (e->kind == EVENT_STEP)
		errand_step(x, e);
	else
		x->env->say(x->env, e->kind == EVENT_WARNED ? SAY_WARN : SAY_DEBUG, "%s: %s", x->jobs[0].node, e->text);
}

static void
errand_depends(struct errand *x, struct cluster_job *job, const struct spec *spec)
{
	const char **v = arena_alloc(&x->arena, (spec->ndepends + 1) * sizeof *v);

	for (size_t i = 0; i < spec->ndepends; i++)
		v[i] = spec->depends[i].name;
	job->after = v;
	job->nafter = spec->ndepends;
}

static int
errand_job(struct errand *x, size_t i, struct error *err)
{
	const struct spec *spec = x->many->v[i].r->spec;
	struct away_member before = { "", "", "", "" };
	struct cluster_job *job = &x->jobs[i];
	struct cluster_told told;

	if (x->many->removes)
		*job = remote_removal(spec);
	else if (remote_job(job, &told, &x->arena, x->env, spec, err) < 0)
		return -1;
	/* on a node with limactl that tells the guest */
	job->told = NULL;
	if (away_member_read(x->env->home, job->name, &x->arena, &before, err) < 0)
		return -1;
	remote_take_key(&x->arena, job, &before, spec->away->key);
	errand_depends(x, job, spec);
	return errand_note(x, job, job->key, err);
}

int
remote_many(const struct env *env, struct many *m, struct error *err)
{
	AUTO(errand) x = { .env = env, .many = m };
	const struct spec_away *away = m->v[0].r->spec->away;
	AUTO(cluster) c = { 0 };

	x.jobs = xcalloc(m->n, sizeof *x.jobs);
	if (cluster_open(&c, away->engine, env->home, env->version, env->cancel, err) < 0)
		return -1;
	for (size_t i = 0; i < m->n; i++)
		if (errand_job(&x, i, err) < 0)
			return -1;
	return c.engine->submit_all(&c, &(struct cluster_shard){ .node = remote_goes_to(away, m->removes), .jobs = x.jobs, .n = m->n, .over = many_over,
								 .tell = many_tell, .ctx = &x }, err);
}
