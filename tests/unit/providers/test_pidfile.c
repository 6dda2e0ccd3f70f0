#include "providers/pidfile.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/proc.h"
#include "base/process.h"
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

/* A shell under the name of another program, which sleeps with `flag` `value` among its words; as another user if there is a way. */
static pid_t
impostor(const char *program, const char *flag, const char *value, uid_t user)
{
	auto_free char *name = test_path(program);
	const char *argv[] = { program, "-c", "while :; do sleep 60 & wait; done", "sh", flag, value, NULL };
	struct error err;
	pid_t pid;
	int fd;

	ok(fs_copy("/bin/sh", name, 0755, &err));
	fd = open(name, O_RDONLY);
	assert_true(fd >= 0);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		if (setresuid(user, user, user) == 0)
			fexecve(fd, (char *const *)(uintptr_t)argv, environ);
		_exit(127);
	}
	setpgid(pid, pid);
	close(fd);
	while (!proc_is(pid, 0, value))
		usleep(1000);
	return pid;
}

static void
end_impostor(pid_t pid)
{
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void
write_number(const char *path, pid_t pid)
{
	auto_free char *text = xasprintf("%d\n", (int)pid);
	struct error err;

	ok(fs_write(path, text, strlen(text), 0600, &err));
}

TEST(one_that_locks_nothing_is_known_by_its_program_and_arguments)
{
	auto_free char *path = test_path("e.pid");
	AUTO(process) held = { 0 };
	struct error err;
	pid_t pid = impostor("limactl", "--pidfile", path, getuid());

	write_number(path, pid);
	assert_int_equal(pidfile_process(path), pid);
	assert_true(pidfile_hold(path, &held));
	assert_int_equal(held.pid, pid);
	assert_true(process_is_alive(&held));
	process_release(&held);
	assert_true(pidfile_search(NULL, "--pidfile", path, &held));
	process_release(&held);
	assert_true(pidfile_search((const char *const[]){ "nothing", "limac", NULL }, "--pidfile", path, &held));
	process_release(&held);
	assert_false(pidfile_search((const char *const[]){ "qemu-system-", "/bin/true", NULL }, "--pidfile", path, &held));
	assert_false(pidfile_search(NULL, "-pidfile", path, &held));
	not_ok(pidfile_take(path, &err), "has it");
	end_impostor(pid);
	assert_int_equal(pidfile_process(path), 0);
	assert_false(pidfile_hold(path, &held));
	assert_false(pidfile_search(NULL, "--pidfile", path, &held));
}

static int
listening(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* A process that was started leaves its pid file, or listens: where neither is, /proc need not be read. */
TEST(without_a_trace_nobody_is_looked_for)
{
	auto_free char *path = test_path("doubt.pid"), *socket = test_path("doubt.sock");
	int fd;

	assert_false(pidfile_leaves_doubt(path, socket));
	/* made before it is started, and not written yet */
	write_number(path, 0);
	assert_true(pidfile_leaves_doubt(path, socket));
	unlink(path);
	/* somebody took the file away */
	fd = listening(socket);
	assert_true(pidfile_leaves_doubt(path, socket));
	/* it ended, and left its socket */
	close(fd);
	assert_false(pidfile_leaves_doubt(path, socket));
	unlink(socket);
	/* a link of that name, to nowhere, is a trace */
	assert_int_equal(symlink("nowhere", path), 0);
	assert_true(pidfile_leaves_doubt(path, socket));
	unlink(path);
}

/* A number that was used again: an editor that was told of the file has it among its words as well. */
TEST(another_program_with_such_arguments_is_nobody)
{
	auto_free char *path = test_path("p.pid");
	struct error err;
	pid_t pid = impostor("vim", "-p", path, getuid());
	int fd;

	write_number(path, pid);
	assert_int_equal(pidfile_process(path), 0);
	fd = pidfile_take(path, &err);
	assert_true(fd >= 0);
	close(fd);
	end_impostor(pid);
}

/* A process whose user ids are not all ours: root plays another user, who has root wait for a password. */
static pid_t
stranger(const char *program, const char *flag, const char *path)
{
	auto_free char *f = xasprintf("F=%s", flag), *p = xasprintf("P=%s", path);
	const char *env[] = { f, p, NULL };

	if (getuid() == 0)
		return impostor(program, flag, path, 65534);
	return proc_daemon((const char *const[]){ "sh", "-c", "sleep 60 | su root -- \"$F\" \"$P\"", NULL },
			   &(struct proc_daemon){ .env_add = env }, NULL);
}

static void
assert_disbelieved(const char *path)
{
	AUTO(process) p = { 0 };

	assert_int_equal(pidfile_process(path), 0);
	assert_false(pidfile_hold(path, &p));
}

TEST(a_process_of_another_user_is_never_believed)
{
	static const char *const as[][2] = { { "limactl", "--pidfile" }, { "limactl", "-p" }, { "lima-hostagent", "--pidfile" },
					     { "qemu-system-x86_64", "-pidfile" } };

	for (size_t i = 0; i < ARRAY_LEN(as); i++) {
		auto_free char *path = test_path("s.pid");
		AUTO(process) p = { 0 };
		struct error err;
		pid_t pid = stranger(as[i][0], as[i][1], path);
		int fd;

		assert_false(pidfile_search(NULL, as[i][1], path, &p));
		write_number(path, pid);
		assert_disbelieved(path);
		fd = pidfile_take(path, &err);
		assert_true(fd >= 0);
		close(fd);
		unlink(path);
		end_impostor(pid);
	}
}

/* Whoever may read a file can lock it for reading: that neither makes him its owner nor keeps its owner out. */
TEST(a_lock_of_a_reader_proves_nothing)
{
	auto_free char *path = test_file("r.pid", "1\n", 2);
	struct flock l = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	struct error err;
	int said[2], fd;
	pid_t pid;
	char c;

	assert_int_equal(pipe(said), 0);
	pid = fork();
	if (pid == 0) {
		fd = open(path, O_RDONLY);
		c = fcntl(fd, F_SETLK, &l) == 0 ? 'y' : 'n';
		_exit(write(said[1], &c, 1) == 1 && pause());
	}
	assert_int_equal(read(said[0], &c, 1), 1);
	assert_int_equal(c, 'y');
	assert_disbelieved(path);
	fd = pidfile_take(path, &err);
	assert_true(fd >= 0);
	assert_int_equal(proc_read_pid(path), getpid());
	test_kill(pid);
	close(fd);
	close(said[0]);
	close(said[1]);
}

/* The file of a locked one may be written by others: then the lock alone proves nothing, and the user counts. */
TEST(a_file_that_others_may_write_is_believed_of_our_own_processes)
{
	auto_free char *path = test_path("w.pid");
	int tell;
	pid_t pid = taker(path, &tell);

	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(pidfile_process(path), pid);
	close(tell);
	waitpid(pid, NULL, 0);
}

TEST(a_process_that_is_held_is_not_its_number)
{
	struct process p = { 0 };
	struct error err;
	pid_t pid = fork();

	if (pid == 0)
		_exit(pause());
	assert_false(process_hold(0, &p));
	assert_true(process_hold(pid, &p));
	assert_true(process_is_ours(&p));
	assert_int_equal(process_wait(&p, 10, NULL), 0);
	ok(process_signal(&p, SIGKILL, &err));
	assert_int_equal(process_wait(&p, -1, NULL), 1);
	assert_false(process_is_alive(&p));
	assert_false(process_is_ours(&p));
	assert_false(process_runs(&p, "test_pidfile"));
	ok(process_signal(&p, SIGKILL, &err));
	process_release(&p);
	assert_false(process_hold(pid, &p));
}
