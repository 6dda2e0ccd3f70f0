#include "cli/view/outcome.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/some.h"
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
		if (r->type->is_instance)
			return 0;
		stopped += r->type->runs;
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

struct mishap {
	const char *owner;
	const struct step *failed, *because;
};

static int
outcome_by_owner(const void *a, const void *b)
{
	const struct mishap *x = a, *y = b;
	int c = strcmp(x->owner, y->owner);

	/* An own failure counts for more than one that was waited for. */
	return c ? c : !x->failed - !y->failed;
}

/* One for each instance that something failed or was left out of, by name; to free. */
static struct mishap *
outcome_mishaps(const struct plan *p, size_t *n)
{
	struct mishap *v = xcalloc(p->n + 1, sizeof *v);
	size_t all = 0;

	*n = 0;
	for (size_t i = 0; i < p->n; i++) {
		const struct step *s = p->v[i];

		if (*s->res->owner && (s->status == FAILED || s->status == SKIPPED))
			v[all++] = (struct mishap){ s->res->owner, s->status == FAILED ? s : NULL, s->because };
	}
	if (all)
		qsort(v, all, sizeof *v, outcome_by_owner);
	for (size_t i = 0; i < all; i++)
		if (!i || strcmp(v[i].owner, v[i - 1].owner) != 0)
			v[(*n)++] = v[i];
	return v;
}

enum { MAX_BEHIND = 20 };

/* Those that wait for what failed: an instance, or something that all share. */
static void
outcome_say_behind(struct cli *c, const struct mishap *v, size_t n, const struct resource *cause)
{
	AUTO(buf) b = BUF_INIT;
	size_t told = 0;

	for (size_t i = 0; i < n; i++) {
		const struct resource *r = v[i].because ? v[i].because->res : NULL;
		bool same = r && (*cause->owner ? !strcmp(r->owner, cause->owner) : r == cause);

		if (!v[i].failed && same && some_next(&b, told++, MAX_BEHIND))
			buf_addf(&b, "`%s`", v[i].owner);
	}
	some_end(&b, told, MAX_BEHIND);
	if (told)
		c->env.say(&c->env, SAY_ERROR, "%s %s left as %s, since %s on it", b.s, told == 1 ? "was" : "were", told == 1 ? "it is" : "they are",
			   told == 1 ? "it depends" : "they depend");
}

size_t
outcome_instances(struct cli *c, const struct plan *p)
{
	size_t n;
	auto_free struct mishap *v = outcome_mishaps(p, &n);

	for (size_t i = 0; i < n; i++) {
		if (!v[i].failed)
			continue;
		c->env.say(&c->env, SAY_ERROR, "`%s` is not as wanted: %s", v[i].owner, v[i].failed->err.msg);
		outcome_say_behind(c, v, n, v[i].failed->res);
	}
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i]->status == FAILED && !*p->v[i]->res->owner) {
			c->env.say(&c->env, SAY_ERROR, "%s", p->v[i]->err.msg);
			outcome_say_behind(c, v, n, p->v[i]->res);
		}
	return n;
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
