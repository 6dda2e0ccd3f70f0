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

/* Does process `pid` have the words `flag` `value` next to each other? flag NULL: any of those that name a pid file. */
static bool
has_pair(pid_t pid, const char *flag, const char *value)
{
	static const char *const pid_flags[] = { "--pidfile", "-pidfile", "-p" };
	AUTO(buf) b = BUF_INIT;
	const char *before = "";

	if (!proc_arguments(pid, &b))
		return false;
	for (const char *p = b.s; p < b.s + b.len; before = p, p += strlen(p) + 1) {
		if (strcmp(p, value) != 0)
			continue;
		if (flag && strcmp(before, flag) == 0)
			return true;
		for (size_t i = 0; !flag && i < ARRAY_LEN(pid_flags); i++)
			if (strcmp(before, pid_flags[i]) == 0)
				return true;
	}
	return false;
}

static pid_t
lock_holder(int fd)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK && l.l_pid > 0 ? l.l_pid : 0;
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

pid_t
pidfile_process(const char *path)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	pid_t pid;

	if (fd < 0)
		return 0;
	pid = lock_holder(fd);
	if (pid)
		return pid;
	pid = number_in(fd);
	return pid && has_pair(pid, NULL, path) ? pid : 0;
}

int
pidfile_take(const char *path, struct error *err)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	auto_close int fd = -1;
	struct stat ours, named;
	pid_t other;

	for (;;) {
		if (fd >= 0)
			close(fd);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (fd < 0 || fstat(fd, &ours) < 0)
			return error_errno(err, "open %s", path);
		other = lock_holder(fd);
		if (!other && (other = number_in(fd)) && (other == getpid() || !has_pair(other, NULL, path)))
			other = 0;
		if (other)
			return error_set(err, EEXIST, "%s: process %d has it", path, (int)other);
		if (fcntl(fd, F_SETLK, &l) < 0 && errno != EAGAIN && errno != EACCES)
			return error_errno(err, "lock %s", path);
		/* somebody who just ended may have unlinked what we opened: then lock what is there now */
		if (lock_holder(fd) == 0 && stat(path, &named) == 0 && named.st_ino == ours.st_ino &&
		    named.st_dev == ours.st_dev)
			break;
	}
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return error_errno(err, "write %s", path);
	return steal_fd(fd);
}

pid_t
pidfile_search(const char *flag, const char *value)
{
	auto_dir DIR *d = opendir("/proc");
	pid_t found = 0;

	for (struct dirent *e; d && !found && (e = readdir(d));)
		if (isdigit((unsigned char)e->d_name[0]) && has_pair((pid_t)atoi(e->d_name), flag, value))
			found = (pid_t)atoi(e->d_name);
	return found == getpid() ? 0 : found;
}
