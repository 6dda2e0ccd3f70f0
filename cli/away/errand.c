#include "cli/away/errand.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/run.h"
#include "resources/engine_note.h"
#include "state/desired/template/name.h"
#include "state/desired/template/template.h"

/* --- what became of one --- */

static void
errand_tell(struct cli *c, struct errand_job *j, const char *end, const struct error *why)
{
	struct say_field f[4] = { { "end", end, false } };
	size_t n = 1;

	if (j->told)
		return;
	j->told = true;
	if (why)
		f[n++] = (struct say_field){ "error", why->msg, false };
	f[n++] = (struct say_field){ "job", j->name, false };
	if (c->log_json)
		cli_say_with(c, SAY_INFO, f, "%s: %s", j->name, end);
}

static struct errand_job *
errand_find(struct errand *x, const char *name)
{
	for (size_t i = 0; i < x->n; i++)
		if (!strcmp(x->jobs[i].name, name))
			return &x->jobs[i];
	return NULL;
}

/* Has somebody else applied meanwhile? What happens behind this is found under the instance's lock (engine_note_judge). */
static int
errand_check_note(struct cli *c, const struct errand_job *j, struct error *err)
{
	const char *dir = arena_printf(&c->arena, "%s/%s", c->env.home, j->name);
	struct engine_note is, want;

	if (!engine_note_parse(j->note, &c->arena, &want))
		return error_set(err, ERR_INVALID, "--note: must be GENERATION KEY DIGEST FLEET BY");
	if (!instance_exists(c, j->name))
		return j->expects > 0 && strcmp(j->goal, "absent") != 0 ? error_set(err, ERR_STALE, "instance `%s` is not there any more; plan again", j->name) : 0;
	if (engine_note_read(dir, &c->arena, &is, err) < 0)
		return -1;
	if (!strcmp(is.key, want.key) || is.generation == j->expects)
		return 0;
	if (!is.generation)
		return error_set(err, ERR_STALE, "instance `%s` is not there any more, or is another one now; plan again", j->name);
	return error_set(err, ERR_STALE, "instance `%s` is of generation %lld by now, which %s applied, and this rests on %lld; plan again", j->name, is.generation,
			 is.by, j->expects);
}

/* --- what is asked --- */

/*
 * Those that are on this host, or will be: of the others whoever sent this knows when they are ready. Who stops waits for others than who starts, and
 * what was noted of one that is there stays.
 */
static void
errand_join(struct cli *c, struct errand *x, const struct errand_job *j, struct spec *spec)
{
	struct spec_depend *v = arena_alloc(&c->arena, (j->nafter + 1) * sizeof *v);
	bool stops = !strcmp(j->goal, "stopped");
	size_t n = 0;

	if (stops && instance_exists(c, j->name))
		return;
	for (size_t i = 0; i < j->nafter && !stops; i++)
		if (errand_find(x, j->after[i]) || instance_exists(c, j->after[i]))
			v[n++] = (struct spec_depend){ j->after[i], false };
	spec_join_fleet(spec, &(struct spec_member){ x->fleet, "", "", v, n });
}

static int
errand_add_text(struct cli *c, struct errand *x, const struct errand_job *j, struct goals *g, struct error *err)
{
	const char *locator = arena_printf(&c->arena, "lima.yaml of %s", j->name);
	struct template t = { .text = xstrdup(j->text), .len = strlen(j->text), .path = xstrdup(locator), .name = xstrdup(j->name), .locator = xstrdup(locator) };
	struct want *note = arena_alloc(&c->arena, sizeof *note);
	struct request *a;
	int r = goals_add_read(c, g, &t, locator, j->name, !strcmp(j->goal, "running") ? GOAL_RUNNING : GOAL_STOPPED, &a, err);

	template_release(&t);
	if (r < 0)
		return -1;
	*note = (struct want){ "dir", ENGINE_NOTE_ATTR, j->note };
	a->meets_delete = true;
	a->wants = note;
	a->nwants = 1;
	if (*x->fleet)
		errand_join(c, x, j, a->spec);
	return 0;
}

/* 1: there is nothing to be done for it. */
static int
errand_add(struct cli *c, struct errand *x, struct errand_job *j, struct goals *g, struct error *err)
{
	struct request *a;

	if (name_check(j->name, err) < 0 || errand_check_note(c, j, err) < 0)
		return -1;
	if (!strcmp(j->goal, "running") || !strcmp(j->goal, "stopped"))
		return errand_add_text(c, x, j, g, err);
	if (strcmp(j->goal, "absent") != 0)
		return error_set(err, ERR_INVALID, "--goal %s: must be running, stopped or absent", j->goal);
	if (!instance_exists(c, j->name))
		return 1;
	if (goals_add(g, j->name, GOAL_ABSENT, &a, err) < 0)
		return -1;
	a->may_lose = a->meets_delete = true;
	return 0;
}

/* --- while it goes on, and at its end --- */

static void
errand_over(struct cli *c, const struct run *r, const struct request *a)
{
	struct errand_job *j = a->over ? errand_find(r->told_to, a->name) : NULL;

	if (j)
		errand_tell(c, j, "done", NULL);
}

static void
errand_tell_wrong(struct cli *c, struct errand_job *j, const struct error *wrong)
{
	struct error why = { 0 };

	/* what was looked at before the lock was had may have moved behind that */
	if (errand_check_note(c, j, &why) < 0 && why.code == ERR_STALE)
		errand_tell(c, j, "stale", &why);
	else
		errand_tell(c, j, "failed", wrong);
}

/* Its own failure counts for more than what it waited for. */
static void
errand_tell_steps(struct cli *c, struct errand *x, const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct errand_job *j = p->v[i]->status == FAILED ? errand_find(x, p->v[i]->res->owner) : NULL;

		if (j)
			errand_tell(c, j, "failed", &p->v[i]->err);
	}
	for (size_t i = 0; i < p->n; i++) {
		const struct step *because = p->v[i]->status == SKIPPED ? p->v[i]->because : NULL;
		struct errand_job *j = because ? errand_find(x, p->v[i]->res->owner) : NULL;

		if (j)
			errand_tell(c, j, errand_find(x, because->res->owner) ? "left" : "failed", &because->err);
	}
}

static void
errand_ended(struct cli *c, const struct run *r, const struct engine *e)
{
	struct errand *x = r->told_to;

	for (size_t i = 0; i < e->nwrong; i++) {
		const struct request *a = &e->requests[e->nrequests + i];
		struct errand_job *j = errand_find(x, a->name);

		if (j)
			errand_tell_wrong(c, j, a->wrong);
	}
	errand_tell_steps(c, x, &e->plan);
	for (size_t i = 0; i < e->nrequests; i++) {
		struct errand_job *j = e->plan.n == 0 || e->requests[i].over ? errand_find(x, e->requests[i].name) : NULL;

		if (j)
			errand_tell(c, j, "done", NULL);
	}
}

/* Those of which nothing was told: all of it failed, perhaps since what it was to rest on had moved by the time that it had the lock. */
static void
errand_tell_rest(struct cli *c, struct errand *x, struct error *first)
{
	for (size_t i = 0; i < x->n; i++) {
		struct error why = { 0 };

		if (x->jobs[i].told || errand_check_note(c, &x->jobs[i], &why) == 0 || why.code != ERR_STALE)
			continue;
		errand_tell(c, &x->jobs[i], "stale", &why);
		if (!first->code)
			*first = why;
	}
}

int
errand_run(struct cli *c, struct errand *x, struct error *err)
{
	AUTO(goals) g = { 0 };
	struct error first = { 0 };
	struct run r;
	int status = 0;

	for (size_t i = 0; i < x->n; i++) {
		struct error why = { 0 };
		int added = errand_add(c, x, &x->jobs[i], &g, &why);

		if (added > 0)
			errand_tell(c, &x->jobs[i], "done", NULL);
		if (added >= 0)
			continue;
		errand_tell(c, &x->jobs[i], why.code == ERR_STALE ? "stale" : "failed", &why);
		if (!first.code)
			first = why;
	}
	r = goals_run(&g);
	r.quiet = r.keep_going = true;
	r.over = errand_over;
	r.ended = errand_ended;
	r.told_to = x;
	if (g.n)
		status = run_engine(c, &r, err);
	if (status < 0)
		errand_tell_rest(c, x, &first);
	if (!first.code)
		return status;
	if (err)
		*err = first;
	return -1;
}
