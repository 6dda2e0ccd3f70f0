#include "guest/init/power.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "guest/init/log.h"
#include "guest/init/root.h"

/* As busybox's and systemd's tools send them: SIGUSR1, SIGUSR2, SIGPWR mean off; SIGTERM and SIGINT mean again. */
enum { BUTTONS = 8, GRACE_MS = 1500 };

static struct pollfd watch[1 + BUTTONS];	/* [0] the signals, then buttons */
static nfds_t n_watch;

static bool
has_power_key(int fd)
{
	unsigned char keys[KEY_MAX / 8 + 1] = { 0 };

	return ioctl(fd, EVIOCGBIT(EV_KEY, sizeof keys), keys) >= 0 && keys[KEY_POWER / 8] & 1 << KEY_POWER % 8;
}

void
power_watch(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < 6; i++)
		sigaddset(&set, (const int[]){ SIGCHLD, SIGUSR1, SIGUSR2, SIGPWR, SIGTERM, SIGINT }[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	reboot(RB_DISABLE_CAD);
	watch[0] = (struct pollfd){ .fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN };
	n_watch = 1;
	for (int i = 0; i < 32 && n_watch < ARRAY_LEN(watch); i++) {
		char path[40];
		int fd;

		snprintf(path, sizeof path, "/dev/input/event%d", i);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd >= 0 && has_power_key(fd))
			watch[n_watch++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		else if (fd >= 0)
			close(fd);
	}
	if (n_watch == 1)
		init_say("no power button: the host cannot ask this guest to shut down");
}

static void
power_reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static bool
power_pressed(int fd)
{
	struct input_event e;
	bool down = false;

	while (read(fd, &e, sizeof e) == sizeof e)
		down |= e.type == EV_KEY && e.code == KEY_POWER && e.value == 1;
	return down;
}

/* The reboot(2) command that was asked for; 0: none yet. */
static int
power_asked(void)
{
	struct signalfd_siginfo si;

	if (poll(watch, n_watch, -1) < 0)
		return 0;
	while (read(watch[0].fd, &si, sizeof si) == sizeof si) {
		if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT)
			return RB_AUTOBOOT;
		if (si.ssi_signo != SIGCHLD)
			return RB_POWER_OFF;
	}
	power_reap();
	for (nfds_t i = 1; i < n_watch; i++)
		if (power_pressed(watch[i].fd))
			return RB_POWER_OFF;
	return 0;
}

/* Until no child is left, or the time is up. */
static bool
all_gone(int timeout_ms)
{
	struct signalfd_siginfo si;
	struct timespec t, end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		long left;

		if (pid < 0 && errno == ECHILD)
			return true;
		if (pid > 0)
			continue;
		clock_gettime(CLOCK_MONOTONIC, &t);
		left = timeout_ms - (t.tv_sec - end.tv_sec) * 1000 - (t.tv_nsec - end.tv_nsec) / 1000000;
		if (left <= 0 || poll(watch, 1, (int)left) < 0)
			return false;
		while (read(watch[0].fd, &si, sizeof si) == sizeof si)
			;
	}
}

_Noreturn void
power_wait(void)
{
	int how;

	while (!(how = power_asked()))
		;
	init_say(how == RB_POWER_OFF ? "going down for power-off" : "going down for reboot");
	kill(-1, SIGTERM);
	kill(-1, SIGHUP);	/* interactive shells ignore SIGTERM */
	kill(-1, SIGCONT);
	if (!all_gone(GRACE_MS)) {
		init_say("some processes did not end: killed");
		kill(-1, SIGKILL);
		all_gone(GRACE_MS);
	}
	root_down();
	reboot(how);
	for (;;)
		pause();
}

int
power_command(const char *name, int argc, char **argv)
{
	int sig = strcmp(name, "reboot") == 0 ? SIGTERM : SIGUSR2;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-r") == 0 || strcmp(argv[i], "--reboot") == 0)
			sig = SIGTERM;
	if (kill(1, sig) == 0)
		return 0;
	fprintf(stderr, "%s: %s\n", name, strerror(errno));
	return 1;
}
