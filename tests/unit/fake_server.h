/* tests/unit/fake_server.h - a process on a unix socket that says what a test tells it to say. */
#pragma once
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tests/unit/test.h"

/* Answers: each is sent after something was received (the first at once if `greets`); then it waits, or closes. */
struct script {
	const char *const *say;		/* NULL-terminated */
	bool greets, stays;
	size_t flood;			/* so many 'x' behind the last */
};

static inline pid_t
fake_server(const char *path, const struct script *s)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char in[65536], x[4096];
	pid_t pid;

	strcpy(a.sun_path, path);
	unlink(path);
	assert_int_equal(bind(fd, (void *)&a, sizeof a) | listen(fd, 4), 0);
	pid = fork();
	if (pid == 0) {
		int c = accept(fd, NULL, NULL);

		signal(SIGPIPE, SIG_IGN);
		memset(x, 'x', sizeof x);
		for (size_t i = 0; s->say[i]; i++) {
			if ((i || !s->greets) && read(c, in, sizeof in) <= 0)
				_exit(1);
			if (write(c, s->say[i], strlen(s->say[i])) < 0)
				_exit(1);
		}
		for (size_t n = 0; n < s->flood && write(c, x, sizeof x) > 0; n += sizeof x)
			;
		while (s->stays)
			pause();
		_exit(0);
	}
	close(fd);
	return pid;
}
