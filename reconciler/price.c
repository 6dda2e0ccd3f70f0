#include "reconciler/price.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "reconciler/plan.h"
#include "state/desired/spec/spec.h"

enum change_class
attr_class(const struct resource *r, const struct attr *at)
{
	switch (attr_differs(r, at)) {
	case COST_NONE:
		break;
	case COST_UPDATE:
		return r->type->precious && !(r->up && r->up->live) ? CLASS_DISK : CLASS_LIVE;
	case COST_REPLACE:
		return r->type->runs ? CLASS_RESTART : CLASS_REPLACE;
	case COST_REFUSE:
		return CLASS_REFUSED;
	}
	return CLASS_NOTHING;
}

bool
resource_class(const struct resource *r, enum change_class *out)
{
	enum sign s = resource_sign(r);

	if (s != SIGN_CHANGE && s != SIGN_REMAKE)
		return false;
	if (s == SIGN_REMAKE) {
		*out = r->type->runs || r->down->why.kind == REASON_FOLLOWS ? CLASS_RESTART : CLASS_REPLACE;
		return true;
	}
	*out = CLASS_LIVE;
	for (const struct attr *at = r->type->attrs; at && at->name; at++) {
		enum change_class c = attr_class(r, at);

		*out = c > *out ? c : *out;
	}
	return true;
}

const char *
step_sort(struct arena *a, const struct resource *r)
{
	const struct spec *s = r->spec;

	if (!*r->owner)
		return r->name;
	if (!s || !s->nimages)
		return "";
	return arena_printf(a, "%s %d %llu %llu", s->images[0].image.location, s->cpus, (unsigned long long)s->memory_bytes,
			    (unsigned long long)s->disk_bytes);
}

/* The ends of the steps when the one at `first` begins at 0; a step that does not wait for it, directly or not, has -1. To free. */
static int64_t *
price_ends(const struct plan *p, size_t first, step_typical *typical, void *ctx)
{
	int64_t *begin = xcalloc(p->n + 1, sizeof *begin);

	for (size_t i = first; i < p->n; i++)
		begin[i] = i == first ? 0 : -1;
	/* Steps stand behind what they wait for, so each value is final when it is reached. */
	for (size_t i = first; i < p->n; i++) {
		size_t runs;
		int64_t ms = begin[i] < 0 ? -1 : typical(ctx, p->v[i], &runs);

		if (begin[i] < 0)
			continue;
		begin[i] += ms > 0 ? ms : 0;
		for (size_t j = 0; j < p->v[i]->nthen; j++) {
			int64_t *b = &begin[p->v[i]->then[j]->place];

			*b = begin[i] > *b ? begin[i] : *b;
		}
	}
	return begin;
}

/* A figure without the machine's own end and start, and without what the guest takes to be ready, is none. */
static bool
price_counts(const struct step *s)
{
	return s->res->type->runs || (s->verb == ENSURE && s->res->type->boots);
}

static struct downtime
price_downtime(const struct plan *p, const struct step *down, step_typical *typical, void *ctx)
{
	auto_free int64_t *end = price_ends(p, down->place, typical, ctx);
	struct downtime d = { .instance = down->res->owner, .runs = (size_t)-1 };

	for (size_t i = down->place; i < p->n; i++) {
		const struct step *s = p->v[i];
		size_t runs = 0;

		if (end[i] < 0 || strcmp(s->res->owner, d.instance) != 0)
			continue;
		d.ms = d.ms >= 0 && end[i] > d.ms ? end[i] : d.ms;
		if (!price_counts(s))
			continue;
		if (typical(ctx, s, &runs) < 0)
			d.ms = -1;
		d.runs = runs < d.runs ? runs : d.runs;
	}
	return d;
}

static void
price_number(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		p->v[i]->place = i;
}

void
plan_downtimes(const struct plan *p, step_typical *typical, void *ctx, void (*each)(void *each_ctx, const struct downtime *d), void *each_ctx)
{
	price_number(p);
	for (size_t i = 0; i < p->n; i++) {
		const struct resource *r = p->v[i]->res;

		if (p->v[i]->verb == REMOVE && r->type->runs && r->up) {
			struct downtime d = price_downtime(p, p->v[i], typical, ctx);

			each(each_ctx, &d);
		}
	}
}

/* Each type once. */
static void
estimate_lacks(struct buf *unknown, const char *type)
{
	size_t len = strlen(type);

	for (const char *p = unknown->len ? unknown->s : ""; *p; p += strcspn(p, ","), p += strspn(p, ", "))
		if (strncmp(p, type, len) == 0 && (p[len] == ',' || !p[len]))
			return;
	buf_addf(unknown, "%s%s", unknown->len ? ", " : "", type);
}

int64_t
plan_estimate_ms(const struct plan *p, step_typical *typical, void *ctx, struct buf *unknown)
{
	int64_t *begin = xcalloc(p->n, sizeof *begin), longest = -1;

	price_number(p);
	for (size_t i = 0; i < p->n; i++) {
		size_t runs;
		int64_t ms = typical(ctx, p->v[i], &runs), end;

		if (ms < 0)
			estimate_lacks(unknown, p->v[i]->res->type->name);
		/* It is on the way all the same. */
		end = begin[i] + (ms < 0 ? 0 : ms);
		longest = ms >= 0 && end > longest ? end : longest;
		for (size_t j = 0; j < p->v[i]->nthen; j++) {
			int64_t *b = &begin[p->v[i]->then[j]->place];

			*b = end > *b ? end : *b;
		}
	}
	free(begin);
	return longest;
}
