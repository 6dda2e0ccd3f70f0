#include "base/proc.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/process.h"

enum {
	CANCEL_TICK_MS = 50,	/* a flag cannot be polled for */
};

unsigned long long
proc_start_time(pid_t pid)
{
	return os_process_start(pid);
}

/* For a moment within exec() a process has none, and posix_spawn() may return in that moment. */
bool
proc_arguments(pid_t pid, struct buf *out)
{
	for (int tries = 0; tries < 50; tries++) {
		if (!os_process_arguments(pid, out))
			return false;
		if (out->len)
			return true;
		if (!os_process_can_have_arguments(pid))
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return false;
}

bool
proc_is(pid_t pid, unsigned long long start, const char *marker)
{
	unsigned long long now = proc_start_time(pid);
	AUTO(buf) b = BUF_INIT;

	if (!now || (start && now != start))
		return false;
	/* No marker holds a NUL, so a match lies within one argument */
	return !marker || (proc_arguments(pid, &b) && memmem(b.s, b.len, marker, strlen(marker)));
}

pid_t
proc_read_pid(const char *path)
{
	AUTO(buf) b = BUF_INIT;
	char *end;
	long n;

	if (fs_read_if(path, &b, 64, NULL) != 1 || b.s[0] < '0' || b.s[0] > '9')
		return 0;
	errno = 0;
	n = strtol(b.s, &end, 10);
	end += strspn(end, " \t\r\n");
	if (errno || n > INT_MAX || end != b.s + b.len)
		return 0;
	return (pid_t)n;
}

int
proc_wait_gone(pid_t pid, unsigned long long start, int timeout_ms, const volatile int *cancel)
{
	long long deadline = timeout_ms < 0 ? LLONG_MAX : clock_ms() + timeout_ms;
	auto_close int fd = pid > 0 ? os_process_end(pid) : -1;
	unsigned long long now = proc_start_time(pid);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	/* Looked at after that was opened: if the time is right, the descriptor is of the right process. */
	while (now && (!start || now == start)) {
		long long left = deadline - clock_ms();
		int wait = left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;

		/* Without one (an old kernel, no descriptors left) the process is polled. */
		if ((cancel || fd < 0) && wait > CANCEL_TICK_MS)
			wait = CANCEL_TICK_MS;
		if (poll(&p, 1, wait) > 0)
			break;
		if ((cancel && *cancel) || left <= 0)
			return 0;
		if (fd < 0)
			now = proc_start_time(pid);
	}
	waitpid(pid, NULL, WNOHANG);	/* if it is a daemon that this very process began, it leaves no zombie */
	return 1;
}

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *
proc_find(const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return is_program(name) ? xstrdup(name) : NULL;
	if (!path || !*path)
		path = "/usr/local/bin:/usr/bin:/bin";
	while (*name && *path) {
		size_t len = strcspn(path, ":");

		if (len) {	/* an empty element means the working folder: never wanted here */
			auto_free char *full = xasprintf("%.*s/%s", (int)len, path, name);

			if (is_program(full))
				return steal(full);
		}
		path += len + (path[len] == ':');
	}
	return NULL;
}
