#include "base/proc_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/os/process.h"
#include "base/proc.h"
#include "base/programs.h"
#include "base/sandbox.h"

static bool
same_key(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return n == strcspn(b, "=") && !memcmp(a, b, n);
}

/* The environment is ours, or what is in its place, with `add` over it; the array is to be freed, its strings are not. */
static char **
env_over(const struct spawn *s)
{
	char *const *ours = s->env ? s->env : environ;
	const char *const *add = s->env_add;
	size_t n = 0, more = 0, len = 0;
	char **env;

	while (ours && ours[n])
		n++;
	while (add && add[more])
		more++;
	env = xcalloc(n + more + 1, sizeof *env);
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < more && !same_key(ours[i], add[k]))
			k++;
		if (k == more)
			env[len++] = ours[i];
	}
	for (size_t i = 0; i < more; i++)
		env[len++] = (char *)(uintptr_t)add[i];
	return env;
}

/*
 * Begins a program with these descriptors (in < 0: /dev/null), default signals
 * and nothing else of ours. posix_spawn does not copy our memory, and reports a
 * failed exec as its own.
 */
static int
spawn_free(const struct spawn *s, pid_t *pid, struct error *err)
{
	auto_free char **env = env_over(s);
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t at;
	short flags = (short)((s->session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP) | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&at);
	posix_spawnattr_setsigmask(&at, &none);
	posix_spawnattr_setsigdefault(&at, &all);
	posix_spawnattr_setpgroup(&at, 0);
	r = s->in >= 0 ? posix_spawn_file_actions_adddup2(&fa, s->in, 0) :
		      posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&fa, s->out, 1);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&fa, s->err, 2);
	if (!r)
		r = os_process_only(&fa, &flags);
	if (!r)
		r = posix_spawnattr_setflags(&at, flags);
	if (!r)
		r = posix_spawnp(pid, s->argv[0], &fa, &at, (char *const *)(uintptr_t)s->argv, env);
	posix_spawnattr_destroy(&at);
	posix_spawn_file_actions_destroy(&fa);
	if (r == ENOENT)
		return program_missing(s->argv[0], err);
	errno = r;
	return r ? error_errno(err, "run %s", s->argv[0]) : 0;
}

/* What the child needs once it is one; made before, as it may not ask for memory. */
struct confined {
	const struct spawn *s;
	const char *program;
	char **env;
	int std[3], tell, rules;
};

/* The child between fork() and exec(): calls that are allowed there. What fails is told by its errno. */
static _Noreturn void
confined_begin(const struct confined *c)
{
	struct sigaction reset = { .sa_handler = SIG_DFL };
	sigset_t none;
	int why;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &reset, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (c->s->session)
		setsid();
	else
		setpgid(0, 0);
	/* high() has put all of these above 4. */
	if (dup2(c->std[0], 0) == 0 && dup2(c->std[1], 1) == 1 && dup2(c->std[2], 2) == 2 && dup3(c->tell, 3, O_CLOEXEC) == 3 &&
	    (c->rules < 0 || dup3(c->rules, 4, O_CLOEXEC) == 4)) {
		close_range(c->rules < 0 ? 4 : 5, ~0U, 0);
		if (sandbox_enter(c->s->sandbox, c->rules < 0 ? -1 : 4) == 0)
			execve(c->program, (char *const *)(uintptr_t)c->s->argv, c->env);
	}
	why = errno;
	while (write(3, &why, sizeof why) < 0 && errno == EINTR)
		;
	_exit(127);
}

/* Copies the descriptor above every number that the child uses; -1 stays. */
static int
proc_spawn_high(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 10);
}

/* 0: it has become the program; else the errno of what it could not do. It is reaped then. */
static int
confined_hear(int told, pid_t pid)
{
	int why = 0;

	while (read(told, &why, sizeof why) < 0 && errno == EINTR)
		;
	while (why && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return why;
}

static int
confined_fork(struct confined *c, int told, int tell, pid_t *pid, struct error *err)
{
	auto_close int in = proc_spawn_high(c->std[0]), out = proc_spawn_high(c->std[1]), errfd = proc_spawn_high(c->std[2]), rules = proc_spawn_high(c->rules);
	auto_close int mine = proc_spawn_high(tell);

	close(tell);
	if (in < 0 || out < 0 || errfd < 0 || mine < 0)
		return error_errno(err, "run %s", c->program);
	*c = (struct confined){ c->s, c->program, c->env, { in, out, errfd }, mine, rules };
	*pid = fork();
	if (*pid < 0)
		return error_errno(err, "fork");
	if (*pid == 0)
		confined_begin(c);
	if (!c->s->session)
		setpgid(*pid, *pid);	/* whoever comes first */
	close(mine);
	mine = -1;
	errno = confined_hear(told, *pid);
	return errno ? error_errno(err, "run %s", c->program) : 0;
}

/* posix_spawn() knows nothing of sandboxes. */
static int
spawn_confined(const struct spawn *s, pid_t *pid, struct error *err)
{
	auto_free char *program = proc_find(s->argv[0]);
	auto_free char **env = env_over(s);
	auto_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC), rules = -1, told = -1;
	struct confined c = { s, program, env, { s->in >= 0 ? s->in : null, s->out, s->err }, -1, -1 };
	int p[2];

	if (!program)
		return program_missing(s->argv[0], err);
	rules = c.rules = sandbox_rules(s->sandbox, program, err);
	if (rules == -1)
		return -1;
	if (pipe2(p, O_CLOEXEC) < 0)
		return error_errno(err, "pipe");
	told = p[0];
	return confined_fork(&c, told, p[1], pid, err);
}

int
spawn_program(const struct spawn *s, pid_t *pid, struct error *err)
{
	return s->sandbox ? spawn_confined(s, pid, err) : spawn_free(s, pid, err);
}
