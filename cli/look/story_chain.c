/* What a run lasted for: pure, of steps in the order of their begins. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "cli/look/story.h"

/* A step that begins so soon behind another's end was waiting for that: a transaction of the journal is between them. */
enum { SOON_MS = 30 };

struct by_end {
	int64_t ended;
	size_t step;
};

static int
by_end_compare(const void *a, const void *b)
{
	const struct by_end *x = a, *y = b;

	if (x->ended != y->ended)
		return x->ended < y->ended ? -1 : 1;
	return x->step < y->step ? -1 : x->step > y->step;
}

/* Of what it needed, what ended last. What is before it began before it, so no way leads back to it. */
static size_t
chain_needed(const struct story_step *v, size_t i)
{
	size_t best = STORY_NONE;

	for (size_t k = 0; k < v[i].nafter; k++) {
		size_t at = v[i].after[k];

		if (at < i && (best == STORY_NONE || v[at].ended > v[best].ended))
			best = at;
	}
	return best;
}

/* The last to end before it began; of those that ended at about that time one of the same instance. */
static size_t
chain_ended_before(const struct story_step *v, const struct by_end *sorted, size_t n, size_t i)
{
	size_t low = 0, high = n, best = STORY_NONE;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (sorted[mid].ended <= v[i].began)
			low = mid + 1;
		else
			high = mid;
	}
	for (size_t k = low; k-- > 0;) {
		size_t at = sorted[k].step;

		if (best != STORY_NONE && sorted[k].ended + SOON_MS < v[best].ended)
			break;
		if (at >= i)
			continue;
		if (best == STORY_NONE)
			best = at;
		if (*v[i].owner && !strcmp(v[at].owner, v[i].owner))
			return at;
	}
	return best;
}

static size_t
chain_before(struct story_step *v, const struct by_end *sorted, size_t n, size_t i)
{
	size_t needed = chain_needed(v, i), last;

	if (needed != STORY_NONE && v[i].began - v[needed].ended <= SOON_MS)
		return needed;
	last = chain_ended_before(v, sorted, n, i);
	if (last == STORY_NONE || (needed != STORY_NONE && v[last].ended <= v[needed].ended))
		return needed;
	v[i].queued = true;
	return last;
}

static void
chain_waits(struct story_step *v, size_t n, int64_t began)
{
	for (size_t i = 0; i < n; i++) {
		size_t needed = chain_needed(v, i);
		int64_t since = needed == STORY_NONE ? began : v[needed].ended;

		v[i].waited = v[i].began > since ? v[i].began - since : 0;
	}
}

size_t *
story_chain(struct arena *a, struct story_step *v, size_t n, int64_t began, size_t *npath)
{
	struct by_end *sorted = arena_alloc(a, (n + 1) * sizeof *sorted);
	size_t *path = arena_alloc(a, (n + 1) * sizeof *path), len = 0;

	chain_waits(v, n, began);
	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct by_end){ v[i].ended, i };
	qsort(sorted, n, sizeof *sorted, by_end_compare);
	for (size_t i = n ? sorted[n - 1].step : STORY_NONE; i != STORY_NONE; i = chain_before(v, sorted, n, i))
		path[len++] = i;
	for (size_t i = 0; i < len / 2; i++) {
		size_t other = path[i];

		path[i] = path[len - 1 - i];
		path[len - 1 - i] = other;
	}
	for (size_t i = 0; i < len; i++)
		v[path[i]].chain = i + 1;
	*npath = len;
	return path;
}

size_t
story_rows(const struct story *s, const struct story_part *p, size_t *row)
{
	AUTO(arena) a = { 0 };
	int64_t *until = arena_alloc(&a, (p->n + 1) * sizeof *until);
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct story_step *t = &s->v[p->step[i]];
		size_t k = 0;

		while (k < n && until[k] > t->began)
			k++;
		n += k == n;
		until[k] = t->ended;
		row[i] = k;
	}
	return n;
}
