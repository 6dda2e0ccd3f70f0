/* macOS's, and memfd_create() of Linux: a file that has no name any more. */
#pragma once
#include_next <sys/mman.h>

enum { MFD_CLOEXEC = 1 };

int memfd_create(const char *name, unsigned flags);
