#include "base/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/process.h"

enum { TICK_MS = 50 };

static int
lock_open(const char *path, struct error *err)
{
	auto_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat st;

	if (fd < 0 && (errno == ELOOP || errno == EISDIR || errno == ENXIO))
		return error_set(err, ERR_INVALID, "%s: is no lock file of ours but something else; move it away", path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "open %s", path);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return error_set(err, ERR_INVALID, "%s: is no lock file of ours but something else; move it away", path);
	return steal_fd(fd);
}

/* Is the file still the one of that name? Who held it before may have taken it away. */
static bool
lock_is_current(int fd, const char *path)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && lstat(path, &named) == 0 && ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

static pid_t
lock_read_pid(int fd)
{
	char text[24] = "";

	return pread(fd, text, sizeof text - 1, 0) > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

void
lock_note(int fd, const char *word, int number)
{
	char text[64];
	int n = *word ? snprintf(text, sizeof text, "%d %.30s %d\n", (int)getpid(), word, number) :
			snprintf(text, sizeof text, "%d\n", (int)getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) < 0)
		return;		/* it is only a hint */
}

/* flock() cannot be cancelled, and a signal may come just before it, so a wait polls. */
static int
lock_wait(int fd, const char *path, const struct lock_wait *w, bool *told, struct error *err)
{
	while (flock(fd, (w && w->shared ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || !w)
			return error_errno(err, "lock %s", path);
		if (w->told && !*told)
			w->told(w->ctx, lock_read_pid(fd));
		*told = true;
		if (w->cancel && *w->cancel)
			return error_set(err, ERR_CANCELLED, "interrupted while waiting; nothing was begun");
		poll(NULL, 0, TICK_MS);
	}
	return 0;
}

int
lock_take(const char *path, const struct lock_wait *w, pid_t *holder, struct error *err)
{
	bool told = false;

	for (;;) {
		auto_close int fd = lock_open(path, err);

		if (fd < 0)
			return -1;
		if (lock_wait(fd, path, w, &told, err) < 0) {
			if (holder)
				*holder = lock_read_pid(fd);
			return -1;
		}
		if (!lock_is_current(fd, path))
			continue;
		lock_note(fd, "", 0);
		return steal_fd(fd);
	}
}

void
lock_release(int fd, const char *path)
{
	/* A shared lock may have other holders, and then the last of them removes the file. */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && lock_is_current(fd, path))
		unlink(path);
	flock(fd, LOCK_UN);
	close(fd);
}

/* Left by a process that is no more, and had by nobody since. */
static bool
lock_is_left(int fd)
{
	pid_t pid = fd < 0 ? 0 : lock_read_pid(fd);

	return pid > 0 && kill(pid, 0) < 0 && errno == ESRCH && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

void
lock_sweep(const char *folder)
{
	static const char ending[] = ".lock";
	auto_dir DIR *d = opendir(folder);

	for (struct dirent *e; d && (e = readdir(d));) {
		size_t len = strlen(e->d_name);
		auto_free char *path = xasprintf("%s/%s", folder, e->d_name);
		int fd;

		if (len < sizeof ending || strcmp(e->d_name + len - (sizeof ending - 1), ending) != 0)
			continue;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (lock_is_left(fd))
			lock_release(fd, path);
		else if (fd >= 0)
			close(fd);
	}
}

static bool
lock_is_held_at(int fd)
{
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

bool
lock_is_held(const char *path)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return lock_is_held_at(fd);
}

bool
lock_holder(const char *path, const char *word, struct process *out, int *number)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char text[64] = "", noted[32] = "";
	int pid = 0, noted_number = -1;

	*out = (struct process){ 0 };
	if (!lock_is_held_at(fd))
		return false;
	if (pread(fd, text, sizeof text - 1, 0) <= 0 || sscanf(text, "%d %31s %d", &pid, noted, &noted_number) < (word ? 2 : 1) ||
	    (word && strcmp(noted, word) != 0))
		return false;
	if (!process_hold(pid, out))
		return false;
	if (number)
		*number = noted_number;
	/* The pid is the holder's if the lock is still held now that the process cannot change. */
	if (process_is_ours(out) && process_runs(out, "limactl") && flock(fd, LOCK_EX | LOCK_NB) < 0 && process_is_alive(out))
		return true;
	process_release(out);
	return false;
}
