#include "reconciler/users.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "reconciler/declare.h"
#include "reconciler/engine.h"
#include "reconciler/lookers.h"
#include "state/observed/state.h"

enum { SLOW_MS = 100, WORKERS = 2 };
/* What a child tells of an instance in front of the places of what it names. */
enum { BY_ITS_YAML = UINT32_MAX, UNREADABLE = UINT32_MAX - 1 };

/* An instance of this home that the run is not about. */
struct witness {
	char *name, *stamp;	/* recorded, or NULL */
	bool fresh;		/* what it names is told by its lima.yaml, and not by its records */
};

/* A resource that may go, and who was found to need it. */
struct leaving {
	struct resource *r;
	struct user *v;
	size_t n, cap;
};

struct users {
	struct engine *e;
	struct leaving *leaving;
	size_t n, cap;
	struct witness *witness;
	size_t nwitness, witness_cap;
	struct leaving *at;
};

static void
users_release(struct users *u)
{
	for (size_t i = 0; i < u->n; i++)
		free(u->leaving[i].v);
	for (size_t i = 0; i < u->nwitness; i++) {
		free(u->witness[i].name);
		free(u->witness[i].stamp);
	}
	free(u->leaving);
	free(u->witness);
}

static bool
users_matter(const struct resource *r)
{
	if (r->type->lifetime == OWNED || r->wanted || !(r->present || r->unfinished))
		return false;
	return r->may_lose ? r->if_used != USED_GOES : r->type->lifetime == SHARED_WHILE_USED;
}

static void
users_add(struct users *u, struct leaving *l, const char *owner, bool stands)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->v[i].owner, owner) != 0)
			continue;
		l->v[i].stands |= stands;
		return;
	}
	GROW(l->v, l->n, l->cap);
	l->v[l->n++] = (struct user){ arena_strdup(&u->e->graph.arena, owner), stands };
}

/* --- what no row knows: instances whose lima.yaml is not the recorded one --- */

static int
witness_tell(void *ctx, const char *name)
{
	struct users *u = ctx;

	if (engine_request(u->e, name))
		return 0;
	GROW(u->witness, u->nwitness, u->witness_cap);
	u->witness[u->nwitness++] = (struct witness){ .name = xstrdup(name) };
	return 0;
}

static int
witness_by_name(const void *a, const void *b)
{
	return strcmp(((const struct witness *)a)->name, ((const struct witness *)b)->name);
}

static int
witness_recall(void *ctx, const struct state_instance *i)
{
	struct users *u = ctx;
	struct witness key = { .name = (char *)i->name };
	struct witness *w = u->nwitness ? bsearch(&key, u->witness, u->nwitness, sizeof key, witness_by_name) : NULL;

	if (w && !w->stamp && *i->stamp)
		w->stamp = xstrdup(i->stamp);
	return 0;
}

/* By way of host-wide things, too: an archive needs its download for those who need the archive. A circle is an error of its own. */
static bool
resource_reaches(const struct resource *r, const struct resource *to, int deep)
{
	for (size_t i = 0; i < r->nneeds && deep > 0; i++) {
		const struct resource *d = r->needs[i].to;

		if (d->type == to->type && !strcmp(d->name, to->name))
			return true;
		if (!*d->owner && resource_reaches(d, to, deep - 1))
			return true;
	}
	return false;
}

static bool
graph_reaches(const struct graph *g, const struct resource *to)
{
	enum { DEEP = 8 };

	for (size_t i = 0; i < g->n; i++)
		if (*g->v[i]->owner && resource_reaches(g->v[i], to, DEEP))
			return true;
	return false;
}

/* In a child: tells which of the leaving ones that instance names, as places behind a mark; nothing where its records tell. */
static void
witness_look(void *ctx, size_t group, looker_place *at, struct buf *out)
{
	struct users *u = ctx;
	const struct witness *w = &u->witness[group];
	auto_free char *stamp = spec_stamp(w->name, u->e->spec_opts, &u->e->common_stamp);
	struct graph now = { 0 };
	bool reads;
	uint32_t mark;

	*at = 1;
	if (w->stamp && stamp && !strcmp(w->stamp, stamp))
		return;
	reads = declare_needs(u->e, w->name, &now, NULL) == 0;
	mark = reads ? BY_ITS_YAML : UNREADABLE;
	buf_add(out, &mark, sizeof mark);
	for (uint32_t i = 0; reads && i < u->n; i++)
		if (graph_reaches(&now, u->leaving[i].r))
			buf_add(out, &i, sizeof i);
	graph_release(&now);
}

static void
users_say_unknown(const struct users *u, size_t group, const char *why)
{
	u->e->env->say(u->e->env, SAY_WARN, "what `%s` needs is taken as it was recorded, since %s", u->witness[group].name, why);
}

static int
witness_told(void *ctx, size_t group, const char *p, size_t len)
{
	struct users *u = ctx;
	uint32_t i;

	for (size_t at = 0; len - at >= sizeof i; at += sizeof i) {
		memcpy(&i, p + at, sizeof i);
		if (i == BY_ITS_YAML)
			u->witness[group].fresh = true;
		else if (i == UNREADABLE)
			users_say_unknown(u, group, "its lima.yaml cannot be read");
		else if (i < u->n)
			users_add(u, &u->leaving[i], u->witness[group].name, false);
	}
	return 0;
}

static void
witness_lost(void *ctx, size_t group, uint32_t at, int after_ms)
{
	(void)at, (void)after_ms;
	users_say_unknown(ctx, group, "its folder does not answer");
}

static int
witnesses_ask(struct users *u, struct error *err)
{
	struct engine *e = u->e;
	struct looking l = {
		.workers = WORKERS, .slow_ms = SLOW_MS, .deadline_ms = e->look_ms, .cancel = e->env->cancel, .ctx = u,
		.look = witness_look, .told = witness_told, .lost = witness_lost,
	};

	if (!e->each_instance)
		return 0;
	if (e->each_instance(e->env, witness_tell, u, err) < 0 || state_stamps(e->state, NULL, witness_recall, u, err) < 0)
		return -1;
	l.ngroups = u->nwitness;
	if (!e->common_stamp)
		e->common_stamp = spec_common_stamp(e->spec_opts);
	return u->nwitness ? lookers_run(&l, err) : 0;
}

/* --- the rows --- */

static bool
witness_is_fresh(const struct users *u, const char *owner)
{
	struct witness key = { .name = (char *)owner };
	const struct witness *w = u->nwitness ? bsearch(&key, u->witness, u->nwitness, sizeof key, witness_by_name) : NULL;

	return w && w->fresh;
}

/* Who is in the graph is planned with it. */
static int
users_take_row(void *ctx, const struct state_user *row)
{
	struct users *u = ctx;
	bool stands = (row->present && row->made > 1 + NEED_BUILD) || (row->wanted && row->declared > 1 + NEED_BUILD);
	bool names = row->declared && !witness_is_fresh(u, row->owner);

	if ((stands || names) && !graph_find(&u->e->graph, row->type, row->name))
		users_add(u, u->at, row->owner, stands);
	return 0;
}

/* What the thing itself knows of instances that this run is not about. */
static void
users_take_told(struct users *u, struct leaving *l)
{
	const char *list = l->r->type->users ? facts_get(&l->r->have, l->r->type->users) : NULL;

	for (size_t n; list && *list; list += n + strspn(list + n, ", ")) {
		auto_free char *name = NULL;

		n = strcspn(list, ",");
		name = xasprintf("%.*s", (int)n, list);
		if (!engine_request(u->e, name))
			users_add(u, l, name, true);
	}
}

static int
user_compare(const void *a, const void *b)
{
	const struct user *x = a, *y = b;

	return x->stands != y->stands ? y->stands - x->stands : strcmp(x->owner, y->owner);
}

static int
users_settle(struct users *u, struct leaving *l, struct error *err)
{
	struct resource *r = l->r;

	u->at = l;
	if (state_users(u->e->state, r->type->name, r->name, users_take_row, u, err) < 0)
		return -1;
	users_take_told(u, l);
	if (!l->n)
		return 0;
	qsort(l->v, l->n, sizeof *l->v, user_compare);
	r->users = memcpy(arena_alloc(&u->e->graph.arena, l->n * sizeof *l->v), l->v, l->n * sizeof *l->v);
	r->nusers = l->n;
	return 0;
}

int
users_find(struct engine *e, struct error *err)
{
	struct users u = { .e = e };
	bool asked = false;
	int result = 0;

	for (size_t i = 0; i < e->graph.n; i++) {
		struct resource *r = e->graph.v[i];

		if (!users_matter(r))
			continue;
		GROW(u.leaving, u.n, u.cap);
		u.leaving[u.n++] = (struct leaving){ .r = r };
		asked |= r->may_lose;
	}
	if (asked)
		result = witnesses_ask(&u, err);
	for (size_t i = 0; result == 0 && i < u.n; i++)
		result = users_settle(&u, &u.leaving[i], err);
	users_release(&u);
	return result;
}
