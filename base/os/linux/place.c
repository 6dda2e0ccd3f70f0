#include "base/os/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	TRIES = 16,
	NAME = 32,
	LISTING = 32 * 1024,
};

const int os_place_flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, os_place_followed = O_PATH | O_CLOEXEC;

static const char *
fd_name(int fd, char out[NAME])
{
	snprintf(out, NAME, "/proc/self/fd/%d", fd);
	return out;
}

ssize_t
os_place_link(int place, char *out, size_t size)
{
	return readlinkat(place, "", out, size);
}

/* EAGAIN: something was moved meanwhile, and the kernel does not know whether a link's `..` leads out */
static int
place_resolve(int dir, const char *rel, const struct open_how *how)
{
	int fd = -1;

	for (int i = 0; i < TRIES; i++) {
		fd = (int)syscall(SYS_openat2, dir, rel, how, sizeof *how);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
}

int
os_place_below(int dir, const char *rel, int flags)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC | O_NOFOLLOW),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return place_resolve(dir, *rel ? rel : ".", &how);
}

bool
os_place_below_is_known(void)
{
	/* No size is this small: where the call is known it says so. */
	return syscall(SYS_openat2, -1, "", NULL, 0) >= 0 || errno != ENOSYS;
}

int
os_place_inside(int root, const char *rel, int flags, bool out)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS | (out ? 0 : RESOLVE_BENEATH),
	};

	return place_resolve(root, rel, &how);
}

const char *
os_place_path(int place, char *out)
{
	char name[NAME];
	ssize_t n = readlink(fd_name(place, name), out, PATH_MAX - 1);

	out[n > 0 ? n : 0] = '\0';
	return out;
}

int
os_place_reopen(int place, int flags)
{
	char name[NAME];

	return open(fd_name(place, name), flags | O_CLOEXEC);
}

/* There is no fchmod() of a descriptor that is only a place. */
int
os_place_set_mode(int place, mode_t mode)
{
	char name[NAME];

	return chmod(fd_name(place, name), mode);
}

int
os_place_set_times(int place, const struct timespec times[2])
{
	return utimensat(place, "", times, AT_EMPTY_PATH);
}

int
os_place_set_owner(int place, uid_t user, gid_t group)
{
	return fchownat(place, "", user, group, AT_EMPTY_PATH);
}

int
os_place_socket(int place, const char *name, char *out, size_t size)
{
	return snprintf(out, size, "/proc/self/fd/%d%s%s", place, name ? "/" : "", name ? name : "") < (int)size ? 0 : -1;
}

ssize_t
os_place_list(int folder, void (*each)(void *ctx, const char *name), void *ctx)
{
	_Alignas(struct dirent64) char entries[LISTING];
	ssize_t len = getdents64(folder, entries, sizeof entries);
	const struct dirent64 *d;

	for (ssize_t at = 0; at < len; at += d->d_reclen) {
		d = (const struct dirent64 *)(entries + at);
		each(ctx, d->d_name);
	}
	return len;
}
