#include "cli/view/plan_view.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "cli/args/files.h"
#include "cli/view/reach.h"
#include "cli/view/texts.h"
#include "cli/view/wrong.h"
#include "reconciler/explain.h"
#include "state/observed/state.h"

/* How long a guest boots is its own. */
static int64_t
plan_view_typical(void *ctx, const struct step *s)
{
	const char *type = s->res->type->name, *verb = s->verb == REMOVE ? "remove" : "ensure";
	int64_t own = s->res->type->boots ? state_typical_ms(ctx, type, verb, s->res->name) : -1;

	return own >= 0 ? own : state_typical_ms(ctx, type, verb, NULL);
}

static void
plan_view_estimate(struct buf *out, struct engine *e)
{
	AUTO(buf) unknown = BUF_INIT;
	int64_t ms = plan_estimate_ms(&e->plan, plan_view_typical, e->state, &unknown);

	if (ms < 1000)
		return;
	buf_addf(out, "Estimated %s%lld s, the median of earlier runs on this host", unknown.len ? "at least " : "", (long long)(ms + 500) / 1000);
	if (unknown.len)
		buf_addf(out, "; it has not done yet: %s", unknown.s);
	buf_adds(out, ".\n");
}

static void
plan_view_estimate_json(cJSON *j, struct engine *e)
{
	AUTO(buf) unknown = BUF_INIT;
	int64_t ms = plan_estimate_ms(&e->plan, plan_view_typical, e->state, &unknown);

	if (ms >= 0)
		cJSON_AddNumberToObject(j, "estimatedSeconds", (double)ms / 1e3);
}

/* What is not planned, and why nobody may take the plan for the whole. */
static void
plan_view_incomplete(struct buf *out, const struct run *r, const struct engine *e)
{
	for (size_t i = 0; i < r->naims; i++)
		if (r->aims[i].how == AIM_TARGET)
			buf_addf(out, "Not complete: only %s and what it needs was asked for.\n", r->aims[i].address);
	wrong_text(out, e);
}

void
plan_view_text(struct cli *c, const struct run *r, struct engine *e, bool color, struct buf *out)
{
	AUTO(buf) b = BUF_INIT;

	if (e->plan.n) {
		explain_plan(&b, &e->plan, color);
		plan_view_estimate(&b, e);
		reach_text(&b, &e->plan);
	} else if (!e->nasks && !e->nthings) {
		buf_addf(&b, "Nothing to do: there is no instance in %s, and no " FILES_DEFAULT " in this folder.\n", c->env.home);
	} else {
		buf_addf(&b, "Nothing to do: %zu %s as wanted.\n", e->nasks, e->nasks == 1 ? "instance is" : "instances are");
	}
	plan_view_incomplete(&b, r, e);
	secrets_hide(&c->secrets, b.s, NULL, out);
}

cJSON *
plan_view_json(struct cli *c, const struct run *r, struct engine *e)
{
	cJSON *j = explain_json(&e->plan);

	if (e->plan.n)
		plan_view_estimate_json(j, e);
	wrong_json(j, e);
	reach_json(j, &e->plan);
	if (r->texts)
		texts_json(c, e, r->texts, j);
	secrets_hide_json(&c->secrets, j, NULL);
	return j;
}

static void
plan_view_print_json(struct cli *c, const struct run *r, struct engine *e)
{
	cJSON *j = plan_view_json(c, r, e);
	char *text = cJSON_PrintUnformatted(j);

	puts(text);
	cJSON_free(text);
	cJSON_Delete(j);
}

void
plan_view_print(struct cli *c, const struct run *r, struct engine *e)
{
	AUTO(buf) out = BUF_INIT;

	if (cli_bool(c, "json")) {
		plan_view_print_json(c, r, e);
		return;
	}
	plan_view_text(c, r, e, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"), &out);
	fputs(out.s, stdout);
	if (r->texts) {
		AUTO(buf) texts = BUF_INIT, plain = BUF_INIT;

		texts_text(c, e, r->texts, &texts);
		secrets_hide(&c->secrets, texts.s, NULL, &plain);
		cli_print(stdout, plain.s, plain.len);
	}
	fflush(stdout);
}
