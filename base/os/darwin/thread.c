#include "base/os/thread.h"

#include <errno.h>

int
os_cond_init(pthread_cond_t *c)
{
	return pthread_cond_init(c, NULL);
}

int
os_cond_wait_until(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	struct timespec now, left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (struct timespec){ until->tv_sec - now.tv_sec, until->tv_nsec - now.tv_nsec };
	if (left.tv_nsec < 0)
		left = (struct timespec){ left.tv_sec - 1, left.tv_nsec + 1000000000 };
	return left.tv_sec < 0 ? ETIMEDOUT : pthread_cond_timedwait_relative_np(c, m, &left);
}
