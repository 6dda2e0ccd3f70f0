/* macOS's, and what Linux's C library has besides. */
#pragma once
#include_next <unistd.h>

extern char **environ;

int pipe2(int fd[2], int flags);
int dup3(int from, int to, int flags);
/* Flags are none yet. */
int close_range(unsigned first, unsigned last, int flags);
