/*
 * base/os/file.h - what file systems can do besides POSIX.
 *
 * Linux: FICLONE, copy_file_range(2), fallocate(2), statfs(2), extended attributes. macOS: clonefile(2) of APFS, F_PUNCHHOLE of fcntl(2),
 * statfs(2), copyfile(3).
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct stat;

/* `to`, which `out` is open on for writing, becomes a copy of `in` that shares its bytes. -1: not here, and it is as it was. */
int os_file_clone(int in, int out, const char *to);
/* May that be on the file system of this folder? */
bool os_file_may_clone(const char *folder);
/* Moves both offsets on by what it returns; -1 with errno, 0 at the end of the file. */
ssize_t os_file_copy(int in, off_t *from, int out, off_t *to, size_t len);
/* Access lists, labels and the like, as far as that is ours to do. */
void os_file_copy_attributes(const char *from, int to);
/* The first bytes are a hole from now on; as many as make whole blocks. -1 with errno. */
int os_file_give_up(int fd, off_t bytes);
bool os_file_is_null(const struct stat *st);
bool os_file_on_nfs(const char *path);
/* As many bytes at least as are in a pipe; 0: not known. */
size_t os_file_pipe_holds(int fd);
