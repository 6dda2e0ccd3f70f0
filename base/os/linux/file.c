#include "base/os/file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"

/* linux: include/uapi/linux/magic.h */
enum { BTRFS = 0x9123683E, XFS = 0x58465342, NFS = 0x6969 };
enum { MAX_NAMES = 64 << 10, MAX_VALUE = 64 << 10 };

int
os_file_clone(int in, int out, const char *to)
{
	(void)to;
	return ioctl(out, FICLONE, in);
}

bool
os_file_may_clone(const char *folder)
{
	struct statfs fs;

	return statfs(folder, &fs) == 0 && ((uint32_t)fs.f_type == BTRFS || (uint32_t)fs.f_type == XFS);
}

ssize_t
os_file_copy(int in, off_t *from, int out, off_t *to, size_t len)
{
	return copy_file_range(in, from, out, to, len, 0);
}

/* What cannot be copied was not the user's to set either. */
void
os_file_copy_attributes(const char *from, int to)
{
	auto_free char *names = xcalloc(1, MAX_NAMES), *value = xcalloc(1, MAX_VALUE);
	ssize_t n = listxattr(from, names, MAX_NAMES);

	for (const char *name = names; n > 0 && name < names + n; name += strlen(name) + 1) {
		ssize_t len = getxattr(from, name, value, MAX_VALUE);

		if (len >= 0 && fsetxattr(to, name, value, (size_t)len, 0) < 0)
			continue;
	}
}

int
os_file_give_up(int fd, off_t bytes)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, bytes);
}

bool
os_file_is_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

bool
os_file_on_nfs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == NFS;
}

size_t
os_file_pipe_holds(int fd)
{
	int room = fcntl(fd, F_GETPIPE_SZ);

	return room > 0 ? (size_t)room : 0;
}
