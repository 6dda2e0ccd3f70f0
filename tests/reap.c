/*
 * reap [-c] [-k] SECONDS PROGRAM [WORD...] - runs a test that may leave processes behind, and ends them.
 *
 * What the test begins and lets go (a host agent, its QEMU: sessions of their own) comes to this process, as the nearest
 * subreaper, and is killed with it: when the test has ended (-k: then it may stay), when its time is up (status 124), and
 * when we are told to end (status 128 + signal; the test is told first, and has a moment for its own cleaning up).
 * -c: the last line says how long processors worked for all of them, which is the same on a host that is busy.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_SECONDS = 10, TIME_IS_UP = 124 };

static pid_t
begin(char **argv, const sigset_t *mask)
{
	pid_t pid = fork();

	if (pid > 0)
		setpgid(pid, pid);
	if (pid)
		return pid;
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* a shell without job control begins what is in the background deaf to these */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	fprintf(stderr, "reap: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Who has ended is taken note of: true once that is `pid`, and with `group` all of its process group. */
static bool
over(pid_t pid, bool group, int *status)
{
	bool ended = group;
	pid_t gone;
	int how;

	while ((gone = waitpid(-1, &how, WNOHANG)) > 0)
		if (gone == pid) {
			*status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
			ended = true;
		}
	return ended && (!group || kill(-pid, 0) < 0);
}

/* Waits until that is over: 0; or for a signal to end: its number; or until time is up: -1. */
static int
await(pid_t pid, bool group, const sigset_t *set, int seconds, int *status)
{
	struct timespec now;
	time_t deadline;
	int sig;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (deadline = now.tv_sec + seconds; !over(pid, group, status);) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= deadline)
			return -1;
		sig = sigtimedwait(set, NULL, &(struct timespec){ .tv_sec = deadline - now.tv_sec });
		if (sig > 0 && sig != SIGCHLD)
			return sig;
	}
	return 0;
}

/* Our children; those of whoever dies come to us, until there is nobody. */
static void
kill_all(void)
{
	char path[64];
	long pid;
	FILE *f;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	do {
		f = fopen(path, "re");
		if (!f) {
			perror(path);
			return;
		}
		while (fscanf(f, "%ld", &pid) == 1)
			kill((pid_t)pid, SIGKILL);
		fclose(f);
	} while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
}

/* Of all that were waited for, by us or by those who were. */
static void
say_cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	printf("cpu %.1f s\n", (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
}

int
main(int argc, char **argv)
{
	bool cpu = argc > 1 && !strcmp(argv[1], "-c"), keep = argc > 1 + cpu && !strcmp(argv[1 + cpu], "-k");
	int flags = cpu + keep, seconds = argc > 2 + flags ? atoi(argv[1 + flags]) : 0, status = 0, why;
	sigset_t set, before;
	pid_t pid;

	if (seconds <= 0) {
		fprintf(stderr, "usage: reap [-c] [-k] SECONDS PROGRAM [WORD...]\n");
		return 2;
	}
	sigemptyset(&set);
	for (const int *s = (const int[]){ SIGCHLD, SIGTERM, SIGINT, SIGHUP, 0 }; *s; s++)
		sigaddset(&set, *s);
	sigprocmask(SIG_BLOCK, &set, &before);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = begin(argv + 2 + flags, &before);
	if (pid < 0) {
		perror("reap: fork");
		return 1;
	}
	why = await(pid, false, &set, seconds, &status);
	if (why) {
		kill(-pid, SIGTERM);
		await(pid, true, &set, GRACE_SECONDS, &status);
		status = why > 0 ? 128 + why : TIME_IS_UP;
	}
	if (why || !keep)
		kill_all();
	if (cpu)
		say_cpu();
	return status;
}
