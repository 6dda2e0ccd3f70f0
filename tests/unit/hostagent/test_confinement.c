/* What the host agent and the server of a folder cannot do any more, tried from inside. */
#include "hostagent/confinement.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/environment.h"
#include "base/paths.h"
#include "base/privilege.h"
#include "base/syscalls.h"
#include "hostagent/agent.h"
#include "hostagent/sftpd/walls.h"
#include "tests/unit/test.h"

static char *inside, *outside, *key, *copied, *copies;
static bool filters;	/* asked before: afterwards there is no such call */

/* After fork(): each step that is not as it should be ends the child with its line. */
#define MUST(what) \
	do { \
		if (!(what)) \
			_exit(__LINE__ & 0xff ? __LINE__ & 0xff : 1); \
	} while (0)
#define DENIED(call, code) MUST((call) < 0 && errno == (code))

static void
in_child(void (*f)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		f();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status)
		fail_msg("status %#x: line %d (modulo 256) of this file", (unsigned)status, WEXITSTATUS(status));
}

static void
set_text(char **slot, char *text)
{
	free(*slot);
	*slot = text;
}

static void
prepare(void)
{
	filters = syscalls_possible();
	set_text(&inside, test_path("instance"));
	set_text(&copied, test_path("copied"));
	set_text(&copies, test_path("copied/from"));
	mkdir(inside, 0700);
	mkdir(copied, 0700);
	set_text(&outside, test_file("secret", "secret", 6));
	set_text(&key, test_file("key", "key", 3));
}

static void
agent_becomes(void)
{
	static struct agent a;
	static const char *keys[1];
	static struct launch_copy copy;
	struct error err;

	keys[0] = key;
	copy.host = copies;
	a.launch.dir = inside;
	a.launch.ssh.keys = keys;
	a.launch.ssh.nkeys = 1;
	a.launch.copies = &copy;
	a.launch.ncopies = 1;
	MUST(agent_confine(&a, &err) == 0);
}

static bool
files_are_refused(void)
{
	AUTO(paths) p = PATHS_INIT;

	return paths_begin(&p);
}

static bool
socket_made(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	return bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&at, sizeof at) == 0;
}

static void
agent_files(void)
{
	auto_free char *mine = xasprintf("%s/lima.yaml", inside), *log = xasprintf("%s/ha.stderr.log", inside);
	auto_free char *new = xasprintf("%s/new", inside), *beside = xasprintf("%s/from", copied), *sock = xasprintf("%s/s", inside);

	MUST(open(mine, O_WRONLY | O_CREAT, 0600) >= 0 && open(log, O_WRONLY | O_CREAT, 0600) >= 0);
	agent_becomes();
	MUST(open(mine, O_RDONLY) >= 0 && open(log, O_WRONLY) >= 0 && socket_made(sock));
	MUST(open(key, O_RDONLY) >= 0);
	MUST(open("/etc/hosts", O_RDONLY) >= 0 || errno == ENOENT);
	MUST(open("/", O_RDONLY | O_DIRECTORY) >= 0);
	if (!files_are_refused())
		return;
	DENIED(open(outside, O_RDONLY), EACCES);
	DENIED(open(outside, O_WRONLY), EACCES);
	DENIED(open(key, O_WRONLY), EACCES);
	DENIED(open("/tmp/lima-confinement-test", O_WRONLY | O_CREAT, 0600), EACCES);
	DENIED(open("/proc/1/environ", O_RDONLY), EACCES);
	DENIED(unlink(outside), EACCES);
	/* the next limactl obeys lima.yaml, and ssh runs what is in ssh.config */
	DENIED(open(mine, O_WRONLY), EACCES);
	DENIED(unlink(mine), EACCES);
	DENIED(rename(log, mine), EACCES);
	DENIED(rename(sock, mine), EACCES);
	DENIED(open(new, O_WRONLY | O_CREAT, 0600), EACCES);
	/* where copyToHost is to go, the helper writes */
	DENIED(open(beside, O_WRONLY | O_CREAT, 0600), EACCES);
	DENIED(rename(mine, outside), errno);
	DENIED(unlink("/etc/hosts"), errno);
}

static void
agent_calls(void)
{
	char *const argv[] = { (char[]){ "true" }, NULL };
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd;

	agent_becomes();
	fd = socket(AF_INET, SOCK_STREAM, 0);
	MUST(fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0 && listen(fd, 1) == 0);
	if (!filters)
		return;
	DENIED(execve("/bin/true", argv, environ), ENOSYS);
	DENIED(fork(), ENOSYS);
	DENIED(kill(getppid(), 0), ENOSYS);
	DENIED(ptrace(PTRACE_ATTACH, getppid(), 0, 0), ENOSYS);
	DENIED(setuid(0), ENOSYS);
	DENIED(symlink("/", "/tmp/x"), ENOSYS);
	DENIED(chroot("/"), ENOSYS);
}

static void
agent_stays_without_privileges(void)
{
	MUST(privilege_keep(0) == 0);
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	MUST(privilege_now() == 0);
	MUST(!privilege_can_become(61200));
	if (geteuid() == 0)
		DENIED(setuid(61200), EPERM);
}

static void
server_of(bool writable)
{
	auto_free char *in = xasprintf("%s/f", inside), *sub = xasprintf("%s/sub%d", inside, writable);
	int fd = open(in, O_RDWR | O_CREAT, 0600);

	MUST(fd >= 0 && walls_raise(inside, writable) == 0);
	MUST(open(in, O_RDONLY) >= 0);
	MUST(!writable || mkdir(sub, 0700) == 0 || errno == ENOSYS);
	if (files_are_refused()) {
		DENIED(open(outside, O_RDONLY), EACCES);
		DENIED(open("/etc/passwd", O_RDONLY), EACCES);
	}
	if (!filters)
		return;
	DENIED(socket(AF_UNIX, SOCK_STREAM, 0), ENOSYS);
	DENIED(fork(), ENOSYS);
	if (!writable)
		DENIED(mkdirat(AT_FDCWD, sub, 0700), ENOSYS);
	if (!writable)
		DENIED(fchmod(fd, 0777), ENOSYS);
}

static void
server_ro(void)
{
	server_of(false);
}

static void
server_rw(void)
{
	server_of(true);
}

/* A kernel or a container without either: the calls are refused, and nothing else. */
static void
agent_without_walls(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_LEN(f), f };
	auto_free char *log = xasprintf("%s/said", inside), *in = xasprintf("%s/f", inside);
	AUTO(buf) said = BUF_INIT;

	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	MUST(!files_are_refused() && !syscalls_possible());
	MUST(dup2(open(log, O_RDWR | O_CREAT | O_TRUNC, 0600), STDERR_FILENO) == STDERR_FILENO);
	agent_becomes();
	MUST(fs_read(log, &said, 4096, NULL) == 0);
	MUST(strstr(said.s, "no Landlock and no seccomp") && strchr(said.s, '\n') == said.s + said.len - 1);
	MUST(open(outside, O_RDONLY) >= 0);
	MUST(open(in, O_RDWR | O_CREAT, 0600) >= 0 && walls_raise(inside, true) == 0 && open(in, O_RDONLY) >= 0);
	MUST((privilege_now() & ~CAP(CAP_NET_BIND_SERVICE)) == 0);
}

TEST(where_the_kernel_has_no_walls_all_works_and_it_is_said_once)
{
	prepare();
	if (filters)
		in_child(agent_without_walls);
}

TEST(the_agent_reads_and_writes_its_own_files_alone)
{
	prepare();
	in_child(agent_files);
}

TEST(the_agent_starts_signals_and_traces_nothing)
{
	in_child(agent_calls);
}

TEST(privileges_do_not_come_back)
{
	in_child(agent_stays_without_privileges);
}

TEST(a_server_has_its_folder_and_calls_for_files)
{
	in_child(server_ro);
	in_child(server_rw);
}

TEST(tokens_are_left_behind)
{
	char **all = environ;
	auto_free char **env = NULL;

	setenv("GITHUB_TOKEN", "secret", 1);
	setenv("PATHS", "no", 1);
	assert_false(environment_is_kept(NULL));
	env = environment_kept(NULL);
	for (char **e = env; *e; e++) {
		assert_null(strstr(*e, "TOKEN"));
		assert_true(strncmp(*e, "PATHS", 5) != 0);
	}
	environ = env;
	assert_true(environment_is_kept(NULL));
	assert_non_null(getenv("PATH"));
	environ = all;
}
