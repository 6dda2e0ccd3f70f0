/* Runs as pictures: the critical path of steps, their rows, and what becomes of texts in a page. */
#include "cli/cli.h"
#include "cli/look/index.h"
#include "cli/look/page.h"
#include "cli/look/story.h"
#include "state/observed/state.h"
#include "tests/unit/test.h"

/* Steps in the order of their begins; what each needed is a list that ends with -1. */
struct given {
	const char *owner;
	int64_t began, ended;
	int after[4];
};

static size_t *
chain_of(struct arena *a, const struct given *g, size_t n, struct story_step *v, size_t *len)
{
	for (size_t i = 0; i < n; i++) {
		size_t *after = arena_alloc(a, 4 * sizeof *after);

		v[i] = (struct story_step){ .type = "t", .name = "n", .owner = g[i].owner, .began = g[i].began, .ended = g[i].ended, .after = after };
		for (; v[i].nafter < 4 && g[i].after[v[i].nafter] >= 0; v[i].nafter++)
			after[v[i].nafter] = (size_t)g[i].after[v[i].nafter];
	}
	return story_chain(a, v, n, 1000, len);
}

static void
path_is(const struct given *g, size_t n, const char *want)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) got = BUF_INIT;
	struct story_step v[16];
	size_t len, *path = chain_of(&a, g, n, v, &len);

	for (size_t i = 0; i < len; i++) {
		buf_addf(&got, "%s%zu%s", i ? " " : "", path[i], v[path[i]].queued ? "q" : "");
		assert_int_equal(v[path[i]].chain, i + 1);
	}
	assert_string_equal(got.s, want);
}

TEST(the_path_goes_through_what_ended_last_of_what_was_needed)
{
	/* a diamond: 0, then 1 and 2 side by side, then 3, which waited for the longer one */
	const struct given g[] = { { "a", 1000, 2000, { -1 } }, { "a", 2000, 2500, { 0, -1 } }, { "a", 2000, 4000, { 0, -1 } }, { "a", 4000, 5000, { 1, 2, -1 } } };

	path_is(g, ARRAY_LEN(g), "0 2 3");
}

TEST(a_step_that_had_to_queue_stands_behind_the_one_whose_end_let_it_begin)
{
	/* one worker: 2 needed 0 only, and began when 1 was over */
	const struct given g[] = { { "a", 1000, 2000, { -1 } }, { "b", 2000, 4000, { -1 } }, { "a", 4001, 5000, { 0, -1 } } };

	path_is(g, ARRAY_LEN(g), "0 1q 2q");
}

TEST(of_what_nobody_knows_any_more_the_times_tell_and_its_own_instance_first)
{
	/* a delete: the edges are gone */
	const struct given g[] = { { "a", 1000, 1500, { -1 } }, { "b", 1000, 1510, { -1 } }, { "a", 1511, 1600, { -1 } } };

	path_is(g, ARRAY_LEN(g), "0 2q");
}

TEST(steps_without_a_length_in_the_same_moment_are_no_circle)
{
	const struct given g[] = { { "a", 1000, 1000, { 1, -1 } }, { "a", 1000, 1000, { 0, -1 } }, { "a", 1000, 1000, { 1, 0, -1 } } };

	path_is(g, ARRAY_LEN(g), "0 1 2");
	path_is(g, 0, "");
	path_is(g, 1, "0");
}

TEST(a_wait_is_counted_from_the_last_that_was_needed_or_the_begin_of_the_run)
{
	const struct given g[] = { { "a", 1100, 2000, { -1 } }, { "a", 2300, 2500, { 0, -1 } } };
	AUTO(arena) a = { 0 };
	struct story_step v[2];
	size_t len;

	chain_of(&a, g, 2, v, &len);
	assert_int_equal(v[0].waited, 100);
	assert_int_equal(v[1].waited, 300);
}

TEST(steps_side_by_side_have_rows_of_their_own)
{
	struct story_step v[] = { { .began = 0, .ended = 10 }, { .began = 5, .ended = 6 }, { .began = 6, .ended = 9 }, { .began = 10, .ended = 12 } };
	size_t step[] = { 0, 1, 2, 3 }, row[4];
	struct story_part p = { .step = step, .n = 4 };
	struct story s = { .v = v, .n = 4 };

	assert_int_equal(story_rows(&s, &p, row), 2);
	assert_int_equal(row[0], 0);
	assert_int_equal(row[1], 1);
	assert_int_equal(row[2], 1);
	assert_int_equal(row[3], 0);
}

TEST(a_run_is_a_number)
{
	struct error err;
	int64_t id;

	ok(story_parse(NULL, &id, &err));
	assert_int_equal(id, STORY_LAST);
	ok(story_parse("12", &id, &err));
	assert_int_equal(id, 12);
	not_ok(story_parse("", &id, &err), "a run is a number");
	not_ok(story_parse("0", &id, &err), "a run is a number");
	not_ok(story_parse("-1", &id, &err), "a run is a number");
	not_ok(story_parse("1x", &id, &err), "a run is a number");
	not_ok(story_parse("99999999999999999999", &id, &err), "a run is a number");
}

static int64_t
step_taken(struct state *s, int64_t run, const char *owner, const char *type, const char *name, const char *why, const char *error)
{
	struct error err;
	int64_t id;

	ok(state_step_begin(s, run, owner, type, name, "ensure", why, "", &id, &err));
	ok(state_step_end(s, id, type, name, error, &err));
	return id;
}

TEST(a_run_is_read_with_owners_edges_and_without_secrets)
{
	auto_free char *home = test_path("home"), *below = test_path("home/_state");
	const struct state_edge edge = { .owner = "web", .type = "disk", .name = "web", .declared = 1, .made = 1 };
	struct secrets hide = { 0 };
	struct story story;
	struct state *s;
	struct error err;
	int64_t run;

	ok(fs_mkdirs(below, 0700, &err));
	ok(state_open(&s, home, &(struct state_opts){ 0 }, &err));
	ok(state_begin(s, &err));
	ok(state_run_begin(s, "limactl apply --param P=hunter2", &run, &err));
	step_taken(s, run, "", "image", "/img", "missing", NULL);
	step_taken(s, run, "web", "disk", "web", "missing", NULL);
	step_taken(s, run, "web", "vm", "web", "missing", "it said hunter2");
	ok(state_put(s, &(struct record){ .owner = "web", .type = "vm", .name = "web", .wanted = true, .edges = &edge, .nedges = 1 }, &err));
	ok(state_run_end(s, run, "it said hunter2", &err));
	ok(state_commit(s, &err));
	secrets_add_value(&hide, "hunter2");
	ok(story_read(&story, s, STORY_LAST, &hide, &err));
	assert_int_equal(story.n, 3);
	assert_int_equal(story.failed, 1);
	assert_string_equal(story.command, "limactl apply --param P=(secret)");
	assert_string_equal(story.v[2].error, "it said (secret)");
	assert_string_equal(story.outcome, "it said (secret)");
	assert_string_equal(story.v[0].owner, "");
	assert_string_equal(story.v[1].owner, "web");
	assert_int_equal(story.v[2].nafter, 1);
	assert_int_equal(story.v[2].after[0], 1);
	assert_int_equal(story.nparts, 2);
	assert_string_equal(story.part[0].name, "");
	assert_string_equal(story.part[1].name, "web");
	assert_int_equal(story.part[1].failed, 1);
	story_release(&story);
	secrets_release(&hide);
	state_close(s);
	ok(state_open(&s, home, &(struct state_opts){ .flags = STATE_READ }, &err));
	not_ok(story_read(&story, s, run + 1, NULL, &err), "there is no run 2");
	story_release(&story);
	state_close(s);
	ok(state_open(&s, below, &(struct state_opts){ .flags = STATE_READ }, &err));
	not_ok(story_read(&story, s, STORY_LAST, NULL, &err), "no run is recorded");
	story_release(&story);
	state_close(s);
}

TEST(texts_of_strangers_are_only_text)
{
	AUTO(buf) out = BUF_INIT;
	AUTO(page) p = { .out = &out };

	assert_string_equal(page_esc(&p, "<script>alert('x')</script>"), "&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;");
	assert_string_equal(page_esc(&p, "\" onload=\"&amp;"), "&#34; onload=&#34;&#38;amp;");
	assert_string_equal(page_esc(&p, "\x1b[31mred\x1b[0m\x01\xff\r\n\t\xe2\x80\xae"), "red??&#10;&#9;?");
	assert_null(strchr(page_esc(&p, "\x1b]0;title\x07"), '\x1b'));
	assert_string_equal(page_short(&p, "abcdef", 4), "abc\u2026");
	assert_string_equal(page_short(&p, "abcd", 4), "abcd");
	assert_string_equal(page_short(&p, "\u4e2d\u4e2d\u4e2d<", 3), "\u4e2d\u4e2d\u2026");
	assert_string_equal(page_seconds(&p, 310), "0.31 s");
	assert_string_equal(page_seconds(&p, 12340), "12.3 s");
	assert_string_equal(page_seconds(&p, 125000), "2 min 5 s");
}

TEST(an_index_keeps_thousands_of_names_apart)
{
	AUTO(index) x = { 0 };
	AUTO(arena) a = { 0 };

	for (size_t i = 0; i < 5000; i++)
		*index_at(&x, arena_printf(&a, "%zu", i), "") = i;
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(index_find(&x, arena_printf(&a, "%zu", i), ""), i);
	assert_true(index_find(&x, "1", "1") == INDEX_NEW);
	assert_true(index_find(&x, "5000", "") == INDEX_NEW);
}
