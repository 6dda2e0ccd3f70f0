/* Folders that guests of a home have been given to write: kept, and heeded whoever asks. */
#include "providers/written.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/guarded.h"
#include "tests/unit/test.h"

static void
make_folder(const char *root, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", root, name);

	assert_int_equal(fs_mkdirs(path, 0700, NULL), 0);
}

static void
make_link(const char *text, const char *root, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", root, name);

	assert_int_equal(symlink(text, path), 0);
}

static int
check(const char *home, const char *root, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", root, name);
	struct error err = { 0 };

	return written_check(home, path, &err) < 0 ? err.code : 0;
}

TEST(a_folder_once_given_stays_known_and_is_written_down_once)
{
	auto_free char *root = test_path("written"), *home = xasprintf("%s/home", root), *given = xasprintf("%s/a\nb", root);
	auto_free char *list = xasprintf("%s/" WRITTEN_FILE, home), *seen = xasprintf("%s/_state", home);
	const char *folders[] = { given, given };
	AUTO(guarded) g = { 0 };
	struct error err;
	struct stat st, again;

	make_folder(root, "a\nb");
	make_folder(root, "secret");
	make_link("../secret", given, "out");
	assert_int_equal(check(home, root, "a\nb/out"), 0);
	ok(written_add(home, NULL, 0, &err));
	assert_int_equal(stat(list, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	ok(written_add(home, folders, 2, &err));
	ok(written_add(home, folders, 1, &err));
	assert_int_equal(stat(list, &again), 0);
	assert_int_equal(again.st_size, strlen(given) + 1);
	assert_int_equal(again.st_ino, st.st_ino);
	written_guard(home, &g);
	assert_int_equal(g.n, 1);
	assert_int_equal(check(home, root, "a\nb/out"), ELOOP);
	assert_int_equal(check(home, root, "a\nb/out/x"), ELOOP);
	/* what limactl has seen may be deleted at any time, and this stays */
	ok(fs_remove_tree(seen, &err));
	assert_int_equal(check(home, root, "a\nb/out"), ELOOP);
	assert_int_equal(check(home, root, "a\nb/none"), 0);
	assert_int_equal(check(home, root, "secret"), 0);
}

TEST(a_list_that_cannot_be_read_is_not_an_empty_one)
{
	auto_free char *root = test_path("unread"), *home = xasprintf("%s/home", root), *given = xasprintf("%s/given", root);
	auto_free char *list = xasprintf("%s/" WRITTEN_FILE, home);
	const char *folders[] = { given };
	AUTO(guarded) g = { 0 };
	struct error err;

	make_folder(root, "given");
	make_folder(root, "secret");
	make_link("../secret", given, "out");
	make_folder(home, WRITTEN_FILE);
	assert_int_equal(check(home, root, "given/out"), ELOOP);
	assert_int_equal(check(home, root, "secret"), 0);
	not_ok(written_add(home, folders, 1, &err), "away, and each instance that is started notes its folders there again");
	assert_int_equal(rmdir(list), 0);
	assert_int_equal(check(home, root, "given/out"), 0);
	/* its last name was cut short */
	ok(fs_write(list, "/one\0/tw", 8, 0600, &err));
	ok(written_add(home, folders, 1, &err));
	assert_int_equal(check(home, root, "given/out"), ELOOP);
	written_guard(home, &g);
	assert_int_equal(g.n, 1);
}

TEST(a_file_behind_a_link_of_a_guest_is_not_read)
{
	auto_free char *root = test_path("read"), *home = xasprintf("%s/home", root), *given = xasprintf("%s/given", root);
	auto_free char *cert = xasprintf("%s/cert", given), *secret = xasprintf("%s/secret", root);
	const char *folders[] = { given };
	AUTO(buf) text = BUF_INIT;
	struct error err;

	make_folder(root, "given");
	ok(fs_write(cert, "cert", 4, 0600, &err));
	ok(fs_write(secret, "secret", 6, 0600, &err));
	ok(written_add(home, folders, 1, &err));
	ok(written_read(home, cert, &text, 100, &err));
	assert_string_equal(text.s, "cert");
	assert_int_equal(unlink(cert), 0);
	make_link(secret, given, "cert");
	not_ok(written_read(home, cert, &text, 100, &err), "a link in a folder that a guest can write");
	assert_string_equal(text.s, "cert");
	assert_int_equal(unlink(cert), 0);
	not_ok(written_read(home, cert, &text, 100, &err), "no such file");
}
