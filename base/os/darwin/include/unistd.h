/* macOS's, and what Linux's C library has besides. */
#pragma once
#include_next <unistd.h>

extern char **environ;

int pipe2(int fd[2], int flags);
int dup3(int from, int to, int flags);
/* To the disk itself, which fsync(2) of macOS does not promise. */
int darwin_fdatasync(int fd);
#define fdatasync(fd) darwin_fdatasync(fd)

/* Only with one number for all, as root: that is setuid(2). */
int setresuid(uid_t real, uid_t effective, uid_t saved);
int setresgid(gid_t real, gid_t effective, gid_t saved);
int execvpe(const char *program, char *const argv[], char *const env[]);
/* Flags are none yet. */
int close_range(unsigned first, unsigned last, int flags);
