#include "guest/agent/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"

#define EXIT_MS 200

static int
agent_child_reap(struct child *c)
{
	int status;

	loop_unwatch(c->loop, &c->w);
	close(c->w.fd);
	c->w.fd = -1;
	buf_release(&c->in);
	/* A child that closes its output has nothing more to say. */
	kill(c->pid, SIGKILL);
	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
agent_child_finish(struct child *c, bool well)
{
	int status = agent_child_reap(c);

	c->end(c, well ? status : -1);
}

/* A program that closes its output before it exits gets a moment to exit by itself. */
static void
wait_exit(struct child *c)
{
	auto_close int fd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	struct pollfd p = { fd, POLLIN, 0 };

	if (fd >= 0)
		(void)poll(&p, 1, EXIT_MS);
}

static void
agent_child_ready(struct watch *w, uint32_t events)
{
	struct child *c = CONTAINER_OF(w, struct child, w);
	char chunk[16384], *nl;
	ssize_t n = read(w->fd, chunk, sizeof chunk);
	size_t at = 0;

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || c->in.len + (size_t)n > CHILD_LINE_MAX) {
		if (n == 0)
			wait_exit(c);
		agent_child_finish(c, n == 0);
		return;
	}
	buf_add(&c->in, chunk, (size_t)n);
	while ((nl = memchr(c->in.s + at, '\n', c->in.len - at))) {
		*nl = '\0';
		c->line(c, c->in.s + at);
		at = (size_t)(nl + 1 - c->in.s);
	}
	memmove(c->in.s, c->in.s + at, c->in.len - at);
	buf_truncate(&c->in, c->in.len - at);
	if (!c->in.len)
		buf_release(&c->in);
}

bool
helper_child_start(struct child *c, char *const argv[], char *const env[])
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int pipes[2], rc;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return false;
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	sigaddset(&none, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, pipes[1], 1);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	rc = posix_spawn(&c->pid, argv[0], &files, &attr, argv, env);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	close(pipes[1]);
	if (rc) {
		close(pipes[0]);
		return false;
	}
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	c->in = (struct buf)BUF_INIT;
	c->w = (struct watch){ .fd = pipes[0], .ready = agent_child_ready };
	loop_watch(c->loop, &c->w, EPOLLIN);
	return true;
}

void
child_kill(struct child *c)
{
	if (c->w.fd >= 0)
		(void)agent_child_reap(c);
}
