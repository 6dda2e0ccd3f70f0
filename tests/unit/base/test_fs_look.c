/* What is absent, what is there, and what cannot be told. */
#include <errno.h>
#include <sys/stat.h>

#include "tests/unit/test.h"

static struct error err;

TEST(absent_is_what_has_no_name)
{
	auto_free char *path = test_path("none"), *deeper = test_path("none/at/all");

	assert_int_equal(fs_look(path, NULL, &err), 0);
	assert_int_equal(fs_look(deeper, NULL, &err), 0);
}

TEST(a_link_is_what_it_leads_to)
{
	auto_free char *file = test_file("file", "x", 1), *link = test_path("link");
	AUTO(arena) a = { 0 };
	const char *one, *two;

	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(fs_look_stamp(file, &a, &one, &err), 1);
	assert_int_equal(fs_look_stamp(link, &a, &two, &err), 1);
	assert_string_equal(one, two);
	assert_int_equal(fs_look_derived(link, &a, &two, &err), 1);
}

/* a drive that is not mounted: the file's own link, and that of a folder on the way */
TEST(a_link_to_nowhere_is_not_absence)
{
	auto_free char *link = test_path("disk"), *folder = test_path("folder"), *inside = test_path("folder/deep/disk");
	AUTO(arena) a = { 0 };
	const char *stamp;

	assert_int_equal(symlink("/mnt/no-such-drive/disk", link), 0);
	assert_int_equal(symlink("/mnt/no-such-drive", folder), 0);
	not_ok(fs_look(link, NULL, &err), "disk: is a link to /mnt/no-such-drive/disk, which is not there");
	not_ok(fs_look(inside, NULL, &err), "folder: is a link to /mnt/no-such-drive, which is not there");
	assert_int_equal(fs_look_derived(link, &a, &stamp, &err), 0);
	not_ok(fs_look_derived(inside, &a, &stamp, &err), "folder: is a link to");
}

TEST(an_error_of_looking_is_not_absence)
{
	char name[300];
	auto_free char *loop = test_path("loop"), *path = NULL;

	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	path = test_path(name);
	not_ok(fs_look(path, NULL, &err), "ame too long");
	assert_int_equal(err.code, ENAMETOOLONG);
	assert_int_equal(symlink("loop", loop), 0);
	not_ok(fs_look(loop, NULL, &err), "loop");
}

TEST(room_is_made_for_what_can_be_made_again)
{
	auto_free char *path = test_path("derived"), *inside = test_path("derived/x"), *aside = test_path("derived.moved-1/x");
	AUTO(arena) a = { 0 };
	const char *stamp;

	ok(fs_make_room(path, &err));
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(fs_look_derived(path, &a, &stamp, &err), 0);
	ok(fs_make_room(path, &err));
	assert_false(fs_exists(path));
	ok(fs_mkdirs(inside, 0700, &err));
	ok(fs_make_room(path, &err));
	assert_false(fs_exists(path));
	assert_true(fs_exists(aside));
	ok(fs_write(path, "x", 1, 0600, &err));
	ok(fs_make_room(path, &err));
	assert_true(fs_exists(path));
}

TEST(the_end_of_a_log_begins_with_a_line)
{
	auto_free char *path = test_file("log", "first\nsecond\nthird\n", 19), *whole = test_file("line", "one line without an end", 23);
	AUTO(buf) out = BUF_INIT;
	struct stat st;

	ok(fs_read_end(path, &out, 100, &st, &err));
	assert_string_equal(out.s, "first\nsecond\nthird\n");
	assert_int_equal(st.st_size, 19);
	ok(fs_read_end(path, &out, 10, NULL, &err));
	assert_string_equal(out.s, "third\n");
	ok(fs_read_end(whole, &out, 8, NULL, &err));
	assert_string_equal(out.s, "t an end");
	not_ok(fs_read_end(test_dir_, &out, 8, NULL, &err), test_dir_);
}
