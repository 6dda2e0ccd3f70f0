/* Writing a file that belongs to the user: what is about it besides its bytes stays. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/file.h"

/* Into the file itself, whatever kind it is; nobody is waited for who might open the other end of a FIFO. */
static int
write_in_place(const char *path, const void *p, size_t len, mode_t fresh, struct error *err)
{
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, fresh);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "open %s", path);
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0 || fs_write_all(fd, p, len) < 0)
		return error_errno(err, "write %s", path);
	if (S_ISREG(st.st_mode) && (ftruncate(fd, (off_t)len) < 0 || fsync(fd) < 0))
		return error_errno(err, "write %s", path);
	return 0;
}

/*
 * Opens the one file beside `path` that its rewriters share, so that a killed one leaves nothing that the next does not
 * take; -1: it is not to be had. The lock makes two rewriters at once go one after the other. Who had to wait for it
 * looks again: the first has renamed that file away.
 */
static int
beside_open(const char *tmp)
{
	for (;;) {
		auto_close int fd = open(tmp, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
		struct stat st, now;

		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink > 1)
			return -1;
		if (fs_flock(fd, LOCK_EX) < 0)
			return -1;
		if (lstat(tmp, &now) < 0 || now.st_ino != st.st_ino || now.st_dev != st.st_dev)
			continue;
		return fchmod(fd, 0600) < 0 || ftruncate(fd, 0) < 0 ? -1 : steal_fd(fd);
	}
}

/* A new file beside the old one that is like it in all but its bytes. false: that is not to be had here. */
static bool
write_beside(const char *path, const char *tmp, int fd, const struct stat *was, const void *p, size_t len)
{
	struct stat now;

	if (fd < 0 || fstat(fd, &now) < 0)
		return false;
	if ((now.st_uid != was->st_uid || now.st_gid != was->st_gid) && fchown(fd, was->st_uid, was->st_gid) < 0)
		return false;
	os_file_copy_attributes(path, fd);
	return fchmod(fd, was->st_mode & 07777) == 0 && fs_write_all(fd, p, len) == 0 && fs_commit(tmp, path, NULL) == 0;
}

static char *
beside_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return xasprintf("%.*s.%s.limactl.tmp", (int)(name - path), path, name);
}

char *
fs_rewrite_tmp(const char *path)
{
	auto_free char *real = fs_realpath(path);

	return beside_name(real);
}

/* What cannot be put there is told by the name that the caller knows and the reason that the system gave, or as what is in the way. */
static int
fs_write_beside_any(const char *path, const void *p, size_t len, mode_t mode, struct error *err)
{
	auto_free char *tmp = beside_name(path);
	auto_close int fd = -1;

	errno = EEXIST;
	fd = beside_open(tmp);
	if (fd < 0)
		return error_errno(err, "create %s", errno == EEXIST || errno == ELOOP ? tmp : path);
	if (fchmod(fd, mode) < 0 || fs_write_all(fd, p, len) < 0)
		error_errno(err, "write %s", path);
	else if (fs_commit(tmp, path, err) == 0)
		return 0;
	unlink(tmp);
	return -1;
}

int
fs_write_beside(const char *path, const void *p, size_t len, mode_t mode, struct error *err)
{
	return fs_write_beside_any(path, p, len, mode, err) < 0 ? fs_explain_full(err, path) : 0;
}

int
fs_check_link(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	auto_free char *folder = slash ? xasprintf("%.*s", (int)(slash - path) + 1, path) : xstrdup(".");
	struct stat in, st;

	if (lstat(path, &st) < 0 || !S_ISLNK(st.st_mode) || st.st_uid == geteuid() || st.st_uid == 0 || stat(folder, &in) < 0 ||
	    !(in.st_mode & S_IWOTH))
		return 0;
	return error_set(err, ERR_REFUSED, "%s: is a link that another user (uid %u) has made, to a file that he would have written; "
			 "take another name", path, (unsigned)st.st_uid);
}

static int
fs_rewrite_any(const char *path, const void *p, size_t len, mode_t fresh, struct error *err)
{
	auto_free char *real = fs_realpath(path), *tmp = NULL;
	auto_close int fd = -1;
	struct stat st;
	int why;

	if (fs_check_link(path, err) < 0)
		return -1;
	if (stat(path, &st) < 0) {
		if (errno != ENOENT)
			return error_errno(err, "open %s", path);
		return fs_exists(path) ? write_in_place(path, p, len, fresh, err) : fs_write_beside_any(real, p, len, fresh, err);
	}
	/* A hard link to the file would keep the old text. */
	if (!S_ISREG(st.st_mode) || st.st_nlink > 1)
		return write_in_place(path, p, len, fresh, err);
	tmp = fs_rewrite_tmp(path);
	fd = beside_open(tmp);
	if (write_beside(real, tmp, fd, &st, p, len))
		return 0;
	why = errno;
	if (fd >= 0)
		unlink(tmp);
	/* The file itself would get as much of the new text as there is room for, and keep nothing of the old one. */
	if (why == ENOSPC || why == EDQUOT || why == EFBIG) {
		errno = why;
		return error_errno(err, "write %s", tmp);
	}
	return write_in_place(path, p, len, fresh, err);
}

int
fs_rewrite(const char *path, const void *p, size_t len, mode_t fresh, struct error *err)
{
	return fs_rewrite_any(path, p, len, fresh, err) < 0 ? fs_explain_full(err, path) : 0;
}
