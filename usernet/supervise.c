#include "usernet/supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/privilege.h"
#include "base/syscalls.h"
#include "usernet/os/calls.h"

enum { WAIT_MIN_MS = 10, WAIT_MAX_MS = 5000, HEALTHY_MS = 60000 };

static int
wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

void
supervise(void)
{
	long long wait_ms = WAIT_MIN_MS;

	/* The child binds sockets in folders of this user and asks for nothing else, so neither of the two needs more. */
	if (privilege_keep(0) < 0 || syscalls_lose(calls_not_of_keeper.v, calls_not_of_keeper.n, EPERM) < 0) {
		perror("give up privileges");
		_exit(1);
	}
	for (;;) {
		long long began = clock_ms();
		pid_t pid = fork();
		int status;

		if (!pid)
			return;
		if (pid < 0) {
			perror("fork");
			_exit(1);
		}
		status = wait_for(pid);
		if (!WIFSIGNALED(status) || WTERMSIG(status) == SIGTERM)
			_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 0);
		fprintf(stderr, "the switch was ended by signal %d, and is started again\n", WTERMSIG(status));
		if (clock_ms() - began > HEALTHY_MS)
			wait_ms = WAIT_MIN_MS;
		nanosleep(&(struct timespec){wait_ms / 1000, wait_ms % 1000 * 1000000}, NULL);
		wait_ms = wait_ms * 4 < WAIT_MAX_MS ? wait_ms * 4 : WAIT_MAX_MS;
	}
}
