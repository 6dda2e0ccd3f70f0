#include "base/os/clock.h"

#include <errno.h>
#include <limits.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int
os_clock_watch_again(int fd)
{
	struct itimerspec never = { .it_value.tv_sec = INT_MAX };

	/* The clock may be set once more in between, which the kernel tells, too. */
	while (timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0)
		if (errno != ECANCELED)
			return -1;
	return 0;
}

int
os_clock_watch(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC), why;

	if (fd < 0 || os_clock_watch_again(fd) == 0)
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

bool
os_clock_changed(int fd)
{
	unsigned long long rung;

	return read(fd, &rung, sizeof rung) < 0 && errno == ECANCELED;
}

static long long
clock_of_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* The one goes on while the host sleeps, the other does not. */
long long
os_clock_slept_ms(void)
{
	return clock_of_ms(CLOCK_BOOTTIME) - clock_of_ms(CLOCK_MONOTONIC);
}

int
os_timer_open(void)
{
	return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
}

void
os_timer_set(int timer, long long ms)
{
	struct itimerspec t = { .it_value = { ms / 1000, ms % 1000 * 1000000 } };

	timerfd_settime(timer, 0, &t, NULL);
}

bool
os_timer_rang(int timer)
{
	unsigned long long rung;

	return read(timer, &rung, sizeof rung) == sizeof rung;
}
