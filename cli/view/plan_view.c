#include "cli/view/disks.h"
#include "cli/view/plan_view.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/process.h"
#include "cli/args/files.h"
#include "cli/view/disagree.h"
#include "cli/view/medians.h"
#include "cli/view/reach.h"
#include "cli/view/starts.h"
#include "cli/view/texts.h"
#include "cli/view/wrong.h"
#include "reconciler/explain.h"
#include "reconciler/price.h"
#include "resources/instance_lock.h"
#include "state/observed/state.h"

enum { MAX_DOWN = 8 };

struct view_down {
	struct buf *out;
	size_t n;
	int64_t longest;
};

static void
view_down_text(void *ctx, const struct downtime *d)
{
	struct view_down *v = ctx;

	v->longest = d->ms > v->longest ? d->ms : v->longest;
	if (v->n++ >= MAX_DOWN)
		return;
	if (d->ms < 0)
		buf_addf(v->out, "%s is down while that is done; there is no figure yet of how long.\n", d->instance);
	else
		buf_addf(v->out, "%s is down for about %.*f s (median of %zu %s here).\n", d->instance, d->ms < 9500 ? 1 : 0, (double)d->ms / 1e3, d->runs,
			 d->runs == 1 ? "run" : "runs");
}

static void
view_prices_text(struct buf *out, struct engine *e)
{
	AUTO(medians) m = { .state = e->state };
	struct view_down v = { .out = out };
	AUTO(buf) unknown = BUF_INIT;
	int64_t ms;

	plan_downtimes(&e->plan, medians_typical, &m, view_down_text, &v);
	if (v.n > MAX_DOWN)
		buf_addf(out, "%zu more machines are down while that is done.\n", v.n - MAX_DOWN);
	ms = plan_estimate_ms(&e->plan, medians_typical, &m, &unknown);
	if (ms < 1000)
		return;
	buf_addf(out, "Estimated %s%lld s, the median of earlier runs on this host", unknown.len ? "at least " : "", (long long)(ms + 500) / 1000);
	if (unknown.len)
		buf_addf(out, "; it has not done yet: %s", unknown.s);
	buf_adds(out, ".\n");
}

static void
view_down_json(void *ctx, const struct downtime *d)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "instance", d->instance);
	cJSON_AddItemToObject(o, "ms", d->ms < 0 ? cJSON_CreateNull() : cJSON_CreateNumber((double)d->ms));
	cJSON_AddNumberToObject(o, "runs", (double)d->runs);
	cJSON_AddItemToArray(ctx, o);
}

static void
view_prices_json(cJSON *root, struct engine *e)
{
	AUTO(medians) m = { .state = e->state };
	AUTO(buf) unknown = BUF_INIT;
	int64_t ms;

	plan_downtimes(&e->plan, medians_typical, &m, view_down_json, cJSON_AddArrayToObject(root, "downtime"));
	ms = plan_estimate_ms(&e->plan, medians_typical, &m, &unknown);
	cJSON_AddItemToObject(root, "estimate_ms", ms < 0 ? cJSON_CreateNull() : cJSON_CreateNumber((double)ms));
}

/* Of all that goes: what holds data, and how much. */
static void
view_risk_json(cJSON *root, const struct plan *p)
{
	double bytes = 0;

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i]->verb == REMOVE && p->v[i]->res->type->precious)
			bytes += (double)p->v[i]->res->at_stake;
	cJSON_AddNumberToObject(root, "bytes_at_risk", bytes);
}

/* The next of those that were asked for and nothing else; NULL: no more. Start with *at = 0. */
static const struct aim *
view_next_target(const struct run *r, size_t *at)
{
	while (*at < r->naims) {
		const struct aim *aim = &r->aims[(*at)++];

		if (aim->how == AIM_TARGET)
			return aim;
	}
	return NULL;
}

/* What is not planned, and why nobody may take the plan for the whole. */
static void
plan_view_incomplete(struct buf *out, const struct run *r, const struct engine *e)
{
	const struct aim *target;
	size_t at = 0;

	while ((target = view_next_target(r, &at)))
		buf_addf(out, "Not complete: only %s and what it needs was asked for.\n", target->address);
	wrong_text(out, e);
}

/* A step that began and did not end may be one that somebody is taking. */
static void
plan_view_others(struct engine *e, struct buf *out)
{
	const char *told = "";

	for (size_t i = 0; i < e->plan.n; i++) {
		const struct step *s = e->plan.v[i];
		const char *owner = s->res->owner;
		auto_free char *path = NULL;
		struct process other;

		if (!*owner || s->why.kind != REASON_UNFINISHED || !strcmp(owner, told))
			continue;
		told = owner;
		path = instance_lock_path(e->env, owner);
		if (!lock_holder(path, NULL, &other, NULL))
			continue;
		buf_addf(out, "%s: another limactl (process %d) works on it just now; this is what it has not come to the end of.\n", owner,
			 (int)other.pid);
		process_release(&other);
	}
}

void
plan_view_text(struct cli *c, const struct run *r, struct engine *e, bool color, struct buf *out)
{
	AUTO(buf) b = BUF_INIT;

	if (e->plan.n) {
		explain_plan(&b, &e->plan, color);
		view_prices_text(&b, e);
		disks_text(&b, &e->plan);
		starts_text(&b, &c->env, &e->plan);
		reach_text(&b, &e->plan);
		if (r->dry)
			plan_view_others(e, &b);
	} else if (!e->nrequests && !e->nhost_requests) {
		buf_addf(&b, "Nothing to do: there is no instance in %s, and no " FILES_DEFAULT " in this folder.\n", c->env.home);
	} else if (r->only_downloads) {
		buf_addf(&b, "Nothing to fetch: what %zu %s is on this host.\n", e->nrequests, e->nrequests == 1 ? "instance needs" : "instances need");
	} else {
		buf_addf(&b, "Nothing to do: %zu %s as wanted.\n", e->nrequests, e->nrequests == 1 ? "instance is" : "instances are");
	}
	plan_view_incomplete(&b, r, e);
	secrets_hide(&c->secrets, b.s, NULL, out);
}

/* What is said behind it of the two texts of an instance. */
static void
plan_view_texts(struct cli *c, const struct run *r, struct engine *e, struct buf *out)
{
	AUTO(buf) b = BUF_INIT;

	if (r->texts)
		texts_text(c, e, r->texts, &b);
	disagree_text(c, e, &b);
	secrets_hide(&c->secrets, b.s, NULL, out);
}

cJSON *
plan_view_json(struct cli *c, const struct run *r, struct engine *e)
{
	cJSON *j = explain_json(&e->plan, &e->graph);
	size_t at = 0;

	cJSON_AddStringToObject(j, "limactl_version", c->env.version);
	cJSON_AddBoolToObject(j, "applyable", e->plan.n > 0);
	cJSON_AddBoolToObject(j, "complete", !e->nwrong && !view_next_target(r, &at));
	cJSON_AddBoolToObject(j, "errored", e->nwrong > 0);
	view_risk_json(j, &e->plan);
	view_prices_json(j, e);
	wrong_json(j, e);
	reach_json(j, &e->plan);
	disks_json(j, &e->plan);
	starts_json(j, &c->env, &e->plan);
	if (r->texts)
		texts_json(c, e, r->texts, j);
	disagree_json(c, e, j);
	secrets_hide_json(&c->secrets, j, NULL);
	return j;
}

static void
plan_view_print_json(struct cli *c, const struct run *r, struct engine *e)
{
	cJSON *j = plan_view_json(c, r, e);
	char *text = cJSON_PrintUnformatted(j);

	cli_print_line(text);
	c->told_json = true;
	cJSON_free(text);
	cJSON_Delete(j);
}

void
plan_view_print(struct cli *c, const struct run *r, struct engine *e)
{
	AUTO(buf) out = BUF_INIT, texts = BUF_INIT;

	if (cli_bool(c, "json")) {
		plan_view_print_json(c, r, e);
		return;
	}
	plan_view_text(c, r, e, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"), &out);
	cli_print_colored(stdout, out.s, out.len);
	/* they may have colours of strangers, so they are printed apart, and without */
	plan_view_texts(c, r, e, &texts);
	cli_print(stdout, texts.s, texts.len);
	fflush(stdout);
}
