#include "cli/look/story_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "cli/look/index.h"
#include "cli/look/story.h"

struct part_pair {
	size_t part, needs;
};

static int
part_pair_compare(const void *a, const void *b)
{
	const struct part_pair *x = a, *y = b;

	if (x->part != y->part)
		return x->part < y->part ? -1 : 1;
	return x->needs < y->needs ? -1 : x->needs > y->needs;
}

/* Each owner's place, in the order of their first steps, the host's in front; `of` gets that of each step. */
static size_t
parts_count(const struct story *s, size_t *of)
{
	AUTO(index) owners = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (!*s->v[i].owner) {
			*index_at(&owners, "", "") = n++;
			break;
		}
	for (size_t i = 0; i < s->n; i++) {
		size_t *at = index_at(&owners, s->v[i].owner, "");

		if (*at == INDEX_NEW)
			*at = n++;
		of[i] = *at;
	}
	return n;
}

static void
part_take(struct story *s, struct story_part *p, size_t i)
{
	const struct story_step *t = &s->v[i];

	if (!p->n) {
		p->name = t->owner;
		p->began = t->began;
		p->ended = t->ended;
	}
	p->step[p->n++] = i;
	p->began = t->began < p->began ? t->began : p->began;
	p->ended = t->ended > p->ended ? t->ended : p->ended;
	p->failed += *t->error != '\0';
	p->open += t->open;
	p->on_path |= t->chain > 0;
}

/* One instance needs another if a step of it waited for one of that one's; on the way down it is the other way round. */
static void
parts_edges(struct story *s, const size_t *of)
{
	struct part_pair *v = NULL;
	size_t n = 0, cap = 0;
	size_t *needs;

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->v[i].nafter; k++) {
			size_t from = of[i], to = of[s->v[i].after[k]];
			bool up = strcmp(s->v[i].verb, "remove") != 0;

			if (from == to || up != (strcmp(s->v[s->v[i].after[k]].verb, "remove") != 0))
				continue;
			GROW(v, n, cap);
			v[n++] = up ? (struct part_pair){ from, to } : (struct part_pair){ to, from };
		}
	if (n)
		qsort(v, n, sizeof *v, part_pair_compare);
	needs = arena_alloc(&s->arena, (n + 1) * sizeof *needs);
	for (size_t i = 0, at = 0; i < n; i++) {
		struct story_part *p = &s->part[v[i].part];

		if (i && !part_pair_compare(&v[i], &v[i - 1]))
			continue;
		needs[at] = v[i].needs;
		if (!p->nneeds++)
			p->needs = &needs[at];
		at++;
	}
	free(v);
}

void
story_parts(struct story *s)
{
	size_t *of = arena_alloc(&s->arena, (s->n + 1) * sizeof *of), *room = arena_alloc(&s->arena, (s->n + 1) * sizeof *room);
	size_t *count;

	s->nparts = parts_count(s, of);
	s->part = arena_alloc(&s->arena, (s->nparts + 1) * sizeof *s->part);
	count = arena_alloc(&s->arena, (s->nparts + 1) * sizeof *count);
	for (size_t i = 0; i < s->n; i++)
		count[of[i]]++;
	for (size_t i = 0, at = 0; i < s->nparts; at += count[i++])
		s->part[i].step = &room[at];
	for (size_t i = 0; i < s->n; i++)
		part_take(s, &s->part[of[i]], i);
	parts_edges(s, of);
}
