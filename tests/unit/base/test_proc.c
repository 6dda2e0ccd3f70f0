#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/test.h"

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
sh(const char *script, struct proc_opts o, struct error *err)
{
	const char *argv[] = { "sh", "-c", script, NULL };

	return proc_run(argv, &o, err);
}

static pid_t
daemon_sh(const char *script, const char *out, const char *errpath, struct error *err)
{
	const char *argv[] = { "sh", "-c", script, "lima-test-marker", NULL };

	return proc_daemon(argv, &(struct proc_daemon){ .stdout_path = out, .stderr_path = errpath }, err);
}

TEST(captures_stdout_behind_what_is_there)
{
	AUTO(buf) b = BUF_INIT;
	struct error err;

	buf_adds(&b, "x");
	ok(sh("echo one; echo two >&2; echo three", (struct proc_opts){ .out = &b }, &err));
	assert_string_equal(b.s, "xone\nthree\n");
}

TEST(failure_says_status_and_last_line)
{
	AUTO(buf) b = BUF_INIT;
	struct error err;

	buf_adds(&b, "kept");
	not_ok(sh("echo out; echo first >&2; printf 'la\\033st\\n\\n' >&2; exit 3", (struct proc_opts){ .out = &b }, &err),
	       "sh: exit status 3: la?st");
	assert_int_equal(err.code, ERR_CHILD);
	assert_string_equal(b.s, "kept");
	not_ok(sh("echo to stdout; exit 1", (struct proc_opts){ 0 }, &err), "sh: exit status 1: to stdout");
	not_ok(sh("exit 2", (struct proc_opts){ 0 }, &err), "sh: exit status 2");
	assert_string_equal(err.msg, "sh: exit status 2");
	not_ok(sh("kill -9 $$", (struct proc_opts){ 0 }, &err), "sh: ended by signal 9");
}

TEST(null_options_are_allowed)
{
	const char *argv[] = { "true", NULL };
	struct error err;

	ok(proc_run(argv, NULL, &err));
}

TEST(program_that_is_not_there)
{
	const char *argv[] = { "no-such-program-at-all", NULL };
	auto_free char *text = test_file("text", "hello", 5);
	const char *plain[] = { text, NULL };
	struct error err;

	not_ok(proc_run(argv, NULL, &err), "no-such-program-at-all: no such program");
	assert_int_equal(err.code, ENOENT);
	not_ok(proc_run(plain, NULL, &err), "permission denied");
}

TEST(stdin_is_input_or_nothing)
{
	AUTO(buf) b = BUF_INIT;
	AUTO(buf) big = BUF_INIT;
	struct error err;

	ok(sh("cat", (struct proc_opts){ .out = &b, .input = "a\0b", .input_len = 3 }, &err));
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.s, "a\0b", 3);
	buf_truncate(&b, 0);
	ok(sh("cat; readlink /proc/self/fd/0", (struct proc_opts){ .out = &b }, &err));
	assert_string_equal(b.s, "/dev/null\n");
	/* much more than a pipe holds, both ways, and a child that does not read its input */
	for (int i = 0; i < 100000; i++)
		buf_addf(&big, "line %d\n", i);
	buf_truncate(&b, 0);
	ok(sh("cat", (struct proc_opts){ .out = &b, .input = big.s, .input_len = big.len }, &err));
	assert_int_equal(b.len, big.len);
	assert_memory_equal(b.s, big.s, big.len);
	ok(sh("exit 0", (struct proc_opts){ .input = big.s, .input_len = big.len }, &err));
}

TEST(environment_is_ours_and_more)
{
	const char *add[] = { "LIMA_A=new", "LIMA_C=", NULL };
	AUTO(buf) b = BUF_INIT;
	struct error err;

	setenv("LIMA_A", "old", 1);
	setenv("LIMA_AB", "kept", 1);
	ok(sh("echo $LIMA_A $LIMA_AB ${LIMA_C-unset}; env | grep -c ^LIMA_A=", (struct proc_opts){ .out = &b, .env_add = add },
	      &err));
	assert_string_equal(b.s, "new kept\n1\n");
	assert_string_equal(getenv("LIMA_A"), "old");
}

TEST(child_has_no_descriptor_or_signal_of_ours)
{
	int leaky = open("/dev/null", O_RDONLY);	/* without close-on-exec */
	AUTO(buf) b = BUF_INIT;
	sigset_t block, old;
	struct error err;

	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &old);
	signal(SIGPIPE, SIG_IGN);
	/* ls itself has one open, that of the folder it reads; signals 32 and 33 are the C library's own */
	ok(sh("ls /proc/self/fd | tr '\\n' ' '; sed -nE 's/^Sig(Blk|Ign):.*(.{7})$/\\1 \\2/p' /proc/self/status",
	      (struct proc_opts){ .out = &b }, &err));
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGPIPE, SIG_DFL);
	close(leaky);
	assert_string_equal(b.s, "0 1 2 3 Blk 0000000\nIgn 0000000\n");
}

TEST(works_with_standard_descriptors_closed)
{
	int saved[3];
	AUTO(buf) b = BUF_INIT;
	struct error err = { 0 };
	int r;

	for (int i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		close(i);
	}
	r = sh("cat; echo err >&2; echo out", (struct proc_opts){ .out = &b, .input = "in ", .input_len = 3 }, &err);
	for (int i = 0; i < 3; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
	assert_string_equal(err.msg, "");
	assert_int_equal(r, 0);
	assert_string_equal(b.s, "in out\n");
}

TEST(timeout_kills_the_whole_group)
{
	auto_free char *pidfile = test_path("grandchild");
	auto_free char *script = xasprintf("sleep 1000 & echo $! > %s; echo waiting >&2; wait", pidfile);
	struct error err;
	double t = now();

	not_ok(sh(script, (struct proc_opts){ .timeout_ms = 300 }, &err), "sh: no end after 0.3 s: waiting");
	assert_int_equal(err.code, ETIMEDOUT);
	assert_true(now() - t < 5);
	assert_true(proc_read_pid(pidfile) > 0);
	assert_int_equal(proc_wait_gone(proc_read_pid(pidfile), 0, 5000, NULL), 1);
}

static void *
raise_flag(void *flag)
{
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	*(volatile int *)flag = 1;
	return NULL;
}

TEST(cancel_ends_a_child_with_sigterm)
{
	auto_free char *mark = test_path("term");
	auto_free char *script = xasprintf("trap 'echo got > %s; exit 0' TERM; while :; do sleep 0.05; done", mark);
	volatile int cancel = 0;
	pthread_t th;
	struct error err;
	double t = now();

	pthread_create(&th, NULL, raise_flag, (void *)(uintptr_t)&cancel);
	not_ok(sh(script, (struct proc_opts){ .cancel = &cancel }, &err), "sh: cancelled");
	pthread_join(th, NULL);
	assert_int_equal(err.code, ERR_CANCELLED);
	assert_true(fs_exists(mark));
	assert_true(now() - t < 4);
}

TEST(stays_not_for_a_grandchild_that_holds_the_pipe)
{
	auto_free char *pidfile = test_path("holder");
	auto_free char *script = xasprintf("sleep 1000 & echo $! > %s; echo done", pidfile);
	AUTO(buf) b = BUF_INIT;
	struct error err;
	double t = now();
	pid_t pid;

	ok(sh(script, (struct proc_opts){ .out = &b }, &err));
	assert_string_equal(b.s, "done\n");
	assert_true(now() - t < 5);
	pid = proc_read_pid(pidfile);
	assert_true(proc_is(pid, 0, "1000"));
	kill(pid, SIGKILL);
	assert_int_equal(proc_wait_gone(pid, 0, 5000, NULL), 1);
}

TEST(endless_output_is_cut)
{
	AUTO(buf) b = BUF_INIT;
	struct error err;

	not_ok(sh("exec yes", (struct proc_opts){ .out = &b }, &err), "bytes of output");
	assert_int_equal(err.code, EFBIG);
	not_ok(sh("yes | head -c 3000000 >&2; echo end >&2; exit 1", (struct proc_opts){ .out = &b }, &err),
	       "exit status 1: end");
}

static void *
run_many(void *fails)
{
	for (int i = 0; i < 25; i++) {
		auto_free char *script = xasprintf("echo %d", i);
		auto_free char *want = xasprintf("%d\n", i);
		AUTO(buf) b = BUF_INIT;

		if (sh(script, (struct proc_opts){ .out = &b }, NULL) < 0 || strcmp(b.s, want))
			__atomic_add_fetch((int *)fails, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST(many_threads_run_at_once)
{
	pthread_t th[8];
	int fails = 0;

	for (size_t i = 0; i < ARRAY_LEN(th); i++)
		pthread_create(&th[i], NULL, run_many, &fails);
	for (size_t i = 0; i < ARRAY_LEN(th); i++)
		pthread_join(th[i], NULL);
	assert_int_equal(fails, 0);
}

TEST(daemon_has_its_own_session_and_logs)
{
	auto_free char *out = test_path("d.out"), *log = test_path("d.err");
	AUTO(buf) b = BUF_INIT;
	unsigned long long start;
	struct stat st;
	struct error err;
	pid_t pid;

	memset(&err, 0, sizeof err);
	pid = daemon_sh("echo hello; echo oops >&2; ls /proc/self/fd | tr '\\n' ' ' >&2; exec sleep 1000", out, log, &err);
	assert_string_equal(err.msg, "");
	assert_true(pid > 1);
	assert_int_equal(getsid(pid), pid);
	start = proc_start_time(pid);
	assert_true(start > 0);
	assert_true(proc_is(pid, start, NULL));
	assert_false(proc_is(pid, start + 1, NULL));
	assert_false(proc_is(pid, start, "no such marker"));
	for (int i = 0; i < 500 && !proc_is(pid, start, "1000"); i++)	/* until the exec */
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	assert_true(proc_is(pid, start, "1000"));
	assert_int_equal(proc_wait_gone(pid, start, 50, NULL), 0);
	assert_int_equal(proc_wait_gone(pid, start + 1, 5000, NULL), 1);
	kill(pid, SIGTERM);
	assert_int_equal(proc_wait_gone(pid, start, 5000, NULL), 1);
	assert_int_equal(proc_start_time(pid), 0);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);	/* no zombie is left */
	ok(fs_read(out, &b, 1000, &err));
	assert_string_equal(b.s, "hello\n");
	buf_truncate(&b, 0);
	ok(fs_read(log, &b, 1000, &err));
	assert_string_equal(b.s, "oops\n0 1 2 3 ");
	assert_int_equal(stat(log, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

TEST(daemon_that_cannot_start)
{
	const char *argv[] = { "/no/such/program", NULL };
	auto_free char *dir = test_path("");
	struct error err;

	not_ok(proc_daemon(argv, &(struct proc_daemon){ 0 }, &err), "/no/such/program: no such program");
	not_ok(daemon_sh("exit 0", dir, NULL, &err), "open");
}

TEST(zombie_is_gone)
{
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_start_time(pid), 0);
	assert_false(proc_is(pid, 0, NULL));
	assert_int_equal(proc_wait_gone(pid, 0, -1, NULL), 1);
}

TEST(wait_ends_when_cancelled)
{
	volatile int cancel = 0;
	pthread_t th;
	double t = now();

	pthread_create(&th, NULL, raise_flag, (void *)(uintptr_t)&cancel);
	assert_int_equal(proc_wait_gone(getpid(), 0, 60000, &cancel), 0);
	assert_int_equal(proc_wait_gone(getpid(), 0, -1, &cancel), 0);
	pthread_join(th, NULL);
	assert_true(now() - t < 5);
}

TEST(start_time_is_that_of_proc)
{
	AUTO(buf) b = BUF_INIT;
	auto_free char *text = NULL;
	struct error err;

	/* an independent reading: field 22 counted by awk, of a process whose name holds no space */
	text = xasprintf("awk '{print $22}' /proc/%d/stat", (int)getpid());
	ok(sh(text, (struct proc_opts){ .out = &b }, &err));
	assert_true(strtoull(b.s, NULL, 10) > 0);
	assert_int_equal(proc_start_time(getpid()), strtoull(b.s, NULL, 10));
	assert_int_equal(proc_start_time(0), 0);
	assert_int_equal(proc_start_time(-1), 0);
	assert_int_equal(proc_start_time(0x3fffffff), 0);
	assert_false(proc_is(getpid(), 0, "not among the arguments"));
	assert_true(proc_is(getpid(), 0, "test_proc"));
}

TEST(name_with_parentheses_and_spaces)
{
	auto_free char *odd = test_path("a) S 1 (b");
	const char *argv[] = { odd, "1000", NULL };
	struct error err;
	pid_t pid;

	ok(fs_copy("/bin/sleep", odd, 0700, &err));
	memset(&err, 0, sizeof err);
	pid = proc_daemon(argv, &(struct proc_daemon){ 0 }, &err);
	assert_string_equal(err.msg, "");
	assert_true(proc_start_time(pid) >= proc_start_time(getpid()));
	assert_true(proc_is(pid, 0, "a) S 1 (b"));
	kill(pid, SIGKILL);
	assert_int_equal(proc_wait_gone(pid, 0, 5000, NULL), 1);
}

TEST(pid_files)
{
	static const struct { const char *text; pid_t pid; } cases[] = {
		{ "123\n", 123 }, { "123", 123 }, { "7 \r\n", 7 }, { "", 0 }, { "\n", 0 }, { "-5\n", 0 }, { "+5\n", 0 },
		{ " 5\n", 0 }, { "5x\n", 0 }, { "99999999999\n", 0 }, { "99999999999999999999999\n", 0 }, { "0\n", 0 },
		{ "12\n34\n", 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *path = test_file("pid", cases[i].text, strlen(cases[i].text));

		assert_int_equal(proc_read_pid(path), cases[i].pid);
	}
	assert_int_equal(proc_read_pid("/no/such/file"), 0);
}

TEST(finds_programs)
{
	auto_free char *self = proc_find("sh"), *none = proc_find("no-such-program-at-all"), *empty = proc_find("");
	auto_free char *full = proc_find("/bin/sh"), *dir = proc_find("/bin"), *file = proc_find("/etc/passwd");

	assert_non_null(self);
	assert_true(self[0] == '/');
	assert_null(none);
	assert_null(empty);
	assert_string_equal(full, "/bin/sh");
	assert_null(dir);
	assert_null(file);
}

static void
line_seen(void *ctx, const char *text, size_t len)
{
	buf_addf(ctx, "<%.*s>", (int)len, text);
}

TEST(lines_are_told_as_they_come_and_the_last_one_as_it_is)
{
	const char *const argv[] = { "printf", "a\n\nlong word\nrest", NULL };
	AUTO(buf) out = BUF_INIT;
	AUTO(buf) told = BUF_INIT;
	const struct proc_opts o = { .out = &out, .line = line_seen, .line_ctx = &told };
	struct error err;

	ok(proc_run(argv, &o, &err));
	assert_string_equal(told.s, "<a><><long word><rest>");
	assert_string_equal(out.s, "a\n\nlong word\nrest");
}

TEST(arguments_of_those_that_have_none)
{
	AUTO(buf) b = BUF_INIT;
	double began = now();
	pid_t zombie = fork();

	if (zombie == 0)
		_exit(0);
	waitid(P_PID, (id_t)zombie, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	/* looked at in each search of /proc: nothing is waited for */
	for (int i = 0; i < 100; i++)
		assert_false(proc_arguments(zombie, &b));
	assert_true(now() - began < 4);
	waitpid(zombie, NULL, 0);
	assert_false(proc_arguments(zombie, &b));
	assert_true(proc_arguments(getpid(), &b));
	assert_non_null(memmem(b.s, b.len, "test_proc", 9));
}
