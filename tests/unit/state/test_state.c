/* The database: what goes in comes out, transactions, durations, and the journal. */
#include "tests/unit/state/state_home.h"

TEST(what_goes_in_comes_out)
{
	struct state *s;

	fresh_home();
	s = open_it(0);
	assert_int_equal(state_begin(s, NULL), 0);
	put(s, "disk", "a", "size");
	put(s, "disk", "a", "more");
	assert_int_equal(state_commit(s, NULL), 0);
	state_close(s);
	s = open_it(STATE_READ);
	assert_int_equal(look(s).n, 1);
	assert_string_equal(look(s).have, "more");
	gone(s);
}

TEST(an_absent_database_reads_as_an_empty_one_and_is_not_made)
{
	struct state *s;
	char path[128];

	fresh_home();
	s = open_it(STATE_READ);
	assert_int_equal(look(s).n, 0);
	snprintf(path, sizeof path, "%s/_state", home);
	assert_false(fs_exists(path));
	gone(s);
}

TEST(what_was_not_committed_was_not_done)
{
	struct state *s;

	fresh_home();
	s = open_it(0);
	assert_int_equal(state_begin(s, NULL), 0);
	put(s, "disk", "a", "size");
	state_close(s);
	s = open_it(0);
	assert_int_equal(look(s).n, 0);
	gone(s);
}

TEST(nothing_is_written_outside_a_transaction)
{
	struct record r = { .owner = "", .type = "t", .name = "n" };
	struct state *s;

	fresh_home();
	s = open_it(0);
	assert_int_equal(state_put(s, &r, NULL), -1);
	assert_int_equal(state_drop(s, "t", "n", NULL), -1);
	gone(s);
}

TEST(a_step_that_began_is_unfinished_until_it_ends_well)
{
	struct state *s;
	int64_t run, step;

	fresh_home();
	s = open_it(0);
	state_begin(s, NULL);
	assert_int_equal(state_run_begin(s, "apply", &run, NULL), 0);
	assert_int_equal(state_step_begin(s, run, "a", "disk", "a", "ensure", "missing", "", &step, NULL), 0);
	state_commit(s, NULL);
	state_close(s);
	s = open_it(0);
	assert_int_equal(look(s).unfinished, 1);
	state_begin(s, NULL);
	assert_int_equal(state_step_end(s, step, "disk", "a", "no space", NULL), 0);
	state_commit(s, NULL);
	assert_int_equal(look(s).unfinished, 1);
	state_begin(s, NULL);
	assert_int_equal(state_step_end(s, step, "disk", "a", NULL, NULL), 0);
	state_commit(s, NULL);
	assert_int_equal(look(s).unfinished, 0);
	gone(s);
}

static int
far_seen(void *ctx, const struct state_step *step)
{
	(void)ctx;
	assert_string_equal(step->type, "vm@b");
	assert_string_equal(step->name, "web");
	assert_string_equal(step->verb, "ensure");
	assert_string_equal(step->error, "no room");
	assert_in_range(step->ended_ms - step->began_ms, 1498, 1502);
	return 7;
}

TEST(a_step_of_another_host_is_in_the_journal_and_marks_nothing)
{
	struct state *s;
	size_t runs;
	int64_t run;

	fresh_home();
	s = open_it(0);
	state_begin(s, NULL);
	assert_int_equal(state_run_begin(s, "apply", &run, NULL), 0);
	assert_int_equal(state_step_far(s, run, &(struct state_far){ "vm@b", "web", "ensure", "no room", 200, 1500 }, NULL), 0);
	state_commit(s, NULL);
	assert_int_equal(state_run_steps(s, run, far_seen, NULL, NULL), 7);
	assert_int_equal(state_typical_ms(s, "vm", "ensure", "web", "", &runs), -1);
	assert_false(look(s).unfinished);
	gone(s);
}

TEST(a_record_keeps_its_mark_when_it_is_put_again)
{
	struct state *s;
	int64_t run, step;

	fresh_home();
	s = open_it(0);
	state_begin(s, NULL);
	state_run_begin(s, "apply", &run, NULL);
	state_step_begin(s, run, "a", "disk", "a", "ensure", "missing", "", &step, NULL);
	put(s, "disk", "a", "x");
	state_commit(s, NULL);
	assert_int_equal(look(s).unfinished, 1);
	gone(s);
}

TEST(durations_are_told_by_the_median)
{
	struct state *s;
	int64_t run, step;
	size_t runs;

	fresh_home();
	s = open_it(0);
	assert_int_equal(state_typical_ms(s, "disk", "ensure", NULL, "", &runs), -1);
	state_begin(s, NULL);
	state_run_begin(s, "apply", &run, NULL);
	state_step_begin(s, run, "a", "disk", "a", "ensure", "", "", &step, NULL);
	state_step_end(s, step, "disk", "a", NULL, NULL);
	state_commit(s, NULL);
	assert_in_range(state_typical_ms(s, "disk", "ensure", NULL, "", &runs), 0, 10000);
	assert_int_equal(runs, 1);
	gone(s);
}

/* Those of the same image and size come first; where there are none, all count. */
TEST(durations_are_told_by_what_is_alike)
{
	struct state *s;
	int64_t run, step;
	size_t runs;

	fresh_home();
	s = open_it(0);
	state_begin(s, NULL);
	state_run_begin(s, "apply", &run, NULL);
	for (int i = 0; i < 5; i++) {
		state_step_begin(s, run, "a", "disk", "a", "ensure", "", i < 2 ? "small" : "large", &step, NULL);
		state_step_end(s, step, "disk", "a", NULL, NULL);
	}
	state_commit(s, NULL);
	assert_in_range(state_typical_ms(s, "disk", "ensure", NULL, "small", &runs), 0, 10000);
	assert_int_equal(runs, 2);
	assert_in_range(state_typical_ms(s, "disk", "ensure", NULL, "unheard-of", &runs), 0, 10000);
	assert_int_equal(runs, 5);
	/* its own first; one that has none has the others' */
	assert_in_range(state_typical_ms(s, "disk", "ensure", "a", "small", &runs), 0, 10000);
	assert_int_equal(runs, 5);
	assert_in_range(state_typical_ms(s, "disk", "ensure", "b", "small", &runs), 0, 10000);
	assert_int_equal(runs, 2);
	assert_int_equal(state_typical_ms(s, "disk", "remove", NULL, "small", &runs), -1);
	assert_int_equal(runs, 0);
	gone(s);
}

static int
each_run(void *ctx, const struct state_run *r)
{
	struct seen *x = ctx;

	x->n++;
	x->unfinished = (int)r->id;
	assert_true(r->ended_ms < 0 || r->ended_ms >= r->began_ms);
	return 0;
}

static int
each_step(void *ctx, const struct state_step *step)
{
	char *text = ctx;

	sprintf(text + strlen(text), "%s %s %s (%s)%s ", step->verb, step->type, step->name, step->why, step->ended_ms < 0 ? " open" : step->error);
	return 0;
}

TEST(the_journal_is_read_and_has_an_end)
{
	size_t runs;
	char steps[512] = "";
	int64_t run = 0, step;
	struct error err;
	struct seen x = { 0 };
	struct state *s;

	fresh_home();
	s = open_it(0);
	ok(state_begin(s, &err));
	for (int i = 0; i < 1050; i++) {
		ok(state_run_begin(s, "apply", &run, &err));
		ok(state_step_begin(s, run, "a", "disk", "a", "ensure", "missing", "", &step, &err));
		ok(state_step_end(s, step, "disk", "a", i < 20 || i % 2 ? NULL : "no space", &err));
		if (i == 0) {
			ok(state_step_begin(s, run, "a", "rare", "a", "ensure", "missing", "", &step, &err));
			ok(state_step_end(s, step, "rare", "a", NULL, &err));
		}
		ok(state_run_end(s, run, "done", &err));
	}
	ok(state_run_begin(s, "start", &run, &err));
	ok(state_step_begin(s, run, "a", "vm", "a", "ensure", "asked for", "", &step, &err));
	ok(state_commit(s, &err));
	ok(state_runs(s, 1, INT64_MAX, each_run, &x, &err));
	assert_int_equal(x.n, 1000);
	assert_int_equal(x.unfinished, run);
	ok(state_run_steps(s, run, each_step, steps, &err));
	assert_string_equal(steps, "ensure vm a (asked for) open ");
	/* of long ago, and the only one of its kind */
	*steps = '\0';
	ok(state_run_steps(s, 1, each_step, steps, &err));
	assert_string_equal(steps, "ensure rare a (missing) ");
	assert_int_equal(state_typical_ms(s, "rare", "ensure", NULL, "", &runs), 0);
	gone(s);
}
