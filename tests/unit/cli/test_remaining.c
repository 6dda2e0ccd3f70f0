/* How far a walk is, and how long it will go on. */
#include <sqlite3.h>

#include "cli/view/remaining.h"
#include "reconciler/plan.h"
#include "state/observed/state.h"
#include "tests/unit/test.h"

static const struct resource_type slow = { .name = "slow" }, quick = { .name = "quick" }, strange = { .name = "strange" };

/* A journal in which one `slow` step took some seconds, and one `quick` none. */
static struct state *
journal(const char *home, int seconds)
{
	auto_free char *below = xasprintf("%s/_state", home), *path = xasprintf("%s/_state/state.db", home);
	char sql[200];
	sqlite3 *db;
	struct state *s;
	struct error err;
	int64_t run, step;

	ok(fs_mkdirs(below, 0700, &err));
	ok(state_open(&s, home, &(struct state_opts){ 0 }, &err));
	ok(state_begin(s, &err));
	ok(state_run_begin(s, "x", &run, &err));
	ok(state_step_begin(s, run, "", "slow", "old", "ensure", "", "", &step, &err));
	ok(state_step_end(s, step, "slow", "old", NULL, &err));
	ok(state_step_begin(s, run, "", "quick", "old", "ensure", "", "", &step, &err));
	ok(state_step_end(s, step, "quick", "old", NULL, &err));
	ok(state_commit(s, &err));
	state_close(s);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	snprintf(sql, sizeof sql, "UPDATE step SET ended = began + CASE type WHEN 'slow' THEN %d.01 ELSE 0 END / 86400", seconds);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	ok(state_open(&s, home, &(struct state_opts){ 0 }, &err));
	return s;
}

static void
text_is(struct remaining *r, int64_t now, const char *want)
{
	AUTO(buf) b = BUF_INIT;

	remaining_text(r, now, &b);
	assert_string_equal(b.s, want);
}

TEST(what_is_left_is_told_by_medians_bytes_and_what_has_passed)
{
	auto_free char *home = test_path("home");
	struct state *s = journal(home, 3);
	struct resource a = { .type = &slow, .name = "a", .owner = "" }, b = { .type = &slow, .name = "b", .owner = "" }, c = { .type = &quick, .name = "c", .owner = "" };
	struct step sa = { .res = &a, .verb = ENSURE }, sb = { .res = &b, .verb = ENSURE }, sc = { .res = &c, .verb = ENSURE };
	struct step *then[] = { &sb }, *v[] = { &sa, &sb, &sc };
	struct plan p = { .v = v, .n = 3 };
	struct remaining *r;

	sa.then = then;
	sa.nthen = 1;
	r = remaining_new(&p, s, 4);
	text_is(r, 0, "0 of 3 steps, about 6 s left");
	remaining_begun(r, &sa, 0);
	text_is(r, 1000, "0 of 3 steps, about 5 s left");
	remaining_told(r, &sa, 60000);
	text_is(r, 1000, "0 of 3 steps, about 63 s left");
	remaining_told(r, &sa, 600000);
	text_is(r, 1000, "0 of 3 steps, about 10 min left");
	remaining_over(r, &sa);
	remaining_over(r, &sa);
	remaining_over(r, &sc);
	text_is(r, 9000, "2 of 3 steps, about 3 s left");
	remaining_begun(r, &sb, 9000);
	text_is(r, 20000, "2 of 3 steps, longer than usual");
	remaining_over(r, &sb);
	text_is(r, 20000, "3 of 3 steps");
	remaining_free(r);
	/* one at a time: both, though neither waits for the other */
	sa.nthen = 0;
	r = remaining_new(&p, s, 1);
	text_is(r, 0, "0 of 3 steps, about 6 s left");
	remaining_free(r);
	state_close(s);
}

TEST(of_what_was_never_done_there_is_no_figure)
{
	auto_free char *home = test_path("other");
	struct state *s = journal(home, 2);
	struct resource a = { .type = &strange, .name = "a", .owner = "" }, b = { .type = &slow, .name = "b", .owner = "" };
	struct step sa = { .res = &a, .verb = ENSURE }, sb = { .res = &b, .verb = ENSURE };
	struct step *v[] = { &sa, &sb };
	struct remaining *r = remaining_new(&(struct plan){ .v = v, .n = 1 }, s, 1);

	text_is(r, 0, "0 of 1 step");
	remaining_free(r);
	r = remaining_new(&(struct plan){ .v = v, .n = 2 }, s, 1);
	text_is(r, 0, "0 of 2 steps, at least 2 s left");
	remaining_free(r);
	state_close(s);
}
