/* The driver's process. It ends when we do, however that is; what it writes comes by a pipe, so that a flood of it is ours to drop. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "drivers/drive/drive.h"
#include "guest/wire/ga_msg.h"

enum { LOG_MOST = 256 << 10, TERM_MS = 5000, EXIT_EXEC = 127 };

static _Noreturn void
drive_child_become(const struct drive *d, pid_t parent, int out, char *const env[])
{
	const char *const argv[] = { d->program, "--inst-dir", d->dir, NULL };
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	/* A parent that ended before the call would be missed. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		_exit(EXIT_EXEC);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	umask(077);
	if (null >= 0 && dup2(null, 0) >= 0 && dup2(out, 1) >= 0 && dup2(out, 2) >= 0) {
		close_range(3, ~0U, 0);
		execve(d->program, (char *const *)(uintptr_t)argv, env);
	}
	dprintf(2, "exec: %s\n", strerror(errno));
	_exit(EXIT_EXEC);
}

/* Whoever else could write there could put a socket of his in the driver's place. */
static int
drive_folder_check(const struct drive *d, struct error *err)
{
	struct stat st;

	if (stat(d->dir, &st) < 0)
		return error_errno(err, "%s", d->dir);
	return st.st_uid == geteuid() && !(st.st_mode & 022) ? 0 : error_set(err, EPERM, "%s can be written by others than its user", d->dir);
}

int
drive_child_start(struct drive *d, struct error *err)
{
	auto_free char **env = environment_kept(NULL), *number = NULL;
	pid_t parent = getpid(), pid;
	int ends[2];

	/* What a driver has started, and left when it died, becomes ours to end. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (drive_folder_check(d, err) < 0 || fs_drop(d->drv_sock, err) < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_errno(err, "run %s", d->program);
	fcntl(ends[1], F_SETFL, 0);
	pid = fork();
	if (pid == 0)
		drive_child_become(d, parent, ends[1], env);
	close(ends[1]);
	d->log = ends[0];
	if (pid < 0)
		return error_errno(err, "run %s", d->program);
	d->driver = (struct process){ .pid = pid, .fd = pidfd_open(pid, 0) };
	number = xasprintf("%d", (int)pid);
	return d->driver.fd < 0 ? error_errno(err, "process %d", (int)pid) : fs_write(d->drv_pid, number, strlen(number), 0600, err);
}

/* A line at a time is not worth it: what is unprintable is a question mark, and the rest is the reader's. */
void
drive_child_read(struct drive *d)
{
	char raw[4096], text[4096 + 1], *p = text;
	ssize_t n = read(d->log, raw, sizeof raw);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		close(d->log);
		d->log = -1;
	}
	if (n <= 0 || d->logged > LOG_MOST)
		return;
	for (ssize_t i = 0; i < n; i++)
		*p++ = drive_printable(raw[i]);
	fwrite(text, 1, (size_t)n, stderr);
	d->logged += (size_t)n;
	if (d->logged > LOG_MOST)
		fputs("\n(whatever more it writes is not kept)\n", stderr);
}

bool
drive_child_gone(struct drive *d)
{
	int s;

	if (!d->driver.pid || waitpid(d->driver.pid, &s, WNOHANG) != d->driver.pid)
		return false;
	process_release(&d->driver);
	d->driver = (struct process){ 0 };
	while (d->log >= 0 && d->logged <= LOG_MOST) {
		size_t before = d->logged;

		drive_child_read(d);
		if (d->logged == before)
			break;
	}
	if (d->over || d->asked_to_stop)
		return true;
	if (WIFSIGNALED(s))
		drive_fail(d, "it was ended by signal %d", WTERMSIG(s));
	else
		drive_fail(d, "it has ended, exit status %d", WEXITSTATUS(s));
	return true;
}

/* Whatever it started and did not end: such a hypervisor would keep the disk. */
static void
drive_end_orphans(void)
{
	auto_free char *path = xasprintf("/proc/self/task/%d/children", (int)getpid());

	for (int tries = 0; tries < 100; tries++) {
		AUTO(buf) b = BUF_INIT;
		char *end;

		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (fs_read_if(path, &b, 64 << 10, NULL) != 1 || !b.len)
			return;
		for (const char *p = b.s; *p; p = end + (*end == ' ')) {
			long pid = strtol(p, &end, 10);

			if (end == p)
				break;
			kill((pid_t)pid, SIGKILL);
		}
		waitpid(-1, NULL, 0);
	}
}

void
drive_child_end(struct drive *d)
{
	if (d->driver.pid) {
		process_signal(&d->driver, SIGTERM, NULL);
		if (process_wait(&d->driver, drive_bounded(d, TERM_MS), NULL) != 1) {
			process_signal(&d->driver, SIGKILL, NULL);
			process_wait(&d->driver, -1, NULL);
		}
		process_release(&d->driver);
		d->driver = (struct process){ 0 };
	}
	drive_end_orphans();
	if (d->log >= 0)
		close(d->log);
	d->log = -1;
	unlink(d->drv_pid);
	unlink(d->drv_sock);
}
