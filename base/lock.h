/*
 * base/lock.h - lock files between processes of one user, that do not stay.
 *
 * A lock is an flock on a regular file of ours; its content is the holder's pid, a hint for who waits. Whoever has it
 * removes the file when it lets go, and who took a file that is no longer the one of that name tries again, so that
 * two never hold one lock. A file that a killed holder left is taken over, and goes with the next release. What is
 * no regular file of ours (a link, a FIFO, another user's) is refused, never opened or written.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct error;
struct process;

struct lock_wait {
	bool shared;				/* together with others that take it so */
	const volatile int *cancel;		/* non-zero: ERR_CANCELLED; or NULL */
	void (*told)(void *ctx, pid_t holder);	/* once, before the wait; holder 0: not known */
	void *ctx;
};

/*
 * Takes the lock `path`, whose folder exists. `w` NULL: without waiting; EWOULDBLOCK in err->code if it is held, with
 * the holder's pid in *holder (0: not known). Returns the descriptor for lock_release(), or -1.
 */
int lock_take(const char *path, const struct lock_wait *w, pid_t *holder, struct error *err);
void lock_release(int fd, const char *path);
/* Takes away what killed holders have left in that folder of locks (NAME.lock), where nobody may ever ask for that name again. */
void lock_sweep(const char *folder);

/* What the holder does, a word, and a number to speak of it with, for lock_holder(). */
void lock_note(int fd, const char *word, int number);
/* Has anybody got it? Waits for nothing. */
bool lock_is_held(const char *path);
/*
 * Is the lock held, by a limactl of ours that noted `word` (NULL: whatever it noted)? Then that is held (base/process.h); waits for nothing.
 * `number` may be NULL; -1: none was noted.
 */
bool lock_holder(const char *path, const char *word, struct process *out, int *number);
