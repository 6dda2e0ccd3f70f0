/* A user's file that is written anew: what a killed writer leaves, and who may have put something in its place. */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"

static struct error err;

static void
rewrite(const char *path, const char *text)
{
	assert_int_equal(fs_rewrite(path, text, strlen(text), 0644, &err), 0);
}

static void
reads(const char *path, const char *text)
{
	AUTO(buf) b = { 0 };

	assert_int_equal(fs_read(path, &b, 1 << 20, &err), 0);
	assert_string_equal(b.s, text);
}

TEST(the_rest_of_a_killed_rewrite_is_taken_by_the_next)
{
	auto_free char *path = test_file("a.yaml", "old", 3), *half = test_file(".a.yaml.limactl.tmp", "half of a long te", 17);
	auto_free char *link = test_path("link.yaml"), *same = fs_rewrite_tmp(path);

	assert_string_equal(same, half);
	rewrite(path, "new");
	reads(path, "new");
	assert_false(fs_exists(half));
	assert_int_equal(symlink("a.yaml", link), 0);
	same = (free(same), fs_rewrite_tmp(link));
	assert_string_equal(same, half);
	rewrite(link, "newer");
	reads(path, "newer");
	assert_false(fs_exists(half));
}

/* a tree of the user's is not taken for the rest of a writer, whatever it is called */
TEST(a_new_file_takes_nothing_away_beside_it)
{
	auto_free char *path = test_path("new.yaml"), *tree = test_path("new.yaml.tmp"), *mine = test_path("new.yaml.tmp/mine");
	auto_free char *half = test_path(".new.yaml.limactl.tmp");

	assert_int_equal(mkdir(tree, 0700), 0);
	assert_int_equal(fs_write(mine, "precious", 8, 0600, &err), 0);
	rewrite(path, "one");
	reads(path, "one");
	reads(mine, "precious");
	assert_int_equal(fs_write_beside(path, "two", 3, 0600, &err), 0);
	reads(path, "two");
	reads(mine, "precious");
	assert_int_equal(mkdir(half, 0700), 0);
	assert_int_equal(fs_write_beside(path, "three", 5, 0600, &err), -1);
	reads(path, "two");
}

/* where nothing can be put beside it, the file itself is written; what lies there is nobody's business */
TEST(what_is_not_ours_beside_it_is_left_alone)
{
	auto_free char *path = test_file("b.yaml", "old", 3), *half = test_path(".b.yaml.limactl.tmp");
	auto_free char *victim = test_file("victim", "precious", 8);

	assert_int_equal(symlink("victim", half), 0);
	rewrite(path, "one");
	reads(path, "one");
	reads(victim, "precious");
	assert_int_equal(unlink(half), 0);
	assert_int_equal(link(victim, half), 0);
	rewrite(path, "two");
	reads(path, "two");
	reads(victim, "precious");
	assert_int_equal(unlink(half), 0);
	assert_int_equal(mkfifo(half, 0600), 0);
	rewrite(path, "three");
	reads(path, "three");
}

/* every writer's text is whole, and the last one stays */
TEST(writers_at_once_go_one_after_the_other)
{
	enum { WRITERS = 4, TIMES = 50, LEN = 20000 };
	auto_free char *path = test_file("c.yaml", "old", 3), *half = test_path(".c.yaml.limactl.tmp");
	pid_t pids[WRITERS];

	for (int w = 0; w < WRITERS; w++)
		if ((pids[w] = fork()) == 0) {
			auto_free char *text = xcalloc(1, LEN + 1);

			memset(text, 'a' + w, LEN);
			for (int i = 0; i < TIMES; i++)
				if (fs_rewrite(path, text, LEN, 0644, &err) < 0)
					_exit(1);
			_exit(0);
		}
	for (int w = 0, status; w < WRITERS; w++) {
		assert_int_equal(waitpid(pids[w], &status, 0), pids[w]);
		assert_int_equal(status, 0);
	}
	AUTO(buf) b = { 0 };

	assert_int_equal(fs_read(path, &b, 1 << 20, &err), 0);
	assert_int_equal(b.len, LEN);
	for (size_t i = 1; i < b.len; i++)
		assert_int_equal(b.s[i], b.s[0]);
	assert_false(fs_exists(half));
}

