/* providers/launch_files.h - what the launch of a machine says that it can open (launch.h), made true of a process after fork(). */
#pragma once
#include <stddef.h>

/* What is not there cannot be opened; without Landlock, or with its first version, which lets nobody move a file, all can. -1 with errno. */
int launch_files_confine(const char *const *files, size_t nfiles);
