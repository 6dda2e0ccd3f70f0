/*
 * base/os/place.h - a place in a file system that is held by a descriptor: what it is can be seen, and what is below be reached, whatever is renamed.
 *
 * Linux: O_PATH, openat2(2), /proc/self/fd. macOS: O_EVTONLY and O_SYMLINK, O_NOFOLLOW_ANY, F_GETPATH of fcntl(2). There nothing is reached that
 * could not be read; and what is opened again is opened by the name that it has now, and compared.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct stat;

/* For openat(): the place itself, also if it is a link; and with a link at its end followed. They close on exec. */
extern const int os_place_flags, os_place_followed;

/* Where a link leads that is held. As readlink(2). */
ssize_t os_place_link(int place, char *out, size_t size);
/* No link on the way, nor at its end; nothing above `dir`. ENOSYS: this kernel cannot. */
int os_place_below(int dir, const char *rel, int flags);
bool os_place_below_is_known(void);
/*
 * Links are followed, as long as they lead to what is below `root`; with `out`, wherever they lead. macOS follows none that way (ELOOP), which a
 * guest then does itself.
 */
int os_place_inside(int root, const char *rel, int flags, bool out);
/* Where it is now; "" if nobody knows. `out` has PATH_MAX bytes. */
const char *os_place_path(int place, char *out);
/* What is there, opened, and nothing that has taken its name meanwhile. */
int os_place_reopen(int place, int flags);
int os_place_set_mode(int place, mode_t mode);
int os_place_set_times(int place, const struct timespec times[2]);
int os_place_set_owner(int place, uid_t user, gid_t group);
/* By which the socket of that name in the folder, or with NULL the one that is held, can be connected to; -1: longer than that. */
int os_place_socket(int place, const char *name, char *out, size_t size);
/* Some of the names, of 32 KiB at most, in a folder that is open for reading, on from where the last call ended: more than 0; 0 at the end; -1 with errno. */
ssize_t os_place_list(int folder, void (*each)(void *ctx, const char *name), void *ctx);
