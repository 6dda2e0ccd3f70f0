#include "resources/instance_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "resources/disk_known.h"
#include "resources/instance_files.h"

enum { MAX_DEPTH = 8 };

static int
copy_link(const char *from, const char *to, struct error *err)
{
	char target[4096];
	ssize_t n = readlink(from, target, sizeof target - 1);

	if (n < 0)
		return error_errno(err, "read link %s", from);
	target[n] = '\0';
	return symlink(target, to) == 0 ? 0 : error_errno(err, "link %s", to);
}

static int instance_copy_folder(const char *from, const char *to, int depth, struct error *err);

static int
instance_copy_entry(const char *from, const char *to, int depth, struct error *err)
{
	struct stat st;

	if (lstat(from, &st) < 0)
		return error_errno(err, "stat %s", from);
	if (S_ISLNK(st.st_mode))
		return copy_link(from, to, err);
	if (S_ISDIR(st.st_mode))
		return instance_copy_folder(from, to, depth + 1, err);
	if (!S_ISREG(st.st_mode))
		return 0;
	/* A base of ours is read-only and named by its place beside the disk, so a copy shares it; an older upstream's is named by its path. */
	if (depth == 0 && !(st.st_mode & 0222) && !strcmp(strrchr(from, '/'), "/basedisk") && link(from, to) == 0)
		return 0;
	return fs_copy(from, to, st.st_mode & 07777, err) < 0 ? -1 : fs_fsync(to, err);
}

static int
instance_copy_folder(const char *from, const char *to, int depth, struct error *err)
{
	auto_dir DIR *d = depth < MAX_DEPTH ? opendir(from) : NULL;
	struct dirent *e;

	if (!d)
		return depth < MAX_DEPTH ? error_errno(err, "open %s", from) : error_set(err, ELOOP, "%s: too deep", from);
	if (mkdir(to, 0700) < 0)
		return error_errno(err, "mkdir %s", to);
	while ((errno = 0, e = readdir(d))) {
		auto_free char *src = xasprintf("%s/%s", from, e->d_name), *dst = xasprintf("%s/%s", to, e->d_name);

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || (depth == 0 && instance_file_copy(e->d_name) != FILE_COPIED))
			continue;
		if (instance_copy_entry(src, dst, depth, err) < 0)
			return -1;
	}
	return errno ? error_errno(err, "read %s", from) : fs_fsync(to, err);
}

int
dir_copy(const char *from, const char *to, struct error *err)
{
	if (instance_copy_folder(from, to, 0, err) == 0)
		return 0;
	fs_remove_tree(to, NULL);
	return -1;
}

int
dir_adopt(const char *dir, struct error *err)
{
	auto_dir DIR *d = opendir(dir);
	AUTO(arena) a = { 0 };
	struct disk_known k;
	struct dirent *e;
	int known;

	if (!d)
		return error_errno(err, "open %s", dir);
	/* The formats are noted while launch.json can still tell them: where it cannot be read, it is what tells them another time. */
	known = disk_known(dir, NULL, &a, &k, err);
	if (known < 0 || (known > 0 && disk_keep_known(&k, err) < 0))
		return -1;
	while ((e = readdir(d))) {
		auto_free char *path = xasprintf("%s/%s", dir, e->d_name);

		if (instance_file_copy(e->d_name) == FILE_LEFT && fs_remove_tree(path, err) < 0)
			return -1;
	}
	return 0;
}
