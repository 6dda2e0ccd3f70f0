#include "base/os/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"

enum {
	CMDLINE_MAX = 4 << 20,	/* the kernel's own bound of arguments is 6 MiB, of which nobody uses one */
	STAT_MAX = 8192,
	STATUS_MAX = 64 << 10,
	KERNEL_THREAD = 0x00200000,	/* of the flags in /proc/PID/stat, PF_KTHREAD */
};

int
os_process_end(pid_t pid)
{
	return pidfd_open(pid, 0);	/* close-on-exec by itself */
}

int
os_process_signal(int end, pid_t pid, int sig)
{
	(void)pid;
	return pidfd_send_signal(end, sig, NULL, 0);
}

int
os_process_tell(int end, pid_t pid, int sig, int value)
{
	siginfo_t si = { .si_signo = sig, .si_code = SI_QUEUE, .si_value.sival_int = value };

	(void)pid;
	si.si_pid = getpid();
	si.si_uid = getuid();
	return pidfd_send_signal(end, sig, &si, 0);
}

/* Reads /proc/PID/NAME; false when there is no such process. */
static bool
proc_text(pid_t pid, const char *name, size_t max, struct buf *out)
{
	char path[64];

	if (pid <= 0)
		return false;
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	return fs_read_if(path, out, max, NULL) == 1;
}

bool
os_process_users(pid_t pid, unsigned id[4])
{
	AUTO(buf) b = BUF_INIT;
	const char *line;

	/* The owner of /proc/PID does not tell: it is root for a process that must not be dumped. */
	return proc_text(pid, "status", STATUS_MAX, &b) && (line = strstr(b.s, "\nUid:")) &&
	       sscanf(line + 5, "%u %u %u %u", &id[0], &id[1], &id[2], &id[3]) == 4;
}

ssize_t
os_process_program(pid_t pid, char *out, size_t size)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
	return readlink(path, out, size);
}

unsigned long long
os_process_start(pid_t pid)
{
	AUTO(buf) b = BUF_INIT;
	unsigned long long start;
	char state, *p;

	if (!proc_text(pid, "stat", STAT_MAX, &b))
		return 0;
	/* The second field is the program's name in parentheses, and may itself contain any of " )" */
	p = strrchr(b.s, ')');
	if (!p || sscanf(p + 1, " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
			 &state, &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}

bool
os_process_arguments(pid_t pid, struct buf *out)
{
	return proc_text(pid, "cmdline", CMDLINE_MAX, out);
}

bool
os_process_can_have_arguments(pid_t pid)
{
	AUTO(buf) b = BUF_INIT;
	unsigned flags;
	char state, *p;

	if (!proc_text(pid, "stat", STAT_MAX, &b))
		return false;
	p = strrchr(b.s, ')');
	return p && sscanf(p + 1, " %c %*s %*s %*s %*s %*s %u", &state, &flags) == 2 && state != 'Z' && state != 'X' &&
	       !(flags & KERNEL_THREAD);
}

int
os_process_only(posix_spawn_file_actions_t *actions, short *flags)
{
	(void)flags;
	return posix_spawn_file_actions_addclosefrom_np(actions, 3);
}

void
os_process_follow_parent(int sig)
{
	prctl(PR_SET_PDEATHSIG, sig);
}

void
os_process_name(const char *name)
{
	prctl(PR_SET_NAME, name);
}

int
os_process_own_again(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
