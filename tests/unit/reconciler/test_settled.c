/* An instance with a text, asked for again: the engine over fake types (tests/engine/world.h) knows whether anything would be written. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <utime.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
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
write_lima_yaml(const char *text)
{
	auto_free char *dir = xasprintf("%s/a", world_home()), *path = xasprintf("%s/lima.yaml", dir);
	struct error err;

	ok(fs_mkdirs(dir, 0700, &err));
	ok(fs_write(path, text, strlen(text), 0600, &err));
}

/* One that stands on a shared thing, and needs that and another one. */
static void
settled_start(void)
{
	struct design *d;

	if (!world)
		world_start();
	world_reset();
	write_lima_yaml("cpus: 1\n");
	d = world_design("a");
	d->node[0] = (struct node){ .used = true, .kind = KIND_SHARED };
	d->node[1] = (struct node){ .used = true, .kind = KIND_PART, .u = 1 };
	d->node[2] = (struct node){ .used = true, .kind = KIND_PART, .nneeds = 2, .needs = { { 0, NEED_BUILD }, { 1, NEED_LIVE } } };
}

/* Applies `goal` to it, and says whether there was anything to do or to write. */
static bool
settled_apply(enum goal goal, bool walk)
{
	struct env env = { .home = world_home() };
	struct spec_opts opts = { .home = world_home() };
	struct engine e = { .env = &env, .types = world_types, .spec_opts = &opts, .as_it_is = is_stopped };
	struct spec *spec = spec_bare("a", &opts);
	struct request v[] = { { .name = "a", .goal = goal, .spec = spec } };
	struct error err;
	bool settled;

	ok(state_open(&e.state, world_home(), &(struct state_opts){ 0 }, &err));
	ok(engine_prepare(&e, v, 1, &err));
	settled = engine_is_settled(&e);
	if (walk)
		ok(engine_apply(&e, &(struct engine_walk){ .jobs = 1, .command = "test" }, &err));
	engine_release(&e);
	state_close(e.state);
	spec_free(spec);
	return settled;
}

TEST(what_is_asked_for_again_as_it_is_recorded_writes_nothing)
{
	settled_start();
	assert_false(settled_apply(GOAL_RUNNING, true));
	assert_true(settled_apply(GOAL_RUNNING, false));
	assert_true(settled_apply(GOAL_RUNNING, true));
	assert_true(settled_apply(GOAL_RUNNING, false));
}

TEST(another_goal_is_written_though_there_is_no_step_to_take)
{
	settled_start();
	settled_apply(GOAL_RUNNING, true);
	assert_false(settled_apply(GOAL_STOPPED, true));
	assert_true(settled_apply(GOAL_STOPPED, false));
	assert_false(settled_apply(GOAL_RUNNING, false));
}

TEST(a_text_that_was_written_again_is_noted)
{
	auto_free char *path = NULL;

	settled_start();
	path = xasprintf("%s/a/lima.yaml", world_home());
	settled_apply(GOAL_RUNNING, true);
	assert_int_equal(utime(path, &(struct utimbuf){ 1, 1 }), 0);
	assert_false(settled_apply(GOAL_RUNNING, true));
	assert_true(settled_apply(GOAL_RUNNING, false));
}

/* The third node needs one thing less, or in another way: nothing has to be done for that, but a stop has to know. */
TEST(other_needs_are_written_though_there_is_no_step_to_take)
{
	settled_start();
	settled_apply(GOAL_RUNNING, true);
	world_design("a")->node[2].nneeds = 1;
	assert_false(settled_apply(GOAL_RUNNING, false));
	world_design("a")->node[2].nneeds = 2;
	assert_true(settled_apply(GOAL_RUNNING, false));
	world_design("a")->node[2].needs[0].need = NEED_LIVE;
	assert_false(settled_apply(GOAL_RUNNING, false));
}

TEST(what_is_declared_no_more_is_written)
{
	settled_start();
	settled_apply(GOAL_RUNNING, true);
	world_design("a")->node[2].used = false;
	assert_false(settled_apply(GOAL_RUNNING, false));
}
