#include "base/process.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/os/process.h"

enum {
	CANCEL_TICK_MS = 50,	/* a flag cannot be polled for */
};

bool
process_hold(pid_t pid, struct process *out)
{
	*out = (struct process){ 0 };
	if (pid <= 0)
		return false;
	out->fd = os_process_end(pid);
	if (out->fd < 0)
		return false;
	out->pid = pid;
	if (process_is_alive(out))
		return true;
	process_release(out);
	return false;
}

void
process_release(struct process *p)
{
	if (p->pid)
		close(p->fd);
	*p = (struct process){ 0 };
}

bool
process_is_alive(const struct process *p)
{
	struct pollfd fd = { .fd = p->fd, .events = POLLIN };

	return p->pid && poll(&fd, 1, 0) == 0;
}

bool
process_is_of(const struct process *p, unsigned own)
{
	unsigned id[4];

	if (!p->pid || !os_process_users(p->pid, id))
		return false;
	return id[0] == own && id[1] == own && id[2] == own && id[3] == own && process_is_alive(p);
}

bool
process_is_ours(const struct process *p)
{
	return process_is_of(p, (unsigned)geteuid());
}

int
process_signal(const struct process *p, int sig, struct error *err)
{
	if (os_process_signal(p->fd, p->pid, sig) < 0 && errno != ESRCH)
		return error_errno(err, "signal %d to process %d", sig, (int)p->pid);
	return 0;
}

int
process_tell(const struct process *p, int sig, int value, struct error *err)
{
	if (os_process_tell(p->fd, p->pid, sig, value) < 0 && errno != ESRCH)
		return error_errno(err, "signal %d to process %d", sig, (int)p->pid);
	return 0;
}

int
process_wait(const struct process *p, int timeout_ms, const volatile int *cancel)
{
	long long deadline = timeout_ms < 0 ? LLONG_MAX : clock_ms() + timeout_ms;
	struct pollfd fd = { .fd = p->fd, .events = POLLIN };

	while (p->pid) {
		long long left = deadline - clock_ms();
		int wait = left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;

		if (poll(&fd, 1, cancel && wait > CANCEL_TICK_MS ? CANCEL_TICK_MS : wait) > 0)
			break;
		if ((cancel && *cancel) || left <= 0)
			return 0;
	}
	if (p->pid)
		waitpid(p->pid, NULL, WNOHANG);
	return 1;
}

bool
process_runs(const struct process *p, const char *program)
{
	static const char deleted[] = " (deleted)";
	const char *name = strrchr(program, '/');
	char exe[PATH_MAX];
	auto_free char *full = name ? realpath(program, NULL) : NULL;
	ssize_t n;

	n = p->pid ? os_process_program(p->pid, exe, sizeof exe - 1) : -1;
	if (n <= 0 || !process_is_alive(p))
		return false;
	exe[n] = '\0';
	if ((size_t)n > strlen(deleted) && !strcmp(exe + n - strlen(deleted), deleted))
		exe[(size_t)n - strlen(deleted)] = '\0';
	if (name)
		return !strcmp(exe, full ? full : program);
	return strrchr(exe, '/') && !strncmp(strrchr(exe, '/') + 1, program, strlen(program));
}
