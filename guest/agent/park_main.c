#include "guest/agent/park_main.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "guest/agent/log.h"
#include "guest/park/talk.h"

/* Its exit status, 128 and more for one that was killed; -1. */
static int
park_run(char **argv, struct error *err)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		return error_errno(err, "fork");
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, "wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
park_main(char **argv, struct error *err)
{
	auto_close int fd = park_possible() ? park_find() : -1;
	int status;

	if (fd < 0 || !park_host_listens(fd))
		return PARK_NOBODY;
	if (!argv[1])
		return error_set(err, EINVAL, "a command, please");
	if (!strcmp(argv[1], "--probe"))
		return 0;
	park_wait(fd, log_warn);
	status = park_run(argv + 1, err);
	if (status != 0)
		return status < 0 ? -1 : error_set(err, ERR_CHILD, "%s: exit status %d: this guest is not what it is to be, and does not go on", argv[1], status);
	return park_renewed(fd) ? 0 : error_errno(err, "the port");
}
