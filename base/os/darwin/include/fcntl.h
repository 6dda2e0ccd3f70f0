/* macOS's, and what Linux's C library has besides. */
#pragma once
#include_next <fcntl.h>

#define POSIX_FADV_SEQUENTIAL 2

/* The errno, or 0. */
int posix_fallocate(int fd, off_t from, off_t len);
int posix_fadvise(int fd, off_t from, off_t len, int advice);
