#include "base/os/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/attr.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

enum { LISTING = 32 * 1024, HOW = O_EVTONLY | O_CLOEXEC };

const int os_place_flags = HOW | O_SYMLINK, os_place_followed = HOW;

ssize_t
os_place_link(int place, char *out, size_t size)
{
	return freadlink(place, out, size);
}

static bool
leaves_folder(const char *rel)
{
	if (*rel == '/')
		return true;
	for (;;) {
		size_t n = strcspn(rel, "/");

		if (n == 2 && memcmp(rel, "..", 2) == 0)
			return true;
		if (!rel[n])
			return false;
		rel += n + 1;
	}
}

/* open(2): O_NOFOLLOW_ANY refuses links everywhere, so that the last name may be one takes a call more. */
int
os_place_below(int dir, const char *rel, int flags)
{
	const char *slash = strrchr(rel, '/');
	char head[PATH_MAX];
	auto_close int parent = -1;

	if (leaves_folder(rel) || strlen(rel) >= sizeof head) {
		errno = EXDEV;
		return -1;
	}
	if (!*rel)
		rel = ".";
	if (!(flags & O_SYMLINK))
		return openat(dir, rel, (flags & ~O_NOFOLLOW) | O_NOFOLLOW_ANY | O_CLOEXEC);
	if (!slash)
		return openat(dir, rel, flags);
	snprintf(head, sizeof head, "%.*s", (int)(slash - rel), rel);
	parent = openat(dir, head, HOW | O_DIRECTORY | O_NOFOLLOW_ANY);
	return parent < 0 ? -1 : openat(parent, slash[1] ? slash + 1 : ".", flags);
}

bool
os_place_below_is_known(void)
{
	return true;
}

int
os_place_inside(int root, const char *rel, int flags, bool out)
{
	return out ? openat(root, rel, flags | O_CLOEXEC) : os_place_below(root, rel, flags);
}

const char *
os_place_path(int place, char *out)
{
	if (fcntl(place, F_GETPATH, out) < 0)
		*out = '\0';
	return out;
}

int
os_place_reopen(int place, int flags)
{
	char path[PATH_MAX];
	struct stat was, is;
	auto_close int fd = -1;

	if (!*os_place_path(place, path)) {
		errno = ENOENT;
		return -1;
	}
	/* It is emptied once it is known to be the same. */
	fd = open(path, (flags & ~O_TRUNC) | O_NOFOLLOW_ANY | O_CLOEXEC);
	if (fd < 0 || fstat(place, &was) < 0 || fstat(fd, &is) < 0)
		return -1;
	if (was.st_dev != is.st_dev || was.st_ino != is.st_ino) {
		errno = ESTALE;
		return -1;
	}
	return flags & O_TRUNC && ftruncate(fd, 0) < 0 ? -1 : steal_fd(fd);
}

int
os_place_set_mode(int place, mode_t mode)
{
	return fchmod(place, mode);
}

int
os_place_set_times(int place, const struct timespec times[2])
{
	return futimens(place, times);
}

int
os_place_set_owner(int place, uid_t user, gid_t group)
{
	return fchown(place, user, group);
}

int
os_place_socket(int place, const char *name, char *out, size_t size)
{
	char path[PATH_MAX];

	if (!*os_place_path(place, path))
		return -1;
	return snprintf(out, size, "%s%s%s", path, name ? "/" : "", name ? name : "") < (int)size ? 0 : -1;
}

/* What getattrlistbulk(2) gives of each entry, when only names are asked for. */
struct entry {
	uint32_t length;
	attribute_set_t returned;
	attrreference_t name;
} __attribute__((aligned(4), packed));

ssize_t
os_place_list(int folder, void (*each)(void *ctx, const char *name), void *ctx)
{
	struct attrlist wanted = { .bitmapcount = ATTR_BIT_MAP_COUNT, .commonattr = ATTR_CMN_RETURNED_ATTRS | ATTR_CMN_NAME };
	_Alignas(8) char room[LISTING];
	int n = getattrlistbulk(folder, &wanted, room, sizeof room, 0);
	const char *at = room;

	for (int i = 0; i < n; i++) {
		struct entry e;

		memcpy(&e, at, sizeof e);
		if (e.returned.commonattr & ATTR_CMN_NAME)
			each(ctx, at + offsetof(struct entry, name) + e.name.attr_dataoffset);
		at += e.length;
	}
	return n;
}
