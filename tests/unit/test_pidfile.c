#include "providers/pidfile.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/proc.h"
#include "tests/unit/test.h"

/* A child that takes the file and says so; it ends when told. */
static pid_t
taker(const char *path, int *tell)
{
	int up[2], down[2];
	char c = 0;
	pid_t pid;

	assert_int_equal(pipe(up) | pipe(down), 0);
	pid = fork();
	if (pid == 0) {
		c = pidfile_take(path, NULL) >= 0 ? 'y' : 'n';
		close(down[1]);
		if (write(up[1], &c, 1) != 1 || read(down[0], &c, 1) > 0)
			_exit(1);
		_exit(0);
	}
	close(up[1]);
	close(down[0]);
	assert_int_equal(read(up[0], &c, 1), 1);
	assert_int_equal(c, 'y');
	close(up[0]);
	*tell = down[1];
	return pid;
}

TEST(the_holder_is_known_until_it_ends)
{
	auto_free char *path = test_path("a.pid");
	struct error err;
	int tell, fd;
	pid_t pid;

	assert_int_equal(pidfile_process(path), 0);
	pid = taker(path, &tell);
	assert_int_equal(pidfile_process(path), pid);
	not_ok(pidfile_take(path, &err), "has it");
	assert_int_equal(err.code, EEXIST);
	assert_int_equal(proc_read_pid(path), pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(tell);
	/* the file is stale now: the number is still in it */
	assert_int_equal(proc_read_pid(path), pid);
	assert_int_equal(pidfile_process(path), 0);
	fd = pidfile_take(path, &err);
	assert_true(fd >= 0);
	assert_int_equal(proc_read_pid(path), getpid());
	close(fd);
}

TEST(a_number_of_somebody_else_is_nobody)
{
	auto_free char *text = xasprintf("%d\n", (int)getpid());
	auto_free char *path = test_file("b.pid", text, strlen(text));
	auto_free char *junk = test_file("c.pid", "-1\n", 3), *word = test_file("d.pid", "x", 1);

	assert_int_equal(pidfile_process(path), 0);
	assert_int_equal(pidfile_process(junk), 0);
	assert_int_equal(pidfile_process(word), 0);
}

TEST(one_that_locks_nothing_is_known_by_its_arguments)
{
	auto_free char *path = test_path("e.pid");
	const char *argv[] = { "sh", "-c", "while :; do sleep 60 & wait; done", "sh", "--pidfile", path, NULL };
	auto_free char *text = NULL;
	struct error err;
	pid_t pid = proc_daemon(argv, &(struct proc_daemon){ 0 }, &err);

	assert_true(pid > 0);
	text = xasprintf("%d", (int)pid);
	ok(fs_write(path, text, strlen(text), 0600, &err));
	assert_int_equal(pidfile_process(path), pid);
	assert_int_equal(pidfile_search("--pidfile", path), pid);
	assert_int_equal(pidfile_search("-pidfile", path), 0);
	not_ok(pidfile_take(path, &err), "has it");
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(pidfile_process(path), 0);
	assert_int_equal(pidfile_search("--pidfile", path), 0);
}
