#include "cli/view/outcome.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "cli/cli.h"
#include "reconciler/explain.h"

size_t
outcome_stops(const struct plan *p)
{
	size_t stopped = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct resource *r = p->v[i]->res;

		if (r->up)
			continue;
		if (!strcmp(r->type->name, "dir"))
			return 0;
		stopped += !strcmp(r->type->name, "vm");
	}
	return stopped;
}

void
outcome_done(struct cli *c, enum level level, const struct plan_counts *n, size_t stopped, double seconds)
{
	const struct { size_t n; const char *word; } part[] = {
		{ n->create, "created" }, { n->change, "changed" }, { n->remake, "remade" },
		{ stopped, "stopped" }, { stopped ? 0 : n->remove, "removed" },
	};
	AUTO(buf) b = BUF_INIT;
	const char *sep = ":";

	buf_addf(&b, "Done in %.1f s", seconds);
	for (size_t k = 0; k < ARRAY_LEN(part); k++) {
		if (!part[k].n)
			continue;
		buf_addf(&b, "%s %zu %s", sep, part[k].n, part[k].word);
		sep = ",";
	}
	c->env.say(&c->env, level, "%s", b.s);
}

void
outcome_broken_off(struct cli *c, enum level level, const struct plan *p, double seconds)
{
	size_t done = 0, failed = 0, cancelled = 0;
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < p->n; i++) {
		done += p->v[i]->status == DONE;
		cancelled += p->v[i]->status == FAILED && p->v[i]->err.code == ERR_CANCELLED;
		failed += p->v[i]->status == FAILED;
	}
	failed -= cancelled;
	if (cancelled)
		buf_addf(&b, " %zu cancelled,", cancelled);
	if (p->n > 1 && done + failed + cancelled)
		c->env.say(&c->env, level, "Stopped after %.1f s: %zu of %zu steps done, %zu failed,%s %zu not begun", seconds, done,
			   p->n, failed, b.len ? b.s : "", p->n - done - failed - cancelled);
}
