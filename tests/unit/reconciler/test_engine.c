/* Engine, journal, records and explanations over fake types (tests/engine/world.h): from a design to a world, and what is told of it. */
#include <cjson/cJSON.h>
#include <errno.h>

#include "reconciler/explain.h"
#include "reconciler/price.h"
#include "reconciler/records.h"
#include "state/observed/state.h"
#include "tests/engine/world.h"
#include "tests/unit/test.h"

/* part 0 stands alone; live 1 lives on it; data 2 is built of shared s0; part 3 needs them fresh, while the instance runs. */
static struct design *
design_small(void)
{
	struct design *d;

	if (!world)
		world_start();
	world_reset();
	d = world_design("a");
	d->node[0] = (struct node){ .used = true, .kind = KIND_PART, .u = 1, .r = 1 };
	d->node[1] = (struct node){ .used = true, .kind = KIND_LIVE, .u = 1, .r = 1, .nneeds = 1, .needs = { { 0, NEED_LIVE } } };
	d->node[4] = (struct node){ .used = true, .kind = KIND_SHARED };
	d->node[5] = (struct node){ .used = true, .kind = KIND_DATA, .size = 2, .nneeds = 1, .needs = { { 4, NEED_BUILD } } };
	d->node[6] = (struct node){ .used = true, .kind = KIND_PART, .when_running = true, .nneeds = 2,
				    .needs = { { 0, NEED_FRESH }, { 5, NEED_FRESH } } };
	return d;
}

__attribute__((destructor)) static void
world_over(void)
{
	if (world)
		world_end();
}

/* The plan of an apply that goes well, as people see it. */
static char *
applied(const struct design *d, bool dry)
{
	struct world_run run = { .design = d, .jobs = 2, .want_text = true, .dry = dry };
	struct error err;

	ok(world_apply(&run, &err));
	assert_string_equal(world->broken, "");
	return run.text;
}

static void
assert_settled(const struct design *d)
{
	auto_free char *text = applied(d, true);

	assert_string_equal(text, "Plan: \n");
}

TEST(what_is_wanted_is_there_after_one_apply)
{
	struct design *d = design_small();
	auto_free char *text = applied(d, false);

	assert_non_null(strstr(text, "Plan: 5 to create"));
	assert_non_null(world_find(KIND_PART, "a-0"));
	assert_non_null(world_find(KIND_LIVE, "a-1"));
	assert_non_null(world_find(KIND_SHARED, "s0"));
	assert_non_null(world_find(KIND_DATA, "a-5"));
	assert_non_null(world_find(KIND_PART, "a-6"));
	assert_settled(d);
}

TEST(a_dry_run_touches_nothing)
{
	struct design *d = design_small();
	auto_free char *text = applied(d, true);

	assert_non_null(strstr(text, "Plan: 5 to create"));
	assert_int_equal(world->ensured + world->removed, 0);
}

/* "a" as it is in design_small(), "b" with a part and a shared thing; both are made, then each is to change. */
static struct world_run
two_instances(struct design *a)
{
	struct design *b = world_design("b");
	struct world_run run = { .design = a, .beside = b, .jobs = 2, .look_ms = 30000 };
	struct error err;

	b->node[0] = (struct node){ .used = true, .kind = KIND_PART, .u = 1, .r = 1 };
	b->node[4] = (struct node){ .used = true, .kind = KIND_SHARED };
	b->node[5] = (struct node){ .used = true, .kind = KIND_DATA, .size = 2, .nneeds = 1, .needs = { { 4, NEED_BUILD } } };
	ok(world_apply(&run, &err));
	assert_int_equal(run.unknown, 0);
	a->node[0].u = b->node[0].u = 2;
	return run;
}

TEST(what_does_not_answer_delays_only_itself)
{
	struct world_run run = two_instances(design_small());
	struct object *mine = world_find(KIND_PART, "a-0");
	unsigned ensured = world->ensured, removed = world->removed;
	struct error err;

	/* it hangs: what is known of it stays, and the other one is as it is wanted */
	strcpy(world->sleeper, "a-0");
	world->sleep_ms = -1;
	run.look_ms = 400;
	ok(world_apply(&run, &err));
	assert_int_equal(run.unknown, 1);
	assert_int_equal(run.steps, 1);
	assert_int_equal(world->ensured, ensured + 1);
	assert_int_equal(world->removed, removed);
	assert_int_equal(mine->u, 1);
	assert_int_equal(world_find(KIND_PART, "b-0")->u, 2);
	/* slow is not hung */
	world->sleep_ms = 300;
	run.look_ms = 30000;
	ok(world_apply(&run, &err));
	assert_int_equal(run.unknown, 0);
	assert_int_equal(mine->u, 2);
	assert_string_equal(world->broken, "");
}

/* a host-wide thing that hangs: who needs it is unknown, and with nobody left that is an error */
TEST(who_needs_what_does_not_answer_is_unknown)
{
	struct world_run run = two_instances(design_small());
	unsigned ensured = world->ensured, removed = world->removed;
	struct error err;

	strcpy(world->sleeper, "s0");
	world->sleep_ms = -1;
	run.look_ms = 400;
	not_ok(world_apply(&run, &err), "shared s0: unknown");
	assert_int_equal(err.code, ETIMEDOUT);
	assert_int_equal(world->ensured + world->removed, ensured + removed);
	*world->sleeper = '\0';
	run.look_ms = 30000;
	ok(world_apply(&run, &err));
	assert_int_equal(run.steps, 4);
}

TEST(an_update_leaves_alone_what_only_lives_on_it)
{
	struct design *d = design_small();
	auto_free char *first = applied(d, false), *text = NULL;
	unsigned born = world_find(KIND_LIVE, "a-1")->born, part = world_find(KIND_PART, "a-6")->born;

	d->node[0].u = 2;
	text = applied(d, false);
	assert_non_null(strstr(text, "  ~ part      a-0\n              u: 1 -> 2\n"));
	assert_non_null(strstr(text, "-/+ part      a-6  (part changes)\n"));
	assert_non_null(strstr(text, "Plan: 1 to change, 1 to remake\n"));
	assert_int_equal(world_find(KIND_LIVE, "a-1")->born, born);
	assert_int_not_equal(world_find(KIND_PART, "a-6")->born, part);
	assert_settled(d);
}

TEST(a_replacement_takes_down_who_stands_on_it)
{
	struct design *d = design_small();
	auto_free char *first = applied(d, false), *text = NULL;

	d->node[0].r = 2;
	text = applied(d, false);
	assert_non_null(strstr(text, "-/+ part      a-0\n              r: 1 -> 2\n"));
	assert_non_null(strstr(text, "-/+ live      a-1  (part is remade)\n"));
	assert_true(world_is_fresh(world_find(KIND_LIVE, "a-1")));
	assert_settled(d);
}

TEST(what_is_not_declared_any_more_goes_by_its_record)
{
	struct design *d = design_small();
	auto_free char *first = applied(d, false), *text = NULL;

	d->node[1].used = false;
	text = applied(d, false);
	assert_non_null(strstr(text, "  - live      a-1\n"));
	assert_null(world_find(KIND_LIVE, "a-1"));
	assert_settled(d);
}

TEST(a_stopped_instance_keeps_all_but_what_runs)
{
	struct design *d = design_small();
	auto_free char *first = applied(d, false), *text = NULL;

	d->goal = GOAL_STOPPED;
	text = applied(d, false);
	assert_non_null(strstr(text, "  - part      a-6\n"));
	assert_non_null(strstr(text, "Plan: 1 to remove\n"));
	assert_settled(d);
}

TEST(what_holds_data_is_not_removed_unasked)
{
	struct design *d = design_small();
	auto_free char *first = applied(d, false);
	struct world_run run = { .design = d };
	struct error err;

	d->node[5].used = false;
	d->node[6].nneeds = 1;
	not_ok(world_apply(&run, &err), "would be lost");
	assert_int_equal(err.code, ERR_REFUSED);
	run.may_lose = true;
	ok(world_apply(&run, &err));
	assert_null(world_find(KIND_DATA, "a-5"));
}

TEST(deleted_means_gone_and_forgotten_but_for_what_is_shared)
{
	struct design *d = design_small();
	auto_free char *first = applied(d, false);
	struct world_run run = { .design = d, .may_lose = true };
	struct error err;

	d->goal = GOAL_ABSENT;
	ok(world_apply(&run, &err));
	assert_null(world_find(KIND_PART, "a-0"));
	assert_null(world_find(KIND_DATA, "a-5"));
	assert_non_null(world_find(KIND_SHARED, "s0"));
	assert_settled(d);
}

TEST(a_refusal_comes_before_anything_is_touched)
{
	struct design *d = design_small();
	auto_free char *first = applied(d, false);
	unsigned calls = world->ensured + world->removed;
	struct world_run run = { .design = d };
	struct error err;

	d->node[0].u = 7;
	d->node[5].size = 1;
	not_ok(world_apply(&run, &err), "data a-5: cannot change size: 2 -> 1");
	assert_int_equal(world->ensured + world->removed, calls);
}

TEST(what_failed_is_told_and_done_by_the_next_apply)
{
	struct design *d = design_small();
	struct world_run run = { .design = d };
	auto_free char *text = NULL;
	struct error err;

	world->fail_next = true;
	not_ok(world_apply(&run, &err), "was told to fail");
	text = applied(d, false);
	assert_non_null(strstr(text, "Plan: 5 to create"));
	assert_settled(d);
}

/* in a child, which dies at the n-th boundary or in the n-th half of a step */
static void
apply_and_die(const struct design *d, int boundary, int half)
{
	struct world_run run = { .design = d, .kill_at = boundary };
	int status;
	pid_t pid;

	world->die_in = half;
	pid = fork();
	if (pid == 0) {
		struct error err;

		_exit(world_apply(&run, &err) < 0);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	world->die_in = 0;
}

TEST(a_step_that_was_cut_off_is_taken_up_again)
{
	struct design *d = design_small();
	auto_free char *first = applied(d, false), *text = NULL;

	d->node[0].u = 2;
	/* the first is the removal of what needs it fresh, the second the update */
	apply_and_die(d, 0, 2);
	text = applied(d, false);
	assert_non_null(strstr(text, "  ~ part      a-0  (left unfinished)\n"));
	assert_non_null(strstr(text, "  + part      a-6\n"));
	assert_settled(d);
}

/* What ensure() would have to replace in place takes down first who stands on it, also when a step on it was cut off. */
TEST(what_was_cut_off_is_not_changed_in_place_where_that_costs_a_replacement)
{
	struct design *d = design_small();
	auto_free char *first = applied(d, false), *text = NULL;

	d->node[0].u = 2;
	apply_and_die(d, 0, 2);
	d->node[0].r = 2;
	text = applied(d, false);
	assert_non_null(strstr(text, "-/+ part      a-0\n"));
	assert_non_null(strstr(text, "-/+ live      a-1  (part is remade)\n"));
	assert_true(world_is_fresh(world_find(KIND_LIVE, "a-1")));
	assert_settled(d);
}

TEST(what_was_cut_off_cannot_be_made_smaller_either)
{
	struct design *d = design_small();
	auto_free char *first = applied(d, false);
	struct world_run run = { .design = d };
	struct error err;

	d->node[5].size = 3;
	/* what needs it fresh goes; the disk grows; nobody notes it */
	apply_and_die(d, 0, 2);
	world_find(KIND_DATA, "a-5")->size = 3;
	d->node[5].size = 2;
	not_ok(world_apply(&run, &err), "data a-5: cannot change size: 3 -> 2");
}

TEST(every_boundary_of_a_first_apply_is_survived)
{
	for (int n = 1;; n++) {
		struct design *d = design_small();
		struct world_run run = { .design = d, .kill_at = n };
		struct error err;
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(world_apply(&run, &err) < 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		run.kill_at = 0;
		ok(world_apply(&run, &err));
		assert_string_equal(world->broken, "");
		assert_settled(d);
		if (WIFEXITED(status)) {
			assert_true(n > 10);
			return;
		}
	}
}

TEST(a_lost_database_is_rebuilt_by_looking)
{
	struct design *d = design_small();
	auto_free char *first = applied(d, false);
	unsigned calls = world->ensured + world->removed;

	world_forget_database();
	free(applied(d, false));
	assert_int_equal(world->ensured + world->removed, calls);
	d->node[0].r = 5;
	free(applied(d, false));
	assert_true(world_is_fresh(world_find(KIND_LIVE, "a-1")));
	assert_settled(d);
}

TEST(what_ends_by_itself_is_noticed_with_all_that_stood_on_it)
{
	struct design *d = design_small();
	auto_free char *first = applied(d, false), *text = NULL;

	world_lose(world_find(KIND_PART, "a-0"));
	text = applied(d, false);
	assert_non_null(strstr(text, "  + part      a-0\n"));
	assert_non_null(strstr(text, "-/+ part      a-6  (part is gone)\n"));
	assert_settled(d);
}

/* Without a record the order of taking down is that of the needs: a crash never leaves who stood on what was made anew. */
TEST(what_ends_while_the_database_is_lost_takes_down_first_who_stood_on_it)
{
	for (int n = 1; n < 12; n++) {
		struct design *d = design_small();
		auto_free char *first = applied(d, false);
		struct world_run run = { .design = d, .kill_at = n };
		pid_t pid;

		world_lose(world_find(KIND_PART, "a-0"));
		world_forget_database();
		pid = fork();
		if (pid == 0) {
			struct error err;

			_exit(world_apply(&run, &err) < 0);
		}
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		free(applied(d, false));
		assert_true(world_is_fresh(world_find(KIND_PART, "a-6")));
	}
}

static struct state *
database(void)
{
	struct state *s;
	struct error err;

	ok(state_open(&s, world_home(), &(struct state_opts){ .flags = STATE_READ }, &err));
	return s;
}

static int
count_unfinished(void *ctx, const struct record *r)
{
	*(int *)ctx += r->unfinished;
	return 0;
}

TEST(the_journal_knows_what_was_begun_and_did_not_end)
{
	struct design *d = design_small();
	struct state *s;
	struct error err;
	int n = 0;

	apply_and_die(d, 0, 1);
	s = database();
	ok(state_records(s, "a", count_unfinished, &n, &err));
	state_close(s);
	assert_int_equal(n, 1);
	free(applied(d, false));
	n = 0;
	s = database();
	ok(state_records(s, "a", count_unfinished, &n, &err));
	state_close(s);
	assert_int_equal(n, 0);
}

struct recorded {
	const char *type, *name;
	char have[64];
	bool present, wanted, found;
};

static int
find_record(void *ctx, const struct record *r)
{
	struct recorded *want = ctx;
	AUTO(arena) a = { 0 };
	struct facts f = { 0 };

	if (strcmp(r->type, want->type) || strcmp(r->name, want->name))
		return 0;
	assert_int_equal(facts_unpack(&f, &a, r->have.p, r->have.len), 0);
	snprintf(want->have, sizeof want->have, "%s", facts_get(&f, "u") ? facts_get(&f, "u") : "");
	want->present = r->present;
	want->wanted = r->wanted;
	want->found = true;
	return 0;
}

TEST(records_say_what_is_wanted_and_what_was_seen)
{
	struct design *d = design_small();
	auto_free char *first = applied(d, false);
	struct recorded part = { "part", "a-0", "", false, false, false };
	struct state *s = database();
	struct error err;

	ok(state_records(s, "a", find_record, &part, &err));
	state_close(s);
	assert_true(part.found && part.present && part.wanted);
	assert_string_equal(part.have, "1");
}

TEST(a_record_is_dirty_when_the_world_says_otherwise)
{
	struct resource r = { .was = NULL };
	AUTO(arena) a = { 0 };
	AUTO(buf) packed = BUF_INIT;

	assert_true(records_dirty(&r));
	facts_set(&r.have, &a, "u", "1");
	facts_pack(&r.have, &packed);
	r.was = packed.s;
	r.was_len = packed.len;
	r.present = r.was_present = true;
	assert_false(records_dirty(&r));
	facts_set(&r.have, &a, "u", "2");
	assert_true(records_dirty(&r));
	r.present = false;
	assert_true(records_dirty(&r));
}

/* one resource of each sign */
static void
explain_all(struct graph *g, struct plan *p)
{
	static const struct attr attrs[] = {
		{ .name = "size", .cost = COST_UPDATE, .show = SHOW_BYTES },
		{ .name = "secret", .cost = COST_UPDATE, .show = SHOW_NEVER },
		{ .name = "kind", .cost = COST_REPLACE },
		{ 0 },
	};
	static const struct resource_type thing = { .name = "thing", .attrs = attrs };
	static const char *const names[] = { "made", "changed", "remade", "removed" };
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct resource *r = graph_declare(g, &thing, "inst", names[i], i != 3);

		r->present = i > 0;
		facts_set(&r->have, &g->arena, "size", "1073741824");
		facts_set(&r->have, &g->arena, "kind", "old");
		facts_set(&r->have, &g->arena, "secret", "1");
		if (i == 1)
			resource_want(g, r, "size", "2147483648");
		if (i == 1)
			resource_want(g, r, "secret", "2");
		if (i == 2)
			resource_want(g, r, "kind", "new");
	}
	ok(graph_resolve(g, &err));
	ok(plan_make(g, p, &err));
}

TEST(a_plan_is_told_to_people)
{
	struct graph g = { 0 };
	struct plan p = { 0 };
	AUTO(buf) b = BUF_INIT;

	explain_all(&g, &p);
	explain_plan(&b, &p, false);
	assert_non_null(strstr(b.s, "  + thing     made\n"));
	assert_non_null(strstr(b.s, "  ~ thing     changed\n              size: 1GiB -> 2GiB\n"));
	assert_non_null(strstr(b.s, "-/+ thing     remade\n              kind: old -> new\n"));
	assert_non_null(strstr(b.s, "  - thing     removed\n"));
	assert_non_null(strstr(b.s, "Plan: 1 to create, 1 to change, 1 to remake, 1 to remove\n"));
	plan_release(&p);
	graph_release(&g);
}

TEST(what_is_alike_is_one_line_of_a_plan)
{
	static const struct attr attrs[] = { { .name = "size", .cost = COST_UPDATE }, { 0 } };
	static const struct resource_type many = { .name = "many", .folds = true, .attrs = attrs };
	static const struct resource_type single = { .name = "single", .attrs = attrs };
	struct graph g = { 0 };
	struct plan p = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct error err;

	for (int i = 0; i < 6; i++) {
		char name[] = "inst:0";
		struct resource *r;

		name[5] = (char)('0' + i);
		r = graph_declare(&g, i == 5 ? &single : &many, i == 4 ? "else" : "inst", name, true);
		if (i != 2)
			continue;
		r->present = true;
		facts_set(&r->have, &g.arena, "size", "1");
		resource_want(&g, r, "size", "2");
	}
	ok(graph_resolve(&g, &err));
	ok(plan_make(&g, &p, &err));
	explain_plan(&b, &p, false);
	assert_string_equal(b.s, "  + many      inst  (2)\n"
				 "  ~ many      inst:2\n              size: 1 -> 2\n"
				 "  + many      inst:3\n"
				 "  + single    inst:5\n"
				 "  + many      inst:4\n"
				 "Plan: 5 to create, 1 to change\n");
	plan_release(&p);
	graph_release(&g);
}

TEST(a_plan_is_told_to_programs)
{
	struct graph g = { 0 };
	struct plan p = { 0 };
	const cJSON *list, *o, *change;
	cJSON *json;
	int found = 0;

	explain_all(&g, &p);
	json = explain_json(&p, &g);
	list = cJSON_GetObjectItem(json, "resource_changes");
	assert_int_equal(cJSON_GetArraySize(list), 4);
	cJSON_ArrayForEach(o, list) {
		if (strcmp(cJSON_GetObjectItem(o, "name")->valuestring, "remade"))
			continue;
		change = cJSON_GetArrayItem(cJSON_GetObjectItem(o, "changes"), 0);
		assert_string_equal(cJSON_GetObjectItem(change, "before")->valuestring, "old");
		assert_string_equal(cJSON_GetObjectItem(change, "after")->valuestring, "new");
		assert_string_equal(cJSON_GetObjectItem(change, "class")->valuestring, "replace");
		assert_string_equal(cJSON_GetObjectItem(o, "class")->valuestring, "replace");
		assert_string_equal(cJSON_GetObjectItem(o, "action_reason")->valuestring, "replace_because_cannot_update");
		found++;
	}
	assert_int_equal(found, 1);
	assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "summary"), "create")->valueint, 1);
	cJSON_Delete(json);
	plan_release(&p);
	graph_release(&g);
}

static void
tell_keys(const struct resource *r, detail_say *say, void *ctx)
{
	(void)r;
	say(ctx, &(struct detail){ .what = "size", .have = "1", .want = "2", .cost = "a restart" });
	say(ctx, &(struct detail){ .what = "probes[0]", .want = "x", .cost = "in place" });
}

static void
each_key(const char *have, const char *want, detail_say *say, void *ctx)
{
	(void)have, (void)want;
	say(ctx, &(struct detail){ .what = "size", .have = "1", .want = "2" });
	say(ctx, &(struct detail){ .what = "probes[0].script", .want = "x" });
	say(ctx, &(struct detail){ .what = "other", .have = "3", .want = "4" });
}

/* Who tells the keys of lima.yaml tells them for all; the others say what is not said there. */
TEST(each_difference_is_told_once)
{
	static const struct attr file_attrs[] = { { .name = "text", .cost = COST_UPDATE, .show = SHOW_NEVER }, { 0 } };
	static const struct attr disk_attrs[] = { { .name = "size", .cost = COST_UPDATE, .key = "size" }, { 0 } };
	static const struct attr run_attrs[] = { { .name = "keys", .cost = COST_REPLACE, .each = each_key }, { 0 } };
	static const struct resource_type types[] = {
		{ .name = "file", .attrs = file_attrs, .detail = tell_keys }, { .name = "disk", .attrs = disk_attrs },
		{ .name = "run", .attrs = run_attrs },
	};
	const struct spec_opts opts = { .home = "/h" };
	struct spec *spec = spec_bare("i", &opts);
	struct graph g = { 0 };
	struct plan p = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct error err;
	const char *once;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct resource *r = graph_declare(&g, &types[i], "i", "i", true);

		r->present = true;
		r->spec = spec;
		facts_set(&r->have, &g.arena, types[i].attrs[0].name, "1");
		resource_want(&g, r, types[i].attrs[0].name, "2");
	}
	ok(graph_resolve(&g, &err));
	ok(plan_make(&g, &p, &err));
	explain_plan(&b, &p, false);
	once = strstr(b.s, "size: 1 -> 2  (a restart)\n");
	assert_non_null(once);
	assert_null(strstr(once + 1, "size: "));
	assert_ptr_equal(strstr(b.s, "size: "), once);
	assert_null(strstr(b.s, "probes[0].script"));
	assert_non_null(strstr(b.s, "other: 3 -> 4\n"));
	plan_release(&p);
	graph_release(&g);
	spec_free(spec);
}

static int64_t
takes_ten(void *ctx, const struct step *s, size_t *runs)
{
	(void)ctx, (void)s;
	*runs = 3;
	return 10;
}

/* The one in the middle has not been done yet. */
static int64_t
knows_the_ends(void *ctx, const struct step *s, size_t *runs)
{
	(void)ctx;
	*runs = 1;
	return strcmp(s->res->name, "2") == 0 ? -1 : 10;
}

static int64_t
nobody_knows(void *ctx, const struct step *s, size_t *runs)
{
	(void)ctx, (void)s;
	*runs = 0;
	return -1;
}

TEST(an_estimate_is_the_longest_chain)
{
	AUTO(buf) unknown = BUF_INIT;
	struct graph g = { 0 };
	struct plan p = { 0 };
	struct error err;

	/* a chain of three beside one alone */
	for (const char *const *n = (const char *const[]){ "1", "2", "3", "x", NULL }; *n; n++)
		graph_declare(&g, world_types[KIND_PART], "", *n, true);
	resource_need(&g, graph_find(&g, "part", "2"), "part", "1", NEED_LIVE);
	resource_need(&g, graph_find(&g, "part", "3"), "part", "2", NEED_LIVE);
	ok(graph_resolve(&g, &err));
	ok(plan_make(&g, &p, &err));
	assert_int_equal(plan_estimate_ms(&p, takes_ten, NULL, &unknown), 30);
	assert_int_equal(unknown.len, 0);
	assert_int_equal(plan_estimate_ms(&p, knows_the_ends, NULL, &unknown), 20);
	assert_string_equal(unknown.s, "part");
	assert_int_equal(plan_estimate_ms(&p, nobody_knows, NULL, &unknown), -1);
	assert_string_equal(unknown.s, "part");
	plan_release(&p);
	graph_release(&g);
}

static void
keep_downtime(void *ctx, const struct downtime *d)
{
	*(struct downtime *)ctx = *d;
}

/* What goes before the machine and what comes behind it counts only between its end and its being ready. */
TEST(a_machine_is_down_from_its_end_until_it_is_ready)
{
	static const struct resource_type types[] = { { .name = "seed" }, { .name = "vm", .runs = true, .boots = true }, { .name = "ready", .boots = true }, { .name = "other" } };
	static const char *const needs[] = { NULL, "seed", "vm", NULL };
	struct downtime d = { 0 };
	struct graph g = { 0 };
	struct plan p = { 0 };
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct resource *r = graph_declare(&g, &types[i], i == 3 ? "b" : "a", i == 3 ? "b" : "a", true);

		r->present = i > 0 && i < 3;
		r->remake = i == 1;
		if (needs[i])
			resource_need(&g, r, needs[i], "a", NEED_LIVE);
	}
	ok(graph_resolve(&g, &err));
	ok(plan_make(&g, &p, &err));
	plan_downtimes(&p, takes_ten, NULL, keep_downtime, &d);
	assert_string_equal(d.instance, "a");
	assert_int_equal(d.ms, 30);
	assert_int_equal(d.runs, 3);
	plan_downtimes(&p, nobody_knows, NULL, keep_downtime, &d);
	assert_int_equal(d.ms, -1);
	plan_release(&p);
	graph_release(&g);
}
