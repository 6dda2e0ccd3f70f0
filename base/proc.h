/*
 * base/proc.h - other programs, and the identity of processes.
 *
 * argv arrays, never a shell. Children get /dev/null as stdin and close every
 * descriptor but the ones asked for. A process is named by its pid *and* start
 * time (proc(5), field 22), so that a reused number is never taken for it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct error;
struct sandbox;

struct proc_opts {
	const char *const *env_add;	/* "K=V", NULL-terminated, over ours; or NULL */
	char *const *env;		/* in place of ours; or NULL */
	const char *input;		/* given on stdin; or NULL */
	size_t input_len;
	struct buf *out;		/* stdout; NULL: joined with stderr into the error text */
	bool both;			/* stderr to `out` too: for programs that answer there */
	bool keep_out;			/* `out` keeps what a program wrote that failed: diff */
	void (*line)(void *ctx, const char *text, size_t len);	/* each whole line of `out` as soon as it is there, and then what the last one lacks of it; or NULL */
	void *line_ctx;
	int timeout_ms;			/* 0: none; then SIGKILL and ETIMEDOUT */
	int *status;			/* becomes its exit status, where it came to its end by itself; or NULL */
	const struct sandbox *sandbox;	/* what it may still do (base/sandbox.h); NULL: all that we may */
	const volatile int *cancel;	/* non-zero: SIGTERM, then ERR_CANCELLED; or NULL */
};

/*
 * Runs argv[0] (searched in PATH) to its end. A non-zero exit is ERR_CHILD with
 * "NAME: exit status N: last line of its stderr".
 */
int proc_run(const char *const argv[], const struct proc_opts *o, struct error *err);

struct proc_daemon {
	const char *stdout_path;	/* truncated; NULL: /dev/null */
	const char *stderr_path;
	const char *const *env_add;
};

/* Starts a process that outlives us: its own session, no terminal, no descriptors of ours. Returns its pid. */
pid_t proc_daemon(const char *const argv[], const struct proc_daemon *d, struct error *err);

/* Clock ticks since boot at which `pid` began; 0: no such process (or a zombie). */
unsigned long long proc_start_time(pid_t pid);
/* Its arguments, each with its NUL; false: no such process, or one that has none (a zombie, a kernel thread). */
bool proc_arguments(pid_t pid, struct buf *out);
/* Is `pid` alive, began at `start` (0: any), and does one of its arguments contain `marker` (NULL: any)? */
bool proc_is(pid_t pid, unsigned long long start, const char *marker);
/* A pid file's number; 0: absent, empty or not a positive number. */
pid_t proc_read_pid(const char *path);
/* Waits until `pid` (with that start time; 0: any) is gone, for ever if timeout_ms < 0: 1 gone, 0 timed out or *cancel became non-zero. pidfd, no polling. Reaps it if it is our child. */
int proc_wait_gone(pid_t pid, unsigned long long start, int timeout_ms, const volatile int *cancel);
/* Full path of a program in PATH (or itself if it has a slash); NULL when not there; to free. */
char *proc_find(const char *name);
