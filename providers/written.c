#include "providers/written.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/guarded.h"
#include "base/mem.h"

enum { MAX_LIST = 4 << 20 };

/* A path ends with NUL, since it may hold anything else. */
static bool
list_has(const struct buf *list, const char *folder)
{
	for (const char *p = list->s; p && p < list->s + list->len; p += strlen(p) + 1)
		if (!strcmp(p, folder))
			return true;
	return false;
}

/* Whoever starts notes his folders anew; of those that are only of the past nothing would be known, so it is not done unasked. */
static int
written_unusable(const char *path, struct error *err)
{
	struct error why = err ? *err : (struct error){ 0 };

	return error_set(err, why.code, "%s; move %s away, and each instance that is started notes its folders there again", why.msg, path);
}

int
written_add(const char *home, const char *const *folders, size_t n, struct error *err)
{
	auto_free char *path = xasprintf("%s/" WRITTEN_FILE, home), *folder = xasprintf("%s/_guests", home);
	AUTO(buf) list = BUF_INIT;
	AUTO(buf) new = BUF_INIT;
	auto_close int fd = -1;

	if (fs_mkdirs(folder, 0700, err) < 0)
		return -1;
	/* The file is appended to and never replaced, because confined host agents keep reading this very file. */
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0 || fs_flock(fd, LOCK_EX) < 0) {
		error_errno(err, "open %s", path);
		return written_unusable(path, err);
	}
	if (fs_read(path, &list, MAX_LIST, err) < 0)
		return written_unusable(path, err);
	/* What a host that went down has cut short is not to be the beginning of another name. */
	if (n && list.len && list.s[list.len - 1])
		buf_addc(&new, '\0');
	for (size_t i = 0; i < n; i++)
		if (!list_has(&list, folders[i]) && !list_has(&new, folders[i]))
			buf_add(&new, folders[i], strlen(folders[i]) + 1);
	return new.len && (fs_write_all(fd, new.s, new.len) < 0 || fdatasync(fd) < 0) ? error_errno(err, "write %s", path) : 0;
}

void
written_guard(const char *home, struct guarded *g)
{
	auto_free char *path = xasprintf("%s/" WRITTEN_FILE, home);
	AUTO(buf) list = BUF_INIT;

	if (fs_read_if(path, &list, MAX_LIST, NULL) < 0)
		g->straight = true;
	for (const char *p = list.s; p < list.s + list.len; p += strlen(p) + 1)
		guarded_add(g, p);
}

static int
open_checked(const char *home, const char *path, struct error *err)
{
	AUTO(guarded) g = { 0 };

	written_guard(home, &g);
	return guarded_place(&g, path, err);
}

int
written_check(const char *home, const char *path, struct error *err)
{
	struct error why = { 0 };
	auto_close int fd = open_checked(home, path, &why);

	return fd < 0 && why.code == ELOOP ? error_set(err, ELOOP, "%s", why.msg) : 0;
}

int
written_read(const char *home, const char *path, struct buf *out, size_t max, struct error *err)
{
	auto_close int fd = open_checked(home, path, err);
	auto_free char *place = xasprintf("/proc/self/fd/%d", fd);

	return fd < 0 || (fs_read(place, out, max, err) < 0 && error_wrap(err, "%s", path) < 0) ? -1 : 0;
}
