#include "hostagent/helper/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/privilege.h"
#include "base/programs.h"
#include "hostagent/sftpd/main.h"

enum { TELL_FD = SFTPD_FOLDER_FD + 1, EXIT_EXEC = 127 };

/* Nothing, where there is no folder. */
static int
folder_place(int folder)
{
	if (!folder)
		return close(SFTPD_FOLDER_FD) < 0 && errno != EBADF ? -1 : 0;
	return dup2(folder, SFTPD_FOLDER_FD) < 0 ? -1 : fcntl(SFTPD_FOLDER_FD, F_SETFD, 0);
}

/* After fork(): becomes the program, or tells by the pipe why not. */
static _Noreturn void
child_become(const struct child_words *w, char *const env[], int in, int out, int errors, int tell)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;
	int code;

	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &dfl, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	/* `tell` stays open until exec, and what is above is closed */
	if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(errors, 2) >= 0 && folder_place(w->folder) == 0 && dup3(tell, TELL_FD, O_CLOEXEC) >= 0) {
		close_range(TELL_FD + 1, ~0U, 0);
		tell = TELL_FD;
		if (privilege_keep(w->capabilities) == 0)
			execve(w->program ? w->program : w->argv[0], (char *const *)(uintptr_t)w->argv, env);
	}
	code = errno;
	if (write(tell, &code, sizeof code) < 0)
		_exit(EXIT_EXEC);
	_exit(EXIT_EXEC);
}

/* Above those that a child gives new meanings to. */
static int
above_own(int fd)
{
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, TELL_FD + 1);

	if (fd >= 0)
		close(fd);
	return high;
}

static int
log_open(const char *path, struct error *err)
{
	int fd = above_own(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));

	return fd < 0 ? error_errno(err, "open %s", path) : fd;
}

pid_t
helper_child_start(const struct child_words *w, struct error *err)
{
	auto_close int null = above_own(open("/dev/null", O_RDWR | O_CLOEXEC)), out = -1, read_end = -1,
		       write_end = -1;
	int ends[2], code = 0;
	auto_free char **env = environment_kept();
	pid_t pid;

	out = w->log ? log_open(w->log, err) : above_own(fcntl(w->socket, F_DUPFD_CLOEXEC, TELL_FD + 1));
	if (out < 0)
		return -1;
	if (null < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "run %s", w->argv[0]);
	read_end = above_own(ends[0]);
	write_end = above_own(ends[1]);
	pid = fork();
	if (pid == 0)
		child_become(w, env, w->log ? null : out, out, w->log ? out : null, write_end);
	close(write_end);
	write_end = -1;
	if (pid < 0)
		return error_errno(err, "run %s", w->argv[0]);
	if (read(read_end, &code, sizeof code) != sizeof code)
		return pid;
	waitpid(pid, NULL, 0);
	if (code == ENOENT)
		return program_missing(w->argv[0], err);
	errno = code;
	return error_errno(err, "run %s", w->argv[0]);
}
