/*
 * base/syscalls.h - the system calls that a process keeps, for itself and whatever it becomes, for good (seccomp(2)).
 *
 * Any other fails with ENOSYS, so that a C library which tries a newer call first falls back to the older one; one by the
 * numbers of another architecture ends the process. It takes no_new_privs (base/privilege.h) or root. Plain calls
 * cost nothing: the kernel keeps a map of those that a filter always allows (Linux 5.11).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* false: no such filters here (an old kernel, a sanitizer's build, another architecture), and all calls stay. */
bool syscalls_possible(void);
/* Only system calls itself, so also for a child after fork(). -1 with errno. */
int syscalls_keep(const int *calls, size_t n);
