/* macOS's, and getrandom() of Linux: it never waits here, as numbers are there before the first process is. */
#pragma once
#include <sys/types.h>
#include_next <sys/random.h>

enum { GRND_NONBLOCK = 1 };

ssize_t getrandom(void *p, size_t n, unsigned flags);
