/* macOS's, and what Linux's C library has besides. */
#pragma once
#include_next <string.h>

void *memrchr(const void *p, int c, size_t n);
void explicit_bzero(void *p, size_t n);
