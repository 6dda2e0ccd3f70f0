/* What limactl has said that a guest may have: exactly that, and nothing that is only like it. */
#include "providers/served.h"

#include <sys/stat.h>

#include "tests/unit/test.h"

TEST(only_what_was_said_is_served)
{
	auto_free char *home = test_path("said"), *seen = xasprintf("%s/_state", home);
	const struct served work = { "/home/u/work", false, false, false, false };
	struct served other = work;
	struct error err;

	assert_false(served_has(home, "a", &work));
	ok(served_put(home, "a", "mount-1", &work, &err));
	assert_true(served_has(home, "a", &work));
	assert_false(served_has(home, "b", &work));
	/* what limactl has seen may be deleted under a running machine, whose folders stay */
	ok(fs_remove_tree(seen, &err));
	assert_true(served_has(home, "a", &work));
	other.writable = true;
	assert_false(served_has(home, "a", &other));
	other = work;
	other.follow = true;
	assert_false(served_has(home, "a", &other));
	other = work;
	other.openssh = true;
	assert_false(served_has(home, "a", &other));
	other = work;
	other.device = true;
	assert_false(served_has(home, "a", &other));
	for (const char *const *p = (const char *const[]){ "/", "/home/u", "/home/u/work/", "/home/u/work/x", NULL }; *p; p++)
		assert_false(served_has(home, "a", &(struct served){ .location = *p }));
	/* another of the same name is in the place of the first */
	other = work;
	other.location = "/home/u/other";
	ok(served_put(home, "a", "mount-1", &other, &err));
	assert_false(served_has(home, "a", &work));
	assert_true(served_has(home, "a", &other));
	ok(served_drop(home, "a", "mount-1", &err));
	ok(served_drop(home, "a", "mount-1", &err));
	assert_false(served_has(home, "a", &other));
	ok(served_put(home, "a", "mount-2", &work, &err));
	served_drop_all(home, "a");
	assert_false(served_has(home, "a", &work));
}

TEST(folders_overlap_by_whole_names)
{
	assert_true(served_overlap("/a/b", "/a/b"));
	assert_true(served_overlap("/a/b", "/a/b/c"));
	assert_true(served_overlap("/a/b/c", "/a/b"));
	assert_true(served_overlap("/", "/a"));
	assert_true(served_overlap("/a", "/"));
	assert_false(served_overlap("/a/b", "/a/bc"));
	assert_false(served_overlap("/a/bc", "/a/b"));
	assert_false(served_overlap("/a/x", "/a/y"));
}

TEST(another_guest_that_makes_links_there_is_seen_through_links_of_the_host)
{
	auto_free char *root = test_path("links"), *home = xasprintf("%s/home", root), *work = xasprintf("%s/work", root);
	auto_free char *inner = xasprintf("%s/work/inner", root), *name = xasprintf("%s/name", root);
	struct error err;

	assert_int_equal(fs_mkdirs(inner, 0700, NULL), 0);
	assert_int_equal(symlink("work", name), 0);
	ok(served_put(home, "other", "m", &(struct served){ .location = name, .writable = true, .follow = true }, &err));
	assert_false(served_elsewhere(home, "own", inner));
	ok(served_put(home, "other", "m", &(struct served){ .location = name }, &err));
	assert_false(served_elsewhere(home, "own", inner));
	ok(served_put(home, "other", "m", &(struct served){ .location = name, .writable = true, .device = true }, &err));
	assert_true(served_elsewhere(home, "own", inner));
	assert_true(served_elsewhere(home, "own", work));
	assert_true(served_elsewhere(home, "own", root));
	assert_false(served_elsewhere(home, "own", home));
	assert_false(served_elsewhere(home, "other", inner));
}
