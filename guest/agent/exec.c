#include "guest/agent/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"

enum { HOST_FD = 3, MANY_FDS = 65536 };

/* Nothing of the agent's is open here but that one. */
static void
exec_only(int fd)
{
	if (fd != HOST_FD)
		dup2(fd, HOST_FD);
#ifdef SYS_close_range
	if (syscall(SYS_close_range, HOST_FD + 1, ~0U, 0) == 0)
		return;
#endif
	for (int i = HOST_FD + 1; i < MANY_FDS; i++)
		close(i);
}

/* A child of nobody, so that nobody of ours need reap it. */
static void
exec_child(int fd, rlim_t files)
{
	pid_t pid = fork();

	if (pid)
		_exit(pid < 0);
	exec_only(fd);
	_exit(exec_run(HOST_FD, "", files));
}

int
exec_start(rlim_t files, struct error *err)
{
	int ends[2], status = 1;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
		return error_errno(err, "socket");
	pid = fork();
	if (pid == 0)
		exec_child(ends[1], files);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	close(ends[1]);
	if (pid > 0 && status == 0)
		return ends[0];
	close(ends[0]);
	return error_set(err, EAGAIN, "no process for it");
}
