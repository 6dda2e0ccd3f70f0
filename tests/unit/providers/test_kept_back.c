/* What no guest gets by a folder that it is in. */
#include "providers/kept_back.h"

#include <unistd.h>

#include "base/view.h"
#include "tests/unit/test.h"

static bool
kept_has(const struct kept_back *k, const char *path)
{
	for (size_t i = 0; i < k->n; i++)
		if (!strcmp(k->v[i], path))
			return true;
	return false;
}

TEST(the_home_and_what_links_in_it_lead_to_is_kept_back)
{
	auto_free char *home = test_path("u/.lima"), *config = test_path("u/.lima/_config"), *inner = test_path("u/.lima/b"), *by_link = test_path("link");
	auto_free char *disks = test_path("data/a"), *key = test_path("data/key"), *a = test_path("u/.lima/a"), *user = test_path("u/.lima/_config/user");
	auto_free char *lost = test_path("u/.lima/lost"), *again = test_path("u/.lima/again"), *above = test_path("u"), *none = test_path("none");
	AUTO(kept_back) k = { 0 };
	AUTO(kept_back) nothing = { 0 };
	struct error err;

	ok(fs_mkdirs(config, 0700, &err));
	ok(fs_mkdirs(inner, 0700, &err));
	ok(fs_mkdirs(disks, 0700, &err));
	ok(fs_write(key, "x", 1, 0600, &err));
	assert_int_equal(symlink("../../data/a", a), 0);
	assert_int_equal(symlink(key, user), 0);
	assert_int_equal(symlink("/nonexistent", lost), 0);
	assert_int_equal(symlink("b", again), 0);
	assert_int_equal(symlink(home, by_link), 0);
	kept_back_list(by_link, &k);
	assert_int_equal(k.n, 3);
	assert_true(kept_has(&k, home) && kept_has(&k, disks) && kept_has(&k, key));
	kept_back_list(none, &nothing);
	assert_int_equal(nothing.n, 0);
	/* by a folder above, and by none that was named */
	assert_true(view_hides(&(struct view){ .hidden = k.v, .nhidden = k.n }, above));
	assert_true(view_hides(&(struct view){ .hidden = k.v, .nhidden = k.n }, "/"));
	assert_false(view_hides(&(struct view){ .hidden = k.v, .nhidden = k.n }, home));
	assert_false(view_hides(&(struct view){ .hidden = k.v, .nhidden = k.n }, config));
	assert_false(view_hides(&(struct view){ .hidden = k.v, .nhidden = k.n }, disks));
}
