/* The seam of engines, by the one that plays a world in folders; and the placement that is ours. */
#include "providers/cluster.h"

#include <errno.h>

#include "tests/unit/test.h"

static struct arena kept;	/* what the worlds are named by */

__attribute__((destructor)) static void
kept_over(void)
{
	arena_release(&kept);
}

static struct engine_conf
world(const char *name)
{
	auto_free char *path = test_path(name);
	const char *dir = arena_strdup(&kept, path);
	struct error err;

	ok(fs_mkdirs(dir, 0700, &err));
	return (struct engine_conf){ .type = "fake", .fleet = "shop", .url = dir };
}

static void
node(const struct engine_conf *conf, const char *file, const char *text)
{
	test_put(conf->url, file, text);
}

static struct cluster_job
job(const char *key, const char *name, const char *on, long long expects)
{
	return (struct cluster_job){ .key = key, .name = name, .node = on, .fleet = "shop", .digest = "d", .expects = expects,
				     .generation = expects + 1, .by = "me@here", .memory = 1 << 30, .verb = CLUSTER_RUN };
}

static int
submit(struct cluster *c, struct cluster_job j, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *id;

	return c->engine->submit(c, &j, &a, &id, err);
}

TEST(an_engine_that_nobody_has_is_told_with_those_that_there_are)
{
	struct engine_conf conf = { .type = "swarm" };
	struct cluster c;
	struct error err;

	not_ok(cluster_open(&c, &conf, "/h", "2.0.0", NULL, &err), "no engine `swarm`; there are");
	assert_non_null(strstr(err.msg, "fake"));
	cluster_release(&c);
}

TEST(a_job_is_done_once_whoever_asks_again)
{
	struct engine_conf conf = world("once");
	AUTO(cluster) c = { 0 };
	AUTO(cluster_view) v = { 0 };
	struct error err;

	node(&conf, "a/.memory", "4294967296");
	ok(cluster_open(&c, &conf, "/h", "2.0.0", NULL, &err));
	ok(submit(&c, job("k1", "web", "a", 0), &err));
	ok(submit(&c, job("k1", "web", "a", 0), &err));
	not_ok(submit(&c, job("k2", "web", "a", 0), &err), "generation 1 by now, by me@here");
	assert_int_equal(err.code, ERR_STALE);
	ok(submit(&c, job("k2", "web", "a", 1), &err));
	ok(c.engine->observe(&c, &v, &err));
	assert_int_equal(v.nmachines, 1);
	assert_int_equal(v.machines[0].generation, 2);
	assert_string_equal(cluster_view_machine(&v, "web", NULL)->node, "a");
	assert_null(cluster_view_machine(&v, "web", v.machines));
}

TEST(what_does_not_answer_is_unknown_and_an_answer_that_is_lost_was_a_deed)
{
	struct engine_conf conf = world("silent");
	AUTO(cluster) c = { 0 };
	AUTO(cluster_view) v = { 0 };
	struct error err;

	node(&conf, "a/.down", "");
	node(&conf, "b/.deaf", "");
	ok(cluster_open(&c, &conf, "/h", "2.0.0", NULL, &err));
	not_ok(submit(&c, job("k1", "web", "a", 0), &err), "host `a` does not answer");
	assert_int_equal(err.code, ETIMEDOUT);
	not_ok(submit(&c, job("k1", "web", "b", 0), &err), "in time");
	ok(c.engine->observe(&c, &v, &err));
	assert_false(cluster_view_node(&v, "a")->answers);
	assert_true(cluster_view_node(&v, "b")->answers);
	assert_int_equal(v.nmachines, 1);
}

/* --- placement --- */

#define GIB ((uint64_t)1 << 30)

static struct cluster_node nodes[] = {
	{ .name = "a", .answers = true, .why = "", .memory = 4 * GIB },
	{ .name = "b", .answers = true, .why = "", .memory = 8 * GIB },
	{ .name = "c", .answers = false, .why = "does not answer", .memory = 64 * GIB },
};

static void
place(struct cluster_want *w, size_t n, const char *expected)
{
	struct cluster_machine there[] = { { .name = "old", .node = "b", .memory = 2 * GIB } };
	AUTO(cluster_view) v = { .nodes = nodes, .nnodes = ARRAY_LEN(nodes), .machines = there, .nmachines = 1 };
	AUTO(buf) got = BUF_INIT;

	cluster_first_fit(&v, w, n);
	for (size_t i = 0; i < n; i++)
		buf_addf(&got, "%s%s=%s", i ? " " : "", w[i].name, w[i].node ? w[i].node : w[i].why);
	assert_string_equal(got.s, expected);
}

TEST(the_largest_are_placed_first_and_pins_before_them)
{
	struct cluster_want w[] = {
		{ .name = "small", .pin = "", .group = "", .memory = GIB }, { .name = "big", .pin = "", .group = "", .memory = 6 * GIB },
		{ .name = "pinned", .pin = "a", .group = "", .memory = 3 * GIB },
	};

	place(w, 3, "small=a big=b pinned=a");
}

TEST(a_group_is_spread_over_the_hosts_that_have_room)
{
	struct cluster_want w[] = {
		{ .name = "1", .pin = "", .group = "web", .spread = true, .memory = GIB }, { .name = "2", .pin = "", .group = "web", .spread = true, .memory = GIB },
		{ .name = "3", .pin = "", .group = "web", .spread = true, .memory = GIB },
	};

	place(w, 3, "1=a 2=b 3=a");
}

TEST(why_it_goes_nowhere_is_told)
{
	struct cluster_want w[] = {
		{ .name = "1", .pin = "c", .group = "", .memory = GIB }, { .name = "2", .pin = "d", .group = "", .memory = GIB },
		{ .name = "3", .pin = "", .group = "", .memory = 7 * GIB }, { .name = "4", .pin = "a", .group = "", .memory = 5 * GIB },
	};

	place(w, 4, "1=host `c` does not answer 2=there is no host `d` 3=none of the 2 hosts that answer has 7GiB of memory left "
		    "4=host `a` has 4GiB of memory left for it, and it wants 5GiB");
}

/* --- partitions --- */

enum { ROUNDS = 100, MEMBERS = 6 };
static const char *const names[MEMBERS] = { "m1", "m2", "m3", "m4", "m5", "m6" };
static const char *const hosts[] = { "a", "b", "c" };
static const char *const troubles[] = { "down", "deaf", "fails", "slow" };

static unsigned
draw(unsigned *seed, unsigned n)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % n;
}

/* What an operator remembers of where the members are; the other one knows nothing of it. */
struct memory {
	char node[MEMBERS][8];
};

/* As an apply of all members does it, stopped after so many steps. */
static void
apply(const struct engine_conf *conf, struct memory *memory, int generation, unsigned steps)
{
	struct cluster_member m[MEMBERS] = { 0 };
	AUTO(cluster) c = { 0 };
	AUTO(cluster_view) v = { 0 };
	struct error err;
	char digest[16];

	snprintf(digest, sizeof digest, "d%d", generation);
	ok(cluster_open(&c, conf, "/h", "2.0.0", NULL, &err));
	c.deadline_ms = 1;
	ok(c.engine->observe(&c, &v, &err));
	for (size_t i = 0; i < MEMBERS; i++)
		m[i] = (struct cluster_member){ .name = names[i], .recorded = memory->node[i], .want = { .pin = "", .group = "m", .spread = true, .memory = 1 } };
	ok(cluster_locate(&c, &v, "shop", m, MEMBERS, &err));
	for (size_t i = 0; i < MEMBERS && steps; i++, steps--) {
		const struct cluster_machine *is = m[i].found;
		struct cluster_job j = job("", names[i], m[i].node, is ? is->generation : 0);
		AUTO(arena) a = { 0 };

		if (m[i].why || (is && !strcmp(is->digest, digest)))
			continue;
		j.memory = 1;
		j.digest = digest;
		j.key = arena_printf(&a, "%s.%s.%s.%lld", names[i], j.node, digest, j.expects);
		/* noted before anybody hears of it */
		snprintf(memory->node[i], sizeof memory->node[i], "%s", j.node);
		(void)submit(&c, j, NULL);
	}
}

static size_t
places_of(const struct engine_conf *conf, const char *name)
{
	size_t n = 0;

	for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
		auto_free char *path = xasprintf("%s/%s/%s", conf->url, hosts[h], name);

		n += fs_exists(path);
	}
	return n;
}

TEST(in_a_hundred_rounds_of_hosts_that_are_cut_off_no_machine_is_made_twice)
{
	struct engine_conf conf = world("partition");
	struct memory mine = { 0 }, others = { 0 };
	unsigned seed = 19;

	for (size_t h = 0; h < ARRAY_LEN(hosts); h++)
		node(&conf, arena_printf(&kept, "%s/.memory", hosts[h]), "100");
	for (int round = 0; round < ROUNDS; round++) {
		struct error err;

		/* some hosts fail in some way, each for this round */
		for (size_t h = 0; h < ARRAY_LEN(hosts); h++)
			if (draw(&seed, 3) == 0)
				node(&conf, arena_printf(&kept, "%s/.%s", hosts[h], troubles[draw(&seed, 4)]), "5");
		/* a machine is lost now and then, and so is what somebody remembers */
		if (draw(&seed, 4) == 0) {
			auto_free char *path = xasprintf("%s/%s/%s", conf.url, hosts[draw(&seed, 3)], names[draw(&seed, MEMBERS)]);

			ok(fs_unlink(path, &err));
		}
		if (draw(&seed, 8) == 0)
			mine = (struct memory){ 0 };
		apply(&conf, &mine, round, draw(&seed, MEMBERS + 1));
		for (size_t h = 0; h < ARRAY_LEN(hosts); h++)
			for (size_t t = 0; t < ARRAY_LEN(troubles); t++) {
				auto_free char *path = xasprintf("%s/%s/.%s", conf.url, hosts[h], troubles[t]);

				if (draw(&seed, 2))
					ok(fs_unlink(path, &err));
			}
		apply(&conf, draw(&seed, 2) ? &others : &mine, round, MEMBERS);
		for (size_t h = 0; h < ARRAY_LEN(hosts); h++)
			for (size_t t = 0; t < ARRAY_LEN(troubles); t++) {
				auto_free char *path = xasprintf("%s/%s/.%s", conf.url, hosts[h], troubles[t]);

				ok(fs_unlink(path, &err));
			}
		for (size_t i = 0; i < MEMBERS; i++)
			if (places_of(&conf, names[i]) > 1)
				fail_msg("round %d: %s is in two places", round, names[i]);
	}
	/* healed, one apply makes it whole */
	apply(&conf, &mine, ROUNDS, MEMBERS);
	for (size_t i = 0; i < MEMBERS; i++)
		assert_int_equal(places_of(&conf, names[i]), 1);
}
