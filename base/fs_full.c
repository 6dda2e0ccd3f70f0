/* Room on a disk: what is free, whether a copy needs any, and a full one in words. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/file.h"
#include "base/size.h"

/* Of what is not there yet, its folder is asked. */
static int
fs_full_look(const char *path, struct statvfs *out)
{
	auto_free char *at = xstrdup(path);
	char *slash;

	while (statvfs(*at ? at : "/", out) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return -1;
		slash = strrchr(at, '/');
		if (!slash)
			return statvfs(".", out);
		*slash = '\0';
	}
	return 0;
}

static uint64_t
fs_full_free(const struct statvfs *st)
{
	return (uint64_t)st->f_bavail * st->f_frsize;
}

bool
fs_free_bytes(const char *path, uint64_t *out)
{
	struct statvfs st;
	bool known = fs_full_look(path, &st) == 0;

	*out = known ? fs_full_free(&st) : 0;
	return known;
}

bool
fs_may_clone(const char *from, const char *folder)
{
	struct stat one, other;

	return stat(from, &one) == 0 && stat(folder, &other) == 0 && one.st_dev == other.st_dev && os_file_may_clone(folder);
}

int
fs_explain_full(struct error *err, const char *path)
{
	AUTO(arena) a = {0};
	struct statvfs st;

	if (!err || err->hint || (err->code != ENOSPC && err->code != EDQUOT))
		return -1;
	if (err->code == EDQUOT || fs_full_look(path, &st) < 0)
		return error_hint(err, "; free space and run the same command again");
	if (!st.f_favail && st.f_files)
		return error_hint(err, "; no further file can be made on the disk of %s: remove some, and run the same command again", path);
	return error_hint(err, "; %s are free on the disk of %s: free space and run the same command again",
			  size_text(&a, fs_full_free(&st)), path);
}
