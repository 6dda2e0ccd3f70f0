/*
 * base/syscalls.h - the system calls that a process keeps, or gives up, for itself and whatever it becomes, for good (seccomp(2); not on macOS).
 *
 * What it does not have fails with the errno that is given (ENOSYS: a C library that tries a newer call first falls back to the
 * older one); a call by the numbers of another architecture ends the process. It takes no_new_privs (base/privilege.h)
 * or root. Plain calls cost nothing: the kernel keeps a map of those that a filter always allows (Linux 5.11).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct call_list {
	const int *v;
	size_t n;
};

/* false: no such filters here: an old kernel, another architecture, or a sanitizer's build, which has calls of its own. */
bool syscalls_possible(void);
/* Only system calls themselves, so also for a child after fork(). -1 with errno; success where the kernel has no filters. */
int syscalls_keep(const int *calls, size_t n, int refusal);
int syscalls_lose(const int *calls, size_t n, int refusal);
/* No file gets a set-user-ID or set-group-ID bit by it any more: calls that would give one fail with EPERM. */
int syscalls_lose_set_id(void);
