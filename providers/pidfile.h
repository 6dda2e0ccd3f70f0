/*
 * providers/pidfile.h - which live process a pid file means.
 *
 * A number in a file proves nothing: the process may be long dead, and its number
 * somebody else's; and another user of the host can give a process of his any
 * arguments. Our host agent and the machine both keep a POSIX write lock on
 * their pid file for as long as they live, and the kernel tells who holds it: only
 * we can write to that file, so the holder is ours whatever user it became since.
 * A process of upstream's host agent, which locks nothing, is known by its user, its
 * program and the path of the file among its arguments, all three.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct error;
struct process;

/*
 * The process that owns `path`, now; 0: nobody. For telling and comparing: whoever
 * means to do something to it takes pidfile_hold(). Costs four system calls.
 * `path` as it stands in the arguments: absolute, no links.
 */
pid_t pidfile_process(const char *path);
/* The same; `absent`: there is no such file, nor a link of that name. */
pid_t pidfile_look(const char *path, bool *absent);
/* The same, held (base/process.h); false: nobody. */
bool pidfile_hold(const char *path, struct process *out);

/*
 * Become the owner: lock, write our number. Returns the descriptor, which must
 * stay open; the lock ends with the process, however that ends. EEXIST, and the
 * number in the message, if somebody else owns it.
 * Not inherited over fork(), and lost by closing *any* descriptor of that file.
 */
int pidfile_take(const char *path, struct error *err);

/*
 * May a process live that has not come to write its pid file yet, or whose file somebody took away? Whoever starts one
 * makes the file first, and one that runs listens on its socket: without a trace of either there is none.
 */
bool pidfile_leaves_doubt(const char *path, const char *socket);
/*
 * A live process of ours that runs one of `programs` (process_runs(); NULL-terminated; NULL: any) with
 * the argument pair `flag` `value`, for one that has not come to write its pid
 * file yet. Reads all of /proc: not for hot paths. False: none.
 */
bool pidfile_search(const char *const *programs, const char *flag, const char *value, struct process *out);
