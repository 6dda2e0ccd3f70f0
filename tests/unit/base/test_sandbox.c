#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/proc.h"
#include "tests/unit/test.h"

static char *
word(const char *p)
{
	return p ? xstrdup(p) : xstrdup("");
}

/* what a shell script says in a sandbox with one file to read and one to write; "" when it fails */
static char *
said(const char *script, const char *readable, const char *writable, uint64_t max_file_bytes, struct error *err)
{
	const char *const r[] = { readable, NULL }, *const w[] = { writable, NULL };
	struct sandbox box = { .readable = r, .writable = w, .max_file_bytes = max_file_bytes };
	auto_free char *a = word(readable), *b = word(writable);
	const char *argv[] = { "sh", "-c", script, "sh", a, b, NULL };
	AUTO(buf) out = BUF_INIT;

	if (proc_run(argv, &(struct proc_opts){ .out = &out, .sandbox = &box }, err) < 0)
		return word("");
	return buf_detach(&out);
}

static bool
kernel_has_landlock(void)
{
	struct sandbox none = { 0 };
	auto_close int fd = sandbox_rules(&none, NULL, NULL);

	return fd >= 0;
}

TEST(a_program_sees_its_files_and_no_other)
{
	auto_free char *mine = test_file("mine", "hello", 5), *other = test_file("other", "secret", 6), *to = test_file("to", "", 0);
	auto_free char *steal_it = xasprintf("cat \"$1\"; cat '%s'", other), *beside = xasprintf("echo x >'%s.new' || echo denied", to);
	auto_free char *a = NULL, *b = NULL, *c = NULL;
	AUTO(buf) text = BUF_INIT;
	struct error err;

	assert_true(kernel_has_landlock());
	a = said("cat \"$1\" && echo -n there >\"$2\" && echo -n ok", mine, to, 0, &err);
	assert_string_equal(a, "hellook");
	ok(fs_read(to, &text, 100, &err));
	assert_string_equal(text.s, "there");
	b = said(steal_it, mine, to, 0, &err);
	assert_null(strstr(b, "secret"));
	assert_non_null(strstr(err.msg, "ermission denied"));
	c = said(beside, mine, to, 0, &err);
	assert_string_equal(c, "denied\n");
	/* what it may read it may not write */
	free(steal(b));
	b = said("echo x >\"$1\" || echo kept", mine, to, 0, &err);
	assert_string_equal(b, "kept\n");
}

TEST(no_file_grows_beyond_its_bound)
{
	auto_free char *in = test_file("in", "", 0), *to = test_file("grown", "", 0), *a = NULL;
	struct error err;
	struct stat st;

	a = said("dd if=/dev/zero of=\"$2\" bs=64k count=100 2>/dev/null || echo full", in, to, 1 << 20, &err);
	/* /dev/zero is none of its files */
	assert_string_equal(a, "full\n");
	free(a);
	a = said("head -c 3000000 /usr/bin/python3* /usr/bin/* 2>/dev/null | cat >\"$2\" || echo full", in, to, 1 << 20, &err);
	assert_string_equal(a, "full\n");
	assert_int_equal(stat(to, &st), 0);
	assert_int_equal(st.st_size, 1 << 20);
}

TEST(sockets_and_other_processes_are_out_of_reach)
{
	struct sandbox box = { .max_memory_bytes = UINT64_C(1) << 30 };
	const char *argv[] = { "/usr/bin/perl", "-MSocket", "-e",
			       "print socket(S, AF_INET, SOCK_STREAM, 0) ? 'done' : $!+0, ' ', kill(0, 1) ? 'done' : $!+0;", NULL };
	AUTO(buf) out = BUF_INIT;
	struct error err;

	ok(proc_run(argv, &(struct proc_opts){ .out = &out, .sandbox = &box }, &err));
	assert_string_equal(out.s, "1 1");	/* EPERM */
}

/* qemu-img, of root, too: only root could give a file away, load a module, set the clock */
TEST(a_program_has_no_privilege_but_to_open_its_files)
{
	auto_free char *mine = test_file("mine", "hello", 5), *a = NULL, *b = NULL;
	struct error err;

	if (geteuid() == 0) {	/* another user's, closed to all others */
		assert_int_equal(chown(mine, 65534, 65534), 0);
		assert_int_equal(chmod(mine, 0600), 0);
	}
	a = said("chown 65533 \"$1\" 2>/dev/null && echo done || echo refused", mine, mine, 0, &err);
	assert_string_equal(a, "refused\n");
	b = said("cat \"$1\"", mine, NULL, 0, &err);
	assert_string_equal(b, "hello");
}

TEST(a_program_that_is_not_there_and_rules_that_cannot_be_made)
{
	const char *const gone[] = { "/no/such/file", NULL };
	const char *none[] = { "no-such-program", NULL }, *some[] = { "true", NULL };
	struct sandbox box = { 0 }, bad = { .readable = gone };
	struct error err;

	not_ok(proc_run(none, &(struct proc_opts){ .sandbox = &box }, &err), "no such program");
	assert_int_equal(err.code, ENOENT);
	not_ok(proc_run(some, &(struct proc_opts){ .sandbox = &bad }, &err), "/no/such/file");
	ok(proc_run(some, &(struct proc_opts){ .sandbox = &box }, &err));
}

/* what unpacks */
TEST(what_only_computes_can_open_nothing)
{
	struct sandbox box = { .computes = true, .max_file_bytes = 100 };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		char *p;

		if (sandbox_enter(&box, sandbox_rules(&box, NULL, NULL)) < 0)
			_exit(1);
		p = malloc(1 << 22);
		if (!p || open("/dev/null", O_RDONLY) >= 0 || errno != EPERM || getppid() >= 0 || fork() >= 0)
			_exit(2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}
