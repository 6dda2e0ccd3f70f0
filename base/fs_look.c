/* Looking at files: what is not there, what is, and what cannot be told. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"

enum { ASIDE_TRIES = 100 };

/* A link is there, and what it names is not. */
static int
look_dangles(const char *path, struct error *err)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof target - 1);

	target[n > 0 ? n : 0] = '\0';
	return error_set(err, ENODEV, "%s: is a link to %s, which is not there; is that drive mounted?", path, target);
}

/* Nothing of that name: is the folder it would be in there, or one above that? 0, or -1 if one of them is a link to nowhere. */
static int
look_above(const char *path, struct error *err)
{
	auto_free char *dir = xstrdup(path);
	struct stat st;
	char *slash;

	while ((slash = strrchr(dir, '/')) && slash != dir) {
		*slash = '\0';
		if (stat(dir, &st) == 0)
			return 0;
		if (errno != ENOENT && errno != ENOTDIR)
			return error_errno(err, "%s", dir);
		if (lstat(dir, &st) == 0 && S_ISLNK(st.st_mode))
			return look_dangles(dir, err);
	}
	return 0;
}

static int
look_name(const char *path, struct stat *st, struct error *err)
{
	if (lstat(path, st) == 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR)
		return look_above(path, err);
	return error_errno(err, "%s", path);
}

int
fs_look(const char *path, struct stat *st, struct error *err)
{
	struct stat mine;
	int there;

	if (!st)
		st = &mine;
	there = look_name(path, st, err);
	if (there <= 0 || !S_ISLNK(st->st_mode))
		return there;
	if (stat(path, st) == 0)
		return 1;
	return errno == ENOENT || errno == ENOTDIR ? look_dangles(path, err) : error_errno(err, "%s", path);
}

int
fs_look_stamp(const char *path, struct arena *a, const char **stamp, struct error *err)
{
	struct stat st;
	int there = fs_look(path, &st, err);

	if (there > 0)
		*stamp = fs_stamp_of(a, &st);
	return there;
}

int
fs_look_derived(const char *path, struct arena *a, const char **stamp, struct error *err)
{
	struct stat st;
	int there = look_name(path, &st, err);

	if (there <= 0)
		return there;
	if (S_ISLNK(st.st_mode) && stat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : error_errno(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return 0;
	*stamp = fs_stamp_of(a, &st);
	return 1;
}

int
fs_read_given(const char *path, struct buf *out, size_t max, struct error *err)
{
	int there = fs_read_if(path, out, max, err);

	return there == 0 && fs_look(path, NULL, err) < 0 ? -1 : there;
}

int
fs_make_room(const char *path, struct error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : error_errno(err, "%s", path);
	if (S_ISREG(st.st_mode))
		return 0;
	if (!S_ISDIR(st.st_mode))
		return fs_unlink(path, err);
	if (rmdir(path) == 0)
		return 0;
	for (int i = 1; i < ASIDE_TRIES; i++) {
		auto_free char *aside = xasprintf("%s.moved-%d", path, i);

		if (!fs_exists(aside))
			return rename(path, aside) < 0 ? error_errno(err, "rename %s to %s", path, aside) : 0;
	}
	return error_set(err, ENOTEMPTY, "%s: is a folder where a file is wanted; move it away", path);
}

int
fs_drop(const char *path, struct error *err)
{
	return fs_make_room(path, err) < 0 ? -1 : fs_unlink(path, err);
}
