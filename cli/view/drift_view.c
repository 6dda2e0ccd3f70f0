#include "cli/view/drift_view.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/quote/quote.h"
#include "cli/run.h"
#include "cli/view/plan_view.h"
#include "cli/view/wrong.h"
#include "reconciler/drift.h"
#include "reconciler/reason.h"

#define INDENT "              "

struct drift_view {
	struct buf *out;
	const struct resource *r;
	size_t n, adoptable;
	bool stays;		/* of the one that is told: none of its fields can be reverted */
};

static void
drift_view_field(void *ctx, const struct drift *d)
{
	struct drift_view *v = ctx;
	AUTO(arena) a = { 0 };
	const char *key = d->at->adopt ? d->at->adopt(v->r, &a) : NULL;

	if (d->at->show == SHOW_NEVER)
		buf_addf(v->out, INDENT "%s changed\n", d->at->name);
	else
		buf_addf(v->out, INDENT "%s: %s -> %s\n", d->at->name, attr_text(&a, d->at, d->was), attr_text(&a, d->at, d->is));
	if (key)
		buf_addf(v->out, INDENT "adopt: %s\n", key);
	v->adoptable += key != NULL;
	v->stays &= d->at->stays != NULL;
	if (d->at->stays)
		buf_addf(v->out, INDENT "revert: not possible: %s\n", d->at->stays);
}

static const char *
drift_view_revert(const struct resource *r)
{
	switch (resource_sign(r)) {
	case SIGN_CREATE:
		return r->type->runs ? "started again" : "made again";
	case SIGN_CHANGE:
		return "put back in place";
	case SIGN_REMAKE:
		return "made anew";
	case SIGN_REMOVE:
		return "taken away";
	case SIGN_NONE:
		break;
	}
	return "nothing to do";
}

static void
drift_view_one(struct drift_view *v)
{
	static const char *const words[] = { [DRIFT_GONE] = "is gone", [DRIFT_THERE] = "is there again", [DRIFT_CHANGED] = "was changed" };
	enum drift_kind kind = drift_of(v->r);

	if (kind == DRIFT_NONE || drift_follows(v->r))
		return;
	v->n++;
	buf_addf(v->out, "  ! %-9s %s  (%s)\n", v->r->type->name, v->r->name, words[kind]);
	v->stays = kind == DRIFT_CHANGED;
	if (v->stays)
		drift_each(v->r, drift_view_field, v);
	if (!v->stays)
		buf_addf(v->out, INDENT "revert: %s\n", drift_view_revert(v->r));
}

/* The words that this command was given, for another one. */
static void
drift_view_words(const struct cli *c, struct buf *out)
{
	for (int i = 0; i < c->nargs; i++) {
		buf_addc(out, ' ');
		quote_shell(out, c->args[i]);
	}
}

static void
drift_view_ways(struct cli *c, const struct drift_view *v)
{
	AUTO(buf) words = BUF_INIT;

	drift_view_words(c, &words);
	buf_addf(v->out, "Drift: %zu %s. `limactl apply%s` reverts what can be reverted", v->n, v->n == 1 ? "resource" : "resources", words.s);
	if (v->adoptable)
		buf_addf(v->out, "; `limactl apply --adopt-drift%s` writes into lima.yaml what has a key there, and reverts the rest", words.s);
	else
		buf_adds(v->out, "; no key of lima.yaml says any of it, so it cannot be adopted");
	buf_adds(v->out, ".\n");
}

static void
drift_view_text(struct cli *c, struct engine *e, struct drift_view *v)
{
	AUTO(buf) shown = BUF_INIT;

	for (size_t i = 0; i < e->graph.n; i++) {
		v->r = e->graph.v[i];
		drift_view_one(v);
	}
	if (v->n)
		drift_view_ways(c, v);
	else
		buf_addf(v->out, "No drift: %zu %s as %s left.\n", e->nrequests, e->nrequests == 1 ? "instance is" : "instances are",
			 e->nrequests == 1 ? "it was" : "they were");
	wrong_text(v->out, e);
	secrets_hide(&c->secrets, v->out->s, NULL, &shown);
	cli_print(stdout, shown.s, shown.len);
	fflush(stdout);
}

int
drift_view_print(struct cli *c, const struct run *r, struct engine *e, struct error *err)
{
	AUTO(buf) out = BUF_INIT;
	struct drift_view v = { .out = &out };

	if (cli_bool(c, "json")) {
		for (size_t i = 0; i < e->graph.n; i++)
			v.n += drift_of(e->graph.v[i]) != DRIFT_NONE;
		plan_view_print(c, r, e);
	} else {
		drift_view_text(c, e, &v);
	}
	if (e->nwrong)
		return wrong_say(c, e, err);
	return v.n && cli_bool(c, "detailed-exitcode") ? 2 : 0;
}
