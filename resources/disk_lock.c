#include "resources/disk_lock.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/ha_client.h"
#include "providers/qemu_proc.h"
#include "resources/common.h"

/* the folder that holds `link`, or "" */
static void
holder(const char *link, char out[PATH_MAX])
{
	ssize_t n = readlink(link, out, PATH_MAX - 1);

	out[n > 0 ? n : 0] = '\0';
}

int
disk_lock(const struct env *env, const struct resource *r, const char *disk, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	auto_free char *link = xasprintf("%s/_disks/%s/in_use_by", env->home, disk);
	char has[PATH_MAX];

	holder(link, has);
	if (*has && strcmp(has, dir) != 0 && (ha_pid(has) > 0 || qemu_pid(has, 0) > 0))
		return error_set(err, EBUSY, "disk `%s` is in use by the running instance `%s`; stop that first", disk,
				 strrchr(has, '/') ? strrchr(has, '/') + 1 : has);
	if (fs_unlink(link, err) < 0)
		return -1;
	return symlink(dir, link) < 0 ? error_errno(err, "link %s", link) : 0;
}

void
disk_unlock_all(const struct env *env, const struct resource *r)
{
	auto_free char *dir = instance_path(env, r, NULL), *disks = xasprintf("%s/_disks", env->home);
	auto_dir DIR *d = opendir(disks);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		auto_free char *link = xasprintf("%s/%s/in_use_by", disks, e->d_name);
		char has[PATH_MAX];

		holder(link, has);
		if (!strcmp(has, dir))
			fs_unlink(link, NULL);
	}
}
