/*
 * base/seccomp.h - system calls that a process gives up, for itself and its children, for good.
 *
 * What is given up fails with EPERM; a call by another architecture's numbers ends the process. Needs no_new_privs, or
 * root. -1 with errno; success where the kernel has no such filters. Only calls that are allowed after fork().
 */
#pragma once

/* Nothing is left but to read, write and cut what is open, memory, the clock and exit. */
int seccomp_compute(void);
/* No sockets, no other process, no mounts and name spaces, nothing of the kernel's own. */
int seccomp_keep_to_itself(void);
