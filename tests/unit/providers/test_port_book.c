#include "providers/port_book.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test.h"

static int
always(int port, struct error *err)
{
	(void)port, (void)err;
	return 0;
}

static int
never(int port, struct error *err)
{
	return error_set(err, EADDRINUSE, "%d", port);
}

TEST(a_port_is_drawn_below_those_that_the_kernel_gives_away)
{
	struct error err;
	int low, a = port_draw("/h/a", 0, always, &err);
	FILE *range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

	assert_true(range && fscanf(range, "%d", &low) == 1);
	fclose(range);
	if (low == 32768)	/* as the kernel has it by itself */
		assert_in_range(a, 1024, low - 1);
	assert_int_equal(port_draw("/h/a", 0, always, &err), a);
	assert_int_not_equal(port_draw("/h/b", 0, always, &err), a);
	assert_int_not_equal(port_draw("/h/a", a, always, &err), a);
	not_ok(port_draw("/h/a", 0, never, &err), "no free port of 127.0.0.1 near");
	assert_int_equal(err.code, EADDRINUSE);
}

static char *
lease_of(const char *home, const char *instance)
{
	auto_free char *dir = xasprintf("%s/%s", home, instance);
	char *path = xasprintf("%s/lease.ssh", dir);
	struct error err;

	ok(fs_mkdirs(dir, 0700, &err));
	ok(fs_write(path, "20001\n", 6, 0600, &err));
	return path;
}

TEST(two_leases_never_have_one_port)
{
	auto_free char *home = test_path("home"), *a = lease_of(home, "a"), *b = lease_of(home, "b");
	struct error err;

	assert_false(port_book_has(home, 20001, b));
	assert_int_equal(port_book_enter(home, 20001, a, &err), 1);
	assert_int_equal(port_book_enter(home, 20001, a, &err), 1);
	assert_true(port_book_has(home, 20001, b));
	assert_false(port_book_has(home, 20001, a));
	assert_int_equal(port_book_enter(home, 20001, b, &err), 0);
	assert_int_equal(port_book_enter(home, 20002, b, &err), 1);
	port_book_strike(home, 20001, b);
	assert_int_equal(port_book_enter(home, 20001, b, &err), 0);
	port_book_strike(home, 20001, a);
	assert_int_equal(port_book_enter(home, 20001, b, &err), 1);
}

TEST(an_entry_whose_lease_is_gone_or_rewritten_holds_nothing)
{
	auto_free char *home = test_path("gone"), *a = lease_of(home, "a"), *b = lease_of(home, "b");
	struct error err;

	assert_int_equal(port_book_enter(home, 20001, a, &err), 1);
	assert_int_equal(unlink(a), 0);
	assert_false(port_book_has(home, 20001, b));
	assert_int_equal(port_book_enter(home, 20001, b, &err), 1);
	ok(fs_write(b, "20007\n", 6, 0600, &err));
	free(a);
	a = lease_of(home, "a");
	assert_int_equal(port_book_enter(home, 20001, a, &err), 1);
}

TEST(what_gone_leases_have_left_is_swept_and_nothing_else)
{
	auto_free char *home = test_path("swept"), *a = lease_of(home, "a"), *b = lease_of(home, "b");
	auto_free char *left = xasprintf("%s/_state/ports/20001", home), *held = xasprintf("%s/_state/ports/20002", home);
	struct error err;

	assert_int_equal(port_book_enter(home, 20001, a, &err), 1);
	assert_int_equal(port_book_enter(home, 20002, b, &err), 1);
	assert_false(port_book_strike(home, 0, a));
	assert_int_equal(unlink(a), 0);
	port_book_sweep(home);
	assert_false(fs_exists(left));
	assert_true(fs_exists(held));
	assert_true(port_book_strike(home, 20002, b));
}

TEST(what_lies_in_the_place_of_an_entry_is_never_followed)
{
	auto_free char *home = test_path("links"), *a = lease_of(home, "a"), *ports = xasprintf("%s/_state/ports", home);
	auto_free char *entry = xasprintf("%s/20001", ports), *victim = test_path("victim");
	struct error err;
	struct stat st;

	ok(fs_mkdirs(ports, 0700, &err));
	ok(fs_write(victim, "mine", 4, 0600, &err));
	assert_int_equal(symlink(victim, entry), 0);
	assert_int_equal(port_book_enter(home, 20001, a, &err), 1);
	assert_int_equal(lstat(entry, &st), 0);
	assert_true(S_ISREG(st.st_mode) && st.st_nlink == 2);
	assert_int_equal(unlink(entry), 0);
	assert_int_equal(rmdir(ports), 0);
	assert_int_equal(symlink(home, ports), 0);
	not_ok(port_book_enter(home, 20001, a, &err), "_state/ports");
}
