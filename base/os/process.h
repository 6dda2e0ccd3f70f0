/*
 * base/os/process.h - what the system knows of a process.
 *
 * Linux: pidfd_open(2), /proc/PID. macOS: a kqueue(2) with EVFILT_PROC, proc_pidinfo() of libproc, sysctl(3). There a process is signalled by its
 * number, after a look whether it has ended: one of our children keeps its number until it is reaped; of another process the number
 * could pass on between the two calls.
 */
#pragma once
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;

/* A descriptor that can be read from once the process has ended, and closes on exec; -1 with errno. An ended child that waits to be reaped has one. */
int os_process_end(pid_t pid);
/* -1 with errno; ESRCH: it has ended. */
int os_process_signal(int end, pid_t pid, int sig);
/* The same with a number, of which its handler learns (siginfo's si_value). ENOTSUP on macOS, where signals carry none. */
int os_process_tell(int end, pid_t pid, int sig, int value);
/* Real, effective, saved, and that of files. */
bool os_process_users(pid_t pid, unsigned id[4]);
/* Bytes of the path, not ended by a NUL; -1: nobody, or not to be told. " (deleted)" may be behind it. */
ssize_t os_process_program(pid_t pid, char *out, size_t size);
/* Of one number space a host, growing with time; 0: no such process, or an ended one. */
unsigned long long os_process_start(pid_t pid);
/* Its arguments, each with its NUL, behind what `out` has; false: no such process. None: it has none, now. */
bool os_process_arguments(pid_t pid, struct buf *out);
/* Does it have arguments by its nature? Neither an ended one nor one of the kernel's own has any. */
bool os_process_can_have_arguments(pid_t pid);

/* A program that is begun with these has no descriptor but the first three and those that are put there. `flags` are those of its attributes. */
int os_process_only(posix_spawn_file_actions_t *actions, short *flags);

/* This process, or a child after fork(), is sent `sig` when its parent ends. macOS has no such thing: there it ends with its work. */
void os_process_follow_parent(int sig);
/* By what name lists of processes have it; macOS: of its thread. */
void os_process_name(const char *name);
/* After a change of user: what is its own by /proc is that again. */
int os_process_own_again(void);
