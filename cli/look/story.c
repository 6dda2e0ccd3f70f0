#include "cli/look/story.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/facts.h"
#include "cli/look/index.h"
#include "cli/look/story_parts.h"
#include "resources/types.h"
#include "reconciler/resource.h"
#include "state/desired/spec/secrets.h"
#include "state/observed/state.h"

/* A resource that the run has steps of. */
struct story_node {
	int64_t row;		/* of the database; 0: it has none any more */
	size_t down, up;	/* its steps; STORY_NONE */
};

struct story_pair {
	size_t step, before;
};

struct story_reading {
	struct story *story;
	const struct secrets *hide;
	size_t cap;
	struct index names;		/* type and name -> node */
	struct story_node *node;
	size_t nnodes, node_cap;
	struct story_row {
		int64_t row;
		size_t node;
	} *row;				/* sorted */
	size_t nrows, row_cap;
	struct story_pair *pair;
	size_t npairs, pair_cap;
};

static void
story_reading_release(struct story_reading *r)
{
	index_release(&r->names);
	free(r->node);
	free(r->row);
	free(r->pair);
}

static const char *
story_text(struct story_reading *r, const char *s)
{
	AUTO(buf) b = BUF_INIT;

	if (!r->hide || !r->hide->n)
		return arena_strdup(&r->story->arena, s);
	secrets_hide(r->hide, s, NULL, &b);
	return arena_strdup(&r->story->arena, b.s);
}

/* One that was taken on another host is told as TYPE@HOST. */
static const struct resource_type *
story_type(const char *name)
{
	size_t len = strcspn(name, "@");

	for (const struct resource_type *const *t = resource_types; *t; t++)
		if (!strncmp((*t)->name, name, len) && !(*t)->name[len])
			return *t;
	return NULL;
}

/* What is an instance's is named after it: `web`, `web:ssh`. */
static const char *
story_owner(struct arena *a, const struct resource_type *type, const char *name)
{
	return type && type->lifetime == OWNED ? arena_memdup(a, name, strcspn(name, ":")) : "";
}

static int
story_run(void *ctx, const struct state_run *run)
{
	struct story_reading *r = ctx;
	struct story *s = r->story;

	s->id = run->id;
	s->began = run->began_ms;
	s->ended = run->ended_ms;
	s->open = run->ended_ms < 0;
	s->command = story_text(r, run->command);
	s->outcome = story_text(r, run->outcome);
	return 0;
}

static int
story_step(void *ctx, const struct state_step *step)
{
	struct story_reading *r = ctx;
	const struct resource_type *type = story_type(step->type);
	struct story *s = r->story;
	size_t *at;

	GROW(s->v, s->n, r->cap);
	s->v[s->n] = (struct story_step){
		.type = arena_strdup(&s->arena, step->type), .name = story_text(r, step->name), .verb = arena_strdup(&s->arena, step->verb),
		.why = story_text(r, step->why), .error = story_text(r, step->error), .owner = story_owner(&s->arena, type, step->name),
		.began = step->began_ms, .ended = step->ended_ms, .open = step->ended_ms < 0,
		.boots = type && (type->boots || type->runs),
	};
	s->failed += *step->error != '\0';
	at = index_at(&r->names, s->v[s->n].type, s->v[s->n].name);
	if (*at == INDEX_NEW) {
		GROW(r->node, r->nnodes, r->node_cap);
		*at = r->nnodes;
		r->node[r->nnodes++] = (struct story_node){ .down = STORY_NONE, .up = STORY_NONE };
	}
	*(strcmp(step->verb, "remove") ? &r->node[*at].up : &r->node[*at].down) = s->n++;
	return 0;
}

/* "MS WHAT" a line, in ms since 1970, as `ready` notes them of the last boot: of this step, if they are in its time. */
static void
story_phases(struct story *s, struct story_step *t, const char *text)
{
	struct story_phase *v = arena_alloc(&s->arena, (strlen(text) + 1) * sizeof *v);
	char *copy = arena_strdup(&s->arena, text);
	size_t n = 0;

	for (char *line; (line = strsep(&copy, "\n"));) {
		char *end;
		int64_t ms = strtoll(line, &end, 10);

		if (end == line || *end != ' ' || ms < t->began - 60000 || ms > t->ended + 1000)
			continue;
		ms = ms < t->began ? t->began : ms > t->ended ? t->ended : ms;
		v[n++] = (struct story_phase){ ms, end + 1 };
	}
	t->phase = v;
	t->nphases = n;
}

static int
story_record(void *ctx, const struct record *rec)
{
	struct story_reading *r = ctx;
	size_t at = index_find(&r->names, rec->type, rec->name);
	struct facts have = { 0 };
	const char *phases;

	if (at == INDEX_NEW)
		return 0;
	r->node[at].row = rec->id;
	GROW(r->row, r->nrows, r->row_cap);
	r->row[r->nrows++] = (struct story_row){ rec->id, at };
	if (strcmp(rec->type, "ready") != 0 || r->node[at].up == STORY_NONE ||
	    facts_unpack(&have, &r->story->arena, arena_memdup(&r->story->arena, rec->have.p, rec->have.len), rec->have.len) < 0)
		return 0;
	phases = facts_get(&have, "phases");
	if (phases)
		story_phases(r->story, &r->story->v[r->node[at].up], phases);
	return 0;
}

static int
story_row_compare(const void *a, const void *b)
{
	const struct story_row *x = a, *y = b;

	return x->row < y->row ? -1 : x->row > y->row;
}

static const struct story_node *
story_node_of(const struct story_reading *r, int64_t row)
{
	const struct story_row key = { row, 0 }, *found = r->nrows ? bsearch(&key, r->row, r->nrows, sizeof key, story_row_compare) : NULL;

	return found ? &r->node[found->node] : NULL;
}

static void
story_pair_add(struct story_reading *r, size_t step, size_t before)
{
	if (step == STORY_NONE || before == STORY_NONE || step == before)
		return;
	GROW(r->pair, r->npairs, r->pair_cap);
	r->pair[r->npairs++] = (struct story_pair){ step, before };
}

/* What stands on a thing comes down before the thing is touched; what needs it goes up after. */
static int
story_edge(void *ctx, const struct state_edge *e)
{
	struct story_reading *r = ctx;
	const struct story_node *from = story_node_of(r, e->source), *to = from ? story_node_of(r, e->target) : NULL;

	if (!to)
		return 0;
	story_pair_add(r, from->up, to->up);
	story_pair_add(r, to->down, from->down);
	story_pair_add(r, to->up, from->down);
	return 0;
}

static int
story_pair_compare(const void *a, const void *b)
{
	const struct story_pair *x = a, *y = b;

	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	return x->before < y->before ? -1 : x->before > y->before;
}

static void
story_pairs(struct story_reading *r)
{
	size_t *before;

	for (size_t i = 0; i < r->nnodes; i++)
		story_pair_add(r, r->node[i].up, r->node[i].down);
	before = arena_alloc(&r->story->arena, (r->npairs + 1) * sizeof *before);
	if (r->npairs)
		qsort(r->pair, r->npairs, sizeof *r->pair, story_pair_compare);
	for (size_t i = 0; i < r->npairs; i++) {
		struct story_step *t = &r->story->v[r->pair[i].step];

		before[i] = r->pair[i].before;
		if (!t->nafter++)
			t->after = &before[i];
	}
}

/* When what is open was last heard of: there is no other end of it. */
static void
story_close(struct story *s)
{
	int64_t last = s->ended > s->began ? s->ended : s->began;

	for (size_t i = 0; i < s->n; i++) {
		last = s->v[i].began > last ? s->v[i].began : last;
		last = s->v[i].ended > last ? s->v[i].ended : last;
	}
	for (size_t i = 0; i < s->n; i++)
		s->v[i].ended = s->v[i].open ? last : s->v[i].ended > s->v[i].began ? s->v[i].ended : s->v[i].began;
	s->ended = last;
}

static int
story_read_rows(struct story_reading *r, struct state *s, int64_t id, struct error *err)
{
	if (id == STORY_LAST && state_run_last(s, &id, err) < 0)
		return -1;
	if (!id)
		return error_set(err, ENOENT, "no run is recorded here yet: it is `limactl apply`, `start` and their like that are");
	if (state_runs(s, id, id, story_run, r, err) < 0)
		return -1;
	if (!r->story->id) {
		error_set(err, ENOENT, "there is no run %lld", (long long)id);
		return error_hint(err, "; `limactl history --limit=0` lists those that are kept");
	}
	if (state_run_steps(s, id, story_step, r, err) < 0)
		return -1;
	story_close(r->story);
	if (state_records(s, NULL, story_record, r, err) < 0)
		return -1;
	if (r->nrows)
		qsort(r->row, r->nrows, sizeof *r->row, story_row_compare);
	return state_edges(s, NULL, story_edge, r, err) < 0 ? -1 : 0;
}

int
story_read(struct story *out, struct state *s, int64_t id, const struct secrets *hide, struct error *err)
{
	AUTO(story_reading) r = { .story = out, .hide = hide };

	*out = (struct story){ 0 };
	if (state_snapshot(s, err) < 0 || story_read_rows(&r, s, id, err) < 0)
		return -1;
	story_pairs(&r);
	out->path = story_chain(&out->arena, out->v, out->n, out->began, &out->npath);
	story_parts(out);
	return 0;
}

void
story_release(struct story *s)
{
	free(s->v);
	arena_release(&s->arena);
	*s = (struct story){ 0 };
}

int
story_parse(const char *word, int64_t *id, struct error *err)
{
	char *end;

	*id = STORY_LAST;
	if (!word)
		return 0;
	errno = 0;
	*id = strtoll(word, &end, 10);
	if (errno || *end || end == word || *id <= 0)
		return error_set(err, ERR_INVALID, "%s: a run is a number of the first column of `limactl history`", word);
	return 0;
}
