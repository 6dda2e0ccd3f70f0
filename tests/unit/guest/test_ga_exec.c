/* Commands over the guest agent: who may ask, who they run as, what only a login gives; a runner's bytes, signals and end. */
#include <poll.h>

#include "guest/agent/exec.h"
#include "guest/agent/exec_login.h"
#include "guest/wire/exec_frame.h"
#include "tests/unit/guest_tube.h"

/* --- frames --- */

TEST(frames_are_read_as_they_were_written_and_nothing_else_is_one)
{
	struct exec_frame f;
	AUTO(buf) b = BUF_INIT;

	exec_frame_put(&b, EXEC_OUTPUT, "word", 4);
	exec_frame_put(&b, EXEC_INPUT_END, NULL, 0);
	for (size_t n = 0; n < 8; n++)
		assert_int_equal(exec_frame_get(b.s, n, &f), 0);
	assert_int_equal(exec_frame_get(b.s, b.len, &f), 8);
	assert_int_equal(f.type, EXEC_OUTPUT);
	assert_int_equal(f.len, 4);
	assert_memory_equal(f.p, "word", 4);
	assert_int_equal(exec_frame_get(b.s + 8, b.len - 8, &f), 4);
	assert_int_equal(f.type, EXEC_INPUT_END);
	assert_int_equal(exec_frame_get("z", 1, &f), -1);
	assert_int_equal(exec_frame_get("", 1, &f), -1);
	assert_int_equal(exec_frame_get("1\xff\xff\xff", 4, &f), -1);
}

TEST(a_command_has_a_user_and_a_line_and_ends)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool is;
	} table[] = {
		{ "u\0l\0\0", 5, true }, { "u\0l\0A=b\0\0", 9, true }, { "u\0l\0", 4, false }, { "u\0l", 3, false }, { "\0l\0\0", 4, false },
		{ "u\0\0\0", 4, false }, { "uuuuuu", 6, false }, { "u\0llll", 6, false }, { "", 0, false }, { "\0\0\0", 3, false }, { "u\0\0", 3, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct exec_frame f = { EXEC_COMMAND, (const uint8_t *)table[i].bytes, table[i].len };
		struct exec_command c;

		assert_int_equal(exec_command_get(&f, &c), table[i].is);
	}
}

/* --- who it is --- */

static char *root;

static void
guest_file(const char *path, const char *text)
{
	auto_free char *full = xasprintf("%s%s", root, path);
	struct error err;

	*strrchr(full, '/') = '\0';
	ok(fs_mkdirs(full, 0755, &err));
	full[strlen(full)] = '/';
	ok(fs_write(full, text, strlen(text), 0600, &err));
}

/* A guest's files, of which the user is who runs this test. */
static void
guest_begin(void)
{
	auto_free char *passwd = NULL, *group = NULL;

	root = test_path("root");
	passwd = xasprintf("root:x:0:0::/root:/bin/sh\nbroken:x:1\nu:x:%u:%u:a name:%s:/bin/sh\nplain:x:7:7:::\nodd:x:-1:0:::\n", (unsigned)getuid(), (unsigned)getgid(), root);
	group = xasprintf("own:x:%u:\nsudo:x:27:other,u\nno:x:28:us,other\nbad\nmore:x:29:u\n", (unsigned)getgid());
	guest_file("/etc/passwd", passwd);
	guest_file("/etc/group", group);
}

static void
guest_end(void)
{
	struct error err;

	ok(fs_remove_tree(root, &err));
	free(steal(root));
}

TEST(the_user_is_who_the_files_say)
{
	AUTO(exec_login) l = { .env = BUF_INIT };
	struct error err;

	guest_begin();
	ok(exec_login_look(root, "u", &l, &err));
	assert_int_equal(l.uid, getuid());
	assert_int_equal(l.ngroups, 3);
	assert_int_equal(l.groups[0], getgid());
	assert_int_equal(l.groups[1], 27);
	assert_int_equal(l.groups[2], 29);
	exec_login_release(&l);
	ok(exec_login_look(root, "plain", &l, &err));
	assert_string_equal(l.home, "/");
	assert_string_equal(l.shell, "/bin/sh");
	exec_login_release(&l);
	not_ok(exec_login_look(root, "nobody", &l, &err), "do not tell who nobody is");
	not_ok(exec_login_look(root, "broken", &l, &err), "do not tell");
	not_ok(exec_login_look(root, "odd", &l, &err), "do not tell");
	guest_end();
}

TEST(what_only_a_login_gives_is_left_to_one)
{
	static const struct {
		const char *path, *text, *why;	/* why NULL: that is nothing */
	} table[] = {
		{ "/etc/nologin", "", "nologin" }, { "/run/nologin", "", "nologin" }, { "/run/systemd/system/x", "", "no session" },
		{ "/etc/security/limits.conf", "# nothing\n\n", NULL }, { "/etc/security/limits.conf", "# x\n* hard nproc 5\n", "limits" },
		{ "/etc/security/limits.d/a.conf", "@u - nofile 9\n", "limits" }, { "/etc/security/limits.d/a.txt", "@u - nofile 9\n", NULL },
		{ "/etc/pam.d/common-session", "session optional pam_umask.so\n", "umask" }, { "/etc/pam.d/x", "# pam_umask\n", NULL },
		{ "/sys/fs/selinux/enforce", "1", "SELinux" }, { "/sys/fs/selinux/enforce", "0", NULL }, { "/etc/ssh/sshrc", "", "rc" },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO(exec_login) l = { .env = BUF_INIT };
		struct error err;

		guest_begin();
		guest_file(table[i].path, table[i].text);
		if (table[i].why)
			not_ok(exec_login_look(root, "u", &l, &err), table[i].why);
		else
			ok(exec_login_look(root, "u", &l, &err));
		guest_end();
	}
}

static const char *
variable(const struct buf *env, const char *name)
{
	size_t n = strlen(name);

	for (size_t at = 0; at < env->len; at += strlen(env->s + at) + 1)
		if (!strncmp(env->s + at, name, n) && env->s[at + n] == '=')
			return env->s + at + n + 1;
	return "(none)";
}

TEST(the_environment_is_that_of_a_login)
{
	const struct exec_command c = { "u", "true", "FROM=host\0USER=other\0no assignment\0\0" };
	AUTO(exec_login) l = { .env = BUF_INIT };
	struct error err;

	guest_begin();
	guest_file("/etc/environment", "A=b # c\n export B=\"two words\"\nC='x\n#D=e\n9=nine\n=x\nPATH=/x:/y\nA=again\n\tE=\n");
	guest_file("/etc/default/locale", "LANG=C.UTF-8\n");
	ok(exec_login_look(root, "u", &l, &err));
	exec_login_env(root, &c, &l);
	assert_string_equal(variable(&l.env, "A"), "again");
	assert_string_equal(variable(&l.env, "B"), "two words");
	assert_string_equal(variable(&l.env, "C"), "x");
	assert_string_equal(variable(&l.env, "D"), "(none)");
	assert_string_equal(variable(&l.env, "E"), "");
	assert_string_equal(variable(&l.env, "PATH"), "/x:/y");
	assert_string_equal(variable(&l.env, "LANG"), "C.UTF-8");
	assert_string_equal(variable(&l.env, "HOME"), root);
	assert_string_equal(variable(&l.env, "FROM"), "host");
	assert_string_equal(variable(&l.env, "LOGNAME"), "u");
	assert_string_equal(variable(&l.env, "MAIL"), "(none)");
	guest_end();
}

/* --- a runner --- */

struct runner {
	int fd;
	pid_t pid;
	struct buf got;
	size_t used;	/* of it */
};

static void
runner_send(struct runner *r, enum exec_type type, const void *p, size_t len)
{
	AUTO(buf) b = BUF_INIT;

	exec_frame_put(&b, type, p, len);
	for (size_t at = 0; at < b.len;) {
		ssize_t n = write(r->fd, b.s + at, b.len - at);

		assert_true(n > 0);
		at += (size_t)n;
	}
}

static void
runner_begin(struct runner *r, const char *line)
{
	AUTO(buf) b = BUF_INIT;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	*r = (struct runner){ .fd = ends[0], .got = BUF_INIT };
	r->pid = fork();
	if (r->pid == 0) {
		close(ends[0]);
		fcntl(ends[1], F_SETFL, O_NONBLOCK);
		_exit(exec_run(ends[1], root, 0));
	}
	close(ends[1]);
	buf_add(&b, "u", 2);
	buf_add(&b, line, strlen(line) + 1);
	buf_addc(&b, '\0');
	runner_send(r, EXEC_COMMAND, b.s, b.len);
}

/* The next frame, in r->got; its type, 0 at the end. */
static int
runner_next(struct runner *r, struct exec_frame *f)
{
	long len;

	memmove(r->got.s, r->got.s + r->used, r->got.len - r->used);
	buf_truncate(&r->got, r->got.len - r->used);
	r->used = 0;
	while ((len = exec_frame_get(r->got.s, r->got.len, f)) == 0) {
		char chunk[4096];
		ssize_t n = read(r->fd, chunk, sizeof chunk);

		if (n <= 0)
			return 0;
		buf_add(&r->got, chunk, (size_t)n);
	}
	assert_true(len > 0);
	r->used = (size_t)len;
	return f->type;
}

/* All that it says until its end; the exit status, or -1. */
static int
runner_end(struct runner *r, struct buf *out, struct buf *errs)
{
	struct exec_frame f;
	int status = -1, type;

	while ((type = runner_next(r, &f)) != 0)
		if (type == EXEC_OUTPUT)
			buf_add(out, f.p, f.len);
		else if (type == EXEC_ERRORS)
			buf_add(errs, f.p, f.len);
		else if (type == EXEC_ENDED)
			status = f.p[0];
	close(r->fd);
	waitpid(r->pid, NULL, 0);
	buf_release(&r->got);
	return status;
}

TEST(a_command_has_its_input_its_outputs_and_its_status)
{
	AUTO(buf) out = BUF_INIT, errs = BUF_INIT;
	struct exec_frame f;
	struct runner r;

	guest_begin();
	runner_begin(&r, "echo \"$USER in $PWD\"; echo loud >&2; cat; exit 7");
	assert_int_equal(runner_next(&r, &f), EXEC_RUNS);
	runner_send(&r, EXEC_INPUT, "a\0b", 3);
	runner_send(&r, EXEC_INPUT_END, NULL, 0);
	assert_int_equal(runner_end(&r, &out, &errs), 7);
	assert_string_equal(errs.s, "loud\n");
	assert_memory_equal(out.s, "u in ", 5);
	assert_memory_equal(out.s + out.len - 3, "a\0b", 3);
	guest_end();
}

TEST(a_signal_ends_it_and_so_does_who_hangs_up)
{
	AUTO(buf) out = BUF_INIT, errs = BUF_INIT;
	struct exec_frame f;
	struct runner r;
	uint8_t number = SIGTERM;
	char byte;
	int ends[2];
	auto_free char *fifo = NULL, *line = NULL;

	guest_begin();
	runner_begin(&r, "echo up; exec sleep 1000");
	assert_int_equal(runner_next(&r, &f), EXEC_RUNS);
	assert_int_equal(runner_next(&r, &f), EXEC_OUTPUT);
	runner_send(&r, EXEC_SIGNAL, &number, 1);
	assert_int_equal(runner_end(&r, &out, &errs), 255);
	/* a pipe that only the command holds: its end is the command's */
	fifo = test_path("fifo");
	line = xasprintf("exec 9>%s; echo up >&9; exec sleep 1000", fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	ends[0] = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	runner_begin(&r, line);
	assert_int_equal(runner_next(&r, &f), EXEC_RUNS);
	assert_int_equal(poll(&(struct pollfd){ ends[0], POLLIN, 0 }, 1, 60000), 1);
	while (read(ends[0], &byte, 1) == 1 && byte != '\n')
		;
	close(r.fd);
	assert_int_equal(poll(&(struct pollfd){ ends[0], POLLIN, 0 }, 1, 60000), 1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	waitpid(r.pid, NULL, 0);
	buf_release(&r.got);
	close(ends[0]);
	unlink(fifo);
	guest_end();
}

TEST(who_floods_it_or_takes_nothing_holds_only_so_much)
{
	AUTO(buf) out = BUF_INIT, errs = BUF_INIT;
	struct exec_frame f;
	struct runner r;

	guest_begin();
	runner_begin(&r, "head -c 5000000 /dev/zero; exec cat >/dev/null");
	assert_int_equal(runner_next(&r, &f), EXEC_RUNS);
	runner_send(&r, EXEC_INPUT_END, NULL, 0);
	assert_int_equal(runner_end(&r, &out, &errs), 0);
	assert_int_equal(out.len, 5000000);
	guest_end();
}

TEST(what_makes_no_sense_ends_a_runner)
{
	struct exec_frame f;
	struct runner r;

	guest_begin();
	runner_begin(&r, "exec sleep 1000");
	assert_int_equal(runner_next(&r, &f), EXEC_RUNS);
	assert_int_equal(write(r.fd, "zzzz", 4), 4);
	assert_int_equal(runner_next(&r, &f), 0);
	close(r.fd);
	waitpid(r.pid, NULL, 0);
	buf_release(&r.got);
	runner_begin(&r, "");
	assert_int_equal(runner_next(&r, &f), EXEC_NOT);
	close(r.fd);
	waitpid(r.pid, NULL, 0);
	buf_release(&r.got);
	guest_end();
}

/* --- who may ask --- */

/* A user of the guest may connect to the unix socket: by it nobody becomes anybody. */
TEST(by_the_unix_socket_nobody_runs_commands)
{
	struct world w;
	struct tube t;

	begin_informed(&w);
	assert_false(w.info.features & GA_EXEC);
	tube_open(&w, &t, "exec", "");
	UNTIL(&w, t.closed);
	assert_string_equal(t.why.text, "commands are for the host alone");
	assert_int_equal(w.service->tunnels.execs, 0);
	buf_release(&t.got);
	end(&w);
}
