#include "base/os/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/event.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"

/* notify(3); its header is no part of the C library's. */
uint32_t notify_register_file_descriptor(const char *name, int *fd, int flags, int *token);

int
os_clock_watch(void)
{
	int fd = -1, token;

	if (notify_register_file_descriptor("com.apple.system.clock_set", &fd, 0, &token) != 0) {
		errno = EIO;
		return -1;
	}
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0)
		return fd;
	close(fd);
	return -1;
}

/* One token a notification. */
bool
os_clock_changed(int fd)
{
	bool any = false;
	int token;

	while (read(fd, &token, sizeof token) == sizeof token)
		any = true;
	return any;
}

int
os_clock_watch_again(int fd)
{
	(void)fd;
	return 0;
}

/* clock_gettime(3): the one goes on while the machine sleeps, the other does not. */
long long
os_clock_slept_ms(void)
{
	return (long long)((clock_gettime_nsec_np(CLOCK_MONOTONIC_RAW) - clock_gettime_nsec_np(CLOCK_UPTIME_RAW)) / 1000000);
}

int
os_timer_open(void)
{
	auto_close int queue = kqueue();

	return queue < 0 || fcntl(queue, F_SETFD, FD_CLOEXEC) < 0 ? -1 : steal_fd(queue);
}

void
os_timer_set(int timer, long long ms)
{
	struct kevent e;

	EV_SET(&e, 1, EVFILT_TIMER, ms ? EV_ADD | EV_ONESHOT : EV_DELETE, 0, ms, NULL);
	kevent(timer, &e, 1, NULL, 0, NULL);
}

bool
os_timer_rang(int timer)
{
	static const struct timespec at_once;
	struct kevent e;

	return kevent(timer, NULL, 0, &e, 1, &at_once) == 1;
}
