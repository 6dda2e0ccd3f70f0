#include "providers/fetch/cache_owner.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"

static bool
owner_is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() || st->st_uid == 0;
}

static bool
others_write(const struct stat *st)
{
	return st->st_mode & (S_IWGRP | S_IWOTH);
}

bool
cache_folder_is_ours(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && owner_is_ours(&st) && !others_write(&st);
}

bool
cache_file_is_ours(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && owner_is_ours(&st) && !others_write(&st);
}

/* Nobody else can put another folder in the place of what is in this one. */
static bool
way_is_ours(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT;
	return owner_is_ours(&st) && (S_ISLNK(st.st_mode) || !others_write(&st) || (st.st_mode & S_ISVTX));
}

bool
cache_place_is_ours(const char *cache)
{
	static const char *const inside[] = { "", "/download", "/download/by-url-sha256" };
	auto_free char *real = fs_realpath(cache);

	if (!way_is_ours(cache))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
		auto_free char *path = xasprintf("%s%s", real, inside[i]);

		if (fs_exists(path) && !cache_folder_is_ours(path))
			return false;
	}
	for (char *slash; (slash = strrchr(real, '/')) && slash != real;) {
		*slash = '\0';
		if (!way_is_ours(real))
			return false;
	}
	return true;
}
