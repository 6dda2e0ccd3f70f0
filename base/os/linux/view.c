#include "base/view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/guarded.h"

enum { PLACE = O_PATH | O_NOFOLLOW | O_CLOEXEC, FD_NAME = 32, COVER = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC };

static const char *
fd_name(int fd, char out[FD_NAME])
{
	snprintf(out, FD_NAME, "/proc/self/fd/%d", fd);
	return out;
}

static int
map_write(const char *file, const char *text)
{
	auto_close int fd = open(file, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
}

/* An ordinary user has a name space for himself alone, and is the same user in it. */
static int
user_space_begin(void)
{
	unsigned uid = geteuid(), gid = getegid();
	char uids[64], gids[64];

	snprintf(uids, sizeof uids, "%u %u 1", uid, uid);
	snprintf(gids, sizeof gids, "%u %u 1", gid, gid);
	return unshare(CLONE_NEWUSER) < 0 || map_write("/proc/self/setgroups", "deny") < 0 || map_write("/proc/self/uid_map", uids) < 0 ||
			       map_write("/proc/self/gid_map", gids) < 0
		       ? -1
		       : 0;
}

int
view_begin(void)
{
	if (geteuid() != 0 && user_space_begin() < 0)
		return -1;
	return unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -1 : 0;
}

static int
cover_place(int fd)
{
	struct stat st;
	char name[FD_NAME];

	if (fstat(fd, &st) < 0)
		return -1;
	if (S_ISDIR(st.st_mode))
		return mount("none", fd_name(fd, name), "tmpfs", COVER, "size=4k,mode=0555");
	return mount("/dev/null", fd_name(fd, name), NULL, MS_BIND, NULL);
}

int
view_cover(const char *path)
{
	auto_close int fd = open(path, PLACE | O_DIRECTORY);

	return fd < 0 ? errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -1 : cover_place(fd);
}

static bool
view_is_same_place(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

/* By its absolute name, and no link on the way. */
static int
place_open(const char *path)
{
	auto_close int top = open("/", PLACE | O_DIRECTORY);

	return top < 0 || !path[1] ? steal_fd(top) : guarded_below(top, path + 1, PLACE);
}

/* What is mounted cannot be moved: else a folder on the way would be, and another home be put in its place. */
static int
way_hold(int folder, const char *rel)
{
	char way[PATH_MAX], name[FD_NAME];

	for (const char *slash = strchr(rel, '/'); slash; slash = strchr(slash + 1, '/')) {
		auto_close int fd = -1;

		snprintf(way, sizeof way, "%.*s", (int)(slash - rel), rel);
		fd = guarded_below(folder, way, PLACE);
		if (fd < 0 || mount(fd_name(fd, name), name, NULL, MS_BIND | MS_REC, NULL) < 0)
			return -1;
	}
	return 0;
}

/* A file that has been moved meanwhile would be in sight at another name. */
static int
hidden_cover(int folder, const char *rel, const char *path)
{
	auto_close int real = place_open(path), there = -1;

	if (real < 0)
		return errno == ENOENT ? 0 : -1;
	there = way_hold(folder, rel) < 0 ? -1 : guarded_below(folder, rel, PLACE);
	if (there < 0 || !view_is_same_place(real, there)) {
		errno = ESTALE;
		return -1;
	}
	return cover_place(there);
}

/* A descriptor of before is in the name space of before, from which nothing can be mounted here. */
static int
folder_again(int folder, char path[PATH_MAX])
{
	char name[FD_NAME];
	ssize_t n = readlink(fd_name(folder, name), path, PATH_MAX - 1);
	auto_close int fd = -1;

	if (n < 0)
		return -1;
	path[n] = '\0';
	fd = place_open(path);
	if (fd < 0 || !view_is_same_place(fd, folder)) {
		errno = ESTALE;
		return -1;
	}
	return steal_fd(fd);
}

int
view_folder(int folder, const struct view *v)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
	char path[PATH_MAX], name[FD_NAME];
	auto_close int again = folder_again(folder, path), place = -1;

	if (again < 0 || mount(fd_name(again, name), VIEW_PLACE, NULL, MS_BIND | MS_REC, NULL) < 0)
		return -1;
	place = open(VIEW_PLACE, PLACE | O_DIRECTORY);
	if (place < 0)
		return -1;
	for (size_t i = 0; i < v->nhidden; i++) {
		const char *rel = view_path_below(path, v->hidden[i]);

		if (rel && hidden_cover(place, rel, v->hidden[i]) < 0)
			return -1;
	}
	if (v->read_only && mount_setattr(place, "", AT_EMPTY_PATH | AT_RECURSIVE, &read_only, sizeof read_only) < 0)
		return -1;
	return steal_fd(place);
}

bool
view_possible(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(view_begin() < 0 || view_cover(VIEW_PLACE) < 0 || !view_is_same_place(open(VIEW_PLACE, PLACE), open(VIEW_PLACE, PLACE)));
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
