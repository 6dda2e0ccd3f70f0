#include "guest/init/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest/init/log.h"

extern char **environ;

/* In the child. A file that is no program but text is given to the shell, as a shell would do. */
static _Noreturn void
spawn_become(const struct spawn *s)
{
	int in = open("/dev/null", O_RDONLY), out = log_fd();
	int log = s->log ? open(s->log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0640) : -1;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (log >= 0)
		out = log;
	dup2(in, 0);
	if (out >= 0) {
		dup2(out, 1);
		dup2(out, 2);
	}
	if (s->ready)
		s->ready();
	if (chdir(s->dir ? s->dir : "/") < 0 && chdir("/") < 0)
		_exit(126);
	execve(s->argv[0], (char *const *)s->argv, s->env ? s->env : environ);
	if (errno == ENOEXEC) {
		const char *sh[] = { "/bin/sh", s->argv[0], NULL };

		execve(sh[0], (char *const *)sh, s->env ? s->env : environ);
	}
	say_errno("exec %s", s->argv[0]);
	_exit(127);
}

pid_t
spawn_start(const struct spawn *s)
{
	pid_t pid = fork();

	if (pid == 0)
		spawn_become(s);
	if (pid < 0)
		say_errno("fork for %s", s->argv[0]);
	return pid;
}

int
spawn_wait(pid_t pid)
{
	int status = 0;

	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return pid > 0 ? status : -1;
}

int
spawn_run(const struct spawn *s)
{
	long from = log_size();
	int status = spawn_wait(spawn_start(s));

	log_echo(from);
	return status;
}

struct spawn_text
spawn_status(int status)
{
	struct spawn_text t;

	if (status == -1)
		strcpy(t.s, "not started");
	else if (WIFSIGNALED(status))
		snprintf(t.s, sizeof t.s, "killed by signal %d", WTERMSIG(status));
	else
		snprintf(t.s, sizeof t.s, "exit status %d", WEXITSTATUS(status));
	return t;
}

static time_t
spawn_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

pid_t
spawn_service(const char *name, const struct spawn *s)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	setsid();
	prctl(PR_SET_NAME, "lima-keep");
	for (;;) {
		time_t began = spawn_now();
		int status = spawn_wait(spawn_start(s));

		init_say("%s ended, %s: started again", name, spawn_status(status).s);
		if (spawn_now() - began < 2)
			sleep(2);	/* the back-off itself, not a wait for something */
	}
}
