#include "base/os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <libproc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/event.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"

/* A pipe that nobody writes to any more can be read from, as the end of a process. */
static int
end_that_was(void)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return -1;
	close(p[1]);
	return p[0];
}

int
os_process_end(pid_t pid)
{
	struct kevent end;
	auto_close int queue = kqueue();
	siginfo_t child = { 0 };

	EV_SET(&end, (uintptr_t)pid, EVFILT_PROC, EV_ADD | EV_CLEAR, NOTE_EXIT, 0, NULL);
	if (queue < 0 || fcntl(queue, F_SETFD, FD_CLOEXEC) < 0)
		return -1;
	/* That it has ended is to be told as often as somebody asks: the event stays until it is taken, which nobody does. */
	if (kevent(queue, &end, 1, NULL, 0, NULL) == 0)
		return steal_fd(queue);
	if (errno != ESRCH)
		return -1;
	if (waitid(P_PID, (id_t)pid, &child, WEXITED | WNOHANG | WNOWAIT) == 0 && child.si_pid == pid)
		return end_that_was();
	errno = ESRCH;
	return -1;
}

int
os_process_signal(int end, pid_t pid, int sig)
{
	struct pollfd p = { .fd = end, .events = POLLIN };

	if (poll(&p, 1, 0) == 0)
		return kill(pid, sig);
	errno = ESRCH;
	return -1;
}

int
os_process_tell(int end, pid_t pid, int sig, int value)
{
	(void)end, (void)pid, (void)sig, (void)value;
	errno = ENOTSUP;
	return -1;
}

static bool
process_look(pid_t pid, struct proc_bsdinfo *out)
{
	return pid > 0 && proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, out, sizeof *out) == sizeof *out;
}

bool
os_process_users(pid_t pid, unsigned id[4])
{
	struct proc_bsdinfo info;

	if (!process_look(pid, &info))
		return false;
	id[0] = info.pbi_ruid;
	id[1] = id[3] = info.pbi_uid;
	id[2] = info.pbi_svuid;
	return true;
}

ssize_t
os_process_program(pid_t pid, char *out, size_t size)
{
	char path[PROC_PIDPATHINFO_MAXSIZE];
	int n = proc_pidpath(pid, path, sizeof path);

	if (n <= 0)
		return -1;
	memcpy(out, path, (size_t)n < size ? (size_t)n : size);
	return (size_t)n < size ? n : (ssize_t)size;
}

unsigned long long
os_process_start(pid_t pid)
{
	struct proc_bsdinfo info;

	return process_look(pid, &info) && info.pbi_status != SZOMB ? info.pbi_start_tvsec * 1000000ULL + info.pbi_start_tvusec : 0;
}

/* sysctl(3), KERN_PROCARGS2: the count of arguments, the program's path, NULs, and the arguments. */
bool
os_process_arguments(pid_t pid, struct buf *out)
{
	int name[] = { CTL_KERN, KERN_PROCARGS2, pid }, count;
	int most_name[] = { CTL_KERN, KERN_ARGMAX }, most = 0;
	size_t size = sizeof most;
	auto_free char *text = NULL;
	char *p, *end;

	if (sysctl(most_name, 2, &most, &size, NULL, 0) < 0 || most <= 0)
		return false;
	text = xcalloc(1, (size_t)most + 1);
	size = (size_t)most;
	if (sysctl(name, 3, text, &size, NULL, 0) < 0 || size < sizeof count)
		return false;
	memcpy(&count, text, sizeof count);
	end = text + size;
	p = text + sizeof count;
	p += strnlen(p, (size_t)(end - p));
	while (p < end && !*p)
		p++;
	for (; count > 0 && p < end; count--) {
		size_t n = strnlen(p, (size_t)(end - p)) + 1;

		buf_add(out, p, n - 1);
		buf_add(out, "", 1);
		p += n;
	}
	return true;
}

bool
os_process_can_have_arguments(pid_t pid)
{
	return pid != 0 && os_process_start(pid) != 0;
}

int
os_process_only(posix_spawn_file_actions_t *actions, short *flags)
{
	(void)actions;
	*flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
	return 0;
}

void
os_process_follow_parent(int sig)
{
	(void)sig;
}

void
os_process_name(const char *name)
{
	pthread_setname_np(name);
}

int
os_process_own_again(void)
{
	return 0;
}
