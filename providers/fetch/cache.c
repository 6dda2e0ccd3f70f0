#include "providers/fetch/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/fetch/cache_owner.h"
#include "providers/fetch/cache_transfer.h"
#include "providers/fetch/digest.h"

enum { LOCK_TICK_MS = 100 };

void
cache_warn(const struct fetch *f, const char *fmt, ...)
{
	struct arena a = { 0 };
	va_list ap;

	if (!f->warn)
		return;
	va_start(ap, fmt);
	f->warn(f->ctx, arena_vprintf(&a, fmt, ap));
	va_end(ap);
	arena_release(&a);
}

int
cache_record(const char *entry, const char *digest, struct error *err)
{
	int len = (int)strcspn(digest, ":");
	auto_free char *data = xasprintf("%s/data", entry), *text = xasprintf("%s/%.*s.digest", entry, len, digest);
	auto_free char *verified = xasprintf("%s/%.*s.verified", entry, len, digest);
	struct arena a = { 0 };
	const char *stamp = fs_stamp(&a, data);
	int r = stamp ? fs_write(verified, stamp, strlen(stamp), 0644, err) : error_errno(err, "stat %s", data);

	if (r == 0)
		r = fs_write(text, digest, strlen(digest), 0644, err);
	arena_release(&a);
	return r;
}

/* flock() has no deadline, so a wait that can be cancelled polls. */
static int
lock_entry(int fd, const struct fetch *f, struct error *err)
{
	bool told = false;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_errno(err, "lock the cache entry of %s", f->location);
		if (f->cancel && *f->cancel)
			return error_set(err, ERR_CANCELLED, "%s: cancelled", f->location);
		if (!told)
			cache_warn(f, "%s: waiting for another process that fetches it", f->location);
		told = true;
		poll(NULL, 0, LOCK_TICK_MS);
	}
	return 0;
}

/* Makes and locks the entry's folder; closing the descriptor unlocks it. */
static int
cache_enter(const struct fetch *f, const char *entry, struct error *err)
{
	for (;;) {
		auto_close int fd = -1;
		struct stat st;

		/* Nothing in a folder that others can write to is worth keeping. */
		if (fs_exists(entry) && !cache_folder_is_ours(entry) && fs_remove_tree(entry, err) < 0)
			return -1;
		if (fs_mkdirs(entry, 0700, err) < 0)
			return -1;
		fd = open(entry, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return error_errno(err, "open %s", entry);
		if (lock_entry(fd, f, err) < 0)
			return -1;
		if (fstat(fd, &st) == 0 && st.st_nlink > 0)	/* else a prune took it away while we waited */
			return steal_fd(fd);
	}
}

static bool
cache_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* `data` is there, with or without knowledge of its digest: is it right? 1, 0, -1 */
static int
check_data(const struct fetch *f, const char *entry, const char *data, struct error *err)
{
	auto_free char *is = NULL;

	if (cache_verified(entry, f->digest))
		return 1;
	if (digest_file(data, f->digest, &is, f->cancel, err) < 0)
		return -1;
	if (!strcmp(is, f->digest)) {
		cache_record(entry, f->digest, NULL);	/* in a read-only cache it is hashed each time */
		return 1;
	}
	if (f->offline)
		return error_set(err, EBADMSG, "%s: cached file is %s, want %s", f->location, is, f->digest);
	cache_warn(f, "%s: cached file is %s, want %s: fetching it again", f->location, is, f->digest);
	return 0;
}

/* The lock is held; `before` is the state of `data` before the wait. */
static int
defaults_fill(const struct fetch *f, const char *entry, const char *data, const struct stat *before, struct error *err)
{
	struct stat now;
	bool there = cache_file_is_ours(data) && lstat(data, &now) == 0, any = !f->digest || !*f->digest;
	struct error why;
	int r;

	/* A link, a FIFO or a file that others can write to is not what was fetched. */
	if (!there && fs_remove_tree(data, err) < 0)
		return -1;

	if (!there && f->offline)
		return error_set(err, ENOENT, "%s: not in the cache, and offline", f->location);
	if (there && any && (f->offline || !cache_same_file(&now, before)))
		return 0;	/* if it is another one, it came while we waited */
	r = there && !any ? check_data(f, entry, data, err) : 0;
	if (r)
		return r < 0 ? -1 : 0;
	r = cache_transfer(f, entry, there && any, &why);
	if (r < 0 && there && any && why.code != ERR_CANCELLED) {
		cache_warn(f, "%s: using the cached file: %s", f->location, why.msg);
		return 0;
	}
	if (r < 0 && err)
		*err = why;
	return r < 0 ? -1 : 0;
}

static int
fetch_remote(const struct fetch *f, char **path, struct error *err)
{
	auto_free char *entry = cache_entry(f->cache, f->location), *data = xasprintf("%s/data", entry);
	auto_close int lock = -1;
	struct stat before = { 0 };

	if (strncmp(f->location, "http://", 7) && strncmp(f->location, "https://", 8))
		return error_set(err, ERR_INVALID, "%s: want http, https, file or a path", f->location);
	if (f->digest && *f->digest && cache_verified(entry, f->digest)) {
		*path = steal(data);
		return 0;
	}
	if (f->offline && !cache_file_is_ours(data))	/* without making a folder for it */
		return error_set(err, ENOENT, "%s: not in the cache, and offline", f->location);
	if (stat(data, &before) < 0)
		before.st_size = -1;
	lock = cache_enter(f, entry, err);
	if (lock < 0 || defaults_fill(f, entry, data, &before, err) < 0)
		return -1;
	*path = steal(data);
	return 0;
}

static int
fetch_local(const struct fetch *f, char **path, struct error *err)
{
	auto_free char *file = NULL, *is = NULL;
	struct stat st;

	if (cache_local_path(f->location, &file, err) < 0)
		return -1;
	if (stat(file, &st) < 0)
		return error_errno(err, "%s", file);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_INVALID, "%s: not an ordinary file", file);
	if (f->digest && *f->digest) {
		if (digest_file(file, f->digest, &is, f->cancel, err) < 0)
			return -1;
		if (strcmp(is, f->digest))
			return error_set(err, EBADMSG, "%s: is %s, want %s", file, is, f->digest);
	}
	*path = steal(file);
	return 0;
}

int
cache_fetch(const struct fetch *f, char **path, struct error *err)
{
	if (f->digest && *f->digest && digest_parse(f->digest, err) < 0)
		return error_wrap(err, "%s", f->location);
	return cache_is_local(f->location) ? fetch_local(f, path, err) : fetch_remote(f, path, err);
}
