/* What is asked of instances, without a text of theirs: the engine over fake types (tests/engine/world.h). */
#include <errno.h>

#include "state/observed/state.h"
#include "tests/engine/world.h"
#include "tests/unit/test.h"

__attribute__((destructor)) static void
world_over(void)
{
	if (world)
		world_end();
}

static enum goal
is_stopped(const struct env *env, const char *name)
{
	(void)env, (void)name;
	return GOAL_STOPPED;
}

static void
say_nothing(const struct env *env, enum level level, const char *fmt, ...)
{
	(void)env, (void)level, (void)fmt;
}

/* Requests of `n` names, of which the first has a text, over a new world. */
static struct engine
engine_of(struct env *env, struct spec_opts *opts)
{
	struct error err;

	if (!world)
		world_start();
	world_reset();
	*env = (struct env){ .home = world_home(), .say = say_nothing };
	*opts = (struct spec_opts){ .home = world_home() };

	struct engine e = { .env = env, .types = world_types, .spec_opts = opts, .as_it_is = is_stopped };

	ok(state_open(&e.state, world_home(), &(struct state_opts){ 0 }, &err));
	return e;
}

static void
engine_over(struct engine *e)
{
	engine_release(e);
	state_close(e->state);
}

TEST(one_that_was_only_there_is_left_out_when_it_is_gone)
{
	struct env env;
	struct spec_opts opts;
	struct engine e = engine_of(&env, &opts);
	struct spec *spec = spec_bare("b", &opts);
	struct request v[] = { { .name = "c", .goal = GOAL_RUNNING, .may_be_gone = true }, { .name = "b", .goal = GOAL_RUNNING, .spec = spec },
			       { .name = "a", .goal = GOAL_RUNNING, .may_be_gone = true } };
	struct error err;

	world_design("b")->node[0] = (struct node){ .used = true, .kind = KIND_PART };
	ok(engine_prepare(&e, v, 3, &err));
	assert_int_equal(e.nrequests, 1);
	assert_int_equal(e.nwrong, 0);
	assert_int_equal(e.ngone, 2);
	assert_int_equal(e.plan.n, 1);
	/* Whoever takes the locks of all needs them in their order again. */
	engine_release(&e);
	assert_int_equal(e.nrequests, 3);
	assert_string_equal(v[0].name, "a");
	assert_string_equal(v[2].name, "c");
	ok(engine_prepare(&e, v, 3, &err));
	assert_int_equal(e.nrequests, 1);
	engine_over(&e);
	spec_free(spec);
}

TEST(where_all_are_gone_there_is_nothing_to_do)
{
	struct env env;
	struct spec_opts opts;
	struct engine e = engine_of(&env, &opts);
	struct request v[] = { { .name = "a", .goal = GOAL_STOPPED, .may_be_gone = true } };
	struct error err;

	ok(engine_prepare(&e, v, 1, &err));
	assert_int_equal(e.nrequests + e.nwrong + e.plan.n, 0);
	engine_over(&e);
}

TEST(one_that_was_named_and_is_gone_is_told)
{
	struct env env;
	struct spec_opts opts;
	struct engine e = engine_of(&env, &opts);
	struct request v[] = { { .name = "a", .goal = GOAL_RUNNING } };
	struct error err;

	assert_int_equal(engine_prepare(&e, v, 1, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.msg, "instance `a` was deleted by another limactl meanwhile");
	engine_over(&e);
}
