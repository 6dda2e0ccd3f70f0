/* Lock files: one holder at a time although the file comes and goes, and nothing of others is ever opened. */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/unit/test.h"

enum { PROCESSES = 8, ROUNDS = 300 };

static struct lock_wait for_ever;

TEST(a_lock_is_a_file_while_it_is_held)
{
	auto_free char *path = test_path("a.lock");
	struct error err;
	pid_t holder = 0;
	int fd;

	ok(fd = lock_take(path, NULL, NULL, &err));
	assert_true(fs_exists(path));
	not_ok(lock_take(path, NULL, &holder, &err), "lock ");
	assert_int_equal(err.code, EWOULDBLOCK);
	assert_int_equal(holder, getpid());
	assert_true(lock_is_held(path));
	lock_release(fd, path);
	assert_false(fs_exists(path));
	assert_false(lock_is_held(path));
	assert_false(fs_exists(path));
}

TEST(it_may_be_shared_and_goes_with_the_last)
{
	auto_free char *path = test_path("s.lock");
	struct lock_wait together = { .shared = true };
	struct error err;
	int a, b, c;

	ok(a = lock_take(path, &together, NULL, &err));
	ok(b = lock_take(path, &together, NULL, &err));
	assert_true(lock_is_held(path));
	not_ok(lock_take(path, NULL, NULL, &err), "lock ");
	lock_release(a, path);
	assert_true(fs_exists(path));
	not_ok(lock_take(path, NULL, NULL, &err), "lock ");
	lock_release(b, path);
	assert_false(fs_exists(path));
	ok(c = lock_take(path, NULL, NULL, &err));
	lock_release(c, path);
}

TEST(one_that_a_killed_holder_left_is_taken_over)
{
	auto_free char *path = test_path("b.lock");
	struct error err;
	pid_t child = fork();
	int fd;

	if (child == 0)
		_exit(lock_take(path, NULL, NULL, NULL) < 0);	/* without a release */
	waitpid(child, NULL, 0);
	assert_true(fs_exists(path));
	ok(fd = lock_take(path, NULL, NULL, &err));
	lock_release(fd, path);
	assert_false(fs_exists(path));
}

TEST(what_killed_holders_left_is_swept_and_what_is_held_stays)
{
	auto_free char *left = test_path("left.lock"), *held = test_path("held.lock"), *other = test_path("left.text");
	auto_free char *folder = xstrndup(left, (size_t)(strrchr(left, '/') - left));
	struct error err;
	pid_t child = fork();
	int fd;

	if (child == 0)
		_exit(lock_take(left, NULL, NULL, NULL) < 0);
	waitpid(child, NULL, 0);
	ok(fd = lock_take(held, NULL, NULL, &err));
	ok(fs_write(other, "1\n", 2, 0600, &err));
	lock_sweep(folder);
	assert_false(fs_exists(left));
	assert_true(fs_exists(held));
	assert_true(fs_exists(other));
	lock_release(fd, held);
}

/* Under the lock each makes a file that must not be there yet, and takes it away. */
static int
contender(const char *path, const char *inside)
{
	for (int i = 0; i < ROUNDS; i++) {
		int fd = lock_take(path, &for_ever, NULL, NULL), in;

		if (fd < 0)
			return 1;
		in = open(inside, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
		if (in < 0)
			return 2;
		close(in);
		unlink(inside);
		lock_release(fd, path);
	}
	return 0;
}

TEST(of_many_that_come_and_go_one_is_inside)
{
	auto_free char *path = test_path("c.lock"), *inside = test_path("inside");
	int status;

	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0) {
			alarm(120);
			_exit(contender(path, inside));
		}
	for (int i = 0; i < PROCESSES; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	assert_false(fs_exists(path));
}

static volatile int cancel;
static pid_t told;

static void
on_wait(void *ctx, pid_t holder)
{
	(void)ctx;
	told = holder;
	cancel = 1;
}

/* Readers share a number that a writer changes in two steps. */
static int
reader_or_writer(int i, const char *path, int *pair)
{
	struct lock_wait w = { .shared = i % 2 };

	for (int n = 0; n < ROUNDS; n++) {
		int fd = lock_take(path, &w, NULL, NULL);

		if (fd < 0 || pair[0] != pair[1])
			return 1;
		if (!w.shared) {
			__atomic_add_fetch(&pair[0], 1, __ATOMIC_SEQ_CST);
			sched_yield();
			__atomic_add_fetch(&pair[1], 1, __ATOMIC_SEQ_CST);
		}
		lock_release(fd, path);
	}
	return 0;
}

TEST(who_shares_sees_nothing_half_done)
{
	auto_free char *path = test_path("rw.lock");
	int status, *pair = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(pair != MAP_FAILED);
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0) {
			alarm(120);
			_exit(reader_or_writer(i, path, pair));
		}
	for (int i = 0; i < PROCESSES; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	assert_int_equal(pair[0], PROCESSES / 2 * ROUNDS);
	assert_false(fs_exists(path));
	munmap(pair, 4096);
}

TEST(who_waits_is_told_for_whom_and_can_be_called_off)
{
	auto_free char *path = test_path("d.lock");
	struct lock_wait w = { .cancel = &cancel, .told = on_wait };
	struct error err;
	int fd;

	ok(fd = lock_take(path, NULL, NULL, &err));
	not_ok(lock_take(path, &w, NULL, &err), "interrupted");
	assert_int_equal(err.code, ERR_CANCELLED);
	assert_int_equal(told, getpid());
	lock_release(fd, path);
}

TEST(what_is_not_ours_is_not_opened)
{
	auto_free char *path = test_path("e.lock"), *victim = test_file("victim", "keep", 4);
	AUTO(buf) text = BUF_INIT;
	struct error err;

	assert_int_equal(symlink(victim, path), 0);
	not_ok(lock_take(path, NULL, NULL, &err), "no lock file of ours");
	unlink(path);
	assert_int_equal(symlink("nowhere", path), 0);
	not_ok(lock_take(path, NULL, NULL, &err), "no lock file of ours");
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(lock_is_held(path));
	not_ok(lock_take(path, NULL, NULL, &err), "no lock file of ours");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	not_ok(lock_take(path, NULL, NULL, &err), "no lock file of ours");
	ok(fs_read(victim, &text, 100, &err));
	assert_string_equal(text.s, "keep");
}
