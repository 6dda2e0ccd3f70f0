#include "reconciler/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "reconciler/aim.h"
#include "reconciler/believe.h"
#include "reconciler/declare.h"
#include "reconciler/foresee.h"
#include "reconciler/look.h"
#include "reconciler/records.h"
#include "reconciler/users.h"
#include "state/observed/state.h"

const struct resource_type *
engine_type(const struct engine *e, const char *name)
{
	for (size_t i = 0; e->types[i]; i++)
		if (!strcmp(e->types[i]->name, name))
			return e->types[i];
	return NULL;
}

static int
is_before(const void *name, const void *request)
{
	return strcmp(name, ((const struct request *)request)->name);
}

struct request *
engine_request(const struct engine *e, const char *name)
{
	return e->nrequests ? bsearch(name, e->requests, e->nrequests, sizeof *e->requests, is_before) : NULL;
}

static int
engine_by_place(const void *a, const void *b)
{
	const struct request *x = *(struct request *const *)a, *y = *(struct request *const *)b;

	return x->place < y->place ? -1 : x->place > y->place;
}

struct request **
engine_in_order(const struct engine *e)
{
	struct request **v = xcalloc(e->nrequests + 1, sizeof(struct request *));
	bool shuffled = false;

	for (size_t i = 0; i < e->nrequests; i++) {
		v[i] = &e->requests[i];
		shuffled |= i && v[i]->place < v[i - 1]->place;
	}
	if (shuffled)
		qsort(v, e->nrequests, sizeof(struct request *), engine_by_place);
	return v;
}

struct recall {
	struct engine *e;
	size_t next;		/* both lists are sorted by name */
};

/* The database knows the goal of an instance, and whether its lima.yaml has to be read, if that is still the recorded one. */
static int
recall_instance(void *ctx, const struct state_instance *i)
{
	struct recall *rc = ctx;
	struct engine *e = rc->e;
	struct request *a = rc->next < e->nrequests && !strcmp(e->requests[rc->next].name, i->name) ?
			&e->requests[rc->next] : engine_request(e, i->name);

	if (!a)
		return 0;
	rc->next = (size_t)(a - e->requests) + 1;
	a->half_deleted = i->goal == GOAL_ABSENT && (a->keep_goal || a->goal != GOAL_ABSENT);
	if (a->keep_goal && (a->meets_delete || !a->half_deleted))
		a->goal = (enum goal)i->goal;
	a->recalled = true;
	if (a->spec || a->only || a->nwants || a->how.n || i->goal != (int)a->goal || !*i->stamp)
		return 0;
	free(a->stamp);
	a->stamp = xstrdup(i->stamp);
	a->declared = false;
	return 0;
}

static int
delete_met(struct engine *e, const char *name, struct error *err)
{
	e->met_delete = true;
	return error_set(err, ERR_REFUSED, "instance `%s` is half deleted: a `limactl delete` of it did not come to its end; "
			 "`limactl delete %s` finishes that, `limactl apply --stopped %s` keeps what is left of it", name, name, name);
}

static int
recall_beside(void *ctx, const struct state_instance *i)
{
	struct engine *e = ctx;

	e->met_delete |= i->goal == GOAL_ABSENT;
	return 0;
}

static int
check_beside(struct engine *e, struct error *err)
{
	if (!e->beside)
		return 0;
	if (state_stamps(e->state, e->beside, recall_beside, e, err) < 0)
		return -1;
	return e->met_delete ? delete_met(e, e->beside, err) : 0;
}

/* A delete that is gone on with: that the data may go was said when it was begun, and the plan says it again. */
static bool
is_resumed(const struct request *a)
{
	return a->half_deleted && a->goal == GOAL_ABSENT;
}

/* Is there anything left of one whose delete did not end? Then it is for the user to say what is to become of it. */
static int
check_half_deleted(struct engine *e, struct error *err)
{
	size_t half = 0;
	int result = 0;

	for (size_t i = 0; i < e->nrequests; i++)
		half += e->requests[i].half_deleted;
	for (size_t i = 0; half && i < e->graph.n; i++) {
		struct resource *r = e->graph.v[i];
		const struct request *a = *r->owner && r->present ? engine_request(e, r->owner) : NULL;
		struct error why = { 0 };

		/* What runs was started after that delete: the database is of another time. */
		if (!a || !a->half_deleted || (a->meets_delete && !(is_resumed(a) && runs_unknown(r))))
			continue;
		delete_met(e, a->name, &why);
		graph_wrong(&e->graph, r, &why);
		if (result == 0 && err)
			*err = why;
		result = -1;
	}
	return result;
}

/*
 * The database is lost, or never knew these: what is there stands on what it needs now. Only among themselves: the
 * recorded edges are of an earlier version, and the two together might run in a circle.
 */
static void
assume_edges(struct engine *e)
{
	for (size_t i = 0; i < e->graph.n; i++) {
		struct resource *r = e->graph.v[i];

		for (size_t j = 0; r->present && !r->was && j < r->nneeds; j++) {
			if (r->needs[j].to->was)
				continue;
			graph_link_made(&e->graph, r, r->needs[j].to, r->needs[j].need);
		}
	}
}

static void
engine_mark(struct engine *e)
{
	for (size_t i = 0; i < e->graph.n; i++) {
		struct resource *r = e->graph.v[i];
		const struct request *a = *r->owner ? engine_request(e, r->owner) : NULL;

		if (!a)
			continue;
		r->may_lose |= a->may_lose || is_resumed(a);
		r->remake |= a->restart && r->type->runs;
		r->remake |= a->reset && !r->type->kept_by_reset;
	}
}

static bool
any_marked(const struct engine *e)
{
	for (size_t i = 0; i < e->nrequests; i++)
		if (e->requests[i].restart || e->requests[i].reset || e->requests[i].may_lose || is_resumed(&e->requests[i]))
			return true;
	return false;
}

/* An instance whose lima.yaml was not read is declared anew when it turns out to have something to do. */
static bool
engine_reopen(struct engine *e)
{
	bool any = false;

	for (size_t i = 0; i < e->plan.n; i++) {
		const struct resource *r = e->plan.v[i]->res;
		struct request *a = *r->owner ? engine_request(e, r->owner) : NULL;

		if (a && !a->declared)
			any = a->declared = true;
	}
	return any;
}

static int
prepare_once(struct engine *e, struct error *err)
{
	if (look_at_folders(e, err) < 0 || declare_all(e, err) < 0)
		return -1;
	if (records_load(e, err) < 0 || graph_resolve(&e->graph, err) < 0)
		return -1;
	if (any_marked(e))
		engine_mark(e);
	if (look_at_all(e, err) < 0 || check_half_deleted(e, err) < 0 || users_find(e, err) < 0)
		return -1;
	assume_edges(e);
	if (aims_take(e, err) < 0)
		return -1;
	if (plan_make(&e->graph, &e->plan, err) < 0 || (e->only_downloads && aims_narrow_to_downloads(e, err) < 0))
		return -1;
	return foresee(e, err);
}

static void
ask_wrong(struct request *a, const struct error *why)
{
	if (a->wrong)
		return;
	a->wrong = xcalloc(1, sizeof *a->wrong);
	*a->wrong = *why;
}

/*
 * From what is wrong with resources to what is wrong with their instances; a shared thing is its users'. One that
 * was taken as it was last time gets another chance: its lima.yaml is read. Is there such a one?
 */
static bool
blame_owners(struct engine *e)
{
	bool again = false;

	for (size_t i = 0; i < e->graph.n; i++) {
		const struct resource *r = e->graph.v[i];
		const struct error *wrong = r->wrong;
		struct request *a = *r->owner ? engine_request(e, r->owner) : NULL;

		for (size_t k = 0; a && !wrong && k < r->nneeds; k++)
			wrong = r->needs[k].to->wrong;
		if (!a || !wrong)
			continue;
		if (a->declared || wrong->code == ETIMEDOUT)
			ask_wrong(a, wrong);
		else
			a->reread = true;
	}
	for (size_t i = 0; i < e->nrequests; i++) {
		again |= e->requests[i].reread && !e->requests[i].declared;
		e->requests[i].declared |= e->requests[i].reread;
	}
	return again;
}

bool
request_is_unknown(const struct request *a)
{
	return a->wrong && a->wrong->code == ETIMEDOUT;
}

/* What does not answer delays only itself. */
static bool
all_wrong_unknown(const struct engine *e)
{
	for (size_t i = 0; i < e->nwrong; i++)
		if (!request_is_unknown(&e->requests[e->nrequests + i]))
			return false;
	return true;
}

static void
request_release(struct request *a)
{
	spec_free(a->loaded);
	free(a->stamp);
	free(a->wrong);
	a->loaded = NULL;
	a->stamp = NULL;
	a->wrong = NULL;
}

/* Those with whom something is wrong go behind the others, both in their order; how many there are. Behind all are those that are gone. */
static size_t
part_wrong(struct engine *e)
{
	auto_free struct request *wrong = xcalloc(e->nrequests, sizeof *wrong), *gone = xcalloc(e->nrequests, sizeof *gone);
	size_t n = 0, kept = 0, ngone = 0;

	for (size_t i = 0; i < e->nrequests; i++)
		if (e->requests[i].wrong && e->requests[i].gone && e->requests[i].may_be_gone)
			gone[ngone++] = e->requests[i];
		else if (e->requests[i].wrong)
			wrong[n++] = e->requests[i];
		else
			e->requests[kept++] = e->requests[i];
	memmove(e->requests + kept + n, e->requests + e->nrequests, e->nwrong * sizeof *wrong);
	memcpy(e->requests + kept, wrong, n * sizeof *wrong);
	memcpy(e->requests + kept + n + e->nwrong, gone, ngone * sizeof *gone);
	e->nrequests = kept;
	e->nwrong += n;
	e->ngone += ngone;
	return n + ngone;
}

/* Without those with whom something is wrong, until nothing is; each round finds all that can be found in it. */
static int
engine_prepare_one(struct engine *e, struct error *err)
{
	while (prepare_once(e, err) < 0) {
		bool again = blame_owners(e), parted = part_wrong(e) > 0;

		if ((parted && ((!e->partial && !all_wrong_unknown(e)) || (!e->nrequests && e->nwrong))) || (!parted && !again))
			return -1;
		plan_release(&e->plan);
		graph_release(&e->graph);
	}
	return 0;
}

static int
engine_by_name(const void *a, const void *b)
{
	return strcmp(((const struct request *)a)->name, ((const struct request *)b)->name);
}

static bool
asks_are_sorted(const struct request *requests, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (strcmp(requests[i - 1].name, requests[i].name) > 0)
			return false;
	return true;
}

static void
take_requests(struct engine *e, struct request *requests, size_t n)
{
	if (!asks_are_sorted(requests, n))
		qsort(requests, n, sizeof *requests, engine_by_name);
	for (size_t i = 0; i < n; i++) {
		requests[i].declared = true;
		requests[i].recalled = requests[i].half_deleted = requests[i].reread = requests[i].over = requests[i].peeked = false;
	}
	e->requests = requests;
	e->nrequests = n;
	e->nwrong = e->ngone = 0;
	e->met_delete = false;
}

int
engine_prepare(struct engine *e, struct request *requests, size_t n, struct error *err)
{
	struct recall rc = { .e = e };

	take_requests(e, requests, n);
	if (check_beside(e, err) < 0 ||
	    state_stamps(e->state, n == 1 ? requests[0].name : NULL, recall_instance, &rc, err) < 0)
		return -1;
	/* one that does not answer is found again, and parted, right behind this */
	(void)look_at_folders(e, NULL);
	for (size_t i = 0; i < n; i++)
		if (requests[i].keep_goal && !requests[i].recalled && !requests[i].wrong)
			requests[i].goal = e->as_it_is(e->env, requests[i].name);
	if (engine_prepare_one(e, err) < 0)
		return -1;
	if (!goals_of_what_runs(e) && !engine_reopen(e))
		return 0;
	plan_release(&e->plan);
	graph_release(&e->graph);
	return engine_prepare_one(e, err);
}

void
engine_release(struct engine *e)
{
	for (size_t i = 0; i < e->nrequests + e->nwrong + e->ngone; i++)
		request_release(&e->requests[i]);
	/* Locks are taken by name, so the failed ones are sorted in, too. */
	if (e->nwrong + e->ngone)
		qsort(e->requests, e->nrequests + e->nwrong + e->ngone, sizeof *e->requests, engine_by_name);
	e->nrequests += e->nwrong + e->ngone;
	e->nwrong = e->ngone = 0;
	plan_release(&e->plan);
	graph_release(&e->graph);
	free(e->common_stamp);
	e->common_stamp = NULL;
}
