/* The walk: order, limits, failure, cancellation. Run under TSan by `make tsan`. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "reconciler/walk.h"
#include "tests/unit/test.h"

static const struct resource_type plain = { .name = "plain" };
static const struct resource_type endless = { .name = "endless", .shared = true };
static const struct resource_type two_at_once = { .name = "pool", .at_once = 2 };

struct watch {
	atomic_int running, most, ran;
	atomic_int clock;
	const char *fails;		/* name of a resource whose step fails */
	volatile int cancel;
	int cancel_after;		/* steps */
	int commits, settled;
	int fail_commit;		/* the n-th */
	const char *unwanted;		/* the beginning of the names of what is called off ... */
	volatile int calls;		/* ... when a step of that name runs */
};

static int
run(void *ctx, struct step *s, struct error *err)
{
	struct watch *w = ctx;
	int now = atomic_fetch_add(&w->running, 1) + 1, most = atomic_load(&w->most);

	while (now > most && !atomic_compare_exchange_weak(&w->most, &most, now))
		;
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	s->place = (size_t)atomic_fetch_add(&w->clock, 1);
	atomic_fetch_sub(&w->running, 1);
	atomic_fetch_add(&w->ran, 1);
	if (w->cancel_after && atomic_load(&w->ran) >= w->cancel_after)
		__atomic_store_n(&w->cancel, 1, __ATOMIC_RELAXED);
	if (w->unwanted && !strncmp(w->unwanted, s->res->name, strlen(w->unwanted)))
		__atomic_store_n(&w->calls, 1, __ATOMIC_RELEASE);
	while (w->unwanted && !strcmp(s->res->type->name, "endless"))
		if (__atomic_load_n(&s->cancel, __ATOMIC_RELAXED))
			return error_set(err, ERR_CANCELLED, "%s ended", s->res->name);
	if (w->fails && !strcmp(w->fails, s->res->name))
		return error_set(err, ERR_CHILD, "%s broke", s->res->name);
	return 0;
}

static void
settled(void *ctx, struct step *s)
{
	(void)s;
	((struct watch *)ctx)->settled++;
}

static int
commit(void *ctx, struct error *err)
{
	struct watch *w = ctx;

	return ++w->commits == w->fail_commit ? error_set(err, ERR_CHILD, "disk full") : 0;
}

static bool
unwanted(void *ctx, const struct step *s)
{
	const char *name = ((struct watch *)ctx)->unwanted;

	return strncmp(name, s->res->name, strlen(name)) == 0;
}

struct world {
	struct graph g;
	struct plan p;
	struct watch w;
};

static void
node(struct world *x, const struct resource_type *t, const char *name, const char *after)
{
	struct resource *r = graph_declare(&x->g, t, "", name, true);

	if (after)
		resource_need(&x->g, r, t->name, after, NEED_LIVE);
}

static int
walk(struct world *x, size_t jobs, bool keep_going, struct error *err)
{
	struct walk w = {
		.jobs = jobs, .keep_going = keep_going, .cancel = &x->w.cancel, .ctx = &x->w,
		.run = run, .settled = settled, .commit = commit, .is_unwanted = unwanted, .calls = &x->w.calls,
	};

	assert_int_equal(graph_resolve(&x->g, err), 0);
	assert_int_equal(plan_make(&x->g, &x->p, err), 0);
	return plan_walk(&x->p, &w, err);
}

static void
done(struct world *x)
{
	plan_release(&x->p);
	graph_release(&x->g);
}

static struct step *
up(struct world *x, const char *name)
{
	struct resource *r = graph_find(&x->g, "plain", name);

	return r ? r->up : graph_find(&x->g, "pool", name)->up;
}

TEST(nothing_to_do)
{
	struct world x = { 0 };

	assert_int_equal(walk(&x, 4, false, NULL), 0);
	done(&x);
}

TEST(what_is_called_off_ends_and_the_rest_goes_on)
{
	struct world x = { .w = { .unwanted = "a" } };
	struct resource *r;

	/* a1 is called off while it runs; a2 behind it and a3 behind b1 do not begin; the download is for a3 alone, and ends */
	node(&x, &plain, "a1", NULL);
	node(&x, &plain, "a2", "a1");
	node(&x, &plain, "b1", NULL);
	node(&x, &plain, "b2", "b1");
	node(&x, &endless, "download", NULL);
	r = graph_declare(&x.g, &plain, "", "a3", true);
	resource_need(&x.g, r, "endless", "download", NEED_BUILD);
	resource_need(&x.g, r, "plain", "b1", NEED_LIVE);
	assert_int_equal(walk(&x, 4, false, NULL), 0);
	assert_int_equal(up(&x, "a2")->status, SKIPPED);
	assert_int_equal(up(&x, "a3")->status, SKIPPED);
	assert_int_equal(up(&x, "b2")->status, DONE);
	assert_int_equal(graph_find(&x.g, "endless", "download")->up->status, FAILED);
	assert_int_equal(x.w.settled, 6);
	done(&x);
}

TEST(what_is_called_off_does_not_wait_for_its_turn)
{
	struct world x = { .w = { .unwanted = "a" } };

	/* one worker, busy with a shared thing for a alone: a0 came first, and what waits goes though nothing else ends */
	node(&x, &plain, "a0", NULL);
	node(&x, &endless, "download", NULL);
	resource_need(&x.g, graph_declare(&x.g, &plain, "", "a1", true), "endless", "download", NEED_BUILD);
	assert_int_equal(walk(&x, 1, false, NULL), 0);
	assert_int_equal(up(&x, "a1")->status, SKIPPED);
	done(&x);
}

TEST(each_after_what_it_waits_for)
{
	struct world x = { 0 };

	node(&x, &plain, "a", NULL);
	node(&x, &plain, "b", "a");
	node(&x, &plain, "c", "b");
	node(&x, &plain, "d", "a");
	assert_int_equal(walk(&x, 4, false, NULL), 0);
	assert_true(up(&x, "a")->place < up(&x, "b")->place);
	assert_true(up(&x, "b")->place < up(&x, "c")->place);
	assert_true(up(&x, "a")->place < up(&x, "d")->place);
	done(&x);
}

static void
many(struct world *x, const struct resource_type *t, int n)
{
	char name[16];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof name, "n%d", i);
		node(x, t, name, NULL);
	}
}

TEST(no_more_than_jobs_at_once)
{
	struct world x = { 0 };

	many(&x, &plain, 40);
	assert_int_equal(walk(&x, 3, false, NULL), 0);
	assert_int_equal(x.w.ran, 40);
	assert_true(x.w.most <= 3);
	done(&x);
}

TEST(a_pool_does_not_take_all_workers)
{
	struct world x = { 0 };

	many(&x, &two_at_once, 20);
	assert_int_equal(walk(&x, 8, false, NULL), 0);
	assert_int_equal(x.w.ran, 20);
	assert_true(x.w.most <= 2);
	done(&x);
}

TEST(what_stands_behind_a_failure_is_skipped)
{
	struct world x = { .w.fails = "a" };
	struct error err = { 0 };

	node(&x, &plain, "a", NULL);
	node(&x, &plain, "b", "a");
	node(&x, &plain, "c", "b");
	assert_int_equal(walk(&x, 2, true, &err), -1);
	assert_string_equal(err.msg, "a broke");
	assert_int_equal(up(&x, "b")->status, SKIPPED);
	assert_int_equal(up(&x, "c")->status, SKIPPED);
	assert_int_equal(x.w.settled, 3);
	done(&x);
}

TEST(others_go_on_when_told_to)
{
	struct world x = { .w.fails = "n0" };

	many(&x, &plain, 30);
	assert_int_equal(walk(&x, 1, true, NULL), -1);
	assert_int_equal(x.w.ran, 30);
	done(&x);
}

TEST(nothing_more_is_started_otherwise)
{
	struct world x = { .w.fails = "n0" };

	many(&x, &plain, 30);
	assert_int_equal(walk(&x, 1, false, NULL), -1);
	assert_true(x.w.ran < 30);
	done(&x);
}

TEST(cancelled_runs_finish_and_nothing_starts)
{
	struct world x = { .w.cancel_after = 3 };
	struct error err = { 0 };

	many(&x, &plain, 50);
	assert_int_equal(walk(&x, 2, false, &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	assert_true(x.w.ran >= 3 && x.w.ran < 50);
	assert_int_equal(x.w.running, 0);
	done(&x);
}

TEST(a_note_that_cannot_be_written_stops_the_walk)
{
	struct world x = { .w.fail_commit = 2 };
	struct error err = { 0 };

	many(&x, &plain, 10);
	assert_int_equal(walk(&x, 1, true, &err), -1);
	assert_string_equal(err.msg, "disk full");
	assert_int_equal(x.w.ran, 1);
	done(&x);
}

TEST(two_thousand_steps)
{
	struct world x = { 0 };
	struct walk w = { .jobs = 4, .ctx = &x.w, .settled = settled };

	many(&x, &plain, 2000);
	w.run = run;
	assert_int_equal(graph_resolve(&x.g, NULL), 0);
	assert_int_equal(plan_make(&x.g, &x.p, NULL), 0);
	assert_int_equal(plan_walk(&x.p, &w, NULL), 0);
	assert_int_equal(x.w.settled, 2000);
	done(&x);
}

