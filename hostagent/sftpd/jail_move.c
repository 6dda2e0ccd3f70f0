/* Names that get another place, and links: where links that lead out are followed, none may be made or moved so that it leads elsewhere. */
#include "hostagent/sftpd/jail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

enum {
	SCAN_MAX = 20000,	/* names in a folder that is moved; one of more is copied by who wants it elsewhere */
	SCAN_DEPTH = 64,
};

static int
jail_move_fail(int code)
{
	errno = code;
	return -1;
}

static bool
jail_move_climbs(const char *target)
{
	return !strcmp(target, "..") || !strncmp(target, "../", 3) || strstr(target, "/../") ||
	       (strlen(target) >= 3 && !strcmp(target + strlen(target) - 3, "/.."));
}

/* Could a link with this text lead out of where it is? */
static bool
leads_up(const char *target)
{
	return *target == '/' || jail_move_climbs(target);
}

/* Would `name` lead elsewhere from another folder: as a link with `..`, or as a folder with such a link in it? `left`: names to look at. */
static bool
leads_elsewhere(int dir, const char *name, int depth, int *left)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(dir, name, text, sizeof text - 1);
	auto_dir DIR *d = NULL;
	int fd;

	if (--*left < 0 || depth > SCAN_DEPTH)
		return true;
	if (n >= 0) {
		text[n] = '\0';
		return jail_move_climbs(text);
	}
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno != ENOTDIR && errno != ENOENT;
	d = fdopendir(fd);
	for (struct dirent *e; d && (e = readdir(d));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    (e->d_type == DT_DIR || e->d_type == DT_LNK || e->d_type == DT_UNKNOWN) &&
		    leads_elsewhere(fd, e->d_name, depth + 1, left))
			return true;
	return !d;
}

static bool
jail_move_same_folder(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static bool
jail_move_may_go(const struct jail *t, int from, const char *name, int to)
{
	int left = SCAN_MAX;

	return !t->follow || jail_move_same_folder(from, to) || !leads_elsewhere(from, name, 0, &left);
}

int
jail_rename(const struct jail *t, struct wire_text from, struct wire_text to, bool over)
{
	char a[PATH_MAX], b[PATH_MAX];
	const char *old, *new;
	auto_close int old_dir = jail_parent(t, from, a, &old);
	auto_close int new_dir = old_dir < 0 ? -1 : jail_parent(t, to, b, &new);
	struct stat st;

	if (new_dir < 0)
		return -1;
	if (!jail_may_move(t, old_dir, old) || !jail_may_move(t, new_dir, new))
		return jail_move_fail(EACCES);
	if (!jail_move_may_go(t, old_dir, old, new_dir))
		return jail_move_fail(EXDEV);
	if (over)
		return renameat(old_dir, old, new_dir, new);
	if (renameat2(old_dir, old, new_dir, new, RENAME_NOREPLACE) == 0)
		return 0;
	/* Not every file system can do this. */
	if (errno != EINVAL)
		return -1;
	if (fstatat(new_dir, new, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return jail_move_fail(EEXIST);
	return renameat(old_dir, old, new_dir, new);
}

int
jail_link(const struct jail *t, struct wire_text from, struct wire_text to)
{
	char a[PATH_MAX], b[PATH_MAX];
	const char *old, *new;
	auto_close int old_dir = jail_parent(t, from, a, &old);
	auto_close int new_dir = old_dir < 0 ? -1 : jail_parent(t, to, b, &new);

	if (new_dir < 0)
		return -1;
	if (!jail_may_move(t, old_dir, old))
		return jail_move_fail(EACCES);
	return jail_move_may_go(t, old_dir, old, new_dir) ? linkat(old_dir, old, new_dir, new, 0) : jail_move_fail(EXDEV);
}

int
jail_symlink(const struct jail *t, struct wire_text target, struct wire_text path)
{
	char buffer[PATH_MAX], text[PATH_MAX];
	const char *name;
	auto_close int dir = jail_parent(t, path, buffer, &name);

	if (dir < 0)
		return -1;
	if (target.len >= sizeof text || memchr(target.p, '\0', target.len))
		return jail_move_fail(target.len >= sizeof text ? ENAMETOOLONG : EINVAL);
	memcpy(text, target.p, target.len);
	text[target.len] = '\0';
	if (t->follow && leads_up(text))
		return jail_move_fail(EXDEV);
	return symlinkat(text, dir, name);
}
