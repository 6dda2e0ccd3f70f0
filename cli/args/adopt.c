#include "cli/args/adopt.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/args/edit_flags.h"
#include "cli/args/files.h"
#include "reconciler/drift.h"
#include "state/desired/template/template.h"

const struct flag adopt_flags[] = {
	{ "adopt-drift", 0, FLAG_BOOL, .about = "Write what changed behind our back into lima.yaml, where a key exists, instead of reverting it" },
	{ 0 },
};

/* What was found of one instance; in the command's arena. */
struct adopt {
	struct cli *c;
	const struct resource *r;
	const char *exprs[8];
	size_t n;
	struct buf reverted;
	size_t keyless;
};

static void
adopt_field(void *ctx, const struct drift *d)
{
	struct adopt *f = ctx;
	const char *expr = d->at->adopt ? d->at->adopt(f->r, &f->c->arena) : NULL;

	if (expr && f->n < ARRAY_LEN(f->exprs))
		f->exprs[f->n++] = expr;
	else
		f->keyless++;
}

static void
adopt_resource(struct adopt *f)
{
	enum drift_kind kind = drift_of(f->r);
	size_t before = f->keyless;

	if (kind == DRIFT_NONE || drift_follows(f->r))
		return;
	if (kind == DRIFT_CHANGED)
		drift_each(f->r, adopt_field, f);
	else
		f->keyless++;
	if (f->keyless > before)
		buf_addf(&f->reverted, "%s%s", f->reverted.len ? ", " : "", f->r->type->name);
}

static void
adopt_tell(const struct adopt *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		cli_say(&f->c->env, SAY_INFO, "%s: %s, as it was found, becomes what lima.yaml says", name, f->exprs[i]);
	if (f->keyless)
		cli_say(&f->c->env, SAY_INFO, "%s: no key of lima.yaml says what changed of %s: it is reverted", name, f->reverted.s);
}

/* The text of the instance, with what was found in it. */
static int
adopt_text(struct adopt *f, struct goals *g, const char *name, struct error *err)
{
	AUTO(template) t = { 0 };
	const char *was = NULL;
	struct request *a;

	if (!f->n) {
		if (goals_add(g, name, cli_bool(f->c, "running") ? GOAL_RUNNING : GOAL_STOPPED, &a, err) < 0)
			return -1;
	} else if (goals_instance_text(f->c, name, &t, err) < 0 || !(was = arena_strdup(&f->c->arena, t.text)) ||
		   template_set(&t, f->exprs, f->n, err) < 0 || goals_add_spec(f->c, g, &t, name, cli_bool(f->c, "running") ? GOAL_RUNNING : GOAL_STOPPED, &a, err) < 0) {
		return -1;
	}
	a->text_was = was;
	a->keep_goal = !cli_bool(f->c, "running") && !cli_bool(f->c, "stopped");
	return 0;
}

/* Of a look that is nobody's plan: nothing of it is shown. */
static int
adopt_look(struct cli *c, const struct run *r, struct engine *e, struct error *err)
{
	struct goals *into = r->shows_to;

	if (e->nwrong)
		return error_set(err, e->requests[e->nrequests].wrong->code, "%s", e->requests[e->nrequests].wrong->msg);
	for (size_t k = 0; k < r->nrequests; k++) {
		struct adopt f = { .c = c, .reverted = BUF_INIT };
		const char *name = r->requests[k].name;
		int done;

		for (size_t i = 0; i < e->graph.n; i++) {
			f.r = e->graph.v[i];
			if (!strcmp(f.r->owner, name))
				adopt_resource(&f);
		}
		adopt_tell(&f, name);
		done = adopt_text(&f, into, name, err);
		buf_release(&f.reverted);
		if (done < 0)
			return -1;
	}
	return 0;
}

static int
adopt_names(struct cli *c, struct goals *g, struct error *err)
{
	AUTO(names) all = { 0 };
	char **words;
	size_t n;

	if (files_arguments(c, &words, &n, err) < 0)
		return -1;
	if (!n && names_list(&all, c->env.home, err) < 0)
		return -1;
	for (size_t i = 0; i < (n ? n : all.n); i++) {
		const char *name = n ? words[i] : all.v[i];
		struct request *a;

		if (file_to_name(c, &name, err) < 0)
			return -1;
		if (!instance_exists(c, name))
			return error_set(err, ENOENT, "--adopt-drift: there is no instance %s, and so nothing of it that could be adopted", cli_tick(c, name));
		if (goals_add(g, name, GOAL_STOPPED, &a, err) < 0)
			return -1;
		a->keep_goal = true;
	}
	return 0;
}

int
adopt_args(struct cli *c, struct goals *g, struct error *err)
{
	AUTO(goals) looked = { 0 };
	struct report *report = c->report;
	struct round *round = c->round;
	int status;

	if (edit_given(c))
		return error_set(err, ERR_INVALID, "--adopt-drift: what was found is what is written; leave --set and its like out");
	if (adopt_names(c, &looked, err) < 0)
		return -1;
	c->report = NULL;
	c->round = NULL;
	status = looked.n ? run_engine(c, &(struct run){ .requests = looked.v, .nrequests = looked.n, .dry = true, .keep_going = true, .shows = adopt_look, .shows_to = g }, err) : 0;
	c->report = report;
	c->round = round;
	return status;
}
