#include "base/process.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"

enum {
	STATUS_MAX = 64 << 10,
	CANCEL_TICK_MS = 50,	/* a flag cannot be polled for */
};

bool
process_hold(pid_t pid, struct process *out)
{
	*out = (struct process){ 0 };
	if (pid <= 0)
		return false;
	out->fd = pidfd_open(pid, 0);
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
	char path[64];
	AUTO(buf) b = BUF_INIT;
	unsigned id[4];
	const char *line;

	/* The owner of /proc/PID does not tell: it is root for a process that must not be dumped. */
	snprintf(path, sizeof path, "/proc/%d/status", (int)p->pid);
	if (!p->pid || fs_read_if(path, &b, STATUS_MAX, NULL) != 1 || !(line = strstr(b.s, "\nUid:")))
		return false;
	if (sscanf(line + 5, "%u %u %u %u", &id[0], &id[1], &id[2], &id[3]) != 4)
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
	if (pidfd_send_signal(p->fd, sig, NULL, 0) < 0 && errno != ESRCH)
		return error_errno(err, "signal %d to process %d", sig, (int)p->pid);
	return 0;
}

int
process_tell(const struct process *p, int sig, int value, struct error *err)
{
	siginfo_t si = { .si_signo = sig, .si_code = SI_QUEUE, .si_value.sival_int = value };

	si.si_pid = getpid();
	si.si_uid = getuid();
	if (pidfd_send_signal(p->fd, sig, &si, 0) < 0 && errno != ESRCH)
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
	char path[64], exe[PATH_MAX];
	auto_free char *full = name ? realpath(program, NULL) : NULL;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/exe", (int)p->pid);
	n = p->pid ? readlink(path, exe, sizeof exe - 1) : -1;
	if (n <= 0 || !process_is_alive(p))
		return false;
	exe[n] = '\0';
	if ((size_t)n > strlen(deleted) && !strcmp(exe + n - strlen(deleted), deleted))
		exe[(size_t)n - strlen(deleted)] = '\0';
	if (name)
		return !strcmp(exe, full ? full : program);
	return strrchr(exe, '/') && !strncmp(strrchr(exe, '/') + 1, program, strlen(program));
}
