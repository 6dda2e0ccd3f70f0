/*
 * base/os/thread.h - waits by a clock that nobody sets.
 *
 * Linux: pthread_condattr_setclock(3). macOS has no such attribute, and waits for a time instead (pthread_cond_timedwait_relative_np).
 */
#pragma once
#include <pthread.h>
#include <time.h>

int os_cond_init(pthread_cond_t *c);
/* `until` is of CLOCK_MONOTONIC. 0, ETIMEDOUT or another errno. */
int os_cond_wait_until(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until);
