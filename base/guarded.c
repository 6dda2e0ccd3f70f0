#include "base/guarded.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/os/place.h"

enum {
	MAX_LINKS = 40,		/* as the kernel has it */
};

struct guarded_root {
	dev_t dev;
	ino_t ino;
};

/* A path on the way: where we are, and what is left of it. */
struct walk {
	const struct guarded *g;
	const char *path;	/* the whole, for messages */
	mode_t make;
	int at;
	bool inside;		/* a folder of the guest's */
	bool any;		/* what is at its end need be no folder */
	unsigned links;
	char rest[2 * PATH_MAX];
};

void
guarded_add(struct guarded *g, const char *folder)
{
	struct stat st;

	if (stat(folder, &st) < 0)
		return;
	GROW(g->v, g->n, g->cap);
	g->v[g->n++] = (struct guarded_root){ st.st_dev, st.st_ino };
}

void
guarded_release(struct guarded *g)
{
	free(g->v);
	*g = (struct guarded){ 0 };
}

static bool
is_root(const struct guarded *g, const struct stat *st)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].dev == st->st_dev && g->v[i].ino == st->st_ino)
			return true;
	return false;
}

/* A folder also where it is mounted only when somebody comes; else whatever is there. */
static int
open_place(int dir, const char *name)
{
	int fd = openat(dir, name, os_place_flags | O_DIRECTORY);

	return fd < 0 && errno == ENOTDIR ? openat(dir, name, os_place_flags) : fd;
}

static int
open_or_make(const struct walk *w, const char *name)
{
	int fd = open_place(w->at, name);

	if (fd >= 0 || errno != ENOENT || !w->make)
		return fd;
	return mkdirat(w->at, name, w->make) < 0 && errno != EEXIST ? -1 : open_place(w->at, name);
}

/* What a link says comes in the place of its name. */
static int
guarded_follow(struct walk *w, int link, struct error *err)
{
	char text[PATH_MAX];
	ssize_t n = os_place_link(link, text, sizeof text - 1);
	size_t left = strlen(w->rest);

	if (n < 0)
		return error_errno(err, "%s", w->path);
	if (++w->links > MAX_LINKS || (size_t)n + 1 + left >= sizeof w->rest) {
		errno = ELOOP;
		return error_errno(err, "%s", w->path);
	}
	text[n] = '\0';
	memmove(w->rest + n + 1, w->rest, left + 1);
	memcpy(w->rest, text, (size_t)n);
	w->rest[n] = '/';
	if (*text != '/')
		return 0;
	close(w->at);
	w->at = open("/", os_place_flags | O_DIRECTORY);
	return w->at < 0 ? error_errno(err, "open /") : 0;
}

static int
refuse_link(const struct walk *w, const char *name, struct error *err)
{
	return error_set(err, ELOOP, "%s: `%s` %s, and is not followed; if it is yours, name the place that it leads to", w->path, name,
			 w->inside ? "is a link in a folder that a guest can write" : "has become a link");
}

/* One part of the path: on to the folder of that name. */
static int
guarded_enter(struct walk *w, const char *name, struct error *err)
{
	auto_close int fd = -1;
	struct stat st;

	if (!strcmp(name, "..") && w->inside)
		return refuse_link(w, name, err);
	fd = open_or_make(w, name);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "%s", w->path);
	if (S_ISLNK(st.st_mode))
		return w->inside || w->g->straight ? refuse_link(w, name, err) : guarded_follow(w, fd, err);
	if (!S_ISDIR(st.st_mode) && (!w->any || w->rest[strspn(w->rest, "/")]))
		return error_set(err, ENOTDIR, "%s: `%s` is no folder", w->path, name);
	close(w->at);
	w->at = steal_fd(fd);
	w->inside |= is_root(w->g, &st);
	return 0;
}

static int
guarded_walk(struct walk *w, struct error *err)
{
	struct stat st;

	w->at = open("/", os_place_flags | O_DIRECTORY);
	if (w->at < 0 || fstat(w->at, &st) < 0)
		return error_errno(err, "open /");
	w->inside = is_root(w->g, &st);
	while (*w->rest) {
		char name[NAME_MAX + 1];
		size_t skip = strspn(w->rest, "/"), n = strcspn(w->rest + skip, "/");

		if (n > NAME_MAX)
			return error_set(err, ENAMETOOLONG, "%s: a name is too long", w->path);
		memcpy(name, w->rest + skip, n);
		name[n] = '\0';
		memmove(w->rest, w->rest + skip + n, strlen(w->rest + skip + n) + 1);
		if (n && strcmp(name, ".") != 0 && guarded_enter(w, name, err) < 0)
			return -1;
	}
	return 0;
}

static int
guarded_open_path(const struct guarded *g, const char *path, size_t len, mode_t make, bool any, struct error *err)
{
	struct walk w = { .g = g, .path = path, .make = make, .any = any, .at = -1 };

	if (*path != '/' || len >= PATH_MAX)
		return error_set(err, EINVAL, "%s: not an absolute path", path);
	memcpy(w.rest, path, len);
	w.rest[len] = '\0';
	if (guarded_walk(&w, err) == 0)
		return w.at;
	if (w.at >= 0)
		close(w.at);
	return -1;
}

int
guarded_folder(const struct guarded *g, const char *path, mode_t make, struct error *err)
{
	return guarded_open_path(g, path, strlen(path), make, false, err);
}

int
guarded_place(const struct guarded *g, const char *path, struct error *err)
{
	return guarded_open_path(g, path, strlen(path), 0, true, err);
}

int
guarded_parent(const struct guarded *g, const char *path, mode_t make, const char **name, struct error *err)
{
	const char *slash = strrchr(path, '/');

	if (!slash || !slash[1] || !strcmp(slash, "/.") || !strcmp(slash, "/.."))
		return error_set(err, EINVAL, "%s: not the absolute path of a file", path);
	*name = slash + 1;
	return guarded_open_path(g, path, (size_t)(slash - path), make, false, err);
}

bool
guarded_covers(const struct guarded *g, const char *path)
{
	struct walk w = { .g = g, .path = path, .any = true, .at = -1 };

	if (*path != '/' || strlen(path) >= PATH_MAX)
		return false;
	memcpy(w.rest, path, strlen(path) + 1);
	/* The walk may fail: how far it came is what counts. */
	guarded_walk(&w, NULL);
	if (w.at >= 0)
		close(w.at);
	return w.inside;
}

/* --- files */

static void
random_name(char out[32])
{
	uint64_t v[2] = { 0 };

	if (getrandom(v, sizeof v, 0) != (ssize_t)sizeof v)
		v[0] = (uint64_t)(uintptr_t)out ^ (uint64_t)getpid();	/* O_EXCL is what keeps others out */
	snprintf(out, 32, ".lima-%016llx%08llx", (unsigned long long)v[0], (unsigned long long)(v[1] & UINT32_MAX));
}

int
guarded_create(struct guarded_file *f, const struct guarded *g, const char *path, mode_t make, mode_t mode, struct error *err)
{
	*f = (struct guarded_file)GUARDED_FILE_INIT;
	f->path = path;
	f->dir = guarded_parent(g, path, make, &f->name, err);
	if (f->dir < 0)
		return -1;
	random_name(f->tmp);
	f->fd = openat(f->dir, f->tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	return f->fd < 0 ? error_errno(err, "create a file beside %s", path) : 0;
}

/* fsync() does not take a descriptor that only holds a place. */
static int
sync_folder(int dir)
{
	auto_close int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* A folder that may be written and not read cannot be synced, which is no error. */
	return fd < 0 ? 0 : fsync(fd);
}

int
guarded_commit(struct guarded_file *f, struct error *err)
{
	struct stat st;

	if (fstatat(f->dir, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode) && !(f->over_links && S_ISLNK(st.st_mode)))
		return error_set(err, EEXIST, "%s is there and no regular file", f->path);
	if (fsync(f->fd) < 0 || renameat(f->dir, f->tmp, f->dir, f->name) < 0)
		return error_errno(err, "write %s", f->path);
	*f->tmp = '\0';
	return sync_folder(f->dir) < 0 ? error_errno(err, "fsync the folder of %s", f->path) : 0;
}

void
guarded_file_release(struct guarded_file *f)
{
	if (f->fd >= 0 && *f->tmp)
		unlinkat(f->dir, f->tmp, 0);
	if (f->fd >= 0)
		close(f->fd);
	if (f->dir >= 0)
		close(f->dir);
	f->dir = f->fd = -1;
}

int
guarded_unlink(const struct guarded *g, const char *path, struct error *err)
{
	struct error why = { 0 };
	const char *name;
	auto_close int dir = guarded_parent(g, path, 0, &name, &why);

	if (dir < 0)
		return why.code == ENOENT ? 0 : error_set(err, why.code, "%s", why.msg);
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return error_errno(err, "remove %s", path);
	return 0;
}

/* --- below a folder that is open */

/* A folder at a time, for kernels that cannot. */
static int
below_by_steps(int dir, const char *rel, int flags)
{
	auto_close int at = openat(dir, ".", os_place_flags | O_DIRECTORY);

	for (;;) {
		char name[NAME_MAX + 1];
		size_t skip = strspn(rel, "/"), n = strcspn(rel + skip, "/");
		int fd;

		if (at < 0)
			return -1;
		if (n > NAME_MAX || (n == 2 && !memcmp(rel + skip, "..", 2))) {
			errno = n > NAME_MAX ? ENAMETOOLONG : EXDEV;
			return -1;
		}
		snprintf(name, sizeof name, "%.*s", (int)n, rel + skip);
		rel += skip + n;
		if (!rel[strspn(rel, "/")])
			return openat(at, n ? name : ".", flags | O_NOFOLLOW | O_CLOEXEC);
		fd = openat(at, name, os_place_flags | O_DIRECTORY);
		close(at);
		at = fd;
	}
}

int
guarded_below(int dir, const char *rel, int flags)
{
	int fd = os_place_below(dir, rel, flags);

	return fd < 0 && errno == ENOSYS ? below_by_steps(dir, rel, flags) : fd;
}

bool
guarded_by_kernel(void)
{
	return os_place_below_is_known();
}
