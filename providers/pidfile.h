/*
 * providers/pidfile.h - which live process a pid file means.
 *
 * A number in a file proves nothing: the process may be long dead, and its
 * number somebody else's. Our host agent and QEMU (-pidfile) both keep a POSIX
 * write lock on their pid file for as long as they live, and the kernel tells
 * who holds it; a process of upstream's host agent, which locks nothing, is
 * known by the path of the file among its arguments.
 */
#pragma once
#include <sys/types.h>

struct error;

/*
 * The process that owns `path`, now: the holder of its lock, or else the
 * process of that number if one of its arguments is exactly `path`. 0: nobody.
 * Costs three system calls. `path` as it stands in the arguments: absolute, no links.
 */
pid_t pidfile_process(const char *path);

/*
 * Become the owner: lock, write our number. Returns the descriptor, which must
 * stay open; the lock ends with the process, however that ends. EEXIST, and the
 * number in the message, if somebody else owns it.
 * Not inherited over fork(), and lost by closing *any* descriptor of that file.
 */
int pidfile_take(const char *path, struct error *err);

/*
 * A live process with the argument pair `flag` `value`, for one that has not
 * come to write its pid file yet. Reads all of /proc: not for hot paths. 0: none.
 */
pid_t pidfile_search(const char *flag, const char *value);
