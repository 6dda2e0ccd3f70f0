#include "hostagent/helper/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/privilege.h"
#include "base/programs.h"
#include "base/syscalls.h"
#include "base/view.h"
#include "hostagent/sftpd/main.h"
#include "providers/launch.h"
#include "providers/launch_files.h"

_Static_assert(SFTPD_FOLDER_FD == LAUNCH_FOLDER_FD, "one place for folders");

enum { EXIT_EXEC = 127 };

/* What a child that could not become the program says by the pipe. */
struct child_trouble {
	int code;
	const char *doing; /* a constant of this program, whose address is the same in both; NULL: exec */
};

/* The first descriptor that the program has no meaning for; nothing but the pipe that tells of exec is there. */
static int
tell_place(const struct child_words *w)
{
	return SFTPD_FOLDER_FD + (w->by_name ? 0 : (int)w->nfolders);
}

static int
folders_place(const struct child_words *w)
{
	if (w->view && view_begin() < 0)
		return -1;
	for (size_t i = 0; i < w->nfolders; i++) {
		int fd = w->view ? view_folder(w->folders[i], w->view) : w->folders[i], place = SFTPD_FOLDER_FD + (int)i;

		if (fd < 0 || (!w->by_name && (dup2(fd, place) < 0 || fcntl(place, F_SETFD, 0) < 0)))
			return -1;
	}
	for (size_t i = 0; w->view && w->covered && w->covered[i]; i++)
		if (view_cover(w->covered[i]) < 0)
			return -1;
	return 0;
}

static int
user_become(unsigned user)
{
	return user && (setgroups(0, NULL) < 0 || setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0) ? -1 : 0;
}

/* After fork(): becomes the program, or tells by the pipe why not. */
static _Noreturn void
child_become(const struct child_words *w, char *const env[], int in, int out, int errors, int tell)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;
	struct child_trouble trouble = { .doing = w->nfolders ? "give it its folders" : NULL };

	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &dfl, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	/* `tell` stays open until exec, and what is above is closed */
	if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(errors, 2) >= 0 && folders_place(w) == 0 &&
	    dup3(tell, tell_place(w), O_CLOEXEC) >= 0) {
		tell = tell_place(w);
		trouble.doing = NULL;
		close_range((unsigned)tell + 1, ~0U, 0);
		if (launch_files_confine(w->files, w->nfiles) == 0 && user_become(w->user) == 0 && privilege_keep(w->capabilities) == 0 &&
		    (!w->no_set_id || syscalls_lose_set_id() == 0))
			execve(w->program ? w->program : w->argv[0], (char *const *)(uintptr_t)w->argv, env);
	}
	trouble.code = errno;
	if (write(tell, &trouble, sizeof trouble) < 0)
		_exit(EXIT_EXEC);
	_exit(EXIT_EXEC);
}

/* Above those that a child gives new meanings to. */
static int
above_own(const struct child_words *w, int fd)
{
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, tell_place(w) + 1);

	if (fd >= 0)
		close(fd);
	return high;
}

static int
log_open(const struct child_words *w, struct error *err)
{
	int fd = above_own(w, open(w->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));

	return fd < 0 ? error_errno(err, "open %s", w->log) : fd;
}

pid_t
helper_child_start(const struct child_words *w, struct error *err)
{
	auto_close int null = above_own(w, open("/dev/null", O_RDWR | O_CLOEXEC)), out = -1, read_end = -1,
		       write_end = -1;
	struct child_trouble trouble;
	int ends[2];
	auto_free char **env = environment_kept(NULL);
	pid_t pid;

	out = w->log ? log_open(w, err) : above_own(w, fcntl(w->socket, F_DUPFD_CLOEXEC, tell_place(w) + 1));
	if (out < 0)
		return -1;
	if (null < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "run %s", w->argv[0]);
	read_end = above_own(w, ends[0]);
	write_end = above_own(w, ends[1]);
	pid = fork();
	if (pid == 0)
		child_become(w, env, w->log ? null : out, out, w->log ? out : null, write_end);
	close(write_end);
	write_end = -1;
	if (pid < 0)
		return error_errno(err, "run %s", w->argv[0]);
	if (read(read_end, &trouble, sizeof trouble) != sizeof trouble)
		return pid;
	waitpid(pid, NULL, 0);
	if (trouble.code == ENOENT && !trouble.doing)
		return program_missing(w->argv[0], err);
	errno = trouble.code;
	return error_errno(err, "run %s%s%s", w->argv[0], trouble.doing ? ": " : "", trouble.doing ? trouble.doing : "");
}
