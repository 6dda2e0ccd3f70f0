/* The walk: order, limits, failure, cancellation. Run under TSan by `make tsan`. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "reconciler/walk.h"
#include "tests/unit/test.h"

static const struct resource_type plain = { .name = "plain" };
static const struct resource_type endless = { .name = "endless", .lifetime = SHARED_KEPT };
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


/* --- boots */

static const struct resource_type boots = { .name = "plain", .boots = true };

struct booting {
	pthread_mutex_t lock;
	int up[64], now, most, most_plain, plain;
	int tokens, taken, most_taken;
};

/* "b3.vm", "b3.ready": an instance is on its way between the two. */
static int
boot_run(void *ctx, struct step *s, struct error *err)
{
	struct booting *b = ctx;
	int i = atoi(s->res->owner + (*s->res->owner == 'b'));
	bool vm = strstr(s->res->name, ".vm"), ready = strstr(s->res->name, ".ready");

	pthread_mutex_lock(&b->lock);
	if (vm && b->now++ >= b->most)
		b->most = b->now;
	if (!vm && !ready && b->plain++ >= b->most_plain)
		b->most_plain = b->plain;
	pthread_mutex_unlock(&b->lock);
	nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
	pthread_mutex_lock(&b->lock);
	if (ready || (vm && i == 5))
		b->now--;
	if (!vm && !ready)
		b->plain--;
	pthread_mutex_unlock(&b->lock);
	return vm && i == 5 ? error_set(err, ERR_CHILD, "no machine") : 0;
}

static bool
boot_take(void *ctx)
{
	struct booting *b = ctx;

	if (b->taken == b->tokens)
		return false;
	if (++b->taken > b->most_taken)
		b->most_taken = b->taken;
	return true;
}

static void
boot_give(void *ctx)
{
	((struct booting *)ctx)->taken--;
}

/* Twelve instances, each behind the one before by fours, and forty other things. */
static void
boot_world(struct graph *g)
{
	char owner[16], vm[32], ready[32], behind[32];

	for (int i = 0; i < 12; i++) {
		struct resource *v, *r;

		snprintf(owner, sizeof owner, "b%d", i);
		snprintf(vm, sizeof vm, "b%d.vm", i);
		snprintf(ready, sizeof ready, "b%d.ready", i);
		snprintf(behind, sizeof behind, "b%d.ready", i - 4);
		v = graph_declare(g, &boots, owner, vm, true);
		r = graph_declare(g, &boots, owner, ready, true);
		resource_need(g, r, "plain", vm, NEED_LIVE);
		if (i >= 4)
			resource_need_if(g, v, "plain", behind, NEED_BUILD);
		resource_need_if(g, v, "plain", "nobody", NEED_BUILD);
	}
	for (int i = 0; i < 40; i++) {
		snprintf(vm, sizeof vm, "thing%d", i);
		graph_declare(g, &plain, "", vm, true);
	}
}

static void
boot_walk(struct booting *b, struct walk *w)
{
	struct graph g = { 0 };
	struct plan p = { 0 };
	struct error err = { 0 };
	size_t skipped = 0;

	pthread_mutex_init(&b->lock, NULL);
	w->run = boot_run;
	w->ctx = b;
	w->keep_going = true;
	boot_world(&g);
	assert_int_equal(graph_resolve(&g, &err), 0);
	assert_int_equal(plan_make(&g, &p, &err), 0);
	assert_int_equal(plan_walk(&p, w, &err), -1);
	assert_string_equal(err.msg, "no machine");
	for (size_t i = 0; i < p.n; i++) {
		skipped += p.v[i]->status == SKIPPED;
		assert_true(p.v[i]->status != SKIPPED || !strcmp(p.v[i]->because->res->name, "b5.vm"));
	}
	/* b5's own READY, and b9, which stands behind it */
	assert_int_equal(skipped, 3);
	plan_release(&p);
	graph_release(&g);
}

TEST(only_so_many_instances_boot_at_a_time_and_they_hold_up_nothing_else)
{
	struct booting b = { 0 };

	boot_walk(&b, &(struct walk){ .jobs = 2, .boots = 3 });
	assert_true(b.most >= 2 && b.most <= 3);
	assert_true(b.most_plain >= 1 && b.most_plain <= 2);
}

TEST(a_token_is_taken_for_each_step_beside_the_first_and_given_back)
{
	struct booting none = { 0 }, two = { .tokens = 2 };

	boot_walk(&none, &(struct walk){ .jobs = 8, .boots = 8, .take = boot_take, .give = boot_give });
	assert_int_equal(none.most_plain, 1);
	assert_int_equal(none.taken, 0);
	boot_walk(&two, &(struct walk){ .jobs = 8, .boots = 8, .take = boot_take, .give = boot_give });
	assert_int_equal(two.taken, 0);
	assert_int_equal(two.most_taken, 2);
}

/* --- tasks: what one worker does together --- */

static const struct resource_type mates = { .name = "plain", .lifetime = OWNED };

struct together {
	atomic_int errands, most;	/* how many were run, and the most steps of one */
	char said[1024];
	const char *fails;		/* this step, and those of the same task that need it are left */
	bool all_fail, one_by_one;
	int settled, begun, fail_commit, commits;
	volatile int cancel;
};

/* "b:web" goes to b; what goes nowhere goes by itself. */
static bool
are_mates(void *ctx, const struct step *a, const struct step *b)
{
	(void)ctx;
	return a->res->name[1] == ':' && !strncmp(a->res->name, b->res->name, 2);
}

static bool
needs(const struct step *s, const char *name)
{
	for (size_t i = 0; i < s->res->nneeds; i++)
		if (!strcmp(s->res->needs[i].to->name, name))
			return true;
	return false;
}

static int
run_together(void *ctx, struct step *first, struct error *err)
{
	struct together *t = ctx;
	int n = 0;

	atomic_fetch_add(&t->errands, 1);
	for (struct step *s = first; s; s = s->mate) {
		n++;
		if (t->fails && !strcmp(s->res->name, t->fails)) {
			error_set(&s->err, ERR_CHILD, "%s broke", s->res->name);
			walk_step_over(s, FAILED);
			/* what is said twice counts once */
			walk_step_over(s, DONE);
		} else if (t->fails && needs(s, t->fails)) {
			walk_step_over(s, SKIPPED);
		} else if (t->one_by_one) {
			walk_step_over(s, DONE);
		}
	}
	if (n > t->most)
		t->most = n;
	return t->all_fail ? error_set(err, ERR_CHILD, "the host is gone") : 0;
}

static int
run_alone(void *ctx, struct step *s, struct error *err)
{
	(void)ctx, (void)s, (void)err;
	return 0;
}

static void
together_begun(void *ctx, struct step *s)
{
	(void)s;
	((struct together *)ctx)->begun++;
}

static void
together_settled(void *ctx, struct step *s)
{
	struct together *t = ctx;

	t->settled++;
	strncat(t->said, s->res->name, sizeof t->said - strlen(t->said) - 1);
	strncat(t->said, " ", sizeof t->said - strlen(t->said) - 1);
}

static int
together_commit(void *ctx, struct error *err)
{
	struct together *t = ctx;

	return ++t->commits == t->fail_commit ? error_set(err, ERR_CHILD, "disk full") : 0;
}

static int
walk_together(struct world *x, struct together *t, struct error *err)
{
	struct walk w = {
		.jobs = 2, .keep_going = true, .ctx = t, .run = run_alone, .are_mates = are_mates, .run_together = run_together,
		.starting = together_begun, .settled = together_settled, .commit = together_commit, .cancel = &t->cancel,
	};

	assert_int_equal(graph_resolve(&x->g, err), 0);
	assert_int_equal(plan_make(&x->g, &x->p, err), 0);
	return plan_walk(&x->p, &w, err);
}

/* b's three, of which two stand behind the first; a's one, which is behind one of b's; and what goes alone. */
static void
two_hosts(struct world *x)
{
	node(x, &mates, "b:db", NULL);
	node(x, &mates, "b:web", "b:db");
	node(x, &mates, "b:log", NULL);
	node(x, &mates, "a:far", "b:web");
	node(x, &mates, "lone", NULL);
	node(x, &mates, "b:late", "a:far");
}

TEST(what_goes_together_is_one_task_with_what_waits_for_nothing_else)
{
	struct world x = { 0 };
	struct together t = { 0 };

	two_hosts(&x);
	assert_int_equal(walk_together(&x, &t, NULL), 0);
	/* b:db b:log b:web; a:far behind it; and b:late once more to b, since it waits for another one */
	assert_int_equal(t.errands, 3);
	assert_int_equal(t.most, 3);
	assert_int_equal(t.begun, 6);
	assert_int_equal(t.settled, 6);
	assert_int_equal(up(&x, "b:late")->status, DONE);
	done(&x);
}

TEST(one_of_a_task_that_is_over_lets_others_begin_while_it_goes_on)
{
	struct world x = { 0 };
	struct together t = { .one_by_one = true };

	two_hosts(&x);
	assert_int_equal(walk_together(&x, &t, NULL), 0);
	assert_int_equal(t.settled, 6);
	done(&x);
}

TEST(one_of_a_task_fails_and_what_needs_it_is_left_near_and_far)
{
	struct world x = { 0 };
	struct together t = { .fails = "b:db" };
	struct error err = { 0 };

	two_hosts(&x);
	assert_int_equal(walk_together(&x, &t, &err), -1);
	assert_string_equal(err.msg, "b:db broke");
	assert_int_equal(up(&x, "b:db")->status, FAILED);
	assert_int_equal(up(&x, "b:log")->status, DONE);
	assert_int_equal(up(&x, "b:web")->status, SKIPPED);
	assert_ptr_equal(up(&x, "b:web")->because, up(&x, "b:db"));
	assert_int_equal(up(&x, "a:far")->status, SKIPPED);
	assert_ptr_equal(up(&x, "a:far")->because, up(&x, "b:db"));
	assert_int_equal(up(&x, "lone")->status, DONE);
	assert_int_equal(t.settled, 6);
	done(&x);
}

TEST(what_a_task_as_a_whole_fails_by_is_why_each_of_it_failed)
{
	struct world x = { 0 };
	struct together t = { .all_fail = true };
	struct error err = { 0 };

	two_hosts(&x);
	assert_int_equal(walk_together(&x, &t, &err), -1);
	assert_string_equal(up(&x, "b:log")->err.msg, "the host is gone");
	assert_string_equal(up(&x, "b:web")->err.msg, "the host is gone");
	assert_int_equal(up(&x, "a:far")->status, SKIPPED);
	done(&x);
}

TEST(a_task_that_cannot_be_noted_is_not_begun)
{
	struct world x = { 0 };
	struct together t = { .fail_commit = 1 };
	struct error err = { 0 };

	two_hosts(&x);
	assert_int_equal(walk_together(&x, &t, &err), -1);
	assert_string_equal(err.msg, "disk full");
	assert_int_equal(t.errands, 0);
	done(&x);
}

TEST(three_hundred_of_three_hosts_are_three_tasks)
{
	struct world x = { 0 };
	struct together t = { .one_by_one = true };
	char name[16];

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "%c:%d", 'a' + i % 3, i);
		node(&x, &mates, name, NULL);
	}
	assert_int_equal(walk_together(&x, &t, NULL), 0);
	assert_int_equal(t.errands, 3);
	assert_int_equal(t.most, 100);
	assert_int_equal(t.settled, 300);
	done(&x);
}
