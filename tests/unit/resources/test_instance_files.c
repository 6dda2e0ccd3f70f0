/* The table of an instance's files: each has one owner that exists, and clone and rename make of it what is said of it. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "resources/instance_copy.h"
#include "resources/instance_files.h"
#include "resources/types.h"
#include "tests/unit/test.h"

static bool
type_exists(const char *name)
{
	for (size_t i = 0; resource_types[i]; i++)
		if (!strcmp(resource_types[i]->name, name))
			return true;
	return !*name;
}

TEST(each_file_is_there_once_and_is_of_a_type_that_exists)
{
	for (const struct instance_file *f = instance_files; f->name; f++) {
		assert_true(type_exists(f->type));
		for (const struct instance_file *g = f + 1; g->name; g++)
			assert_string_not_equal(f->name, g->name);
	}
}

static void
put(const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	struct error err = {0};

	ok(fs_write(path, "x", 1, 0600, &err));
}

static bool
has(const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	return fs_exists(path);
}

TEST(a_clone_has_what_is_copied_and_a_rename_what_is_moved_too)
{
	char tmp[] = "/tmp/lima-files.XXXXXX";
	auto_free char *from = NULL, *to = NULL;
	struct error err = {0};

	assert_non_null(mkdtemp(tmp));
	from = xasprintf("%s/a", tmp);
	to = xasprintf("%s/b", tmp);
	assert_int_equal(mkdir(from, 0700), 0);
	for (const struct instance_file *f = instance_files; f->name; f++)
		if (strncmp(f->name, "launch.", 7) && strncmp(f->name, "disk", 4) && strncmp(f->name, "diff", 4))
			put(from, f->name);
	put(from, "mine.txt");
	put(from, "serial.log");
	put(from, "x.sock");
	ok(dir_copy(from, to, &err));
	for (const struct instance_file *f = instance_files; f->name; f++)
		if (has(from, f->name))
			assert_int_equal(has(to, f->name), f->copy == FILE_COPIED);
	assert_true(has(to, "mine.txt") && !has(to, "serial.log") && !has(to, "x.sock"));
	ok(dir_adopt(from, &err));
	assert_true(has(from, "protected") && has(from, "autostart") && has(from, "swtpm") && has(from, "lima.yaml"));
	assert_true(!has(from, "ssh.config") && !has(from, "lease.ssh") && !has(from, "serial.log") &&
		    has(from, "mine.txt"));
	fs_remove_tree(tmp, NULL);
}

TEST(what_a_type_takes_away_is_its_own_whole_and_half)
{
	char tmp[] = "/tmp/lima-files.XXXXXX";
	const struct resource_type *kernel = NULL;
	struct env env = {.home = tmp};
	struct resource r = {.owner = "a", .name = "a"};
	auto_free char *dir = NULL;
	struct error err = {0};

	for (size_t i = 0; resource_types[i]; i++)
		kernel = !strcmp(resource_types[i]->name, "kernel") ? resource_types[i] : kernel;
	r.type = kernel;
	assert_non_null(mkdtemp(tmp));
	dir = xasprintf("%s/a", tmp);
	assert_int_equal(mkdir(dir, 0700), 0);
	put(dir, "kernel");
	put(dir, "kernel.tmp");
	put(dir, "kernel.cmdline");
	put(dir, "initrd");
	ok(instance_files_remove(&env, &r, &err));
	assert_true(!has(dir, "kernel") && !has(dir, "kernel.tmp") && !has(dir, "kernel.cmdline") &&
		    has(dir, "initrd"));
	ok(instance_files_remove(&env, &r, &err));
	fs_remove_tree(tmp, NULL);
}
