/* macOS's, and ppoll() of Linux, for reading alone and descriptors below FD_SETSIZE: else it is EINVAL. */
#pragma once
#include <signal.h>
#include <time.h>
#include_next <poll.h>

int ppoll(struct pollfd *v, nfds_t n, const struct timespec *timeout, const sigset_t *mask);
