/* Who uses a data disk: one instance at a time, also while none of those who want it runs yet. */
#include "resources/disk_lock.h"

#include <errno.h>
#include <sys/wait.h>

#include "tests/unit/test.h"

enum { MANY = 12 };

static char home_path[128];
static struct env env = { .home = home_path };

static void
home(const char *name)
{
	auto_free char *path = test_path(name);

	snprintf(home_path, sizeof home_path, "%s", path);
	test_put(path, "_state/a.lock", "");
	test_put(path, "_disks/d/datadisk", "");
}

static void
held_by(const char *instance)
{
	auto_free char *link = xasprintf("%s/_disks/d/in_use_by", env.home), *want = xasprintf("%s/%s", env.home, instance);
	char has[4096] = "";

	assert_true(readlink(link, has, sizeof has - 1) > 0);
	assert_string_equal(has, want);
}

TEST(a_stale_link_is_nobodys)
{
	struct resource a = { .owner = "a" }, b = { .owner = "b" };
	struct error err;

	home("h1");
	ok(disk_lock(&env, &a, "d", &err));
	ok(disk_lock(&env, &a, "d", &err));
	ok(disk_lock(&env, &b, "d", &err));
	held_by("b");
	disk_unlock_all(&env, &a);
	held_by("b");
	disk_unlock_all(&env, &b);
	ok(disk_lock(&env, &a, "d", &err));
	held_by("a");
	not_ok(disk_lock(&env, &a, "none", &err), "_disks/none: ");
}

TEST(one_that_is_being_started_keeps_it)
{
	struct resource a = { .owner = "a" }, b = { .owner = "b" };
	auto_free char *path = NULL;
	struct error err;
	int fd;

	home("h2");
	path = xasprintf("%s/_state/a.lock", env.home);
	ok(fd = fs_lock(path, true, &err));
	ok(disk_lock(&env, &a, "d", &err));
	not_ok(disk_lock(&env, &b, "d", &err), "held by the instance `a`, which a limactl is working on");
	assert_int_equal(err.code, EBUSY);
	held_by("a");
	close(fd);
	ok(disk_lock(&env, &b, "d", &err));
	held_by("b");
}

/* Each holds its instance's lock, as limactl does while it starts a machine, until all have tried. */
static int
starter(int i, int tried, int done)
{
	auto_free char *name = xasprintf("i%d", i), *path = xasprintf("%s/_state/%s.lock", env.home, name);
	struct resource r = { .owner = name };
	int fd = fs_lock(path, true, NULL), got = disk_lock(&env, &r, "d", NULL);
	char c = 0;

	return fd < 0 || write(tried, &c, 1) != 1 || read(done, &c, 1) != 0 ? 2 : got < 0;
}

TEST(of_many_at_once_one_has_it)
{
	int tried[2], done[2], status, winners = 0;
	char c;

	home("h3");
	assert_int_equal(pipe(tried) | pipe(done), 0);
	for (int i = 0; i < MANY; i++)
		if (fork() == 0) {
			alarm(60);
			close(done[1]);
			_exit(starter(i, tried[1], done[0]));
		}
	for (int i = 0; i < MANY; i++)
		assert_int_equal(read(tried[0], &c, 1), 1);
	close(done[0]);
	close(done[1]);
	for (int i = 0; i < MANY; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
		winners += WEXITSTATUS(status) == 0;
	}
	assert_int_equal(winners, 1);
}
