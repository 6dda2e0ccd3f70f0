#include "base/os/file.h"

#include <copyfile.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/clonefile.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"

enum { BLOCK = 1 << 16 };

/* A clone is always a new file, so it takes the place of what was made for it. */
int
os_file_clone(int in, int out, const char *to)
{
	char fresh[PATH_MAX];
	struct stat st;

	if (fstat(out, &st) < 0 || snprintf(fresh, sizeof fresh, "%s.clone", to) >= (int)sizeof fresh)
		return -1;
	if (unlink(fresh) < 0 && errno != ENOENT)
		return -1;
	if (fclonefileat(in, AT_FDCWD, fresh, 0) < 0)
		return -1;
	if (chmod(fresh, st.st_mode & 07777) == 0 && rename(fresh, to) == 0)
		return 0;
	unlink(fresh);
	return -1;
}

bool
os_file_may_clone(const char *folder)
{
	struct statfs fs;

	return statfs(folder, &fs) == 0 && strcmp(fs.f_fstypename, "apfs") == 0;
}

ssize_t
os_file_copy(int in, off_t *from, int out, off_t *to, size_t len)
{
	auto_free char *block = xcalloc(1, BLOCK);
	ssize_t n = pread(in, block, len < BLOCK ? len : BLOCK, *from), done = 0;

	while (done < n) {
		ssize_t more = pwrite(out, block + done, (size_t)(n - done), *to + done);

		if (more < 0 && errno == EINTR)
			continue;
		if (more < 0)
			return -1;
		done += more;
	}
	if (n > 0) {
		*from += n;
		*to += n;
	}
	return n;
}

void
os_file_copy_attributes(const char *from, int to)
{
	auto_close int fd = open(from, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		fcopyfile(fd, to, NULL, COPYFILE_ACL | COPYFILE_XATTR);
}

/* fcntl(2): both ends of the hole are to be multiples of the file system's block. */
int
os_file_give_up(int fd, off_t bytes)
{
	struct statfs fs;
	struct fpunchhole hole = { .fp_length = bytes };

	if (fstatfs(fd, &fs) < 0)
		return -1;
	hole.fp_length -= bytes % (off_t)fs.f_bsize;
	return hole.fp_length ? fcntl(fd, F_PUNCHHOLE, &hole) : 0;
}

bool
os_file_is_null(const struct stat *st)
{
	struct stat null;

	return S_ISCHR(st->st_mode) && stat("/dev/null", &null) == 0 && null.st_rdev == st->st_rdev;
}

bool
os_file_on_nfs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && strcmp(fs.f_fstypename, "nfs") == 0;
}

size_t
os_file_pipe_holds(int fd)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}
