#include "resources/disk_lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "hostagent/protocol/ha_client.h"
#include "providers/driver.h"
#include "resources/instance_lock.h"
#include "resources/instance_paths.h"
#include "resources/suspend.h"

/* Is the disk that the instance of folder `dir` means by this name the one in `folder`? */
static bool
is_same_disk(const char *dir, const char *folder)
{
	auto_free char *theirs = xasprintf("%s/../_disks/%s", dir, strrchr(folder, '/') + 1);
	struct stat a, b;

	return stat(theirs, &a) == 0 && stat(folder, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/*
 * The folder of the instance that holds the disk in `folder`, or "": of the name that the link says, here. The path in
 * it is that of where the home was when it was made: it counts if it leads to this very disk, as in a home that
 * borrows the disks of another one.
 */
static void
disk_lock_holder(const struct env *env, const char *folder, const char *link, char out[PATH_MAX])
{
	ssize_t n = readlink(link, out, PATH_MAX - 1);
	auto_free char *name = NULL;

	out[n > 0 ? n : 0] = '\0';
	if (!*out || is_same_disk(out, folder))
		return;
	name = xstrdup(strrchr(out, '/') ? strrchr(out, '/') + 1 : out);
	snprintf(out, PATH_MAX, "%s/%s", env->home, name);
}

/*
 * One limactl at a time looks at the link and changes it: the lock of the disk's folder, closed to unlock. It is not
 * held for longer: from then on it is the holder's own lock, and then its machine, that tell.
 */
static int
disk_lock_guard(const char *folder, struct error *err)
{
	auto_close int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, "open %s", folder);
	if (fs_flock(fd, LOCK_EX) < 0)
		return error_errno(err, "lock %s", folder);
	return steal_fd(fd);
}

int
disk_lock(const struct env *env, const struct resource *r, const char *disk, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL), *folder = xasprintf("%s/_disks/%s", env->home, disk);
	auto_free char *link = xasprintf("%s/in_use_by", folder);
	auto_close int mine = disk_lock_guard(folder, err);
	char has[PATH_MAX], *name;
	pid_t pid;

	if (mine < 0)
		return -1;
	disk_lock_holder(env, folder, link, has);
	name = strrchr(has, '/') ? strrchr(has, '/') + 1 : has;
	if (*has && strcmp(has, dir) != 0 && (ha_pid(has) > 0 || driver_of(has, &pid)))
		return error_set(err, EBUSY, "disk `%s` is in use by the running instance `%s`; stop that first", disk, name);
	if (*has && strcmp(has, dir) != 0 && suspend_is_there(has))
		return error_set(err, EBUSY, "disk `%s` is in use by the suspended instance `%s`; start and stop that first", disk, name);
	if (*has && strcmp(has, dir) != 0 && instance_is_worked_on(env, name))
		return error_set(err, EBUSY, "disk `%s` is held by the instance `%s`, which a limactl is working on; "
				 "try again when that is done", disk, name);
	if (fs_unlink(link, err) < 0)
		return -1;
	return symlink(dir, link) < 0 ? error_errno(err, "link %s", link) : 0;
}

bool
disk_is_locked(const struct env *env, const struct resource *r, const char *disk)
{
	auto_free char *dir = instance_path(env, r, NULL), *folder = xasprintf("%s/_disks/%s", env->home, disk);
	auto_free char *link = xasprintf("%s/in_use_by", folder);
	char has[PATH_MAX];

	disk_lock_holder(env, folder, link, has);
	return !strcmp(has, dir);
}

int
disk_unlock(const struct env *env, const struct resource *r, const char *disk, struct error *err)
{
	auto_free char *folder = xasprintf("%s/_disks/%s", env->home, disk), *link = xasprintf("%s/in_use_by", folder);
	auto_close int mine = fs_exists(folder) ? disk_lock_guard(folder, err) : -1;

	if (mine < 0)
		return fs_exists(folder) ? -1 : 0;
	if (!disk_is_locked(env, r, disk))
		return 0;
	/* One that comes back after a loss of power would be that of an instance that runs without the disk. */
	return fs_unlink(link, err) < 0 ? -1 : fs_fsync(folder, err);
}

void
disk_unlock_all(const struct env *env, const struct resource *r)
{
	auto_free char *dir = instance_path(env, r, NULL), *disks = xasprintf("%s/_disks", env->home);
	auto_dir DIR *d = opendir(disks);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		auto_free char *folder = xasprintf("%s/%s", disks, e->d_name), *link = xasprintf("%s/in_use_by", folder);
		auto_close int mine = *e->d_name == '.' ? -1 : disk_lock_guard(folder, NULL);
		char has[PATH_MAX];

		if (mine < 0)
			continue;
		disk_lock_holder(env, folder, link, has);
		if (!strcmp(has, dir))
			fs_unlink(link, NULL);
	}
}
