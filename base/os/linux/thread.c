#include "base/os/thread.h"

int
os_cond_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;
	int r;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	r = pthread_cond_init(c, &attr);
	pthread_condattr_destroy(&attr);
	return r;
}

int
os_cond_wait_until(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	return pthread_cond_timedwait(c, m, until);
}
