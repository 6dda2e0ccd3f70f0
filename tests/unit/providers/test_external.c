#include "providers/external.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test.h"

static const char *
external_path(struct arena *a, const char *name)
{
	auto_free char *path = test_path(name);

	return arena_strdup(a, path);
}

static void
put(const char *name, int mode)
{
	AUTO(arena) a = { 0 };
	auto_free char *path = xasprintf("%s/%s", external_path(&a, "drivers"), name);

	struct error err;

	mkdir(external_path(&a, "drivers"), 0700);
	ok(fs_write(path, "#!/bin/sh\n", 10, (mode_t)mode, &err));
}

TEST(names_that_are_parts_of_names_of_files)
{
	static const char *const good[] = { "vz", "krunkit", "qemu-9.1", "a_b" };
	static const char *const bad[] = { "", ".", "..", "a/b", "-x", ".x", "a b", "a\nb", "a23456789012345678901234567890123" };

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(external_is_name(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(external_is_name(bad[i]));
}

TEST(folders_and_programs_are_searched_in_order)
{
	auto_free char *list = NULL;
	AUTO(arena) a = { 0 };
	const struct external *v;
	struct error err;
	size_t n;

	put("lima-driver-two", 0755);
	put("lima-driver-one", 0755);
	put("lima-driver-qemu", 0755);
	put("lima-driver-text", 0644);
	put("lima-driver-", 0755);
	put("other", 0755);
	mkdir(external_path(&a, "drivers/lima-driver-folder"), 0755);
	mkdir(external_path(&a, "apart"), 0755);
	ok(fs_write(external_path(&a, "apart/lima-driver-two"), "", 0, 0755, &err));
	list = xasprintf("%s/none::%s/lima-driver-two:%s", external_path(&a, "x"), external_path(&a, "apart"), external_path(&a, "drivers"));
	setenv("LIMA_DRIVERS_PATH", list, 1);

	v = external_list(&a, &n);
	assert_int_equal(n, 2);
	assert_string_equal(v[0].name, "one");
	assert_string_equal(v[0].path, external_path(&a, "drivers/lima-driver-one"));
	assert_string_equal(v[1].name, "two");
	assert_string_equal(v[1].path, external_path(&a, "apart/lima-driver-two"));
	assert_string_equal(external_find("two", &a), external_path(&a, "apart/lima-driver-two"));
	assert_null(external_find("text", &a));
	assert_null(external_find("folder", &a));
	assert_null(external_find("../drivers/lima-driver-one", &a));
	assert_true(external_is_there("one"));
	unsetenv("LIMA_DRIVERS_PATH");
	assert_false(external_is_there("one"));
}

TEST(a_folder_that_is_named_from_here)
{
	AUTO(arena) a = { 0 };
	auto_free char *want = NULL, *here = NULL;

	put("lima-driver-one", 0755);
	assert_int_equal(chdir(external_path(&a, "drivers/..")), 0);
	here = getcwd(NULL, 0);
	want = xasprintf("%s/drivers/lima-driver-one", here);
	setenv("LIMA_DRIVERS_PATH", "drivers", 1);
	assert_string_equal(external_find("one", &a), want);
}
