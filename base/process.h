/*
 * base/process.h - one live process, held so that its number cannot pass to somebody else.
 *
 * A number read from a file or from /proc names whoever has it when it is used. So a
 * caller holds the process first (a pidfd), then looks at what it is, then asks whether
 * it still lives: if it does, what was seen is true of the process that is held.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct error;

struct process {
	pid_t pid;		/* 0: none; then `fd` means nothing */
	int fd;			/* a pidfd */
};

/* False, and `out` none: there is no such process, or it has ended and waits to be reaped. */
bool process_hold(pid_t pid, struct process *out);
void process_release(struct process *p);
bool process_is_alive(const struct process *p);
/* Are all of its user ids ours? Those of a set-user-ID program that somebody else started are not. */
bool process_is_ours(const struct process *p);
bool process_is_of(const struct process *p, unsigned uid);
/* One that has ended is success. */
int process_signal(const struct process *p, int sig, struct error *err);
/* The same with a number, which its handler gets; `sig` is one of those that queue (SIGRTMIN and on). */
int process_tell(const struct process *p, int sig, int value, struct error *err);
/* Waits for its end, for ever if timeout_ms < 0: 1 gone, 0 timed out or *cancel became non-zero. A child is reaped. */
int process_wait(const struct process *p, int timeout_ms, const volatile int *cancel);
/*
 * Does it run that program? `program` is a full path, or the beginning of a file's name
 * if it has no slash. A file that was replaced since counts by its name.
 */
bool process_runs(const struct process *p, const char *program);
