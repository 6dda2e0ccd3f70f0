#include "cli/view/remaining.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "cli/view/medians.h"
#include "reconciler/plan.h"
#include "reconciler/price.h"

struct remaining {
	const struct plan *plan;
	size_t jobs, over;
	struct remaining_step {
		int64_t usual;		/* -1: nobody knows */
		int64_t began, told;
		enum { STEP_WAITS, STEP_RUNS, STEP_OVER } is;
	} *v;				/* by the steps' places */
	int64_t now, work;		/* of the estimate that is being made */
	bool late;
};

struct remaining_asking {
	struct remaining *r;
	struct medians *medians;
};

static int64_t
remaining_usual(void *ctx, const struct step *s, size_t *runs)
{
	struct remaining_asking *a = ctx;

	return a->r->v[s->place].usual = medians_typical(a->medians, s, runs);
}

struct remaining *
remaining_new(const struct plan *p, struct state *state, size_t jobs)
{
	struct remaining *r = xcalloc(1, sizeof *r);
	AUTO(medians) m = { .state = state };
	AUTO(buf) unknown = BUF_INIT;
	struct remaining_asking ctx = { r, &m };

	r->plan = p;
	r->jobs = jobs ? jobs : 1;
	r->v = xcalloc(p->n + 1, sizeof *r->v);
	plan_estimate_ms(p, remaining_usual, &ctx, &unknown);
	for (size_t i = 0; i < p->n; i++)
		r->v[i].told = -1;
	return r;
}

void
remaining_free(struct remaining *r)
{
	if (!r)
		return;
	free(r->v);
	free(r);
}

void
remaining_begun(struct remaining *r, const struct step *s, int64_t now_ms)
{
	r->v[s->place].is = STEP_RUNS;
	r->v[s->place].began = now_ms;
}

/* One that was skipped is over as well: nothing of it is left. */
void
remaining_over(struct remaining *r, const struct step *s)
{
	r->over += r->v[s->place].is != STEP_OVER;
	r->v[s->place].is = STEP_OVER;
}

void
remaining_told(struct remaining *r, const struct step *s, int64_t ms)
{
	r->v[s->place].told = ms;
}

/* A step_typical of what is still to come. */
static int64_t
remaining_of(void *ctx, const struct step *s, size_t *runs)
{
	struct remaining *r = ctx;
	const struct remaining_step *k = &r->v[s->place];
	int64_t ms = k->usual;

	*runs = 0;
	if (k->is == STEP_OVER)
		return 0;
	if (k->is == STEP_RUNS && k->told >= 0)
		ms = k->told;
	else if (k->is == STEP_RUNS && ms >= 0) {
		ms -= r->now - k->began;
		r->late |= ms < 0;
		ms = ms < 0 ? 0 : ms;
	}
	if (ms > 0 && !s->res->type->boots)
		r->work += ms;
	return ms;
}

void
remaining_text(struct remaining *r, int64_t now_ms, struct buf *out)
{
	AUTO(buf) unknown = BUF_INIT;
	int64_t ms;

	r->now = now_ms;
	r->work = 0;
	r->late = false;
	ms = plan_estimate_ms(r->plan, remaining_of, r, &unknown);
	buf_addf(out, "%zu of %zu %s", r->over, r->plan->n, r->plan->n == 1 ? "step" : "steps");
	if (ms >= 0 && r->work / (int64_t)r->jobs > ms)
		ms = r->work / (int64_t)r->jobs;
	if (ms >= 1000 && ms < 100000)
		buf_addf(out, ", %s %lld s left", unknown.len ? "at least" : "about", (long long)(ms + 500) / 1000);
	else if (ms >= 1000)
		buf_addf(out, ", %s %lld min left", unknown.len ? "at least" : "about", (long long)(ms + 30000) / 60000);
	else if (r->late)
		buf_adds(out, ", longer than usual");
}
