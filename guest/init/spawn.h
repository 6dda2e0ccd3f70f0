/*
 * guest/init/spawn.h - other programs: run to their end, or kept running.
 */
#pragma once
#include <sys/types.h>

struct spawn {
	const char *const *argv;	/* argv[0] is a path */
	char *const *env;		/* NULL: ours */
	const char *dir;		/* to start in; NULL: "/" */
	void (*ready)(void);		/* called in the new process before it becomes the other program: it may set our environment; NULL */
	const char *log;		/* stdout and stderr are appended to this file; NULL: to the log */
};

/*
 * Runs it to its end and shows its output on the console then. Returns its wait status,
 * or -1 when it could not be started (already said).
 */
int spawn_run(const struct spawn *s);
/* The same in two steps, for what is started early and waited for later. */
pid_t spawn_start(const struct spawn *s);
/* Waits for a child of ours; its wait status. */
int spawn_wait(pid_t pid);
/* "exit status 3", "killed by signal 9" into a static-size text */
struct spawn_text {
	char s[40];
};
struct spawn_text spawn_status(int status);
/*
 * Keeps it running from a child process of ours, which starts it again when it ends:
 * at once, but at most every two seconds. Returns that process.
 */
pid_t spawn_service(const char *name, const struct spawn *s);
