#include "cli/home_owner.h"

#include <dirent.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"

static bool
is_foreign(const struct stat *st)
{
	return st->st_uid != geteuid() && st->st_uid != 0;
}

static int
refuse_foreign(const char *path, const struct stat *st, struct error *err)
{
	return error_set(err, ERR_REFUSED, "%s belongs to another user (uid %u), who could have put it there with keys and files of his; "
			 "set `LIMA_HOME` to a folder of your own", path, (unsigned)st->st_uid);
}

/* Everything in a home that is open to all: a folder of limactl's own, or an instance. */
static int
check_entries(const char *home, struct error *err)
{
	auto_dir DIR *d = opendir(home);

	for (struct dirent *e; d && (e = readdir(d));) {
		auto_free char *path = xasprintf("%s/%s", home, e->d_name), *yaml = xasprintf("%s/lima.yaml", path);
		struct stat st;

		if (*e->d_name == '.' || lstat(path, &st) < 0 || !is_foreign(&st) || (*e->d_name != '_' && access(yaml, F_OK) < 0))
			continue;
		return refuse_foreign(path, &st, err);
	}
	return 0;
}

int
home_is_ours(const char *home, struct error *err)
{
	auto_free char *path = xstrdup(home);
	struct stat above, st;
	size_t at = 0;

	if (*home != '/' || stat("/", &above) < 0)
		return 0;
	while (path[at]) {
		size_t end = at + 1 + strcspn(path + at + 1, "/");
		char kept = path[end];

		path[end] = '\0';
		if (lstat(path, &st) < 0)
			return 0;
		if ((above.st_mode & S_IWOTH) && is_foreign(&st))
			return refuse_foreign(path, &st, err);
		path[end] = kept;
		above = st;
		at = end;
	}
	return above.st_mode & S_IWOTH ? check_entries(home, err) : 0;
}
