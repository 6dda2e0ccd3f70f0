#include "hostagent/sftpd/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"
#include "base/os/place.h"
#include "base/path_rest.h"

enum {
	TRIES = 16,		/* at a file that comes and goes */
	RIGHTS = 0777,		/* of a file: what makes its user somebody else is not the guest's to give */
	FOLDER_RIGHTS = 01777,
};

static int
jail_fail(int code)
{
	errno = code;
	return -1;
}

/* Is what is at `path` the thing behind `hidden`, or in it? */
static bool
jail_is_within(int hidden, const char *path)
{
	char top[PATH_MAX];

	/* What the kernel does not name is taken for hidden. */
	return !*os_place_path(hidden, top) || path_rest(path, top);
}

static bool
is_hidden(const struct jail *t, int fd)
{
	char path[PATH_MAX];

	if (!t->nhidden)
		return false;
	os_place_path(fd, path);
	for (size_t i = 0; i < t->nhidden; i++)
		if (jail_is_within(t->hidden[i], path))
			return true;
	return false;
}

static int
jail_lookup(const struct jail *t, const char *name, int flags)
{
	int fd = os_place_inside(t->root, name, flags, t->follow);

	if (fd >= 0 && is_hidden(t, fd)) {
		close(fd);
		return jail_fail(EACCES);
	}
	return fd;
}

int
jail_open(struct jail *t, int root, const char *location, bool writable, bool follow)
{
	struct jail new = { .root = root, .location = location, .writable = writable, .follow = follow };
	int fd = jail_lookup(&new, ".", os_place_followed);

	if (fd < 0) {
		jail_close(&new);
		return -1;
	}
	close(fd);
	*t = new;
	return 0;
}

void
jail_hide(struct jail *t, const char *path)
{
	auto_close int fd = open(path, os_place_followed);
	char root[PATH_MAX];

	if (fd < 0 || jail_is_within(fd, os_place_path(t->root, root)))
		return;
	t->hidden = xrealloc(t->hidden, t->nhidden + 1, sizeof *t->hidden);
	t->hidden[t->nhidden++] = steal_fd(fd);
}

void
jail_close(struct jail *t)
{
	int code = errno;

	close(t->root);
	for (size_t i = 0; i < t->nhidden; i++)
		close(t->hidden[i]);
	free(t->hidden);
	errno = code;
}

/* The path below the root, "." for itself; `out` holds PATH_MAX. */
static int
jail_relative(const struct jail *t, struct wire_text path, char *out)
{
	char text[PATH_MAX], *part, *save;
	const char *from = text;
	size_t n = 0;

	if (path.len >= sizeof text)
		return jail_fail(ENAMETOOLONG);
	if (memchr(path.p, '\0', path.len))
		return jail_fail(EINVAL);
	memcpy(text, path.p, path.len);
	text[path.len] = '\0';
	if (*text == '/' && !(from = path_rest(text, t->location)))
		return jail_fail(EXDEV);
	for (part = strtok_r(text + (from - text), "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		if (!strcmp(part, ".."))
			return jail_fail(EXDEV);
		if (strcmp(part, ".") != 0)
			n += (size_t)sprintf(out + n, "%s%s", n ? "/" : "", part);
	}
	if (!n)
		memcpy(out, ".", 2);
	return 0;
}

int
jail_absolute(const struct jail *t, struct wire_text path, char *out)
{
	char name[PATH_MAX];
	size_t n = strlen(t->location);

	if (jail_relative(t, path, name) < 0)
		return -1;
	while (n > 1 && t->location[n - 1] == '/')
		n--;
	if (!strcmp(name, "."))
		*name = '\0';
	if (snprintf(out, PATH_MAX, "%.*s%s%s", (int)n, t->location, *name && n > 1 ? "/" : "", name) >= PATH_MAX)
		return jail_fail(ENAMETOOLONG);
	return 0;
}

int
jail_look(const struct jail *t, struct wire_text path, bool last)
{
	char name[PATH_MAX];

	return jail_relative(t, path, name) < 0 ? -1 : jail_lookup(t, name, last ? os_place_followed : os_place_flags);
}

/* What was found, and nothing that has taken its name meanwhile. What is written anew makes nobody somebody else any more. */
static int
jail_reopen(int fd, int flags)
{
	struct stat st;
	int new;

	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode))
		return jail_fail(S_ISDIR(st.st_mode) ? EISDIR : EACCES);
	new = os_place_reopen(fd, flags);
	/* The kernel does this for all but root, and for root's changes to files of others. */
	if (new >= 0 && (flags & O_ACCMODE) != O_RDONLY && st.st_mode & (S_ISUID | S_ISGID))
		(void)!fchmod(new, st.st_mode & RIGHTS);
	return new;
}

int
jail_parent(const struct jail *t, struct wire_text path, char *buffer, const char **name)
{
	char *slash;

	if (!t->writable)
		return jail_fail(EROFS);
	if (jail_relative(t, path, buffer) < 0)
		return -1;
	if (!strcmp(buffer, "."))
		return jail_fail(EBUSY);
	slash = strrchr(buffer, '/');
	*name = slash ? slash + 1 : buffer;
	if (slash)
		*slash = '\0';
	return jail_lookup(t, slash ? buffer : ".", os_place_followed | O_DIRECTORY);
}

/* Another home would be put in the place of the one that is hidden, if what is above it could go. */
static bool
holds_hidden(const struct jail *t, int fd)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < t->nhidden; i++)
		if (jail_is_within(fd, os_place_path(t->hidden[i], path)))
			return true;
	return false;
}

bool
jail_may_move(const struct jail *t, int dir, const char *name)
{
	auto_close int fd = t->nhidden == 0 ? -1 : openat(dir, name, os_place_flags);

	return fd < 0 || (!is_hidden(t, fd) && !holds_hidden(t, fd));
}

/* A new file, and none that is there. */
static int
jail_create(const struct jail *t, struct wire_text path, int flags, mode_t mode)
{
	char buffer[PATH_MAX];
	const char *name;
	auto_close int dir = jail_parent(t, path, buffer, &name);

	return dir < 0 ? -1 : openat(dir, name, flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & RIGHTS);
}

int
jail_file(const struct jail *t, struct wire_text path, uint32_t flags, mode_t mode)
{
	static const int access[] = { O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR };
	int how = access[flags & (FXF_READ | FXF_WRITE)] | (flags & FXF_APPEND ? O_APPEND : 0);
	bool new = flags & FXF_CREAT, only_new = new && flags & FXF_EXCL;
	char name[PATH_MAX];

	if (!t->writable && flags & ~(uint32_t)FXF_READ)
		return jail_fail(EROFS);
	if (jail_relative(t, path, name) < 0)
		return -1;
	for (int i = 0; i < TRIES; i++) {
		auto_close int found = only_new ? -1 : jail_lookup(t, name, os_place_followed);
		int fd;

		if (found >= 0)
			return jail_reopen(found, how | (flags & FXF_TRUNC ? O_TRUNC : 0));
		if (!new || (!only_new && errno != ENOENT))
			return -1;
		fd = jail_create(t, path, how, mode);
		if (fd >= 0 || errno != EEXIST || only_new)
			return fd;
	}
	return -1;
}

int
jail_folder(const struct jail *t, struct wire_text path)
{
	char name[PATH_MAX];

	return jail_relative(t, path, name) < 0 ? -1 : jail_lookup(t, name, O_RDONLY | O_DIRECTORY);
}

int
jail_mkdir(const struct jail *t, struct wire_text path, mode_t mode)
{
	char buffer[PATH_MAX];
	const char *name;
	auto_close int dir = jail_parent(t, path, buffer, &name);

	return dir < 0 ? -1 : mkdirat(dir, name, mode & FOLDER_RIGHTS);
}

int
jail_remove(const struct jail *t, struct wire_text path, bool folder)
{
	char buffer[PATH_MAX];
	const char *name;
	auto_close int dir = jail_parent(t, path, buffer, &name);

	if (dir >= 0 && !jail_may_move(t, dir, name))
		return jail_fail(EACCES);
	return dir < 0 ? -1 : unlinkat(dir, name, folder ? AT_REMOVEDIR : 0);
}

static int
set_size(int fd, uint64_t size)
{
	auto_close int again = -1;

	if (size > INT64_MAX)
		return jail_fail(EFBIG);
	/* A file that is open for writing needs no right to be opened again. */
	if (ftruncate(fd, (off_t)size) == 0)
		return 0;
	again = jail_reopen(fd, O_WRONLY);
	return again < 0 ? -1 : ftruncate(again, (off_t)size);
}

static int
set_mode(int fd, mode_t mode)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (S_ISLNK(st.st_mode))
		return jail_fail(EOPNOTSUPP);
	mode &= 07777;
	if (!S_ISDIR(st.st_mode) && mode & (S_ISUID | S_ISGID) & ~st.st_mode)
		return jail_fail(EPERM);
	return os_place_set_mode(fd, mode);
}

/* In whole seconds, as the protocol has them: one that says no more than what is there leaves it, with its fraction. */
static int
set_times(int fd, const struct wire_attrs *a)
{
	struct timespec times[] = { { .tv_sec = a->atime }, { .tv_sec = a->mtime } };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (st.st_mtim.tv_sec == times[1].tv_sec)
		times[1] = st.st_mtim;
	return os_place_set_times(fd, times);
}

int
jail_set(const struct jail *t, int fd, const struct wire_attrs *a)
{
	int code = 0;

	if (!t->writable)
		return jail_fail(EROFS);
	if (a->flags & ATTR_SIZE && set_size(fd, a->size) < 0)
		code = errno;
	if (a->flags & ATTR_MODE && set_mode(fd, a->mode) < 0)
		code = errno;
	if (a->flags & ATTR_TIMES && set_times(fd, a) < 0)
		code = errno;
	if (a->flags & ATTR_OWNER && os_place_set_owner(fd, a->uid, a->gid) < 0)
		code = errno;
	return code ? jail_fail(code) : 0;
}
