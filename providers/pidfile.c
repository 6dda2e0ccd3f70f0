#include "providers/pidfile.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/proc.h"
#include "base/process.h"

/* Which program may own a file that it was told of by that word, without a lock on it. */
static const struct owner {
	const char *flag, *program;
} owners[] = {
	{ "--pidfile", "limactl" },
	{ "-p", "limactl" },
	{ "--pidfile", "lima-hostagent" },
	{ "-pidfile", "qemu-system-" },
};

/* Are the words `flag` `value` next to each other among its arguments? */
static bool
pidfile_has_pair(const struct process *p, const char *flag, const char *value)
{
	AUTO(buf) b = BUF_INIT;
	const char *before = "";

	if (!proc_arguments(p->pid, &b))
		return false;
	for (const char *w = b.s; w < b.s + b.len; before = w, w += strlen(w) + 1)
		if (strcmp(w, value) == 0 && strcmp(before, flag) == 0)
			return true;
	return false;
}

static bool
owner_is(const struct process *p, const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(owners); i++)
		if (process_runs(p, owners[i].program) && pidfile_has_pair(p, owners[i].flag, path))
			return true;
	return false;
}

/* Who has a lock on it, and of which kind (F_UNLCK: nobody). */
static pid_t
pidfile_lock_holder(int fd, short *kind)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	*kind = F_UNLCK;
	if (fcntl(fd, F_GETLK, &l) < 0)
		return 0;
	*kind = l.l_type;
	return l.l_type != F_UNLCK && l.l_pid > 0 ? l.l_pid : 0;
}

/* Can nobody but us have opened it for writing? */
static bool
file_is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static pid_t
number_in(int fd)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	char *end;
	long v;

	if (n <= 0)
		return 0;
	errno = 0;
	v = strtol(text, &end, 10);
	return errno == 0 && end != text && v > 0 && v == (pid_t)v ? (pid_t)v : 0;
}

/* Whoever may read the file can lock it for reading: only a writer's lock tells of an owner. */
static bool
hold_writer(int fd, struct process *out)
{
	short kind;
	pid_t pid = pidfile_lock_holder(fd, &kind);

	if (!pid || kind != F_WRLCK || !process_hold(pid, out))
		return false;
	if (pidfile_lock_holder(fd, &kind) == pid && kind == F_WRLCK && (file_is_ours(fd) || process_is_ours(out)) && process_is_alive(out))
		return true;
	process_release(out);
	return false;
}

static bool
hold_owner(int fd, const char *path, struct process *out)
{
	if (hold_writer(fd, out))
		return true;
	if (!process_hold(number_in(fd), out))
		return false;
	if (out->pid != getpid() && process_is_ours(out) && owner_is(out, path) && process_is_alive(out))
		return true;
	process_release(out);
	return false;
}

bool
pidfile_hold(const char *path, struct process *out)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	*out = (struct process){ 0 };
	return fd >= 0 && hold_owner(fd, path, out);
}

pid_t
pidfile_process(const char *path)
{
	bool absent;

	return pidfile_look(path, &absent);
}

pid_t
pidfile_look(const char *path, bool *absent)
{
	AUTO(process) p = { 0 };
	auto_close int fd = -1;
	struct stat st;
	short kind;
	pid_t pid;

	/* of most there is none, and to be told so by an open costs twice as much */
	*absent = lstat(path, &st) < 0 && errno == ENOENT;
	if (*absent)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	*absent = fd < 0 && errno == ENOENT;
	if (fd < 0)
		return 0;
	pid = pidfile_lock_holder(fd, &kind);
	if (pid && kind == F_WRLCK && file_is_ours(fd))
		return pid;
	return hold_owner(fd, path, &p) ? p.pid : 0;
}

/* Locks what is there now under that name. 1: done; 0: look again; -1 */
static int
lock_file(int fd, const char *path, struct error *err)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct stat ours, named;
	short kind;

	if (fcntl(fd, F_SETLK, &l) < 0) {
		if (errno != EAGAIN && errno != EACCES)
			return error_errno(err, "lock %s", path);
		/* A reader can hold a lock on this file, but not on a new one of that name. */
		pidfile_lock_holder(fd, &kind);
		if (kind == F_RDLCK)
			unlink(path);
		return 0;
	}
	/* A process that just ended may have unlinked the file that was opened. */
	return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && named.st_ino == ours.st_ino && named.st_dev == ours.st_dev;
}

int
pidfile_take(const char *path, struct error *err)
{
	auto_close int fd = -1;
	AUTO(process) other = { 0 };
	int r = 0;

	while (r == 0) {
		if (fd >= 0)
			close(fd);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
		if (fd < 0)
			return error_errno(err, "open %s", path);
		if (hold_owner(fd, path, &other))
			return error_set(err, EEXIST, "%s: process %d has it", path, (int)other.pid);
		r = lock_file(fd, path, err);
	}
	if (r < 0)
		return -1;
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return error_errno(err, "write %s", path);
	return steal_fd(fd);
}

static bool
runs_one_of(const struct process *p, const char *const *programs)
{
	if (!programs)
		return true;
	for (; *programs; programs++)
		if (process_runs(p, *programs))
			return true;
	return false;
}

bool
pidfile_search(const char *const *programs, const char *flag, const char *value, struct process *out)
{
	auto_dir DIR *d = opendir("/proc");

	*out = (struct process){ 0 };
	for (struct dirent *e; d && (e = readdir(d));) {
		pid_t pid = isdigit((unsigned char)e->d_name[0]) ? (pid_t)atoi(e->d_name) : 0;

		if (!pid || pid == getpid() || !process_hold(pid, out))
			continue;
		if (process_is_ours(out) && pidfile_has_pair(out, flag, value) && runs_one_of(out, programs) && process_is_alive(out))
			return true;
		process_release(out);
	}
	return false;
}
